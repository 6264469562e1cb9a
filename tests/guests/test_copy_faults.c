/* SPDX-License-Identifier: MIT */
/* A pointer from a guest is only a number.
 *
 * Every call that reads or writes the guest's memory gets every kind of address that does not
 * belong to the guest: in the hypervisor, in the hole, at the ends of both, not mapped, and a
 * structure of which only the first half is mapped, or that can be read but not written. The answer
 * is -EFAULT and nothing else; the next call works. */
#include "tests/guests/common/guest.h"

#include <xen/grant_table.h>
#include <xen/physdev.h>

/* A call that has a pointer in one of its arguments. */
struct call {
    const char *name;
    u64 number;
    u64 arguments[5];
    unsigned pointer; /* the number of that argument */
    unsigned size;    /* the size of what it points to */
    bool counts;      /* returns how many elements were done, so 0 instead of -EFAULT */
};

static const struct call calls[] = {
    {"set_trap_table", __HYPERVISOR_set_trap_table, {0}, 0, 16, false},
    {"mmu_update", __HYPERVISOR_mmu_update, {0, 1, 0, DOMID_SELF}, 0, 16, false},
    {"set_gdt", __HYPERVISOR_set_gdt, {0, 512}, 0, 8, false},
    {"get_features", __HYPERVISOR_xen_version, {XENVER_get_features}, 1, 8, false},
    {"extraversion", __HYPERVISOR_xen_version, {XENVER_extraversion}, 1, 16, false},
    {"compile_info", __HYPERVISOR_xen_version, {XENVER_compile_info}, 1, 144, false},
    {"capabilities", __HYPERVISOR_xen_version, {XENVER_capabilities}, 1, 1024, false},
    {"platform_parameters", __HYPERVISOR_xen_version, {XENVER_platform_parameters}, 1, 8, false},
    {"populate_physmap", __HYPERVISOR_memory_op, {XENMEM_populate_physmap}, 1, 32, true},
    {"decrease_reservation", __HYPERVISOR_memory_op, {XENMEM_decrease_reservation}, 1, 32, true},
    {"exchange", __HYPERVISOR_memory_op, {XENMEM_exchange}, 1, 72, false},
    {"machphys_mapping", __HYPERVISOR_memory_op, {XENMEM_machphys_mapping}, 1, 24, false},
    {"maximum_reservation", __HYPERVISOR_memory_op, {XENMEM_maximum_reservation}, 1, 2, false},
    {"multicall", __HYPERVISOR_multicall, {0, 1}, 0, 64, false},
    {"mmuext_op", __HYPERVISOR_mmuext_op, {0, 1, 0, DOMID_SELF}, 0, 24, false},
    {"shutdown", __HYPERVISOR_sched_op, {SCHEDOP_shutdown}, 1, 4, false},
    {"poll", __HYPERVISOR_sched_op, {SCHEDOP_poll}, 1, 24, false},
    {"callback register", __HYPERVISOR_callback_op, {CALLBACKOP_register}, 1, 16, false},
    {"alloc_unbound", __HYPERVISOR_event_channel_op, {EVTCHNOP_alloc_unbound}, 1, 8, false},
    {"bind_virq", __HYPERVISOR_event_channel_op, {EVTCHNOP_bind_virq}, 1, 12, false},
    {"send", __HYPERVISOR_event_channel_op, {EVTCHNOP_send}, 1, 4, false},
    {"status", __HYPERVISOR_event_channel_op, {EVTCHNOP_status}, 1, 24, false},
    {"unmask", __HYPERVISOR_event_channel_op, {EVTCHNOP_unmask}, 1, 4, false},
    {"singleshot timer", __HYPERVISOR_vcpu_op, {VCPUOP_set_singleshot_timer, 0}, 2, 16, false},
    {"register_vcpu_info", __HYPERVISOR_vcpu_op, {VCPUOP_register_vcpu_info, 0}, 2, 16, false},
    {"runstate area", __HYPERVISOR_vcpu_op, {VCPUOP_register_runstate_memory_area, 0}, 2, 8, false},
    {"set_iopl", __HYPERVISOR_physdev_op, {PHYSDEVOP_set_iopl}, 1, 4, false},
    {"grant query_size", __HYPERVISOR_grant_table_op, {GNTTABOP_query_size, 0, 1}, 1, 16, false},
    {"grant setup_table", __HYPERVISOR_grant_table_op, {GNTTABOP_setup_table, 0, 1}, 1, 24, false},
};

static long call_with(const struct call *call, u64 pointer)
{
    u64 a[5];

    memcpy(a, call->arguments, sizeof a);
    a[call->pointer] = pointer;
    return hypercall6(call->number, a[0], a[1], a[2], a[3], a[4], 0);
}

static long answer_of(const struct call *call)
{
    return call->counts ? 0 : -XEN_EFAULT;
}

static void check_addresses(const struct call *call)
{
    static const u64 addresses[] = {
        HYPERVISOR_VIRT_START,     HYPERVISOR_VIRT_START + 8, 0xffff804000000000,
        0xffff82d040200000,        0xffff830000000000,        HYPERVISOR_VIRT_END - 4096,
        HYPERVISOR_VIRT_END - 8,   0x0000800000000000,        0x00007ffffffffffc,
        0xffff7ffffffffffc,        0x8000000000000000,        0x7fffffffffffffff,
        0x0000000000001000,        0xfffffffffffffffc,        0xfffffffffffff000,
        HYPERVISOR_VIRT_START - 4,
    };

    for (unsigned i = 0; i < ARRAY_LENGTH(addresses); i++) {
        long result = call_with(call, addresses[i]);

        check_equal(result, answer_of(call), "%s at %lx", call->name, addresses[i]);
        if (result != answer_of(call)) {
            break;
        }
    }
}

/* The first half of the structure is at the end of a page, the second half on a page that is not
 * mapped. */
static void check_half(const struct call *call, u8 *page)
{
    u64 at = address(page) + PAGE_SIZE - call->size / 2;

    if (call->number == __HYPERVISOR_set_trap_table) {
        return; /* an entry of zeros would end the table before that */
    }
    memset(page, 0, PAGE_SIZE);
    check_equal(call_with(call, at), answer_of(call), "%s, half of it mapped", call->name);
}

/* Calls that return a result get a page that they cannot write. */
static void check_read_only(u8 *page)
{
    static const unsigned commands[] = {
        XENVER_extraversion,        XENVER_compile_info, XENVER_capabilities, XENVER_changeset,
        XENVER_platform_parameters, XENVER_get_features, XENVER_guest_handle};
    struct evtchn_alloc_unbound *request = (struct evtchn_alloc_unbound *)page;

    memset(page, 0, PAGE_SIZE);
    request->dom = DOMID_SELF;
    request->remote_dom = DOMID_SELF;
    check_equal(event_channel_op(EVTCHNOP_alloc_unbound, request), 0, "alloc_unbound");
    check_equal(page_read_only(page), 0, "read-only");
    check_equal(event_channel_op(EVTCHNOP_alloc_unbound, request), -XEN_EFAULT,
                "alloc_unbound, its result read-only");
    for (unsigned i = 0; i < ARRAY_LENGTH(commands); i++) {
        check_equal(xen_version(commands[i], page + 64), -XEN_EFAULT, "xen_version %u, read-only",
                    commands[i]);
    }
    check_equal(memory_op(XENMEM_machphys_mapping, page), -XEN_EFAULT,
                "machphys_mapping, read-only");
    check_equal(xen_version(XENVER_extraversion, root_first()), -XEN_EFAULT,
                "extraversion into a page table");
    check_equal(page_writable(page), 0, "writable");
}

/* Pointers to lists inside structures, and results behind lists. */
static void check_inner(void)
{
    struct xen_memory_reservation reservation = {.nr_extents = 1, .domid = DOMID_SELF};
    struct mmu_update update = {entry_machine(address(guest_start), 1),
                                entry_for(guest_start, PTE_RW)};
    struct sched_poll poll = {.nr_ports = 1, .timeout = 1};
    struct mmuext_op flush;
    void *const bad = (void *)HYPERVISOR_VIRT_START;

    set_xen_guest_handle(reservation.extent_start, bad);
    check(memory_op(XENMEM_decrease_reservation, &reservation) <= 0, "extents in Xen's space");
    check(memory_op(XENMEM_populate_physmap, &reservation) <= 0, "extents in Xen's space");
    set_xen_guest_handle(poll.ports, bad);
    check_equal(sched_op(SCHEDOP_poll, &poll), -XEN_EFAULT, "ports in Xen's space");
    check_equal(
        hypercall6(__HYPERVISOR_mmu_update, address(&update), 1, address(bad), DOMID_SELF, 0, 0), 0,
        "the count of mmu_update in Xen's space");
    memset(&flush, 0, sizeof flush);
    flush.cmd = MMUEXT_TLB_FLUSH_MULTI;
    set_xen_guest_handle(flush.arg2.vcpumask, bad);
    check_equal(hypercall6(__HYPERVISOR_mmuext_op, address(&flush), 1, 0, DOMID_SELF, 0, 0),
                -XEN_EINVAL, "a vCPU mask in Xen's space");
    flush.cmd = MMUEXT_TLB_FLUSH_LOCAL;
    check_equal(
        hypercall6(__HYPERVISOR_mmuext_op, address(&flush), 1, address(bad), DOMID_SELF, 0, 0), 0,
        "the count of mmuext_op in Xen's space");
    check(hypercall(__HYPERVISOR_console_io, CONSOLEIO_write, 8, address(bad)) < 0,
          "console output from Xen's space");
}

/* XENMEM_exchange takes a resume index from the guest: with one far outside the list it must not
 * write. */
static void check_exchange_index(void)
{
    static const u64 targets[] = {HYPERVISOR_VIRT_START, 0xffff830000000000, 0xffff82d040200000};
    u64 in = 0, *out = (u64 *)0xffff880000000000;
    struct xen_memory_exchange exchange = {.in = {.nr_extents = 1ull << 50, .domid = DOMID_SELF},
                                           .out = {.nr_extents = 1ull << 50, .domid = DOMID_SELF}};

    set_xen_guest_handle(exchange.in.extent_start, &in);
    for (unsigned i = 0; i < ARRAY_LENGTH(targets); i++) {
        set_xen_guest_handle(exchange.out.extent_start, out);
        exchange.nr_exchanged = (targets[i] - address(out)) / 8;
        check(memory_op(XENMEM_exchange, &exchange) < 0, "exchange to %lx", targets[i]);
    }
}

void test_main(void)
{
    u8 *page = page_take(), *next = page_take();
    long version = xen_version(XENVER_version, NULL);
    struct gnttab_query_size query = {.dom = DOMID_SELF};
    bool has_grants = hypercall(__HYPERVISOR_grant_table_op, GNTTABOP_query_size, address(&query),
                                1) != -XEN_ENOSYS;

    check_equal(address(next), address(page) + PAGE_SIZE, "two pages in a row");
    check_equal(update_va_mapping(address(next), 0, UVMF_INVLPG), 0, "unmapping");
    for (unsigned i = 0; i < ARRAY_LENGTH(calls); i++) {
        if (calls[i].number == __HYPERVISOR_grant_table_op && !has_grants) {
            continue;
        }
        check_addresses(&calls[i]);
        check_half(&calls[i], page);
        check_equal(xen_version(XENVER_version, NULL), version, "a good call after %s",
                    calls[i].name);
    }
    check_read_only(page);
    check_inner();
    check_exchange_index();
}
