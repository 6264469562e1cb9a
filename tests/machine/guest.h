/* SPDX-License-Identifier: MIT */
/* Guests of the fake machine, and the fixture of nearly every test of the virtual MMU. */
#ifndef TESTS_MACHINE_GUEST_H
#define TESTS_MACHINE_GUEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/machine/cpu.h"
#include "tests/machine/machine.h"
#include "vmmu/entry.h"
#include "vmmu/vmmu.h"

#define GUEST_VCPUS 3u

/* Entries as a guest writes them. */
#define RW(frame)   ((frame).n << PAGE_SHIFT | PTE_PRESENT | PTE_WRITABLE | PTE_USER)
#define RO(frame)   ((frame).n << PAGE_SHIFT | PTE_PRESENT | PTE_USER)
#define LINK(frame) (RW(frame) | PTE_ACCESSED)

#define assert_result(expected, expression)                                                        \
    assert_string_equal(vmmu_result_name(expected), vmmu_result_name(expression))
#define assert_done(expression)          assert_result(VMMU_DONE, expression)
#define assert_refused(rule, expression) assert_result(VMMU_REFUSED_##rule, expression)

struct guest {
    struct vmmu_domain domain;
    struct vmmu_vcpu vcpu[GUEST_VCPUS];
    u64 next_pfn;
};

/* Two guests, ids 1 and 2, made by guest_setup; vCPU i of each is meant for CPU i. */
extern struct guest guest, other;

/* One address space: one table a level. L1 entry i maps address i * 4096. */
struct space {
    mfn_t l4, l3, l2, l1;
};

/* cmocka's fixture: a machine of 4096 frames with both guests. The teardown runs the audit, then
 * ends both guests and checks that every frame came back. */
int guest_setup(void **state);
int guest_setup_l1tf(void **state);
int guest_setup_small(void **state); /* 160 frames, for many audits */
int guest_setup_tiny(void **state);  /* 32 frames, for many machines */
int guest_teardown(void **state);

/* Starts a guest again after it has ended, with nothing left of it. */
void guest_restart(struct guest *g);

/* A test with this fixture. SMALL_TEST: on the small machine. */
#define GUEST_TEST(function) cmocka_unit_test_setup_teardown(function, guest_setup, guest_teardown)
#define SMALL_TEST(function)                                                                       \
    cmocka_unit_test_setup_teardown(function, guest_setup_small, guest_teardown)

/* The counters of the guest's domain, with what its vCPUs have counted. */
struct vmmu_counters guest_counters(const struct guest *g);

/* Returns a new zeroed page of the guest, of no type. */
mfn_t guest_page(struct guest *g);

/* Returns an address space of new tables, linked but not yet live. */
struct space guest_space(struct guest *g);

/* guest_space, then its L4 table is pinned and loaded as the kernel root of vCPU 0, which runs on
 * CPU 0. */
struct space guest_running_space(struct guest *g);

/* The guest's vCPU `i` runs on CPU `i` with this root. */
void guest_run(struct guest *g, u32 i, mfn_t root);

/* mmu_update by vCPU 0: entry `index` of `table` becomes `entry`. */
enum vmmu_result guest_set(struct guest *g, mfn_t table, u32 index, u64 entry);

/* Returns the address that L1 entry `index` of a guest_space maps. */
vaddr_t guest_address(u32 index);

/* vmmu_hold and vmmu_unhold, recorded for the audit. */
enum vmmu_result guest_hold(struct guest *g, mfn_t m);
void guest_unhold(mfn_t m);

/* Returns what vmmu_frame_inspect reports of a frame. */
struct vmmu_frame_info look(mfn_t m);

/* Fails the test on any finding. */
void assert_audit(void);

/* Runs the audit where findings are expected, and returns how many there are. */
u64 audit_findings(void);

/* Ends a guest; repeats an interrupted call until it completes. Returns how often a call was
 * interrupted. */
u64 guest_end(struct guest *g);

#endif
