/* SPDX-License-Identifier: MIT */
/* The ABI's structures and numbers, from Xen's public headers (package libxen-dev). */
#ifndef HYPERVISOR_XEN_H
#define HYPERVISOR_XEN_H

#define __XEN_TOOLS__ /* with what toolstacks use; the interface version is then the latest */
#include <stdint.h>
#include <xen/xen.h>
#include <xen/arch-x86/xen.h>
#include <xen/elfnote.h>
#include <xen/callback.h>
#include <xen/domctl.h>
#include <xen/event_channel.h>
#include <xen/features.h>
#include <xen/grant_table.h>
#include <xen/io/console.h>
#include <xen/memory.h>
#include <xen/nmi.h>
#include <xen/physdev.h>
#include <xen/platform.h>
#include <xen/sched.h>
#include <xen/sysctl.h>
#include <xen/vcpu.h>
#include <xen/version.h>
#include <xen/errno.h>

#include "lib/watch.h"

#define __HYPERVISOR_watch WATCH_HYPERCALL /* Pinion's own */

#endif
