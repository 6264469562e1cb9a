/* SPDX-License-Identifier: MIT */
/* What the files of the pv backend share with each other and with kernels that need a hypervisor.
 */
#ifndef GUEST_PV_PV_H
#define GUEST_PV_PV_H

#include "guest/pv/abi.h"
#include "guest/pv/hypercall.h"

/* The pages by which the hypervisor informs the guest: at the start, and while it runs. */
extern struct start_info *start_info;
extern struct shared_info *shared_info;

/* Says whether the guest is Xen's initial domain (dom0), which has other rights than a plain domain
 * and no console ring. */
static inline bool is_initial_domain(void)
{
    return start_info->flags & SIF_INITDOMAIN;
}

/* Returns the vcpu_info of vCPU 0. */
static inline struct vcpu_info *vcpu_info(void)
{
    return &shared_info->vcpu_info[0];
}

/* The selectors of kernel and user mode. The kernel's CS has privilege level 0 in trap frames,
 * though it runs in ring 3. */
#define KERNEL_CS (FLAT_KERNEL_CS & ~3ull)
#define USER_CS   FLAT_USER_CS
#define GUEST_SS  FLAT_KERNEL_SS

/* ---- starting the console ---- */

struct xencons_interface;

/* Makes the console use the console ring of a plain domain, at its address in the direct map.
 * Without this call it uses the hypercall console_io. */
void console_start(volatile struct xencons_interface *ring);

/* Masks the events of the console, because the library reads no input. shared_info must be mapped.
 */
void console_mask(void);

#endif
