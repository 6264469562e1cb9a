/* SPDX-License-Identifier: MIT */
/* Runs the hypercalls of hypervisor/call/ in a process: with the virtual MMU on the fake machine,
 * the hypervisor's own domains, guest memory that belongs to the process, and stand-ins for what
 * needs real CPUs. There is one CPU. */
#ifndef FUZZ_SHIM_H
#define FUZZ_SHIM_H

#include "hypervisor/domain/domain.h"

#define SHIM_MEMORY      0x200000000000ull /* the address at which a guest sees its memory */
#define SHIM_MEMORY_SIZE 0x8000u           /* an access outside it faults */
#define SHIM_DOMAINS     2u                /* at the start */
#define SHIM_DOMAINS_MAX 6u                /* with those that a toolstack makes */
#define SHIM_VCPUS_MAX   12u               /* of all domains */
#define SHIM_PAGES       40u               /* of each first domain, pfn 0 upwards */
#define SHIM_FRAMES      320u              /* of the machine */

/* Makes a machine with two domains of two vCPUs each, of which the first runs on linked and pinned
 * tables. `privileged`: the first domain is the privileged one. */
void shim_start(bool privileged);

/* Domain `index` of those at the start. */
struct domain *shim_domain(u32 index);
mfn_t shim_page(u32 index, u32 i);
u8 *shim_memory(void);

/* Lets the CPU run one of the vCPUs that can run, chosen by `choice`. NULL: none can, and the CPU
 * is idle. */
struct vcpu *shim_run(u32 choice);

/* What a run loop does between two hypercalls: tears ended domains down, frees husks, and leaves a
 * vCPU that may not go on. False: the vCPU that was current has been left. */
bool shim_work(void);

/* Runs the audit; fails on any finding. */
void shim_audit(void);

/* Ends all domains; fails unless every frame and every page came back. */
void shim_end(void);

/* ---- parts of the shim ---- */

/* Fails unless `true_of_it`. */
void shim_claim(bool true_of_it, const char *what);

/* shim_memory.c: starts it anew; and how many pages that are no frames are allocated. */
void shim_memory_start(void);
u64 shim_pages_out(void);

/* shim_devices.c: makes the devices as after a reset; defined for all inputs alike. */
void shim_devices_start(void);

/* Called where the hypervisor would end the machine: ends the input. */
_Noreturn void shim_machine_ends(void);

#endif
