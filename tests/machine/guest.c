/* SPDX-License-Identifier: MIT */
/* Guests of the fake machine. */
#include "tests/machine/guest.h"

#include <string.h>

#define FRAMES 4096u
#define HELD   16u

struct guest guest, other;

static struct guest *const guests[] = {&guest, &other};
static mfn_t held[HELD];
static u32 held_count;

static void start(struct guest *g, u16 id)
{
    memset(g, 0, sizeof(*g));
    vmmu_domain_start(&g->domain, id, FRAMES);
    machine_register(id, &g->domain);
    for (u32 i = 0; i < GUEST_VCPUS; i++) {
        vmmu_vcpu_start(&g->vcpu[i], &g->domain);
    }
}

static int setup(u64 frames, bool l1tf)
{
    machine_start(frames, l1tf);
    held_count = 0;
    start(&guest, 1);
    start(&other, 2);
    return 0;
}

int guest_setup(void **state)
{
    (void)state;
    return setup(FRAMES, false);
}

int guest_setup_l1tf(void **state)
{
    (void)state;
    return setup(FRAMES, true);
}

int guest_setup_small(void **state)
{
    (void)state;
    return setup(160, false);
}

int guest_setup_tiny(void **state)
{
    (void)state;
    return setup(32, false);
}

void guest_restart(struct guest *g)
{
    start(g, g == &guest ? 1 : 2);
}

int guest_teardown(void **state)
{
    (void)state;
    machine.stop_at = 0;
    machine.stop_each = 0;
    machine.on_flush = NULL;
    machine.on_pause = NULL;
    machine.on_ask = NULL;
    assert_audit();
    while (held_count) {
        guest_unhold(held[0]);
    }
    guest_end(&guest);
    guest_end(&other);
    assert_audit();
    machine_end();
    return 0;
}

struct vmmu_counters guest_counters(const struct guest *g)
{
    struct vmmu_counters sum;

    vmmu_counters_read(&g->domain, &sum);
    for (u32 i = 0; i < GUEST_VCPUS; i++) {
        vmmu_counters_add(&g->vcpu[i], &sum);
    }
    return sum;
}

mfn_t guest_page(struct guest *g)
{
    const mfn_t m = machine_allocate();
    assert_done(vmmu_give(&g->domain, m, pfn(g->next_pfn++)));
    return m;
}

struct space guest_space(struct guest *g)
{
    const struct space space = {guest_page(g), guest_page(g), guest_page(g), guest_page(g)};
    machine_words(space.l4)[0] = LINK(space.l3);
    machine_words(space.l3)[0] = LINK(space.l2);
    machine_words(space.l2)[0] = LINK(space.l1);
    return space;
}

void guest_run(struct guest *g, u32 i, mfn_t root)
{
    atomic_fetch_or(&g->domain.cpus, 1ull << i);
    machine_run_on(i);
    assert_done(vmmu_set_kernel_root(&g->vcpu[i], root));
    cpu_load_root(i, root);
    assert_done(vmmu_finish(&g->vcpu[i]));
}

struct space guest_running_space(struct guest *g)
{
    const struct space space = guest_space(g);
    assert_done(vmmu_pin(&g->vcpu[0], &g->domain, space.l4, 4));
    guest_run(g, 0, space.l4);
    return space;
}

enum vmmu_result guest_set(struct guest *g, mfn_t table, u32 index, u64 entry)
{
    return vmmu_update(&g->vcpu[0], &g->domain, &g->domain, machine_at(table, index), entry,
                       VMMU_UPDATE_NORMAL);
}

vaddr_t guest_address(u32 index)
{
    return vaddr((u64)index << PAGE_SHIFT);
}

enum vmmu_result guest_hold(struct guest *g, mfn_t m)
{
    const enum vmmu_result result = vmmu_hold(&g->domain, m);
    if (result == VMMU_DONE) {
        assert_true(held_count < HELD);
        held[held_count++] = m;
    }
    return result;
}

void guest_unhold(mfn_t m)
{
    for (u32 i = 0; i < held_count; i++) {
        if (mfn_equal(held[i], m)) {
            held[i] = held[--held_count];
            vmmu_unhold(m);
            return;
        }
    }
    fail_msg("not held");
}

struct vmmu_frame_info look(mfn_t m)
{
    struct vmmu_frame_info info;
    vmmu_frame_inspect(m, &info);
    return info;
}

u64 audit_findings(void)
{
    static u32 scratch[2 * 1024]; /* for a quarter of the machine, so that the audit needs several
                                     passes */
    struct vmmu_vcpu *vcpus[ARRAY_LENGTH(guests) * GUEST_VCPUS];
    for (u32 i = 0; i < ARRAY_LENGTH(vcpus); i++) {
        vcpus[i] = &guests[i / GUEST_VCPUS]->vcpu[i % GUEST_VCPUS];
    }
    const struct vmmu_audit audit = {.vcpus = vcpus,
                                     .vcpu_count = ARRAY_LENGTH(vcpus),
                                     .held = held,
                                     .held_count = held_count,
                                     .foreign_mappings = true,
                                     .scratch = scratch,
                                     .scratch_frames = 1024};
    return vmmu_audit(&audit);
}

void assert_audit(void)
{
    assert_int_equal(audit_findings(), 0);
}

u64 guest_end(struct guest *g)
{
    u64 stops = 0;
    for (u32 i = 0; i < GUEST_VCPUS; i++) {
        if (atomic_load(&g->domain.cpus) & 1ull << i) {
            cpu_load_root(i, MFN_NONE);
        }
        while (vmmu_vcpu_stop(&g->vcpu[i]) == VMMU_AGAIN) {
            stops++;
        }
    }
    while (vmmu_domain_stop(&g->domain) == VMMU_AGAIN) {
        stops++;
    }
    return stops;
}
