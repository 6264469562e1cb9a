/* SPDX-License-Identifier: MIT */
/* Proves the states of a pirq: mapped, bound, waiting for the end of an interrupt, masked by a
 * storm; for each what an interrupt, an end, a close and an unmap do; that refused operations
 * change nothing; and that after everything all lines are closed and the guest's page is released.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "hypervisor/cpu/cpu.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/irq/interrupt.h"
#include "hypervisor/irq/ioapic.h"
#include "hypervisor/irq/line.h"
#include "hypervisor/log/log.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/memory/map.h"
#include "hypervisor/pirq/forbid.h"
#include "hypervisor/pirq/pirq.h"
#include "tests/unit/cpu/region.h"

#define PINS   24u
#define LEVEL  9u /* a pin that is triggered by its level; all others by an edge */
#define FRAME  (frame_of_view(page).n)
#define VECTOR 0x40u /* of the first line that is opened */

static struct world {
    struct domain *domain;
    struct {
        bool open, masked;
        u32 user, cpu;
    } line[256];
    struct pin_form form[PINS];
    u32 pin_vector[PINS];
    u32 next_vector, open;
    s64 open_error; /* what the next line answers; 0: it is opened */
    bool own;       /* lines are the hypervisor's own */
    u32 holds;
    bool hold_again;
    u32 raised, raised_port, unmasked;
    bool pending; /* the port is pending already */
    u32 logged;
} world;

static u64 page[PAGE_SIZE / 8] __attribute__((aligned(4096))); /* of the guest */

/* ---- stand-ins ---- */

struct domain *domain_by_id(u16 id)
{
    return id == 0 ? world.domain : NULL;
}

static struct cpu cpus[4];
struct cpu *cpu_at(u32 number)
{
    return &cpus[number];
}

void lock_wait(void)
{
    fail_msg("a lock is held");
}

void *page_alloc(u32 order)
{
    return calloc(1, PAGE_SIZE << order);
}

void forbid_for_ever(void)
{
}

void ioapic_start(void)
{
}

u32 ioapic_gsis(void)
{
    return PINS;
}

bool ioapic_has_pin(u32 gsi)
{
    return gsi < PINS;
}

struct pin_form ioapic_form(u32 gsi)
{
    return world.form[gsi];
}

void ioapic_set_form(u32 gsi, struct pin_form form)
{
    world.form[gsi] = form;
}

static u32 open_lines(u32 count, u32 user, u32 cpu, s64 *error)
{
    u32 first = world.next_vector;

    if (world.open_error) {
        *error = world.open_error;
        return 0;
    }
    for (u32 i = 0; i < count; i++) {
        world.line[first + i].open = world.line[first + i].masked = true;
        world.line[first + i].user = user + i;
        world.line[first + i].cpu = cpu;
    }
    world.open += count;
    world.next_vector += count;
    return first;
}

u32 line_open_pin(u32 gsi, u32 user, u32 cpu, s64 *error)
{
    u32 vector = open_lines(1, user, cpu, error);

    world.pin_vector[gsi] = vector;
    return vector;
}

u32 line_open_messages(u16 function, bool extended, u32 number, u32 count, u32 user, u32 cpu,
                       s64 *error)
{
    (void)function;
    (void)extended;
    (void)number;
    return open_lines(count, user, cpu, error);
}

void line_close(u32 vector)
{
    assert_true(world.line[vector].open);
    world.line[vector].open = false;
    world.open--;
    for (u32 gsi = 0; gsi < PINS; gsi++) {
        world.pin_vector[gsi] = world.pin_vector[gsi] == vector ? 0 : world.pin_vector[gsi];
    }
}

void line_aim(u32 vector, u32 cpu)
{
    world.line[vector].cpu = cpu;
}

void line_mask(u32 vector)
{
    assert_true(world.line[vector].open);
    world.line[vector].masked = true;
}

void line_unmask(u32 vector)
{
    assert_true(world.line[vector].open);
    world.line[vector].masked = false;
}

bool line_is_level(u32 vector)
{
    return world.pin_vector[LEVEL] == vector;
}

bool line_is_own(u32 vector)
{
    (void)vector;
    return world.own;
}

u32 line_of_pin(u32 gsi)
{
    return gsi < PINS ? world.pin_vector[gsi] : 0;
}

bool line_user(u32 vector, u32 *user)
{
    *user = world.line[vector].user;
    return world.line[vector].open;
}

bool event_raise_pirq(struct domain *domain, u32 port, u32 pirq)
{
    (void)domain;
    (void)pirq;
    world.raised++;
    world.raised_port = port;
    return !world.pending;
}

s64 event_unmask(struct domain *domain, u32 port)
{
    (void)domain;
    world.unmasked = port;
    return 0;
}

enum vmmu_result vmmu_hold(struct vmmu_domain *domain, mfn_t m)
{
    (void)domain;
    if (world.hold_again) {
        world.hold_again = false;
        return VMMU_AGAIN;
    }
    if (m.n != FRAME) {
        return VMMU_REFUSED_BAD_FRAME;
    }
    world.holds++;
    return VMMU_DONE;
}

void vmmu_unhold(mfn_t m)
{
    assert_int_equal(m.n, FRAME);
    world.holds--;
}

void log_limited(u32 place, u16 domain_id, const char *format, ...)
{
    (void)place;
    (void)domain_id;
    (void)format;
    world.logged++;
}

/* ---- fixture ---- */

static int start(void **state)
{
    (void)state;
    memset(&world, 0, sizeof world);
    memset(page, 0, sizeof page);
    world.next_vector = VECTOR;
    world.form[LEVEL].level = true;
    world.domain = calloc(1, sizeof *world.domain);
    world.domain->privileged = true;
    return pirqs_start(world.domain) ? 0 : -1;
}

static int stop(void **state)
{
    (void)state;
    pirqs_stop(world.domain);
    assert_int_equal(world.open, 0);
    assert_int_equal(world.holds, 0);
    free(world.domain->pirqs);
    free(world.domain);
    return 0;
}

static bool masked(u32 pirq)
{
    return world.line[world.domain->pirqs->pirq[pirq].vector].masked;
}

static bool needs_eoi(u32 pirq)
{
    return page[pirq / 64] >> pirq % 64 & 1;
}

static void map_pin(u32 gsi)
{
    s32 pirq = (s32)gsi;

    assert_int_equal(pirq_map_pin(world.domain, gsi, &pirq), 0);
    assert_int_equal(pirq, gsi);
    assert_true(masked(gsi));
}

static void bind(u32 pirq, u32 port)
{
    assert_int_equal(pirq_bind(world.domain, pirq, port), 0);
    assert_false(masked(pirq));
}

/* ---- tests ---- */

static void an_edge_is_delivered_each_time(void **state)
{
    (void)state;
    map_pin(8);
    bind(8, 5);
    for (u32 i = 1; i < 200; i++) {
        interrupt_of_line(8);
        assert_int_equal(world.raised, i);
        assert_int_equal(world.raised_port, 5);
        assert_false(masked(8));
    }
    assert_int_equal(pirq_end(world.domain, 8), 0); /* changes nothing */
    assert_false(masked(8));
    assert_int_equal(world.raised, 199);
}

static void a_level_is_masked_until_its_end(void **state)
{
    (void)state;
    map_pin(LEVEL);
    bind(LEVEL, 5);
    interrupt_of_line(LEVEL);
    assert_true(masked(LEVEL));
    assert_int_equal(world.raised, 1);
    interrupt_of_line(LEVEL); /* one that was on its way */
    assert_int_equal(world.raised, 1);
    assert_true(masked(LEVEL));
    assert_int_equal(pirq_end(world.domain, LEVEL), 0);
    assert_false(masked(LEVEL));
    assert_int_equal(world.raised, 1);
    assert_int_equal(world.logged, 0);
}

static void a_storm_is_masked_and_makes_up_for_it(void **state)
{
    (void)state;
    map_pin(8);
    bind(8, 5);
    interrupt_of_line(8);
    world.pending = true;
    for (u32 i = 0; i < 2 * PIRQ_UNSERVED_MAX; i++) {
        interrupt_of_line(8);
    }
    assert_true(masked(8));
    assert_int_equal(world.logged, 1);
    assert_in_range(world.raised, PIRQ_UNSERVED_MAX, PIRQ_UNSERVED_MAX + 2);
    world.pending = false;
    u32 before = world.raised;
    assert_int_equal(pirq_end(world.domain, 8), 0);
    assert_false(masked(8));
    assert_int_equal(world.raised, before + 1);
    assert_int_equal(pirq_end(world.domain, 8), 0);
    assert_int_equal(world.raised, before + 1);
}

/* A storm of an edge and a level that is held: the interrupts of a third pirq come one by one, and
 * its line stays open. */
static void a_storm_leaves_the_others(void **state)
{
    (void)state;
    map_pin(8);
    map_pin(LEVEL);
    map_pin(10);
    bind(8, 5);
    bind(LEVEL, 6);
    bind(10, 7);
    for (u32 i = 0; i < 10 * PIRQ_UNSERVED_MAX; i++) {
        world.pending = true; /* that of the storm, which nobody takes */
        if (!masked(8)) {
            interrupt_of_line(8);
        }
        if (!masked(LEVEL)) {
            interrupt_of_line(LEVEL);
        }
        world.pending = false;
        u32 before = world.raised;
        interrupt_of_line(10);
        assert_int_equal(world.raised, before + 1);
        assert_int_equal(world.raised_port, 7);
        assert_false(masked(10));
    }
    assert_true(masked(8));
    assert_true(masked(LEVEL));
    assert_in_range(world.raised, 11 * PIRQ_UNSERVED_MAX, 11 * PIRQ_UNSERVED_MAX + 3);
    assert_int_equal(pirq_end(world.domain, 10), 0);
    assert_true(masked(8)); /* the end of one is not that of another */
    assert_true(masked(LEVEL));
}

static void a_storm_that_is_served_is_none(void **state)
{
    (void)state;
    map_pin(8);
    bind(8, 5);
    for (u32 i = 0; i < 10 * PIRQ_UNSERVED_MAX; i++) {
        world.pending = i % PIRQ_UNSERVED_MAX;
        interrupt_of_line(8);
    }
    assert_false(masked(8));
    assert_int_equal(world.logged, 0);
}

static void one_that_nobody_takes_is_masked_and_reported_once(void **state)
{
    (void)state;
    map_pin(8);
    for (u32 i = 0; i < 5; i++) {
        line_unmask(VECTOR); /* as a device would interrupt that cannot be masked at once */
        interrupt_of_line(8);
        assert_true(masked(8));
    }
    assert_int_equal(world.raised, 0);
    assert_int_equal(world.logged, 1);
    interrupt_of_line(9); /* not mapped */
    interrupt_of_line(PIRQS_MAX);
    assert_int_equal(world.raised, 0);
}

static void a_closed_port_masks(void **state)
{
    (void)state;
    map_pin(LEVEL);
    bind(LEVEL, 5);
    interrupt_of_line(LEVEL);
    pirq_unbind(world.domain, LEVEL);
    assert_true(masked(LEVEL));
    assert_int_equal(pirq_end(world.domain, LEVEL), 0);
    assert_true(masked(LEVEL)); /* an end does not unmask what is bound to no port */
    bind(LEVEL, 6);
    interrupt_of_line(LEVEL);
    assert_int_equal(world.raised_port, 6);
}

static void binding_has_its_refusals(void **state)
{
    (void)state;
    assert_int_equal(pirq_bind(world.domain, 8, 5), -XEN_EINVAL);
    assert_int_equal(pirq_bind(world.domain, PIRQS_MAX, 5), -XEN_EINVAL);
    assert_int_equal(pirq_bind(world.domain, ~0u, 5), -XEN_EINVAL);
    map_pin(8);
    world.own = true;
    assert_int_equal(pirq_bind(world.domain, 8, 5), -XEN_EBUSY);
    assert_true(masked(8));
    world.own = false;
    bind(8, 5);
    assert_int_equal(pirq_bind(world.domain, 8, 6), -XEN_EEXIST);
    interrupt_of_line(8);
    assert_int_equal(world.raised_port, 5);
    assert_int_equal(pirq_unmap(world.domain, 8), -XEN_EBUSY);
    assert_int_equal(pirq_end(world.domain, 7), -XEN_EINVAL);
    assert_int_equal(pirq_end(world.domain, ~0u), -XEN_EINVAL);
}

static void mapping_has_its_refusals(void **state)
{
    s32 pirq = -1;

    (void)state;
    assert_int_equal(pirq_map_pin(world.domain, PINS, &pirq), -XEN_EINVAL);
    pirq = PIRQS_MAX;
    assert_int_equal(pirq_map_pin(world.domain, 3, &pirq), -XEN_EINVAL);
    pirq = -2;
    assert_int_equal(pirq_map_pin(world.domain, 3, &pirq), -XEN_EINVAL);
    map_pin(3);
    map_pin(3); /* again, the same */
    assert_int_equal(world.open, 1);
    pirq = -1;
    assert_int_equal(pirq_map_pin(world.domain, 3, &pirq), 0);
    assert_int_equal(pirq, 3);
    pirq = 4;
    assert_int_equal(pirq_map_pin(world.domain, 3, &pirq), -XEN_EEXIST);
    assert_int_equal(pirq, 4);
    pirq = 3;
    assert_int_equal(pirq_map_pin(world.domain, 4, &pirq), -XEN_EEXIST);
    world.open_error = -XEN_ENOSPC;
    pirq = 4;
    assert_int_equal(pirq_map_pin(world.domain, 4, &pirq), -XEN_ENOSPC);
    assert_int_equal(pirq_vector(world.domain, 4), 0);
    assert_int_equal(pirq_unmap(world.domain, 4), -XEN_EINVAL);
    assert_int_equal(pirq_unmap(world.domain, PIRQS_MAX), -XEN_EINVAL);
    assert_int_equal(pirq_unmap(world.domain, 3), 0);
    assert_int_equal(pirq_unmap(world.domain, 3), -XEN_EINVAL);
}

static void messages_come_and_go_together(void **state)
{
    s32 pirq = -1;

    (void)state;
    assert_int_equal(pirq_map_messages(world.domain, 8, false, 0, 4, &pirq), 0);
    assert_int_equal(pirq, PINS);
    bind(PINS + 2, 5);
    interrupt_of_line(PINS + 2);
    assert_int_equal(world.raised_port, 5);
    assert_int_equal(pirq_unmap(world.domain, PINS + 1), -XEN_EINVAL);
    assert_int_equal(pirq_unmap(world.domain, PINS), -XEN_EBUSY);
    assert_int_equal(pirq_bind(world.domain, PINS, 6), 0); /* the refused unmap changed nothing */
    pirq_unbind(world.domain, PINS);
    pirq_unbind(world.domain, PINS + 2);
    assert_int_equal(pirq_unmap(world.domain, PINS), 0);
    assert_int_equal(world.open, 0);
    assert_int_equal(pirq_bind(world.domain, PINS + 2, 5), -XEN_EINVAL);
}

static void numbers_run_out_and_come_back(void **state)
{
    u32 number = 0, count = 0;
    s32 pirq = -1;

    (void)state;
    while (!pirq_reserve(world.domain, &number)) {
        count++;
    }
    assert_int_equal(count, PIRQS_MAX - PINS);
    assert_int_equal(pirq_map_messages(world.domain, 8, false, 0, 1, &pirq), -XEN_ENOSPC);
    pirq = PIRQS_MAX - 1; /* a reserved number */
    assert_int_equal(pirq_map_messages(world.domain, 8, false, 0, 1, &pirq), 0);
    pirq = PIRQS_MAX - 2;
    assert_int_equal(pirq_map_messages(world.domain, 8, false, 0, 2, &pirq), -XEN_EEXIST);
    assert_int_equal(pirq_unmap(world.domain, PINS), 0);
    assert_int_equal(pirq_reserve(world.domain, &number), 0);
    assert_int_equal(number, PINS);
}

static void the_page_shows_who_needs_an_end(void **state)
{
    bool again = false;
    mfn_t held;

    (void)state;
    map_pin(LEVEL);
    bind(LEVEL, 5);
    map_pin(8);
    bind(8, 6);
    assert_int_equal(pirq_share_page(world.domain, 1, false, &again), -XEN_EINVAL);
    world.hold_again = true;
    assert_int_equal(pirq_share_page(world.domain, FRAME, false, &again), 0);
    assert_true(again);
    again = false;
    assert_int_equal(pirqs_held(world.domain, &held), 0);
    assert_int_equal(pirq_share_page(world.domain, FRAME, false, &again), 0);
    assert_int_equal(pirq_share_page(world.domain, FRAME, false, &again), -XEN_EBUSY);
    assert_int_equal(pirqs_held(world.domain, &held), 1);
    assert_int_equal(world.holds, 1);
    assert_true(needs_eoi(LEVEL));
    assert_false(needs_eoi(8));
    world.pending = true;
    for (u32 i = 0; i <= PIRQ_UNSERVED_MAX; i++) {
        interrupt_of_line(8);
    }
    assert_true(needs_eoi(8)); /* a storm */
    assert_int_equal(pirq_end(world.domain, 8), 0);
    assert_false(needs_eoi(8));
    assert_int_equal(pirq_end(world.domain, LEVEL), 0);
    assert_true(needs_eoi(LEVEL));
    assert_int_equal(world.unmasked, 0);
    pirq_unbind(world.domain, LEVEL);
    assert_false(needs_eoi(LEVEL));
}

static void the_first_form_of_the_page_unmasks(void **state)
{
    bool again = false;

    (void)state;
    assert_int_equal(pirq_share_page(world.domain, FRAME, true, &again), 0);
    map_pin(LEVEL);
    bind(LEVEL, 5);
    assert_true(needs_eoi(LEVEL));
    interrupt_of_line(LEVEL);
    assert_int_equal(pirq_end(world.domain, LEVEL), 0);
    assert_int_equal(world.unmasked, 5);
}

static void the_form_of_a_bound_pin_stays(void **state)
{
    (void)state;
    assert_int_equal(pirq_set_form(world.domain, PINS, true, true), -XEN_EINVAL);
    assert_int_equal(pirq_set_form(world.domain, 8, true, true), 0);
    assert_true(world.form[8].low);
    map_pin(8);
    assert_int_equal(pirq_set_form(world.domain, 8, true, false), 0);
    bind(8, 5);
    assert_int_equal(pirq_set_form(world.domain, 8, true, false), 0);
    assert_int_equal(pirq_set_form(world.domain, 8, false, false), -XEN_EBUSY);
    assert_true(world.form[8].level);
}

static void *run_all(void *failed)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_edge_is_delivered_each_time, start, stop),
        cmocka_unit_test_setup_teardown(a_level_is_masked_until_its_end, start, stop),
        cmocka_unit_test_setup_teardown(a_storm_is_masked_and_makes_up_for_it, start, stop),
        cmocka_unit_test_setup_teardown(a_storm_leaves_the_others, start, stop),
        cmocka_unit_test_setup_teardown(a_storm_that_is_served_is_none, start, stop),
        cmocka_unit_test_setup_teardown(one_that_nobody_takes_is_masked_and_reported_once, start,
                                        stop),
        cmocka_unit_test_setup_teardown(a_closed_port_masks, start, stop),
        cmocka_unit_test_setup_teardown(binding_has_its_refusals, start, stop),
        cmocka_unit_test_setup_teardown(mapping_has_its_refusals, start, stop),
        cmocka_unit_test_setup_teardown(messages_come_and_go_together, start, stop),
        cmocka_unit_test_setup_teardown(numbers_run_out_and_come_back, start, stop),
        cmocka_unit_test_setup_teardown(the_page_shows_who_needs_an_end, start, stop),
        cmocka_unit_test_setup_teardown(the_first_form_of_the_page_unmasks, start, stop),
        cmocka_unit_test_setup_teardown(the_form_of_a_bound_pin_stays, start, stop),
    };
    *(int *)failed = cmocka_run_group_tests(tests, NULL, NULL);
    return NULL;
}

int main(void)
{
    return region_run(run_all);
}
