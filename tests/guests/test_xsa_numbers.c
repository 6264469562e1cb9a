/* SPDX-License-Identifier: MIT */
/* Numbers that only an attacker passes, in every call that takes one (group G of docs/security.md).
 *
 * Orders, counts, nodes, resume indices, domain numbers, values of the machine-to-physical map,
 * periods and offsets: each is refused or harmless, the guest has the same memory afterwards, and
 * pages that it gets are clear. XSA-4, 14, 20, 29, 31, 100, 113, 158, 159, 212, 231, 251, 327,
 * 385. */
#include "tests/guests/common/guest.h"
#include "tests/guests/common/reservation.h"

static u64 *window, window_machine;

/* Unmaps the page of a window. Returns its pfn, and its frame in *mfn. */
static u64 unmap(u64 *page, u64 *mfn)
{
    *mfn = mfn_of(page);
    check_equal(update_va_mapping(address(page), 0, UVMF_INVLPG), 0, "unmapping");
    return pfn_of(page);
}

static void refill(u64 *page, u64 pfn)
{
    u64 extent = pfn;

    check_equal(reservation(XENMEM_populate_physmap, &extent, 1, 0, 0), 1, "populate_physmap");
    ((u64 *)(uintptr_t)start_info->mfn_list)[pfn] = extent;
    check_equal(page_writable(page), 0, "mapping it");
}

/* XSA-31, 158, 385: orders and sums of them. */
static void check_orders(void)
{
    static const unsigned commands[] = {XENMEM_increase_reservation, XENMEM_decrease_reservation,
                                        XENMEM_populate_physmap};
    u64 *list = page_take();
    long before = current_pages();

    for (unsigned i = 0; i < ARRAY_LENGTH(commands); i++) {
        for (unsigned order = 10; order < 256; order++) {
            for (unsigned high = 0; high < 2; high++) {
                list[0] = pfn_of(list);
                check(reservation(commands[i], list, 1, order | high << 31, 0) <= 0,
                      "command %u, order %u", commands[i], order | high << 31);
            }
        }
    }
    for (unsigned order = 0; order < 10; order++) {
        list[0] = ~0ull << order;
        check(reservation(XENMEM_decrease_reservation, list, 1, order, 0) <= 0,
              "the last frames there can be, order %u", order);
        list[0] = ~0ull << order;
        check(reservation(XENMEM_populate_physmap, list, 1, order, 0) <= 0,
              "at the last pfns there can be, order %u", order);
        check(reservation(XENMEM_increase_reservation, list, (1ull << 32) - 1, order, 0) <= 0,
              "2^32 - 1 extents of order %u", order);
    }
    check_equal(current_pages(), before, "pages");
}

/* XSA-231, 14: requests for memory of a certain node, and flags. */
static void check_flags(void)
{
    long before = current_pages();
    u64 extent;

    for (unsigned node = 0; node < 255; node++) {
        for (unsigned exact = 0; exact < 2; exact++) {
            unsigned flags = XENMEMF_node(node) | (exact ? XENMEMF_exact_node_request : 0);

            extent = start_info->nr_pages + 100;
            check(reservation(XENMEM_populate_physmap, &extent, 1, 0, flags) <= 0,
                  "populate from node %u", node);
            check(reservation(XENMEM_increase_reservation, &extent, 1, 0, flags) <= 0,
                  "increase from node %u", node);
        }
    }
    extent = start_info->nr_pages + 100;
    check(reservation(XENMEM_populate_physmap, &extent, 1, 0, XENMEMF_populate_on_demand) <= 0,
          "populate on demand");
    check_equal(current_pages(), before, "pages");
}

/* Calls as if resumed: the index of the next extent is in the high bits of the command. */
static void check_resume(void)
{
    static const unsigned starts[] = {1, 2, 3, 1000, 0x3ffffff};
    struct xen_memory_reservation request = {.nr_extents = 2, .domid = DOMID_SELF};
    u64 list[2] = {~0ull, ~0ull};
    long before = current_pages();

    set_xen_guest_handle(request.extent_start, list);
    for (unsigned i = 0; i < ARRAY_LENGTH(starts); i++) {
        long result = hypercall(__HYPERVISOR_memory_op,
                                XENMEM_decrease_reservation | starts[i] << 6, address(&request), 0);

        check(result == (long)starts[i] || result < 0, "resumed at %u: %ld", starts[i], result);
    }
    check_equal(current_pages(), before, "pages");
}

/* XSA-29, 159, 212: every error that the arguments of an exchange can have. */
static long exchange(u64 *in, u64 ins, u64 *out, u64 outs, unsigned order, u64 start)
{
    struct xen_memory_exchange request = {
        .in = {.nr_extents = ins, .extent_order = order, .domid = DOMID_SELF},
        .out = {.nr_extents = outs, .extent_order = order, .domid = DOMID_SELF},
        .nr_exchanged = start,
    };

    set_xen_guest_handle(request.in.extent_start, in);
    set_xen_guest_handle(request.out.extent_start, out);
    return memory_op(XENMEM_exchange, &request);
}

static void check_exchange_ranges(void)
{
    static const u64 bases[] = {HYPERVISOR_VIRT_START,
                                0xffff830000000000,
                                0xffff82d040200000,
                                0xffff880000000000,
                                0,
                                1ull << 63,
                                ~0ull << 12};
    u64 in = 0, out = 0;

    for (unsigned i = 0; i < ARRAY_LENGTH(bases); i++) {
        for (unsigned shift = 0; shift < 63; shift += 3) {
            u64 count = 1ull << shift;

            check(exchange(&in, count, (u64 *)bases[i], count, 0, count - 1) < 0,
                  "out at %lx, %lx done", bases[i], count - 1);
            check(exchange((u64 *)bases[i], count, &out, count, 0, count - 1) < 0,
                  "in at %lx, %lx done", bases[i], count - 1);
            check(exchange(&in, 1, &out, 1, 0, count) < 0 || shift == 0, "%lx of 1 done", count);
        }
    }
    for (unsigned order = 10; order < 70; order += 3) {
        check(exchange(&in, 1, &out, 1, order, 0) < 0, "order %u", order);
    }
}

static void check_exchange(void)
{
    u64 *page = window_take(), *second = window_take(), first_mfn, second_mfn;
    u64 pfns[2] = {unmap(page, &first_mfn), unmap(second, &second_mfn)};
    u64 in[2] = {first_mfn, ~0ull >> 12}, out[2] = {pfns[0], pfns[1]};
    u64 *list = (u64 *)(uintptr_t)start_info->mfn_list;
    long before = current_pages();

    check(exchange(in, 1, out, 2, 0, 0) < 0, "one for two");
    check_equal(mfn_to_pfn(first_mfn), pfns[0], "the frame after that");
    in[0] = mfn_of(root_first());
    check(exchange(in, 1, out, 1, 0, 0) < 0, "a page table that is loaded");
    in[0] = mfn_of(page_take());
    check(exchange(in, 1, out, 1, 0, 0) < 0 || is_initial_domain(), "a page that is mapped");
    in[0] = (root_first()[256] & PTE_ADDRESS) / PAGE_SIZE;
    check(exchange(in, 1, out, 1, 0, 0) < 0, "a frame of the hypervisor");
    check_equal(current_pages(), before, "pages");

    /* The second of two extents is invalid: the first may have been exchanged, and no frame is
     * lost. */
    in[0] = first_mfn;
    check(exchange(in, 2, out, 2, 0, 0) < 0, "the second is none");
    check_equal(current_pages(), before, "pages");
    if (out[0] != pfns[0]) {
        list[pfns[0]] = out[0];
    }
    check_equal(page_writable(page), 0, "mapping the first");
    list[pfns[1]] = second_mfn;
    check_equal(page_writable(second), 0, "mapping the second");
}

/* XSA-113, 251: the guest may fill the M2P entries of its frames with invalid values, and nothing
 * relies on them. */
static void check_map(void)
{
    static const u64 values[] = {~0ull, ~1ull,      ~2ull,      1ull << 63, 0x5555555555555555,
                                 0,     1ull << 52, 0xffffffff, 1};
    u64 foreign = (root_first()[256] & PTE_ADDRESS) / PAGE_SIZE;

    for (unsigned i = 0; i < 1000; i++) {
        if (mmu_update(foreign * PAGE_SIZE | MMU_MACHPHYS_UPDATE, i) != -XEN_EINVAL) {
            check(false, "the map of a foreign frame");
            break;
        }
    }
    for (unsigned i = 0; i < ARRAY_LENGTH(values); i++) {
        u64 *page = page_take(), mfn = mfn_of(page), in, out = pfn_of(page);
        struct xen_memory_reservation release = {.nr_extents = 1, .domid = DOMID_SELF};

        check_equal(mmu_update(mfn * PAGE_SIZE | MMU_MACHPHYS_UPDATE, values[i]), 0, "value %lx",
                    values[i]);
        check_equal(mfn_to_pfn(mfn), values[i], "the map");
        check_equal(page_read_only(page), 0, "mapping it, %lx", values[i]);
        check_equal(mmuext(MMUEXT_PIN_L1_TABLE, mfn, 0), 0, "pinning it, %lx", values[i]);
        check_equal(mmuext(MMUEXT_UNPIN_TABLE, mfn, 0), 0, "unpinning it, %lx", values[i]);
        unmap(page, &in);
        if (i & 1) {
            check_equal(exchange(&in, 1, &out, 1, 0, 0), 0, "exchanging it, %lx", values[i]);
        } else {
            set_xen_guest_handle(release.extent_start, &in);
            check_equal(memory_op(XENMEM_decrease_reservation, &release), 1, "releasing it, %lx",
                        values[i]);
            check_equal(reservation(XENMEM_populate_physmap, &out, 1, 0, 0), 1, "another");
        }
        ((u64 *)(uintptr_t)start_info->mfn_list)[pfn_of(page)] = out;
        check_equal(mfn_to_pfn(out), pfn_of(page), "the map of the new one");
        check_equal(page_writable(page), 0, "mapping the new one");
    }
}

/* XSA-100: a frame that was given back and is allocated again is clear. */
static void check_scrubbed(void)
{
    u64 *page = window_take(), extent, pfn;

    for (unsigned round = 0; round < 64; round++) {
        memset(page, 0xa5, PAGE_SIZE);
        pfn = unmap(page, &extent);
        check_equal(reservation(XENMEM_decrease_reservation, &extent, 1, 0, 0), 1, "releasing");
        refill(page, pfn);
        for (unsigned i = 0; i < 512 && !is_initial_domain(); i++) {
            if (page[i]) {
                check(false, "round %u: %lx at word %u", round, page[i], i);
                return;
            }
        }
    }
}

/* XSA-20: timers that would never expire, or never stop firing. */
static void check_timers(void)
{
    static const u64 periods[] = {0, 1, 2, 999, 99999, 1ull << 62, 1ull << 63, ~0ull >> 1, ~0ull};
    struct vcpu_set_singleshot_timer single = {0};

    for (unsigned i = 0; i < ARRAY_LENGTH(periods); i++) {
        struct vcpu_set_periodic_timer period = {periods[i]};

        check(vcpu_op(VCPUOP_set_periodic_timer, 0, &period) < 0, "a period of %lx", periods[i]);
        single.timeout_abs_ns = periods[i];
        check_equal(vcpu_op(VCPUOP_set_singleshot_timer, 0, &single), 0, "a time of %lx",
                    periods[i]);
        check_equal(hypercall(__HYPERVISOR_set_timer_op, periods[i], 0, 0), 0, "set_timer_op %lx",
                    periods[i]);
    }
    check_equal(vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL), 0, "stopping");
    check_equal(vcpu_op(VCPUOP_stop_singleshot_timer, 0, NULL), 0, "stopping");
}

/* XSA-327: places where the vcpu_info would not be aligned, or would not be in one page. */
static void check_vcpu_info(void)
{
    void *page = page_take();

    for (unsigned i = 0; i < 64; i++) {
        struct vcpu_register_vcpu_info request = {.mfn = mfn_of(page), .offset = i};

        if (i % 8) {
            check(vcpu_op(VCPUOP_register_vcpu_info, 0, &request) < 0, "at offset %u", i);
        }
        request.offset = (u32)(PAGE_SIZE - 63 + i);
        check(vcpu_op(VCPUOP_register_vcpu_info, 0, &request) < 0, "at offset %u", request.offset);
        request.offset = ~i;
        check(vcpu_op(VCPUOP_register_vcpu_info, 0, &request) < 0, "at offset %x", request.offset);
    }
    check_equal(page_read_only(page), 0, "a page that was refused is free");
}

/* XSA-4: a transfer whose start is valid but whose end wraps or is in the hypervisor. */
static void check_lengths(void)
{
    static const u64 starts[] = {0x00007ffffffff000, HYPERVISOR_VIRT_START - 4096,
                                 0xfffffffffffff000, 0x1000};
    static const u64 counts[] = {1ull << 20, 1ull << 28, 0x7fffffff};

    for (unsigned i = 0; i < ARRAY_LENGTH(starts); i++) {
        for (unsigned j = 0; j < ARRAY_LENGTH(counts); j++) {
            check(hypercall6(__HYPERVISOR_mmu_update, starts[i], counts[j], 0, DOMID_SELF, 0, 0) <
                      0,
                  "mmu_update, %lx at %lx", counts[j], starts[i]);
            check(hypercall6(__HYPERVISOR_mmuext_op, starts[i], counts[j], 0, DOMID_SELF, 0, 0) < 0,
                  "mmuext_op, %lx at %lx", counts[j], starts[i]);
            check(hypercall(__HYPERVISOR_multicall, starts[i], counts[j], 0) < 0,
                  "multicall, %lx at %lx", counts[j], starts[i]);
            check(hypercall(__HYPERVISOR_set_gdt, starts[i], counts[j], 0) < 0,
                  "set_gdt, %lx at %lx", counts[j], starts[i]);
        }
    }
}

void test_main(void)
{
    window = window_take();
    window_machine = entry_machine(address(window), 1);
    mmu_update(window_machine, 0);
    check_orders();
    check_flags();
    check_resume();
    check_exchange_ranges();
    check_exchange();
    check_map();
    check_scrubbed();
    check_timers();
    check_vcpu_info();
    check_lengths();
}
