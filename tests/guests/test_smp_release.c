/* SPDX-License-Identifier: MIT */
/* Frames are given back and exchanged while other vCPUs map them, pin them, make them descriptor
 * pages and change their M2P entries, by number: a vCPU gets a frame completely or not at all, and
 * none is lost. XSA-287.
 * Vcpus: 4 Cpus: 1 2 4 Isolated: 2 */
#include "tests/guests/common/reservation.h"
#include "tests/guests/common/smp.h"

#define POOL     3u
#define NO_FRAME (~0ull >> 24)
#define HARMLESS 2ull /* neither an entry nor a descriptor that is present */

static volatile u64
    *pool[POOL]; /* nothing maps these pages: they are used by their frame numbers */
static volatile u64 *window;
static _Atomic u64 released, exchanged, mapped, pinned, loaded, renamed;

static u64 frame_of(unsigned i)
{
    return __atomic_load_n(&((u64 *)(uintptr_t)start_info->mfn_list)[pfn_of(pool[i])],
                           __ATOMIC_SEQ_CST);
}

static void set_frame(unsigned i, u64 mfn)
{
    __atomic_store_n(&((u64 *)(uintptr_t)start_info->mfn_list)[pfn_of(pool[i])], mfn,
                     __ATOMIC_SEQ_CST);
}

/* Gives a frame back and asks for another. It comes when the old one is free, because the guest may
 * have no more frames. */
static void release(unsigned i)
{
    u64 extent = frame_of(i);

    set_frame(i, NO_FRAME);
    check_equal(reservation(XENMEM_decrease_reservation, &extent, 1, 0, 0), 1, "giving one back");
    for (extent = pfn_of(pool[i]); reservation(XENMEM_populate_physmap, &extent, 1, 0, 0) != 1;) {
        cpu_relax();
    }
    set_frame(i, extent);
    atomic_fetch_add(&released, 1);
}

/* An exchange is refused while the frame is in use. */
static void exchange(unsigned i)
{
    u64 old = frame_of(i), new = pfn_of(pool[i]);
    struct xen_memory_exchange request = {.in = {.nr_extents = 1, .domid = DOMID_SELF},
                                          .out = {.nr_extents = 1, .domid = DOMID_SELF}};

    set_xen_guest_handle(request.in.extent_start, &old);
    set_xen_guest_handle(request.out.extent_start, &new);
    if (!memory_op(XENMEM_exchange, &request) && request.nr_exchanged == 1) {
        set_frame(i, new);
        atomic_fetch_add(&exchanged, 1);
    }
}

static void map(u64 mfn)
{
    if (update_va_mapping(address(window), mfn * PAGE_SIZE | PTE_RW, UVMF_NONE)) {
        return;
    }
    atomic_fetch_add(&mapped, 1);
    check(smp_write(&window[5], HARMLESS), "what we mapped is not there");
    smp_jitter();
    check_equal(update_va_mapping(address(window), 0, UVMF_NONE), 0, "unmapping");
    smp_write(&window[5], HARMLESS);
}

static void pin(unsigned i, u64 mfn)
{
    if (!mmu_update(mfn * PAGE_SIZE | MMU_MACHPHYS_UPDATE, pfn_of(pool[i]))) {
        atomic_fetch_add(&renamed, 1);
    }
    if (mmuext(MMUEXT_PIN_L1_TABLE, mfn, 0)) {
        return;
    }
    atomic_fetch_add(&pinned, 1);
    smp_jitter();
    check_equal(mmuext(MMUEXT_UNPIN_TABLE, mfn, 0), 0, "unpinning what we pinned");
}

static void load(u64 mfn)
{
    if (hypercall(__HYPERVISOR_set_gdt, address(&mfn), 512, 0)) {
        return;
    }
    atomic_fetch_add(&loaded, 1);
    smp_jitter();
    check_equal(hypercall(__HYPERVISOR_set_gdt, 0, 0, 0), 0, "no GDT");
}

static void release_against_use(unsigned self)
{
    unsigned i = smp_below(POOL);
    u64 mfn = frame_of(i);

    switch (self) {
    case 0:
        if (smp_below(2)) {
            release(i);
        } else {
            exchange(i);
        }
        break;
    case 1:
        map(mfn);
        break;
    case 2:
        pin(i, mfn);
        break;
    default:
        load(mfn);
    }
}

static bool enough(void)
{
    return released > 10 && exchanged > 5 && mapped > 10 && pinned > 10 && loaded > 10 &&
           renamed > 10;
}

void test_main(void)
{
    long before = current_pages();

    smp_start(4);
    window = window_take();
    update_va_mapping(address(window), 0, UVMF_INVLPG);
    for (unsigned i = 0; i < POOL; i++) {
        pool[i] = page_take();
        update_va_mapping(address(pool[i]), 0, UVMF_INVLPG);
    }
    smp_race(release_against_use, 400, enough);
    print("Note: %lu released, %lu exchanged, %lu mapped, %lu pinned, %lu loaded, %lu renamed\n",
          released, exchanged, mapped, pinned, loaded, renamed);
    check(enough(), "some part was not tried");
    check_equal(current_pages(), before, "pages at the end");
    for (unsigned i = 0; i < POOL; i++) {
        check_equal(mfn_to_pfn(frame_of(i)), pfn_of(pool[i]), "the map, frame %u", i);
        check_equal(page_writable(pool[i]), 0, "frame %u, writable", i);
        check_equal(page_read_only(pool[i]), 0, "read-only");
        check_equal(mmuext(MMUEXT_PIN_L1_TABLE, frame_of(i), 0), 0, "frame %u as a table", i);
        check_equal(mmuext(MMUEXT_UNPIN_TABLE, frame_of(i), 0), 0, "and no more");
    }
}
