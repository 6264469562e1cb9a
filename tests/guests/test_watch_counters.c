/* SPDX-License-Identifier: MIT */
/* The counters that the hypercall `watch` shows: dom0 finds itself with the updates that it makes
 * and the rule that refuses one of them, in arrays of which only as much is written as has room. A
 * guest without privileges is refused. Runs as: dom0 Cpus: 1 2 */
#include "tests/guests/common/guest.h"

#include "lib/watch_counters.h"
#include "tests/guests/common/page.h"
#include "lib/watch.h"

#define ROOM 128u

static struct watch_counter counter[ROOM];
static struct watch_vcpu vcpu[4];
static struct watch_domain domain;

static s64 ask(u64 operation, void *structure)
{
    return hypercall(WATCH_HYPERCALL, operation, address(structure), 0);
}

static s64 ask_domain(u32 id, u32 counters, u32 vcpus)
{
    domain = (struct watch_domain){.version = WATCH_VERSION,
                                   .id = id,
                                   .counters_at = address(counter),
                                   .vcpus_at = address(vcpu),
                                   .counters = counters,
                                   .vcpus = vcpus};
    return ask(WATCH_DOMAIN, &domain);
}

static u64 count_of(u32 group, const char *name)
{
    for (u32 i = 0; i < domain.counters && i < ROOM; i++) {
        if (counter[i].group == group && !strcmp(counter[i].name, name)) {
            return counter[i].count;
        }
    }
    error("no counter %s", name);
}

static void check_machine(void)
{
    struct watch_machine machine = {.version = WATCH_VERSION}, later = machine;

    check_equal(ask(WATCH_MACHINE, &machine), 0, "the machine");
    check(machine.cpus >= 1 && machine.cpu_khz && machine.frames > machine.frames_free,
          "%u CPUs of %u kHz, %lu frames, %lu free", machine.cpus, machine.cpu_khz, machine.frames,
          machine.frames_free);
    check_equal(ask(WATCH_MACHINE, &later), 0, "the machine, later");
    check(later.now > machine.now, "time goes on: %lu, then %lu", machine.now, later.now);
    check_equal(hypercall(WATCH_HYPERCALL, WATCH_MACHINE, 8, 0), -XEN_EFAULT, "at 8");
}

static void check_domain(void)
{
    u64 refused, refusals, cpu_time;

    check_equal(ask_domain(0, ROOM, 4), 0, "dom0");
    check(!domain.id && domain.online_vcpus >= 1 && domain.frames && domain.cpu_time,
          "domain %u, %u vCPUs, %lu frames, %lu ns", domain.id, domain.online_vcpus, domain.frames,
          domain.cpu_time);
    check_equal(domain.state, WATCH_STATE_RUNNING, "it runs");
    check(domain.vcpus >= 1 && vcpu[0].online && vcpu[0].cpu_time, "vCPU 0 of %u", domain.vcpus);
    refused = count_of(WATCH_GROUP_REFUSAL, "NOT_PINNED");
    refusals = count_of(WATCH_GROUP_WORK, "refusals");
    cpu_time = vcpu[0].cpu_time;

    check_equal(mmuext(MMUEXT_UNPIN_TABLE, mfn_of(counter), 0), -XEN_EINVAL, "a frame with no pin");
    check_equal(ask_domain(0, ROOM, 4), 0, "dom0, later");
    check_equal(count_of(WATCH_GROUP_REFUSAL, "NOT_PINNED"), refused + 1, "refused by this rule");
    check_equal(count_of(WATCH_GROUP_WORK, "refusals"), refusals + 1, "refused in all");
    check(vcpu[0].cpu_time > cpu_time, "it has run meanwhile");
}

static void check_room(void)
{
    u32 counters = domain.counters, vcpus = domain.vcpus;

    memset(counter, 0, sizeof counter);
    memset(vcpu, 0xff, sizeof vcpu);
    check_equal(ask_domain(0, 2, 0), 0, "with room for two");
    check_equal(domain.counters, counters, "how many there are");
    check_equal(domain.vcpus, vcpus, "how many vCPUs");
    check(counter[1].name[0] && !counter[2].name[0], "two are written, and no more");
    check_equal(vcpu[0].cpu_time, ~0ull, "no vCPU is written");
}

static void check_refusals(void)
{
    check_equal(ask_domain(1, ROOM, 4), -XEN_ESRCH, "there is no domain from 1 on");
    check_equal(ask_domain(0x10000, ROOM, 4), -XEN_ESRCH, "a number that is none");
    domain = (struct watch_domain){.version = WATCH_VERSION, .counters_at = 8, .counters = 1};
    check_equal(ask(WATCH_DOMAIN, &domain), -XEN_EFAULT, "counters at 8");
    domain = (struct watch_domain){
        .version = WATCH_VERSION, .vcpus_at = HYPERVISOR_VIRT_START, .vcpus = 1};
    check_equal(ask(WATCH_DOMAIN, &domain), -XEN_EFAULT, "vCPUs in the hypervisor's slots");
}

void test_main(void)
{
    if (!is_initial_domain()) {
        struct watch_machine machine = {.version = WATCH_VERSION};

        check_equal(ask(WATCH_MACHINE, &machine), -XEN_EPERM, "the machine");
        check_equal(ask_domain(0, ROOM, 4), -XEN_EPERM, "a domain");
        return;
    }
    check_machine();
    check_domain();
    check_room();
    check_refusals();
}
