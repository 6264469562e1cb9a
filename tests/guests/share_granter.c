/* SPDX-License-Identifier: MIT */
/* Domain 1 of tests/system/test_two_guests_share.sh: grants pages to domain 2, communicates with it
 * through one, tries what a granter may not do while its pages are mapped, and ends. */
#include "tests/guests/common/share_protocol.h"

static struct talk *talk;
static u64 *readable, *kept;

static void check_talk(void)
{
    for (u64 round = 1; round <= ROUNDS; round++) {
        talk->granter = round;
        if (!wait_for(&talk->mapper, round)) {
            check(false, "round %lu: the mapper said %lx", round, talk->mapper);
            return;
        }
    }
}

/* Copies this domain's own page by way of domain 2, which may read it and therefore may not let
 * anybody write to it. XSA-226, 318. */
static void check_further(void)
{
    const struct grant_end via = {MAPPER, true, REF_VIA, 0};
    u32 handle;

    kept[8] = 0;
    check_equal(grant_copy(via, (struct grant_end){DOMID_SELF, false, mfn_of(kept), 64}, 8), 0,
                "a copy from a transitive grant");
    check_equal(kept[8], SECRET, "what was copied");
    check(grant_copy((struct grant_end){DOMID_SELF, false, mfn_of(kept), 8}, via, 8) < 0,
          "a copy to a transitive grant for reading");
    check(grant_map(MAPPER, REF_VIA, GNTMAP_host_map | GNTMAP_readonly, address(readable),
                    &handle) < 0,
          "mapping a transitive grant");
    check_equal(grant_marks(REF_READ), GTF_reading, "marks of the grant, which is mapped");
}

/* While domain 2 maps the pages, they can get neither another type nor another owner. */
static void check_held(void)
{
    u64 frame = mfn_of(talk), extent = mfn_of(kept);
    struct xen_memory_reservation release = {.nr_extents = 1, .domid = DOMID_SELF};
    u32 handle;

    check_equal(grant_marks(REF_TALK), GTF_reading | GTF_writing, "marks, both");
    check_equal(grant_marks(REF_READ), GTF_reading, "marks, reading");
    check_equal(grant_marks(REF_WRONG), 0, "marks of what was refused");
    check_equal(page_read_only(talk), 0, "read-only here");
    check_equal(mmuext(MMUEXT_PIN_L1_TABLE, frame, 0), -XEN_EINVAL, "as an L1 table");
    check_equal(mmuext(MMUEXT_PIN_L4_TABLE, frame, 0), -XEN_EINVAL, "as an L4 table");
    check_equal(hypercall(__HYPERVISOR_set_gdt, address(&frame), 1, 0), -XEN_EINVAL, "as a GDT");
    check_equal(page_writable(talk), 0, "writable here");
    check(grant_map(DOMID_SELF, REF_TALK, GNTMAP_host_map, address(readable), &handle) < 0,
          "our own grant, which is for domain 2");

    /* A page that is mapped read-only may become a table: the reader may see its entries. */
    memset(readable, 0, PAGE_SIZE);
    check_equal(page_read_only(readable), 0, "read-only here");
    check_equal(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(readable), 0), 0, "a page they read");

    check_equal(update_va_mapping(address(kept), 0, UVMF_INVLPG), 0, "unmapping");
    set_xen_guest_handle(release.extent_start, &extent);
    check_equal(memory_op(XENMEM_decrease_reservation, &release), 1, "handing a page back");
    check_equal(memory_op(XENMEM_decrease_reservation, &release), 1, "handing it back again");
}

void test_main(void)
{
    if (is_apart()) {
        return;
    }
    talk = page_take();
    readable = page_take();
    kept = window_take();
    readable[0] = kept[0] = SECRET;
    check_equal(grant_own_domid(), GRANTER, "domid");
    grant_start();
    grant_give(REF_WRONG, MAPPER + 1, mfn_of(readable), 0);
    grant_give(REF_READ, MAPPER, mfn_of(readable), GTF_readonly);
    grant_give(REF_KEEP, MAPPER, mfn_of(kept), 0);
    grant_give(REF_TALK, MAPPER, mfn_of(talk), 0);
    check_talk();
    check(wait_for(&talk->mapper, STEP_MAPPED), "the mapper did not map all");
    check_further();
    check_held();
    talk->granter = STEP_RELEASED;
    check(wait_for(&talk->mapper, STEP_LAST), "the mapper did not look");
    print_verdict();
    shut_down(SHUTDOWN_crash);
}
