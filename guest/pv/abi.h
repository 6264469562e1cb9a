/* SPDX-License-Identifier: MIT */
/* Xen's public headers, in their present version: what a guest's structures and numbers come from.
 */
#ifndef GUEST_PV_ABI_H
#define GUEST_PV_ABI_H

#ifndef __XEN_INTERFACE_VERSION__
#define __XEN_INTERFACE_VERSION__ __XEN_LATEST_INTERFACE_VERSION__
#endif

#ifndef __ASSEMBLY__
#include <stdint.h> /* which they need, and do not include */
#endif
#include <xen/xen.h>
#include <xen/elfnote.h>

#ifndef __ASSEMBLY__
#include <xen/callback.h>
#include <xen/errno.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/memory.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/version.h>
#endif

#endif
