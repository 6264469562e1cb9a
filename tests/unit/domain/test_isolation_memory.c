/* SPDX-License-Identifier: MIT */
/* Proves that a lack of memory for a view leaves nothing behind: with any amount of memory that
 * is too little, a domain and a vCPU are not made, and a vcpu_info is not registered, and each time
 * all memory comes back and all is as before; with enough memory the same calls succeed. Guests are
 * isolated; the allocator, the virtual MMU and all that makes domains are the hypervisor's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/memory/host/hypervisor/memory/direct.h"

#include "hypervisor/call/call.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/cpu/flush.h"
#include "hypervisor/cpu/stop.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/domain_table.h"
#include "hypervisor/domain/isolation.h"
#include "hypervisor/domain/managed.h"
#include "hypervisor/log/log.h"
#include "hypervisor/memory/boot_memory.h"
#include "hypervisor/memory/dirty.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/memory/map.h"
#include "hypervisor/memory/space.h"
#include "hypervisor/vcpu/vcpu.h"
#include "tests/unit/cpu/region.h"
#include "vmmu/vmmu.h"

#define FRAMES  4096u
#define FIRST   1024u /* the first frame of the allocator */
#define MOST    512u  /* more than a domain with two vCPUs needs */
#define DISTANT 4000u /* a frame far from all others, so that a view needs tables for it */

unsigned char machine_memory[FRAMES << PAGE_SHIFT] __attribute__((aligned(4096)));

static struct vmmu_frame frame_table[FRAMES];
static u64 m2p[FRAMES];
static u64 all_slots[LAYOUT_SLOTS];
static u64 of_before; /* what the machines before this one have left of the count of free frames */

/* ---- what stands in for the hypervisor's own map and its assembly ---- */

const u64 *map_hypervisor_slots(void)
{
    return all_slots;
}

bool map_is_private(mfn_t m)
{
    (void)m;
    return false;
}

u64 map_entry(u64 address, u32 level)
{
    (void)address;
    (void)level;
    return 0;
}

bool map_page(u64 address, mfn_t m, u64 flags)
{
    (void)address;
    (void)m;
    (void)flags;
    return true;
}

void page_clear(void *page);

void page_clear(void *page)
{
    memset(page, 0, PAGE_SIZE);
}

u64 copy_bytes_in(void *to, const void *from, u64 count);

u64 copy_bytes_in(void *to, const void *from, u64 count)
{
    memcpy(to, from, count);
    return 0;
}

/* ---- the machine ---- */

/* Starts the machine with `pages` pages of memory. */
static void start(u64 pages)
{
    static void *dirty_map;

    space_isolates = true;
    memset(frame_table, 0, sizeof frame_table);
    free(dirty_map);
    dirty_map = calloc(1, dirty_size(FRAMES));
    frames_start(frame_table, FRAMES, dirty_map);
    of_before = frames_free_count();
    frames_free_range(mfn(FIRST), pages, true);
    all_slots[(LAYOUT_WINDOWS >> 39 & 511) - LAYOUT_FIRST_SLOT] = 1;
    all_slots[(LAYOUT_IMAGE >> 39 & 511) - LAYOUT_FIRST_SLOT] = 1;
    all_slots[(LAYOUT_DIRECT >> 39 & 511) - LAYOUT_FIRST_SLOT] = 1;
    vmmu_start(frame_table, FRAMES, m2p, all_slots, false);
}

static u64 pages_left(void)
{
    return frames_free_count() - of_before;
}

static struct domain *make(u32 *place)
{
    static const u8 handle[16];

    *place = domain_table_reserve();
    return domain_create_managed(*place, 1, handle, 0);
}

/* Takes the domain out of the table; the next machine begins anew. */
static void drop(struct domain *domain)
{
    domain_table_remove(domain);
    domain_table_release(domain->place);
}

static void a_domain_is_not_made(void **state)
{
    struct domain *domain = NULL;
    u64 refused = 0;
    u32 place;

    (void)state;
    for (u64 pages = 0; !domain; pages++) {
        assert_true(pages < MOST);
        start(pages);
        domain = make(&place);
        if (!domain) {
            domain_table_release(place);
            assert_int_equal(pages_left(), pages);
            refused++;
        }
    }
    assert_in_range(refused, 10, MOST); /* a view alone has that many tables */
    drop(domain);
}

/* Leaves `pages` pages to the allocator. */
static void leave(u64 pages)
{
    while (pages_left() > pages) {
        assert_false(mfn_is_none(frames_alloc(0)));
    }
}

/* The number of pages that are marked for a domain. */
static u64 marked(void)
{
    u64 count = 0;

    for (u64 i = 0; i < FRAMES; i++) {
        count += page_marked(mfn(i)) != PAGE_UNMARKED;
    }
    return count;
}

static void a_vcpu_is_not_made(void **state)
{
    struct vcpu *vcpu = NULL;
    u64 refused = 0;
    u32 place;

    (void)state;
    for (u64 pages = 0; !vcpu; pages++) {
        struct view before;
        u64 marks;

        assert_true(pages < MOST);
        start(MOST);
        struct domain *domain = make(&place);
        assert_non_null(domain);
        leave(pages);
        before = domain->view;
        marks = marked();
        vcpu = vcpu_create(domain, 0);
        if (!vcpu) { /* what stays allocated is a table of the view, which the next one uses */
            assert_int_equal(pages_left() + domain->view.tables, pages + before.tables);
            assert_int_equal(marked(), marks);
            refused++;
        } else {
            vcpu_destroy(vcpu);
        }
        isolation_stop(domain);
        drop(domain);
    }
    assert_in_range(refused, 4, MOST);
}

static void a_vcpu_info_is_not_registered(void **state)
{
    struct vcpu_register_vcpu_info ask = {.mfn = DISTANT, .offset = 64};
    struct call call = {.argument = {VCPUOP_register_vcpu_info, 0, (u64)&ask}};
    struct vmmu_frame_info info;
    u64 refused = 0;
    s64 result = -1;
    u32 place;

    (void)state;
    for (u64 pages = 0; result; pages++) {
        assert_true(pages < MOST);
        start(MOST);
        struct domain *domain = make(&place);
        assert_non_null(domain);
        domain->mmu.frames_max = 1;
        assert_int_equal(vmmu_give(&domain->mmu, mfn(DISTANT), pfn(0)), VMMU_DONE);
        struct vcpu *vcpu = vcpu_create(domain, 0);
        assert_non_null(vcpu);
        domain->vcpu[domain->vcpu_count++] = vcpu;
        leave(pages);
        const struct vcpu_info *before = vcpu->info;
        result = call_vcpu_op(vcpu, &call);
        assert_false(call.again);
        vmmu_frame_inspect(mfn(DISTANT), &info);
        if (result) {
            assert_int_equal(result, -XEN_ENOMEM);
            assert_ptr_equal(vcpu->info, before);
            assert_true(mfn_is_none(vcpu->info_frame));
            assert_int_equal(info.references, 1);
            assert_int_equal(info.type_count, 0);
            refused++;
        } else {
            assert_ptr_equal(vcpu->info, (u8 *)frame_view(mfn(DISTANT)) + ask.offset);
            assert_int_equal(info.type_count, 1);
        }
        drop(domain);
    }
    assert_in_range(refused, 2, MOST); /* a table for each kind of root */
}

static void *run_all(void *failed)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_domain_is_not_made),
        cmocka_unit_test(a_vcpu_is_not_made),
        cmocka_unit_test(a_vcpu_info_is_not_registered),
    };

    *(int *)failed = cmocka_run_group_tests(tests, NULL, NULL);
    return NULL;
}

int main(void)
{
    return region_run(run_all);
}
