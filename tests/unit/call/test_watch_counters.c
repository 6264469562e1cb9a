/* SPDX-License-Identifier: MIT */
/* Proves that the call `watch` shows the counters of the machine and of a domain: each of the
 * virtual MMU's counters under its own name, refusals by rule, the time of each vCPU; that it
 * writes only as many elements as have room, and says how many there are; and that it shows no vCPU
 * of a domain that has ended. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "hypervisor/call/watch/watch.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/info.h"
#include "hypervisor/memory/boot_memory.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/sched/sched.h"
#include "hypervisor/time/clock.h"
#include "lib/watch_counters.h"

#define COUNTERS (sizeof(struct vmmu_counters) / sizeof(u64))
#define RULES    (VMMU_RESULTS - VMMU_AGAIN - 1)
#define ROOM     128u
#define BAD      8u /* an address that cannot be accessed */

static struct domain *domain;
static struct vcpu vcpu[2];
static u32 flags;
static struct watch_counter counter[ROOM];
static struct watch_vcpu shown[4];

/* ---- stand-ins --------------------------------------------------------------------------- */

bool copy_from_guest(void *to, u64 from, u64 size)
{
    if (from == BAD) {
        return false;
    }
    memcpy(to, (const void *)from, size);
    return true;
}

bool copy_to_guest(u64 to, const void *from, u64 size)
{
    if (to == BAD) {
        return false;
    }
    memcpy((void *)to, from, size);
    return true;
}

struct domain *domain_from(u16 id)
{
    return id <= domain->id ? domain : NULL;
}

void domain_info(struct domain *of, struct xen_domctl_getdomaininfo *info)
{
    (void)of;
    memset(info, 0, sizeof *info);
    info->flags = flags;
    info->cpu_time = 77;
    info->tot_pages = 10;
    info->max_pages = 20;
    info->nr_online_vcpus = 1;
}

void domain_counters(const struct domain *of, struct vmmu_counters *sum)
{
    (void)of;
    for (u32 i = 0; i < COUNTERS; i++) {
        ((u64 *)sum)[i] = 1000 + i;
    }
}

void sched_read_runstate(struct vcpu *of, struct vcpu_runstate_info *runstate)
{
    memset(runstate, 0, sizeof *runstate);
    runstate->time[RUNSTATE_running] = of == &vcpu[0] ? 50 : 27;
}

u64 clock_now(void)
{
    return 12345;
}

u64 clock_tsc_khz(void)
{
    return 2000000;
}

u32 cpu_count(void)
{
    return 3;
}

u64 boot_memory_pages(void)
{
    return 4096;
}

u64 frames_free_count(void)
{
    return 96;
}

const char *vmmu_result_name(enum vmmu_result result)
{
    static const char *const name[] = {
        "DONE",
        "AGAIN",
#define REFUSAL(name, error, sentence) #name,
#include "vmmu/refusals.def"
#undef REFUSAL
    };

    return name[result];
}

/* ------------------------------------------------------------------------------------------ */

static int set_up(void **state)
{
    (void)state;
    domain = calloc(1, sizeof *domain);
    domain->id = 5;
    domain->vcpu_count = 2;
    domain->vcpu[0] = &vcpu[0];
    domain->vcpu[1] = &vcpu[1];
    vcpu[0].state = VCPU_RUNNABLE;
    vcpu[1].state = VCPU_DOWN;
    strcpy(domain->name, "web");
    domain->refused[VMMU_REFUSED_NOT_PINNED] = 4;
    flags = XEN_DOMINF_running;
    memset(counter, 0, sizeof counter);
    memset(shown, 0, sizeof shown);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(domain);
    return 0;
}

static struct watch_domain ask(u32 id, u32 counters, u32 vcpus, s64 expected)
{
    struct watch_domain d = {.id = id,
                             .counters_at = (u64)counter,
                             .vcpus_at = (u64)shown,
                             .counters = counters,
                             .vcpus = vcpus};

    assert_int_equal(watch_domain((u64)&d), expected);
    return d;
}

static u64 count_of(u32 group, const char *name)
{
    for (u32 i = 0; i < ROOM; i++) {
        if (counter[i].group == group && !strcmp(counter[i].name, name)) {
            return counter[i].count;
        }
    }
    fail_msg("no counter %s", name);
    return 0;
}

static void the_machine_is_shown(void **state)
{
    struct watch_machine machine = {0};

    (void)state;
    assert_int_equal(watch_machine((u64)&machine), 0);
    assert_int_equal(machine.version, WATCH_VERSION);
    assert_int_equal(machine.now, 12345);
    assert_int_equal(machine.frames, 4096);
    assert_int_equal(machine.frames_free, 96);
    assert_int_equal(machine.cpus, 3);
    assert_int_equal(machine.cpu_khz, 2000000);
    assert_int_equal(watch_machine(BAD), -XEN_EFAULT);
}

static void a_domain_is_shown_with_each_counter_under_its_name(void **state)
{
    struct watch_domain d = ask(0, ROOM, 4, 0);

    (void)state;
    assert_int_equal(d.id, 5);
    assert_string_equal(d.name, "web");
    assert_int_equal(d.cpu_time, 77);
    assert_int_equal(d.frames, 10);
    assert_int_equal(d.frames_max, 20);
    assert_int_equal(d.online_vcpus, 1);
    assert_int_equal(d.counters, COUNTERS + RULES);
#define EXPECT(member)                                                                             \
    assert_int_equal(count_of(WATCH_GROUP_WORK, #member),                                          \
                     1000 + offsetof(struct vmmu_counters, member) / sizeof(u64))
    EXPECT(entries_checked);
    EXPECT(updates);
    EXPECT(promotions);
    EXPECT(demotions);
    EXPECT(pins);
    EXPECT(unpins);
    EXPECT(emulated_writes);
    EXPECT(root_switches);
    EXPECT(flushes_asked);
    EXPECT(flushes_sent);
    EXPECT(flushes_skipped);
    EXPECT(refusals);
    EXPECT(remote_asked);
    EXPECT(remote_sent);
    EXPECT(remote_skipped);
    assert_int_equal(count_of(WATCH_GROUP_REFUSAL, "NOT_PINNED"), 4);
    assert_int_equal(count_of(WATCH_GROUP_REFUSAL, "BAD_FRAME"), 0);
    assert_int_equal(count_of(WATCH_GROUP_REFUSAL, "NOT_THAT_MAPPING"), 0);
    assert_int_equal(d.vcpus, 2);
    assert_int_equal(shown[0].cpu_time, 50);
    assert_int_equal(shown[0].online, 1);
    assert_int_equal(shown[1].cpu_time, 27);
    assert_int_equal(shown[1].online, 0);
}

static void what_has_no_room_is_counted_and_not_written(void **state)
{
    struct watch_domain d = ask(5, 2, 1, 0);

    (void)state;
    assert_int_equal(d.counters, COUNTERS + RULES);
    assert_int_equal(d.vcpus, 2);
    assert_string_equal(counter[1].name, "updates");
    assert_int_equal(counter[2].name[0], 0);
    assert_int_equal(shown[0].cpu_time, 50);
    assert_int_equal(shown[1].cpu_time, 0);
}

static void an_ended_domain_shows_no_vcpus(void **state)
{
    (void)state;
    domain->end = DOMAIN_DESTROYED;
    domain->vcpu[0] = domain->vcpu[1] = NULL; /* torn down */
    flags = XEN_DOMINF_dying;
    struct watch_domain d = ask(5, ROOM, 4, 0);

    assert_int_equal(d.vcpus, 0);
    assert_int_equal(d.state, WATCH_STATE_DYING);
    assert_int_equal(d.counters, COUNTERS + RULES);
}

static void states_are_those_that_the_tools_know(void **state)
{
    (void)state;
    assert_int_equal(ask(5, 0, 0, 0).state, WATCH_STATE_RUNNING);
    flags = XEN_DOMINF_blocked | XEN_DOMINF_paused | 0xffu << XEN_DOMINF_shutdownshift;
    assert_int_equal(ask(5, 0, 0, 0).state, WATCH_STATE_BLOCKED | WATCH_STATE_PAUSED);
    flags = XEN_DOMINF_shutdown | SHUTDOWN_poweroff << XEN_DOMINF_shutdownshift;
    assert_int_equal(ask(5, 0, 0, 0).state, WATCH_STATE_SHUTDOWN);
    flags = XEN_DOMINF_shutdown | SHUTDOWN_crash << XEN_DOMINF_shutdownshift;
    assert_int_equal(ask(5, 0, 0, 0).state, WATCH_STATE_CRASHED);
}

static void what_cannot_be_is_refused(void **state)
{
    struct watch_domain d = {.id = 5, .counters_at = BAD, .counters = 1};

    (void)state;
    ask(6, ROOM, 4, -XEN_ESRCH);
    ask(DOMID_FIRST_RESERVED, ROOM, 4, -XEN_ESRCH);
    ask(0x10005, ROOM, 4, -XEN_ESRCH);
    assert_int_equal(watch_domain(BAD), -XEN_EFAULT);
    assert_int_equal(watch_domain((u64)&d), -XEN_EFAULT);
    d = (struct watch_domain){.id = 5, .vcpus_at = BAD, .vcpus = 1};
    assert_int_equal(watch_domain((u64)&d), -XEN_EFAULT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_machine_is_shown),
        TEST(a_domain_is_shown_with_each_counter_under_its_name),
        TEST(what_has_no_room_is_counted_and_not_written),
        TEST(an_ended_domain_shows_no_vcpus),
        TEST(states_are_those_that_the_tools_know),
        TEST(what_cannot_be_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
