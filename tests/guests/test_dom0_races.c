/* SPDX-License-Identifier: MIT */
/* Domains are destroyed at any moment: one vCPU of dom0 makes a domain and lets it run, others
 * pause, describe, shut down and destroy it meanwhile, at random. Each call may succeed or fail; in
 * the end no domain is left, and as many frames are free as before.
 * Runs as: dom0 Vcpus: 4 Cpus: 1 2 4 Isolated: 1 2 */
#include "tests/guests/common/toolstack.h"
#include "tests/guests/common/smp.h"

#define LIVES        15u
#define DISTURBANCES 100u /* one of these destroys a domain with an odd number */

static _Atomic u32 present; /* the id of the domain that is being made; 0: none */
static _Atomic bool finished;
static _Atomic u64 made_count, destroyed_in_making, destroyed;

static bool exists(u16 id)
{
    struct xen_domctl_getdomaininfo info;

    return !tiny_info(id, &info) && info.domain == id;
}

static void destroy(u16 id)
{
    if (!tiny_command(XEN_DOMCTL_destroydomain, id)) {
        atomic_fetch_add(&destroyed, 1);
    }
}

static void make_one(void)
{
    struct made made;

    check_equal(tiny_create(&made, 1), 0, "an empty domain");
    atomic_store(&present, made.id);
    smp_jitter();
    if (tiny_build(&made)) {
        atomic_fetch_add(&destroyed_in_making, 1);
    } else {
        tiny_command(XEN_DOMCTL_unpausedomain, made.id);
        atomic_fetch_add(&made_count, 1);
        smp_jitter();
    }
    atomic_store(&present, 0);
    destroy(made.id);
    for (u64 end = smp_now() + PATIENCE; exists(made.id) && smp_now() < end;) {
        cpu_relax();
    }
    check(!exists(made.id), "domain %u stays", made.id);
}

static void disturb(unsigned self)
{
    u16 id = (u16)atomic_load(&present);
    struct sched_remote_shutdown end = {.domain_id = id, .reason = SHUTDOWN_suspend};
    struct xen_domctl_getdomaininfo info;
    struct xen_domctl op = {.u.max_mem.max_memkb = 4096};

    if (!id) {
        cpu_relax();
        return;
    }
    if (self == 1 && id % 2 && !smp_below(DISTURBANCES)) {
        destroy(id);
        return;
    }
    switch (smp_below(8)) {
    case 0:
        tiny_command(XEN_DOMCTL_pausedomain, id);
        break;
    case 1:
        tiny_command(XEN_DOMCTL_unpausedomain, id);
        break;
    case 2:
        tiny_info(id, &info);
        break;
    case 3:
        sched_op(SCHEDOP_remote_shutdown, &end);
        break;
    case 4:
        tiny_command(XEN_DOMCTL_resumedomain, id);
        break;
    case 5:
        domctl(XEN_DOMCTL_max_mem, id, &op);
        break;
    default:
        smp_jitter();
        break;
    }
}

static void work(unsigned self)
{
    if (self == 0) {
        for (u32 i = 0; i < LIVES; i++) {
            make_one();
        }
        atomic_store(&finished, true);
    }
    while (!atomic_load(&finished)) {
        disturb(self);
    }
}

void test_main(void)
{
    u64 before;

    smp_start(4);
    check_equal(free_frames(&before), 0, "counting the free frames");
    smp_run(work);
    u64 after = 0;
    check_equal(free_frames(&after), 0, "counting the free frames again");
    check_equal(after, before, "free frames after %lu domains, %lu destroyed while being made",
                atomic_load(&made_count), atomic_load(&destroyed_in_making));
    print("%lu domains made, %lu destroyed while being made, %lu destroyed\n",
          atomic_load(&made_count), atomic_load(&destroyed_in_making), atomic_load(&destroyed));
    check(!exists(1), "domain 1 is left");
}
