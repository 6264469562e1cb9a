/* SPDX-License-Identifier: MIT */
/* A call for a domain that does not exist, or that the caller has no right over, is refused, and is
 * never performed on the caller itself: every command of every call that names a domain (XSA-109,
 * 232, and the rules of group G of docs/security.md). */
#include "tests/guests/common/grant.h"

static const domid_t others[] = {0,         4242,          0x7fef, DOMID_IO, DOMID_XEN,
                                 DOMID_COW, DOMID_INVALID, 0x7ff7, 0x8000,   0xffff};
static u64 *window, window_machine, *plain, *table;

/* XSA-109: the tables, the frames, or both belong to another domain. */
static void check_mmu_update(void)
{
    u64 before = *entry_of(address(window), 1);

    for (unsigned i = 0; i < ARRAY_LENGTH(others); i++) {
        for (unsigned command = 0; command < 4; command++) {
            struct mmu_update request = {window_machine | command, entry_for(plain, PTE_RW)};
            const u64 foreign[] = {others[i], (others[i] + 1ull) << 16 | DOMID_SELF,
                                   (others[i] + 1ull) << 16 | others[i]};
            u32 done = 77;

            for (unsigned j = 0; j < ARRAY_LENGTH(foreign); j++) {
                if (foreign[j] >> 32 || (foreign[j] >> 16 == 0 && foreign[j] == DOMID_SELF)) {
                    continue;
                }
                check(hypercall6(__HYPERVISOR_mmu_update, address(&request), 1, address(&done),
                                 foreign[j], 0, 0) < 0,
                      "mmu_update %u for %lx", command, foreign[j]);
                check(done == 0 || done == 77, "%u are said to be done", done);
            }
            check_equal(*entry_of(address(window), 1), before, "the entry");
        }
    }
}

static void check_mmuext(void)
{
    for (unsigned command = 0; command < 24; command++) {
        for (unsigned i = 0; i < ARRAY_LENGTH(others); i++) {
            struct mmuext_op request;
            u32 done = 77;
            long result;

            memset(&request, 0, sizeof request);
            request.cmd = command;
            request.arg1.mfn = mfn_of(table);
            request.arg2.src_mfn = mfn_of(plain);
            result = hypercall6(__HYPERVISOR_mmuext_op, address(&request), 1, address(&done),
                                others[i], 0, 0);
            check(result < 0, "mmuext_op %u for %x: %ld", command, others[i], result);
            check(done == 0 || done == 77, "%u are said to be done", done);
        }
    }
    check_equal(page_writable(table), 0, "the page is a table");
    check_equal(page_read_only(table), 0, "read-only again");
}

static void check_va(void)
{
    for (unsigned i = 0; i < ARRAY_LENGTH(others); i++) {
        check(hypercall6(__HYPERVISOR_update_va_mapping_otherdomain, address(window),
                         entry_for(plain, PTE_RW), UVMF_INVLPG, others[i], 0, 0) < 0,
              "update_va_mapping_otherdomain %x", others[i]);
        check(read_traps(window), "it is mapped");
    }
}

static void check_memory(void)
{
    static const unsigned commands[] = {XENMEM_increase_reservation, XENMEM_decrease_reservation,
                                        XENMEM_populate_physmap};
    struct xen_memory_domain self = {.domid = DOMID_SELF};
    long before = memory_op(XENMEM_current_reservation, &self);

    for (unsigned i = 0; i < ARRAY_LENGTH(others); i++) {
        struct xen_memory_domain domain = {.domid = others[i]};
        u64 extent = mfn_of(plain);
        struct xen_memory_exchange exchange = {.in = {.nr_extents = 1, .domid = others[i]},
                                               .out = {.nr_extents = 1, .domid = others[i]}};

        check(memory_op(XENMEM_current_reservation, &domain) < 0, "pages of %x", others[i]);
        check(memory_op(XENMEM_maximum_reservation, &domain) < 0, "limit of %x", others[i]);
        for (unsigned j = 0; j < ARRAY_LENGTH(commands); j++) {
            struct xen_memory_reservation request = {.nr_extents = 1, .domid = others[i]};

            set_xen_guest_handle(request.extent_start, &extent);
            check(memory_op(commands[j], &request) <= 0, "command %u for %x", commands[j],
                  others[i]);
        }
        set_xen_guest_handle(exchange.in.extent_start, &extent);
        set_xen_guest_handle(exchange.out.extent_start, &extent);
        check(memory_op(XENMEM_exchange, &exchange) < 0, "exchange for %x", others[i]);
        exchange.in.domid = DOMID_SELF;
        check(memory_op(XENMEM_exchange, &exchange) < 0, "exchange with %x", others[i]);
    }
    check_equal(memory_op(XENMEM_current_reservation, &self), before, "our pages");
}

static void check_grants(void)
{
    for (unsigned i = 0; i < ARRAY_LENGTH(others); i++) {
        struct gnttab_setup_table setup = {.dom = others[i], .nr_frames = 1, .status = NO_STATUS};
        struct gnttab_query_size query = {.dom = others[i], .status = NO_STATUS};
        struct gnttab_get_version version = {.dom = others[i]};
        xen_pfn_t frame = 0;
        u32 handle;

        set_xen_guest_handle(setup.frame_list, &frame);
        check(grant_op(GNTTABOP_setup_table, &setup) < 0 || setup.status < 0, "a table of %x: %d",
              others[i], setup.status);
        check(grant_op(GNTTABOP_query_size, &query) < 0 || query.status < 0, "its size: %d",
              query.status);
        check(grant_op(GNTTABOP_get_version, &version) < 0, "its version");
        check(grant_map(others[i], 0, GNTMAP_host_map, address(window), &handle) < 0,
              "a grant of %x", others[i]);
    }
}

static void check_events(void)
{
    for (unsigned i = 0; i < ARRAY_LENGTH(others); i++) {
        struct evtchn_alloc_unbound unbound = {.dom = others[i], .remote_dom = DOMID_SELF};
        struct evtchn_bind_interdomain bind = {.remote_dom = others[i], .remote_port = 1};
        struct evtchn_status status = {.dom = others[i], .port = 1};

        check(event_channel_op(EVTCHNOP_alloc_unbound, &unbound) < 0, "a port of %x", others[i]);
        check(event_channel_op(EVTCHNOP_bind_interdomain, &bind) < 0, "bound to %x", others[i]);
        check(event_channel_op(EVTCHNOP_status, &status) < 0, "status of %x", others[i]);
    }
}

void test_main(void)
{
    if (is_initial_domain()) {
        skip("a plain domain's rights");
    }
    plain = page_take();
    table = page_take();
    window = window_take();
    window_machine = entry_machine(address(window), 1);
    mmu_update(window_machine, 0);
    if (page_read_only(table)) {
        error("cannot make a page read-only");
    }
    check_mmu_update();
    check_mmuext();
    check_va();
    check_memory();
    check_grants();
    check_events();
}
