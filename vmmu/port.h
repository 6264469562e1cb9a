/* SPDX-License-Identifier: MIT */
/* The functions that the virtual MMU asks its machine to define. They are resolved at link time:
 * hypervisor/domain/mmu_port.c defines them on real hardware, tests/machine/ and tests/model/ on
 * the host. The engine calls them on any CPU. */
#ifndef VMMU_PORT_H
#define VMMU_PORT_H

#include "lib/addr.h"
#include "vmmu/vmmu.h"

/* Returns the number of the CPU that executes this, 0 to VMMU_CPUS_MAX - 1. The tests use it; the
 * engine itself does not. */
u32 port_cpu(void);

/* Returns the address at which the engine can access the 4096 bytes of frame `m`, which is below
 * the frame count and is RAM. The mapping is write-back cached. The address stays valid until the
 * CPU enters a guest. */
void *port_frame_view(mfn_t m);

/* Says for each part of a table, of 32 entries, whether an entry in it is not 0: bit i for part i.
 * `entries`: what port_frame_view returned for the table's frame. The engine calls it for tables
 * that the calling CPU owns exclusively; lib/parts.h has it in C. */
u32 port_parts_in_use(const _Atomic u64 *entries);

/* Returns the domain that vmmu_domain_start was given the number `id` for, or NULL if there is
 * none. The machine keeps the struct of a domain as long as the domain owns a frame. */
struct vmmu_domain *port_domain(u16 id);

/* Says what domain `id` may do with the device frame `m`, which is no RAM and may be any number,
 * also one from the frame count on. The answer may change between read and write at any time; the
 * new one concerns only entries that are written from then on. */
enum vmmu_access port_device_access(u16 id, mfn_t m);

/* Drops every translation and every cached page-walk step of the guests' tables on each CPU in the
 * bit set `cpus`, which may include the calling CPU, and returns when all of these CPUs have done
 * so. Each of them, like any CPU that flushes for another reason, reports the flush by
 * vmmu_flush_begins and vmmu_flush_ends for the domain that it runs, if any. */
void port_flush(u64 cpus);

/* Says whether the current operation should stop at its next safe place because something waits for
 * this CPU. May serve pending interrupts. The engine calls it only after the operation has made
 * progress, so that an operation which is resumed again and again ends. */
bool port_should_stop(void);

/* Gives the machine's allocator the `count` frames from `first` on, which have no references, no
 * owner and type none; no CPU has a translation of them. Their contents, which are not cleaned, and
 * their two words in the frame table, except bit 63 of `references`, are the allocator's from now
 * on. `domain` was the owner; its struct exists at least until this returns. */
void port_frames_free(struct vmmu_domain *domain, mfn_t first, u64 count);

/* Maps frame `m` in slot `slot` of the vCPU's descriptor window, the addresses at which the CPU
 * reads descriptors and sets their accessed bits. Slots 0 to VMMU_GDT_FRAMES - 1 are the GDT's
 * pages; the VMMU_LDT_FRAMES slots after them are the LDT's. MFN_NONE: the slot shows zeroes or
 * nothing. In effect when the function returns, TLB included. */
void port_descriptor_map(struct vmmu_vcpu *vcpu, u32 slot, mfn_t m);

/* Pauses the CPU for a moment, in a loop that waits for another CPU: for the end of a promotion or
 * demotion, a limited number of times; or for a table's lock, until the other CPU, which waits for
 * nothing meanwhile, unlocks the table. */
void port_pause(void);

/* Report work on a table to the machine, which may keep a record of it; nothing of the engine
 * depends on it. port_work_begins: before a step of a promotion or demotion of a table of `level`.
 * port_work_done: table `m` of `domain` has been promoted or demoted, or its pin set or removed. A
 * step within another one is for a table of a lower level. */
enum vmmu_work { VMMU_WORK_PROMOTION, VMMU_WORK_DEMOTION, VMMU_WORK_PIN, VMMU_WORK_UNPIN };
void port_work_begins(enum vmmu_work work, u32 level);
void port_work_done(enum vmmu_work work, const struct vmmu_domain *domain, mfn_t m, u32 level);

/* Reports a refusal to `domain`, for the log: the rule that was broken, and the word that was
 * refused: what the rule's sentence speaks of, mostly an entry, a frame number or an address. */
void port_refused(struct vmmu_domain *domain, enum vmmu_result rule, u64 word);

/* Reports a difference that vmmu_audit found. *finding is valid only during the call. */
void port_audit_found(const struct vmmu_finding *finding);

/* Stops the machine: the engine found its own data inconsistent, or its caller broke a contract
 * that says "Panics". `sentence` says what is wrong, and `word` with which frame or number. Does
 * not return. */
_Noreturn void port_panic(const char *sentence, u64 word);

#endif
