/* SPDX-License-Identifier: MIT */
/* Xen's public headers, at their latest interface version. They define the structures and numbers
 * of the ABI. */
#ifndef GUEST_PV_ABI_H
#define GUEST_PV_ABI_H

#ifndef __XEN_INTERFACE_VERSION__
#define __XEN_INTERFACE_VERSION__ __XEN_LATEST_INTERFACE_VERSION__
#endif

#ifndef __ASSEMBLY__
#include <stdint.h> /* the headers below use it and do not include it */
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
