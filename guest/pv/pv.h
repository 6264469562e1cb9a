/* SPDX-License-Identifier: MIT */
/* What the files of the pv backend, and kernels that are for it alone, have in common. */
#ifndef GUEST_PV_PV_H
#define GUEST_PV_PV_H

#include "guest/pv/abi.h"
#include "guest/pv/hypercall.h"

extern struct start_info *start_info;
extern struct shared_info *shared_info;

/* The guest runs as Xen's initial domain, with rights and limits that a plain one does not have. */
static inline bool is_initial_domain(void)
{
    return start_info->flags & SIF_INITDOMAIN;
}

/* vCPU 0's. */
static inline struct vcpu_info *vcpu_info(void)
{
    return &shared_info->vcpu_info[0];
}

/* What a guest kernel and its user mode run with. */
#define KERNEL_CS (FLAT_KERNEL_CS & ~3ull)
#define USER_CS   FLAT_USER_CS
#define GUEST_SS  FLAT_KERNEL_SS

/* ---- the console's start ---- */

/* `ring`: where the page of a plain domain's console is seen; NULL: there is none. */
struct xencons_interface;
void console_start(volatile struct xencons_interface *ring);
void console_mask(void); /* its events, once shared_info is there */

#endif
