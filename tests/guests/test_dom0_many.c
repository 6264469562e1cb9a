/* SPDX-License-Identifier: MIT */
/* Hundreds of domains exist at a time. Each has a number of its own, which ascends from one to the
 * next, unless dom0 chooses it: then it may be any that is not in use. All are in the list of
 * domains and found by their numbers, and nothing of them is left in the end.
 * Runs as: dom0 Cpus: 1 2 Isolated: 2 */
#include "tests/guests/common/toolstack.h"
#include <xen/sysctl.h>

#define MANY  200u
#define CHUNK 64u

static struct made made[MANY];
static struct xen_domctl_getdomaininfo info[CHUNK];
static u16 chosen[] = {32, 64, 1024, 2048, DOMID_FIRST_RESERVED - 1};

static long create_as(u16 id)
{
    struct xen_domctl op = {.u.createdomain = {.max_vcpus = 1,
                                               .max_evtchn_port = 1023,
                                               .max_grant_frames = -1,
                                               .max_maptrack_frames = -1,
                                               .grant_opts = 2}};

    return domctl(XEN_DOMCTL_createdomain, id, &op);
}

/* Counts the domains in the list, which must ascend. */
static u32 count_all(void)
{
    u32 count = 0, next = 0;

    for (;;) {
        struct xen_sysctl op = {.cmd = XEN_SYSCTL_getdomaininfolist,
                                .interface_version = XEN_SYSCTL_INTERFACE_VERSION};

        op.u.getdomaininfolist.first_domain = (u16)next;
        op.u.getdomaininfolist.max_domains = CHUNK;
        set_xen_guest_handle(op.u.getdomaininfolist.buffer, info);
        check_equal(hypercall6(__HYPERVISOR_sysctl, address(&op), 0, 0, 0, 0, 0), 0,
                    "getdomaininfolist");
        for (u32 i = 0; i < op.u.getdomaininfolist.num_domains; i++) {
            check(info[i].domain >= next, "the list does not ascend");
            next = info[i].domain + 1u;
        }
        count += op.u.getdomaininfolist.num_domains;
        if (op.u.getdomaininfolist.num_domains < CHUNK) {
            return count;
        }
    }
}

static void check_chosen(void)
{
    for (u32 i = 0; i < ARRAY_LENGTH(chosen); i++) {
        check_equal(create_as(chosen[i]), 0, "a domain with number %u", chosen[i]);
        check_equal(create_as(chosen[i]), -XEN_EEXIST, "another one with number %u", chosen[i]);
    }
    check_equal(count_all(), 1 + ARRAY_LENGTH(chosen), "how many domains there are");
}

static void check_many(void)
{
    u16 last = 0;

    for (u32 i = 0; i < MANY; i++) {
        check_equal(tiny_create(&made[i], 1), 0, "domain %u", i);
        check(made[i].id > last, "its number %u does not ascend", made[i].id);
        last = made[i].id;
        if (anything_failed()) {
            return;
        }
    }
    check_equal(count_all(), 1 + MANY + ARRAY_LENGTH(chosen), "how many domains there are");
    for (u32 i = 0; i < MANY; i++) {
        check_equal(tiny_info(made[i].id, info), 0, "domain %u", made[i].id);
        check_equal(info->domain, made[i].id, "the number that answers");
    }
}

/* Makes all of them, and destroys them. Returns the frames that are free afterwards. */
static u64 make_and_destroy(void)
{
    u64 free = 0;

    check_chosen();
    check_many();
    for (u32 i = 0; i < MANY && made[i].id; i++) {
        check_equal(tiny_command(XEN_DOMCTL_destroydomain, made[i].id), 0, "the end of domain %u",
                    made[i].id);
    }
    for (u32 i = 0; i < ARRAY_LENGTH(chosen); i++) {
        check_equal(tiny_command(XEN_DOMCTL_destroydomain, chosen[i]), 0, "the end of domain %u",
                    chosen[i]);
    }
    while (count_all() > 1 && !anything_failed()) {
        sleep_ms(1);
    }
    check_equal(free_frames(&free), 0, "the free frames");
    return free;
}

void test_main(void)
{
    check(is_initial_domain(), "this is not dom0");
    const u64 once = make_and_destroy(); /* the tables for so many descriptor windows stay */
    check_equal(make_and_destroy(), once, "free frames after the second time");
}
