/* SPDX-License-Identifier: MIT */
/* Giving memory back and getting it again.
 *
 * A guest's balloon gives frames back and asks for others; for devices a guest exchanges scattered
 * frames for contiguous ones. Every new frame must belong to the guest, be in the
 * machine-to-physical map and contain nothing of other domains; every frame that was given back
 * must be out of reach; and every order, count and pointer must be checked.
 * Isolated: 2 */
#include "tests/guests/common/guest.h"
#include "tests/guests/common/reservation.h"

static u64 *window, window_machine;

static void check_questions(void)
{
    struct xen_memory_domain domain = {.domid = DOMID_SELF};
    struct xen_machphys_mapping mapping = {0};
    u64 highest = 0;
    long result;

    check_equal(current_pages(), (s64)start_info->nr_pages, "current_reservation");
    result = memory_op(XENMEM_maximum_reservation, &domain);
    check(result >= (long)start_info->nr_pages, "maximum_reservation: %ld", result);
    domain.domid = 4242;
    check_equal(memory_op(XENMEM_maximum_reservation, &domain), -XEN_ESRCH, "that of domain 4242");
    check_equal(memory_op(XENMEM_machphys_mapping, &mapping), 0, "machphys_mapping");
    check_equal(mapping.v_start, MACH2PHYS_VIRT_START, "the map's start");
    check(mapping.v_end > mapping.v_start && mapping.v_end <= MACH2PHYS_VIRT_END, "its end: %lx",
          mapping.v_end);
    for (u64 pfn = 0; pfn < start_info->nr_pages; pfn++) {
        if (pfn_to_mfn(pfn) > highest) {
            highest = pfn_to_mfn(pfn);
        }
    }
    check(mapping.max_mfn >= highest, "max_mfn %lx, but frame %lx is ours", mapping.max_mfn,
          highest);
    check(mapping.v_start + mapping.max_mfn * 8 < mapping.v_end, "max_mfn is outside the map");
    result = memory_op(XENMEM_maximum_ram_page, NULL);
    check(result >= (long)highest, "maximum_ram_page: %lx", result);
}

static void check_memory_map(void)
{
    static struct {
        u64 start, size;
        u32 type;
    } __attribute__((packed)) entries[128];
    struct xen_memory_map map = {.nr_entries = 128};
    u64 ram = 0;
    long result;

    set_xen_guest_handle(map.buffer, entries);
    result = memory_op(XENMEM_memory_map, &map);
    if (result == -XEN_ENOSYS) {
        print("Note: no memory_map\n");
        return;
    }
    check_equal(result, 0, "memory_map");
    for (unsigned i = 0; i < map.nr_entries && i < 128; i++) {
        if (entries[i].type == 1) {
            ram += entries[i].size;
        }
    }
    check(ram >= start_info->nr_pages * PAGE_SIZE, "the map has %lu bytes of memory", ram);
    if (!is_initial_domain()) {
        check(memory_op(XENMEM_machine_memory_map, &map) < 0, "the machine's map is shown");
    }
}

/* One frame is given back and another is allocated. */
static void check_one(void)
{
    u64 *page = window_take(), pfn = pfn_of(page), mfn = mfn_of(page), extent;
    u64 *list = (u64 *)(uintptr_t)start_info->mfn_list;
    long before = current_pages();

    check_equal(update_va_mapping(address(page), 0, UVMF_INVLPG), 0, "unmapping");
    extent = mfn;
    check_equal(reservation(XENMEM_decrease_reservation, &extent, 1, 0, 0), 1,
                "decrease_reservation");
    check_equal(current_pages(), before - 1, "pages after it");
    list[pfn] = ~0ull;
    check(mmu_update(window_machine, mfn * PAGE_SIZE | PTE_RO) < 0,
          "the frame can still be mapped");
    extent = mfn;
    check_equal(reservation(XENMEM_decrease_reservation, &extent, 1, 0, 0), 0,
                "the same frame again");

    extent = pfn;
    check_equal(reservation(XENMEM_populate_physmap, &extent, 1, 0, 0), 1, "populate_physmap");
    check_equal(current_pages(), before, "pages after it");
    check_equal(mfn_to_pfn(extent), pfn, "the map, for the new frame");
    list[pfn] = extent;
    check_equal(page_writable(page), 0, "mapping the new frame");
    for (unsigned i = 0; i < 512; i++) {
        if (page[i] &&
            !is_initial_domain()) { /* Xen does not clear the pages of its initial domain */
            check(false, "the new frame has %lx at %u", page[i], i);
            break;
        }
    }
    page[0] = 1;
}

/* Many at once, and one wrong among them: the result says how many were done. */
static void check_many(void)
{
    u64 *list = (u64 *)(uintptr_t)start_info->mfn_list;
    u64 extents[8], pfns[8];

    for (unsigned i = 0; i < 8; i++) {
        void *page = window_take();

        check_equal(update_va_mapping(address(page), 0, UVMF_INVLPG), 0, "unmapping");
        pfns[i] = pfn_of(page);
        extents[i] = mfn_of(page);
    }
    extents[5] = ~0ull >> 12;
    check_equal(reservation(XENMEM_decrease_reservation, extents, 8, 0, 0), 5, "the sixth is none");
    extents[5] = pfn_to_mfn(pfns[5]);
    check_equal(reservation(XENMEM_decrease_reservation, extents + 5, 3, 0, 0), 3, "the rest");
    memcpy(extents, pfns, sizeof extents);
    check_equal(reservation(XENMEM_populate_physmap, extents, 8, 0, 0), 8, "all again");
    for (unsigned i = 0; i < 8; i++) {
        check_equal(mfn_to_pfn(extents[i]), pfns[i], "the map, frame %u", i);
        list[pfns[i]] = extents[i];
        check_equal(page_writable(page_of_pfn(pfns[i])), 0, "mapping");
    }
}

/* A pinned table stays one until it is unpinned, also if its frame is given back. */
static void check_table(void)
{
    u64 *table = window_take(), mfn = mfn_of(table), extent = mfn, pfn = pfn_of(table);
    u64 *list = (u64 *)(uintptr_t)start_info->mfn_list;

    memset(table, 0, PAGE_SIZE);
    check_equal(page_read_only(table), 0, "read-only");
    check_equal(mmuext(MMUEXT_PIN_L1_TABLE, mfn, 0), 0, "pin");
    check_equal(reservation(XENMEM_decrease_reservation, &extent, 1, 0, 0), 1,
                "giving a table back");
    check(mmu_update(window_machine, mfn * PAGE_SIZE | PTE_RW) < 0, "it can be mapped writable");
    check_equal(mmuext(MMUEXT_UNPIN_TABLE, mfn, 0), 0, "unpin");
    check_equal(update_va_mapping(address(table), 0, UVMF_INVLPG), 0, "unmapping");
    list[pfn] = ~0ull;
    extent = pfn;
    check_equal(reservation(XENMEM_populate_physmap, &extent, 1, 0, 0), 1, "another frame");
    list[pfn] = extent;
    check_equal(page_writable(table), 0, "mapping it");
}

static void check_exchange(void)
{
    u64 *list = (u64 *)(uintptr_t)start_info->mfn_list;
    u64 *page = window_take(), pfn = pfn_of(page), in = mfn_of(page), out = pfn;
    struct xen_memory_exchange exchange = {
        .in = {.nr_extents = 1, .domid = DOMID_SELF},
        .out = {.nr_extents = 1, .domid = DOMID_SELF},
    };
    long result;

    set_xen_guest_handle(exchange.in.extent_start, &in);
    set_xen_guest_handle(exchange.out.extent_start, &out);
    check_equal(update_va_mapping(address(page), 0, UVMF_INVLPG), 0, "unmapping");
    result = memory_op(XENMEM_exchange, &exchange);
    if (result == -XEN_ENOSYS) {
        print("Note: no exchange\n");
    } else {
        check_equal(result, 0, "exchange");
        check_equal(exchange.nr_exchanged, 1, "exchanged");
        check_equal(mfn_to_pfn(out), pfn, "the map, for the new frame");
        list[pfn] = out;
    }
    check_equal(page_writable(page), 0, "mapping it");
    exchange.nr_exchanged = 1ull << 40;
    check(memory_op(XENMEM_exchange, &exchange) < 0, "2^40 exchanged before the call");
    exchange.nr_exchanged = 0;
    exchange.out.nr_extents = 2;
    check(memory_op(XENMEM_exchange, &exchange) < 0, "one for two");
    check_equal(mfn_to_pfn(mfn_of(page)), pfn, "the frame after refusals");
}

/* Exchanges the frame of `pfn`, which nothing maps, for one below 1 << bits, and lists it. */
static long exchange_below(u64 pfn, unsigned bits)
{
    u64 *list = (u64 *)(uintptr_t)start_info->mfn_list;
    u64 in = list[pfn], out = pfn;
    struct xen_memory_exchange exchange = {
        .in = {.nr_extents = 1, .domid = DOMID_SELF},
        .out = {.nr_extents = 1, .mem_flags = XENMEMF_address_bits(bits), .domid = DOMID_SELF},
    };

    set_xen_guest_handle(exchange.in.extent_start, &in);
    set_xen_guest_handle(exchange.out.extent_start, &out);
    long result = memory_op(XENMEM_exchange, &exchange);

    if (!result) {
        list[pfn] = out;
    }
    return result;
}

/* A guest may ask for frames below a machine address, for a device that reaches no further. */
static void check_address_bits(void)
{
    static const unsigned impossible[] = {1, 12};
    u64 *list = (u64 *)(uintptr_t)start_info->mfn_list;
    u64 *page = page_take(), pfn = pfn_of(page), extent = mfn_of(page);
    unsigned all = 12; /* below 1 << all lies all memory */

    while ((u64)memory_op(XENMEM_maximum_ram_page, NULL) >> (all - 12)) {
        all++;
    }
    check_equal(update_va_mapping(address(page), 0, UVMF_INVLPG), 0, "unmapping");
    for (unsigned bits = all; bits >= all - 2; bits--) {
        check_equal(reservation(XENMEM_decrease_reservation, &extent, 1, 0, 0), 1, "giving back");
        extent = pfn;
        check_equal(reservation(XENMEM_populate_physmap, &extent, 1, 0, XENMEMF_address_bits(bits)),
                    1, "a frame below 1 << %u", bits);
        check(extent >> (bits - 12) == 0, "frame %lx is not below 1 << %u", extent, bits);
        list[pfn] = extent;
        check_equal(exchange_below(pfn, bits), 0, "exchange for one below 1 << %u", bits);
        check(list[pfn] >> (bits - 12) == 0, "frame %lx is not below 1 << %u", list[pfn], bits);
        extent = list[pfn];
    }
    check_equal(reservation(XENMEM_decrease_reservation, &extent, 1, 0, 0), 1, "giving back");
    for (unsigned i = 0; i < ARRAY_LENGTH(impossible); i++) {
        extent = pfn;
        check_equal(reservation(XENMEM_populate_physmap, &extent, 1, 0,
                                XENMEMF_address_bits(impossible[i])),
                    0, "a frame below 1 << %u", impossible[i]);
    }
    extent = pfn;
    check_equal(reservation(XENMEM_populate_physmap, &extent, 1, 0, 0), 1, "any frame");
    list[pfn] = extent;
    check_equal(exchange_below(pfn, 12), -XEN_ENOMEM, "exchange for one below 1 << 12");
    check_equal(list[pfn], extent, "the frame after a refused exchange");
    check_equal(page_writable(page), 0, "mapping it");
}

/* Orders and counts that no domain may use. */
static void check_refused(void)
{
    static const unsigned orders[] = {20, 31, 32, 63, 64, 128, ~0u};
    static const unsigned commands[] = {XENMEM_increase_reservation, XENMEM_decrease_reservation,
                                        XENMEM_populate_physmap};
    u64 extent, list = address(page_take());
    long before = current_pages();
    struct xen_memory_reservation request = {.nr_extents = 1, .domid = 4242};

    for (unsigned i = 0; i < ARRAY_LENGTH(commands); i++) {
        for (unsigned j = 0; j < ARRAY_LENGTH(orders); j++) {
            long result;

            extent = pfn_of((void *)list);
            result = reservation(commands[i], &extent, 1, orders[j], 0);
            check(result <= 0, "command %u, order %u: %ld", commands[i], orders[j], result);
        }
        check(reservation(commands[i], (u64 *)list, ~0ull, 0, 0) <= 0,
              "command %u, 2^64 - 1 extents", commands[i]);
        check(reservation(commands[i], (u64 *)(~0ull << 12), 1ull << 40, 0, 0) <= 0,
              "command %u, a list that wraps", commands[i]);
        check_equal(reservation(commands[i], (u64 *)list, 0, 0, 0), 0, "command %u, nothing",
                    commands[i]);
        set_xen_guest_handle(request.extent_start, (xen_pfn_t *)list);
        check_equal(memory_op(commands[i], &request), 0, "command %u for domain 4242", commands[i]);
    }
    extent = pfn_of((void *)list);
    check(reservation(XENMEM_populate_physmap, &extent, 1, 0, XENMEMF_populate_on_demand) <= 0,
          "populate on demand");
    check_equal(current_pages(), before, "pages after refusals");
}

/* An ordinary domain gets no more memory than it was given at the start. */
static void check_limit(void)
{
    u64 extent = start_info->nr_pages + 1000;
    struct xen_memory_domain domain = {.domid = DOMID_SELF};

    if (is_initial_domain() || memory_op(XENMEM_maximum_reservation, &domain) != current_pages()) {
        return;
    }
    check_equal(reservation(XENMEM_populate_physmap, &extent, 1, 0, 0), 0,
                "one page more than allowed");
    check_equal(reservation(XENMEM_increase_reservation, &extent, 1, 0, 0), 0, "... by increase");
}

void test_main(void)
{
    window = window_take();
    window_machine = entry_machine(address(window), 1);
    check_questions();
    check_memory_map();
    check_one();
    check_many();
    check_table();
    check_exchange();
    check_address_bits();
    check_refused();
    check_limit();
}
