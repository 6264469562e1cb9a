/* SPDX-License-Identifier: MIT */
/* Domain 2 of tests/system/test_two_guests_share.sh: maps what domain 1 grants it, and nothing else
 * of it; reads what domain 1 writes; continues to use its mappings after domain 1 has ended. */
#include "tests/guests/common/share_protocol.h"
#include "tests/guests/common/time.h"

static struct talk *talk;
static u64 *readable, *kept, *spare, talk_machine, kept_machine;
static u32 talk_handle, readable_handle, kept_handle;

static u64 machine_of(const void *at)
{
    u64 entry = entry_machine(address(at), 1);

    mmu_update(entry, 0);
    return entry;
}

/* Waits until domain 1 has granted the page, and maps it. */
static void map_talk(void)
{
    u64 end = time_of(&vcpu_info()->time) + PATIENCE;

    while (time_of(&vcpu_info()->time) < end) {
        if (!grant_map(GRANTER, REF_TALK, GNTMAP_host_map, address(talk), &talk_handle)) {
            return;
        }
        sched_op(SCHEDOP_yield, NULL);
    }
    error("domain 1 grants nothing");
}

static void check_talk(void)
{
    for (u64 round = 1; round <= ROUNDS; round++) {
        if (!wait_for(&talk->granter, round)) {
            check(false, "round %lu: the granter said %lx", round, talk->granter);
            return;
        }
        talk->mapper = round;
    }
}

static void check_rights(void)
{
    u32 handle;

    check(grant_map(GRANTER, REF_WRONG, GNTMAP_host_map, address(spare), &handle) < 0,
          "a grant for another domain");
    check(grant_map(GRANTER, REF_READ, GNTMAP_host_map, address(readable), &handle) < 0,
          "a read-only grant, to write");
    check_equal(grant_map(GRANTER, REF_READ, GNTMAP_host_map | GNTMAP_readonly, address(readable),
                          &readable_handle),
                0, "a read-only grant");
    check_equal(grant_map(GRANTER, REF_KEEP, GNTMAP_host_map | GNTMAP_contains_pte, kept_machine,
                          &kept_handle),
                0, "a grant, by the entry");
    check_equal(readable[0], SECRET, "what is to be read");
    check(write_traps(readable, 1), "it can be written to");
    check_equal(kept[0], SECRET, "the page that will be handed back");
}

/* The frame can be used through the grant only: other requests that name it are refused. */
static void check_foreign(void)
{
    u64 entry = *entry_of(address(talk), 1), frame = (entry & PTE_ADDRESS) / PAGE_SIZE;
    u64 extent = frame, spare_machine = machine_of(spare);
    struct xen_memory_reservation release = {.nr_extents = 1, .domid = DOMID_SELF};
    struct mmu_update request = {spare_machine, frame * PAGE_SIZE | PTE_RO};

    check_equal(mmu_update(spare_machine, frame * PAGE_SIZE | PTE_RO), -XEN_EBUSY, "mapping it");
    check_equal(update_va_mapping(address(spare), frame * PAGE_SIZE | PTE_RW, 0), -XEN_EBUSY,
                "by address");
    check(hypercall6(__HYPERVISOR_mmu_update, address(&request), 1, 0, GRANTER, 0, 0) < 0,
          "by naming its owner");
    check_equal(mmu_update(spare_machine, frame * PAGE_SIZE | PTE_RO | PTE_WRITABLE), -XEN_EBUSY,
                "to write");
    check_equal(mmuext(MMUEXT_PIN_L1_TABLE, frame, 0), -XEN_EINVAL, "as our table");
    check_equal(mmu_update(frame * PAGE_SIZE | MMU_MACHPHYS_UPDATE, 0), -XEN_EINVAL, "in the map");
    check_equal(mmu_update(frame * PAGE_SIZE, 0), -XEN_EINVAL, "a store to it");
    check_equal(mmuext(MMUEXT_CLEAR_PAGE, frame, 0), -XEN_EINVAL, "clearing it");
    check_equal(hypercall(__HYPERVISOR_set_gdt, address(&frame), 1, 0), -XEN_EINVAL, "as a GDT");
    check(grant_copy((struct grant_end){DOMID_SELF, false, frame, 0},
                     (struct grant_end){DOMID_SELF, false, mfn_of(spare), 0}, 8) < 0,
          "copying from it");
    set_xen_guest_handle(release.extent_start, &extent);
    check_equal(memory_op(XENMEM_decrease_reservation, &release), 0, "handing it back");
    check(talk->granter >= ROUNDS, "the page is gone");
    check_equal(mmu_update(talk_machine, entry | PTE_NX), 0, "a free bit of its entry");
    check_equal(mmu_update(talk_machine, entry), 0, "and back");
}

/* Copies what is granted, and checks that nothing else can be copied. */
static void check_copies(void)
{
    check_equal(grant_copy((struct grant_end){GRANTER, true, REF_READ, 0},
                           (struct grant_end){DOMID_SELF, false, mfn_of(spare), 8}, 8),
                0, "copying from a grant");
    check(grant_copy((struct grant_end){DOMID_SELF, false, mfn_of(spare), 0},
                     (struct grant_end){GRANTER, true, REF_READ, 0}, 8) < 0,
          "copying to a read-only grant");
    check(grant_copy((struct grant_end){GRANTER, true, REF_WRONG, 0},
                     (struct grant_end){DOMID_SELF, false, mfn_of(spare), 0}, 8) < 0,
          "copying from a grant for another domain");
    check_equal(page_writable(spare), 0, "our own page again");
    check_equal(spare[1], SECRET, "what was copied");
}

/* Grants domain 1 what domain 1 has granted to this domain, as a transitive grant of version 2. */
static void grant_further(void)
{
    struct gnttab_set_version set = {.version = 2};

    grant_start();
    check_equal(grant_op(GNTTABOP_set_version, &set), 0, "version 2");
    volatile union grant_entry_v2 *entry = (volatile union grant_entry_v2 *)grant_table + REF_VIA;
    entry->transitive.trans_domid = GRANTER;
    entry->transitive.gref = REF_READ;
    entry->hdr.domid = GRANTER;
    __asm__ volatile("" ::: "memory");
    entry->hdr.flags = GTF_transitive;
}

static void wait_for_death(void)
{
    u64 end = time_of(&vcpu_info()->time) + PATIENCE;
    u32 handle;

    while (time_of(&vcpu_info()->time) < end) {
        if (grant_map(GRANTER, REF_WRONG, GNTMAP_host_map, address(spare), &handle) ==
            GNTST_bad_domain) {
            return;
        }
        sched_op(SCHEDOP_yield, NULL);
    }
    check(false, "domain 1 does not die");
}

/* The pages of the ended domain can be used until this domain unmaps them, and keep their
 * contents. */
static void check_after_death(void)
{
    const u64 start = read_tsc();
    u32 handle;

    /* Long enough for the hypervisor to tear down the other domain meanwhile. */
    for (u64 i = 0; i < 20000 || read_tsc() - start < 1ull << 31; i++) {
        talk->mapper = i;
        kept[1] = i;
        sched_op(SCHEDOP_yield, NULL);
        if (talk->mapper != i || kept[1] != i || talk->granter != STEP_RELEASED) {
            check(false, "turn %lu: somebody else writes to the page", i);
            break;
        }
    }
    check_equal(kept[0], SECRET, "the page that was handed back");
    check(grant_map(GRANTER, REF_TALK, GNTMAP_host_map, address(spare), &handle) < 0,
          "a grant of the dead");
    check(grant_copy((struct grant_end){GRANTER, true, REF_READ, 0},
                     (struct grant_end){DOMID_SELF, false, mfn_of(spare), 0}, 8) < 0,
          "a copy from the dead");
    check_equal(grant_unmap(address(talk), 0, talk_handle), 0, "unmapping");
    check(read_traps(&talk->granter), "it is still mapped");
    check(grant_unmap(address(talk), 0, talk_handle) < 0, "unmapping again");
    check_equal(mmu_update(kept_machine, 0), 0, "dropping a mapping without its handle");
    check(grant_unmap(kept_machine, 0, kept_handle) < 0, "unmapping what was dropped");
    /* The third mapping stays until this domain ends. */
    check_equal(readable[0] == SECRET || readable[0] == 0, 1, "the page to read");
    print("Note: the mapper goes on after the granter\n");
}

void test_main(void)
{
    if (is_apart()) {
        return;
    }
    talk = window_take();
    readable = window_take();
    kept = window_take();
    spare = page_take();
    talk_machine = machine_of(talk);
    kept_machine = machine_of(kept);
    machine_of(readable);
    check_equal(grant_own_domid(), MAPPER, "domid");
    map_talk();
    check_talk();
    check_rights();
    check_foreign();
    check_copies();
    grant_further();
    talk->mapper = STEP_MAPPED;
    check(wait_for(&talk->granter, STEP_RELEASED), "the granter did not hand a page back");
    check_equal(kept[0], SECRET, "the page it handed back");
    kept[0] = SECRET;
    talk->mapper = STEP_LAST;
    wait_for_death();
    check_after_death();
}
