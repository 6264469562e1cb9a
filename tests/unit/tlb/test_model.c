/* SPDX-License-Identifier: MIT */
/* Proves that the model of a TLB (bench/tlb/model.c) keeps and drops translations as the
 * processors' manuals say: what a load of CR3, with and without PCID and bit 63, of CR4, an INVLPG,
 * each type of INVPCID and a page fault drop; that the page tables decide what is global and how
 * large it is; which entry of a set is replaced; and that a translation which no longer is true is
 * noticed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bench/tlb/model.h"
#include "lib/x86/control.h"
#include "lib/x86/page_fault.h"
#include "lib/x86/pte.h"

#define PAGE    0x1000ull
#define MIB     0x100000ull
#define GIB     0x40000000ull
#define TABLES  64u
#define ENTRIES 512u
#define OTHER   1u /* a second address space's PCID */

/* The machine's memory: page tables, one a page, from address 0. The first is the root. */
static u64 memory[TABLES][ENTRIES];
static unsigned used;
static unsigned reads;

static u64 read_memory(u64 physical)
{
    assert_true(physical < sizeof(memory));
    assert_int_equal(physical % sizeof(u64), 0);
    reads++;
    return ((u64 *)memory)[physical / sizeof(u64)];
}

/* Maps a page of a size to the frame at `physical`. Every address has the same tables in all
 * address spaces. */
static void map(u64 address, u64 physical, enum tlb_page_size size, u64 flags)
{
    unsigned table = 0;

    for (unsigned level = 4; level > size + 1u; level--) {
        u64 *pte = &memory[table][address >> (12 + 9 * (level - 1)) & (ENTRIES - 1)];

        if (!*pte) {
            assert_true(used < TABLES);
            *pte = used++ * PAGE | PTE_PRESENT | PTE_WRITABLE | PTE_USER;
        }
        table = (unsigned)((*pte & PTE_ADDRESS) / PAGE);
    }
    memory[table][address >> (12 + 9 * size) & (ENTRIES - 1)] =
        physical | PTE_PRESENT | flags | (size == TLB_4K ? 0 : PTE_LARGE);
}

/* Returns a TLB of a processor with paging, global pages and, if wished, PCIDs; nothing is mapped.
 */
static struct tlb *new_tlb(const char *processor, bool pcids)
{
    memset(memory, 0, sizeof(memory));
    used = 1;
    struct tlb *tlb = tlb_new(processor, read_memory);

    assert_non_null(tlb);
    tlb_load_cr4(tlb, CR4_PAE | CR4_PGE | (pcids ? CR4_PCIDE : 0));
    tlb_load_cr3(tlb, 0);
    tlb_load_cr0(tlb, CR0_PG);
    return tlb;
}

/* Accesses an address that is mapped one to one; returns where the translation was found. */
static enum tlb_outcome load(struct tlb *tlb, u64 address)
{
    return tlb_access(tlb, TLB_LOAD, address, address).outcome;
}

static void end(struct tlb *tlb)
{
    assert_int_equal(tlb_errors(tlb)->stale, 0);
    assert_int_equal(tlb_errors(tlb)->unmapped, 0);
    tlb_free(tlb);
}

/* Maps pages of 4 KiB one to one: numbers 1 and 2, of which the second is global. */
#define OWN    (1 * PAGE)
#define GLOBAL (2 * PAGE)
static void map_two(void)
{
    map(OWN, OWN, TLB_4K, PTE_WRITABLE);
    map(GLOBAL, GLOBAL, TLB_4K, PTE_WRITABLE | PTE_GLOBAL);
}

static void fill_two(struct tlb *tlb)
{
    load(tlb, OWN);
    load(tlb, GLOBAL);
    assert_int_equal(load(tlb, OWN), TLB_FIRST_LEVEL);
    assert_int_equal(load(tlb, GLOBAL), TLB_FIRST_LEVEL);
}

static void assert_walks(struct tlb *tlb, bool own, bool global)
{
    assert_int_equal(load(tlb, OWN), own ? TLB_WALK : TLB_FIRST_LEVEL);
    assert_int_equal(load(tlb, GLOBAL), global ? TLB_WALK : TLB_FIRST_LEVEL);
}

static void each_processor_has_a_name_and_a_model(void **state)
{
    const char *title;
    unsigned index = 0;

    (void)state;
    for (const char *name; (name = tlb_name(index, &title)); index++) {
        struct tlb *tlb = new_tlb(name, false);

        assert_non_null(title);
        map_two();
        assert_walks(tlb, true, true);
        end(tlb);
    }
    assert_int_equal(index, 2);
    assert_null(tlb_new("abacus", read_memory));
}

static void without_paging_nothing_is_looked_up(void **state)
{
    struct tlb *tlb = new_tlb("skylake", false);

    (void)state;
    map_two();
    tlb_load_cr0(tlb, 0);
    reads = 0;
    assert_int_equal(load(tlb, OWN), TLB_FIRST_LEVEL);
    assert_int_equal(reads, 0);
    end(tlb);
}

static void fetches_and_data_share_only_the_second_level_of_intel(void **state)
{
    static const char *const processor[] = {"skylake", "zen"};

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(processor); i++) {
        struct tlb *tlb = new_tlb(processor[i], false);

        map_two();
        load(tlb, OWN);
        assert_int_equal(tlb_access(tlb, TLB_FETCH, OWN, TLB_ANYWHERE).outcome,
                         i ? TLB_WALK : TLB_SECOND_LEVEL);
        end(tlb);
    }
}

static void a_load_of_cr3_drops_all_but_global_pages(void **state)
{
    struct tlb *tlb = new_tlb("skylake", false);

    (void)state;
    map_two();
    fill_two(tlb);
    tlb_load_cr3(tlb, 0);
    assert_int_equal(tlb_dropped(tlb), 1);
    assert_walks(tlb, true, false);
    /* Without CR4.PCIDE, bit 63 has no effect. */
    tlb_load_cr3(tlb, CR3_KEEP);
    assert_walks(tlb, true, false);
    end(tlb);
}

static void without_pge_nothing_is_global(void **state)
{
    struct tlb *tlb = new_tlb("skylake", false);

    (void)state;
    map_two();
    fill_two(tlb);
    tlb_load_cr4(tlb, CR4_PAE);
    assert_walks(tlb, true, true);
    tlb_load_cr3(tlb, 0);
    assert_walks(tlb, true, true);
    end(tlb);
}

static void only_bits_of_cr4_that_must_flush_do(void **state)
{
    struct tlb *tlb = new_tlb("skylake", true);
    const u64 cr4 = CR4_PAE | CR4_PGE | CR4_PCIDE;

    (void)state;
    map_two();
    fill_two(tlb);
    tlb_load_cr4(tlb, cr4 | CR4_OSXSAVE);
    assert_walks(tlb, false, false);
    tlb_load_cr4(tlb, cr4 | CR4_SMEP);
    assert_walks(tlb, true, true);
    tlb_load_cr4(tlb, cr4 & ~CR4_PCIDE);
    fill_two(tlb);
    tlb_load_cr4(tlb, cr4); /* PCIDs begin: nothing is dropped */
    assert_walks(tlb, false, false);
    tlb_load_cr4(tlb, cr4 & ~CR4_PCIDE);
    assert_walks(tlb, true, true);
    end(tlb);
}

static void pcids_keep_address_spaces_apart(void **state)
{
    struct tlb *tlb = new_tlb("skylake", true);

    (void)state;
    map_two();
    fill_two(tlb);
    tlb_load_cr3(tlb, OTHER); /* flushes only the PCID that it loads */
    assert_walks(tlb, true, false);
    tlb_load_cr3(tlb, 0 | CR3_KEEP);
    assert_walks(tlb, false, false);
    tlb_load_cr3(tlb, OTHER | CR3_KEEP);
    assert_walks(tlb, false, false);
    tlb_load_cr3(tlb, OTHER);
    assert_walks(tlb, true, false);
    tlb_load_cr3(tlb, 0 | CR3_KEEP);
    assert_walks(tlb, false, false);
    end(tlb);
}

static void invlpg_drops_one_page_of_this_pcid_and_global_ones(void **state)
{
    struct tlb *tlb = new_tlb("skylake", true);

    (void)state;
    map_two();
    fill_two(tlb);
    tlb_load_cr3(tlb, OTHER);
    fill_two(tlb);
    tlb_invlpg(tlb, OWN + 5);
    assert_walks(tlb, true, false);
    tlb_invlpg(tlb, GLOBAL);
    tlb_load_cr3(tlb, 0 | CR3_KEEP);
    assert_walks(tlb, false, true);
    end(tlb);
}

static void a_page_fault_drops_its_page(void **state)
{
    struct tlb *tlb = new_tlb("skylake", true);

    (void)state;
    map_two();
    fill_two(tlb);
    tlb_page_fault(tlb, OWN + 5, PF_USER | PF_PRESENT);
    assert_walks(tlb, true, false);
    end(tlb);
}

static void invpcid_drops_what_its_type_says(void **state)
{
    static const struct {
        enum tlb_invpcid type;
        u64 pcid;
        bool own, global, others; /* whether they are dropped */
    } row[] = {
        {TLB_ONE_ADDRESS, 0, true, false, false}, {TLB_ONE_ADDRESS, OTHER, false, false, true},
        {TLB_ONE_PCID, 0, true, false, false},    {TLB_ONE_PCID, OTHER, false, false, true},
        {TLB_EVERYTHING, 0, true, true, true},    {TLB_ALL_BUT_GLOBAL, 0, true, false, true},
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(row); i++) {
        struct tlb *tlb = new_tlb("skylake", true);

        map_two();
        tlb_load_cr3(tlb, OTHER);
        fill_two(tlb);
        tlb_load_cr3(tlb, 0);
        fill_two(tlb);
        tlb_invpcid(tlb, row[i].type, row[i].pcid, OWN);
        assert_walks(tlb, row[i].own, row[i].global);
        tlb_load_cr3(tlb, OTHER | CR3_KEEP);
        assert_walks(tlb, row[i].others, false);
        end(tlb);
    }
    /* An address means one page. */
    struct tlb *tlb = new_tlb("skylake", true);

    map_two();
    fill_two(tlb);
    tlb_invpcid(tlb, TLB_ONE_ADDRESS, 0, GLOBAL);
    assert_walks(tlb, false, false);
    end(tlb);
}

static void large_pages_are_one_entry(void **state)
{
    struct tlb *tlb = new_tlb("skylake", false);

    (void)state;
    map(2 * MIB, 2 * MIB, TLB_2M, PTE_WRITABLE);
    map(GIB, GIB, TLB_1G, PTE_WRITABLE);
    struct tlb_result result = tlb_access(tlb, TLB_LOAD, 2 * MIB, 2 * MIB);

    assert_int_equal(result.outcome, TLB_WALK);
    assert_int_equal(result.size, TLB_2M);
    assert_int_equal(load(tlb, 4 * MIB - 1), TLB_FIRST_LEVEL);
    assert_int_equal(load(tlb, GIB), TLB_WALK);
    assert_int_equal(load(tlb, 2 * GIB - 1), TLB_FIRST_LEVEL);
    tlb_invlpg(tlb, 3 * MIB);
    assert_int_equal(load(tlb, 2 * MIB), TLB_WALK);
    assert_int_equal(load(tlb, GIB), TLB_FIRST_LEVEL);
    end(tlb);
}

static void invlpg_drops_all_pieces_of_a_page_that_was_cut(void **state)
{
    struct tlb *tlb = new_tlb("skylake", false);

    (void)state;
    map(GIB, GIB, TLB_1G, PTE_WRITABLE);
    /* The instructions' first level has pieces of 2 MiB, the second level the whole page. */
    assert_int_equal(tlb_access(tlb, TLB_FETCH, GIB, GIB).outcome, TLB_WALK);
    assert_int_equal(tlb_access(tlb, TLB_FETCH, GIB + MIB, GIB + MIB).outcome, TLB_FIRST_LEVEL);
    assert_int_equal(tlb_access(tlb, TLB_FETCH, GIB + 2 * MIB, GIB + 2 * MIB).outcome,
                     TLB_SECOND_LEVEL);
    assert_int_equal(tlb_access(tlb, TLB_FETCH, GIB + 3 * MIB, GIB + 3 * MIB).outcome,
                     TLB_FIRST_LEVEL);
    tlb_invlpg(tlb, GIB + 2 * MIB);
    assert_int_equal(tlb_access(tlb, TLB_FETCH, GIB, GIB).outcome, TLB_WALK);
    end(tlb);
}

static void the_least_recently_used_entry_of_a_set_is_replaced(void **state)
{
    struct tlb *tlb = new_tlb("skylake", false);
    /* Pages whose numbers differ by 16 share a set of four in the first level, by 128 one of twelve
     * in the second. */
    const u64 apart = 128 * PAGE;

    (void)state;
    for (u64 i = 0; i < 13; i++) {
        map(i * apart, i * apart, TLB_4K, 0);
    }
    for (u64 i = 0; i < 12; i++) {
        assert_int_equal(load(tlb, i * apart), TLB_WALK);
    }
    assert_int_equal(load(tlb, 11 * apart), TLB_FIRST_LEVEL);
    assert_int_equal(load(tlb, 0), TLB_SECOND_LEVEL);
    assert_int_equal(load(tlb, 8 * apart), TLB_SECOND_LEVEL); /* 0 took its place */
    assert_int_equal(load(tlb, 12 * apart), TLB_WALK);        /* in the place of 1 */
    assert_int_equal(load(tlb, 2 * apart), TLB_SECOND_LEVEL);
    assert_int_equal(load(tlb, 1 * apart), TLB_WALK);
    end(tlb);
}

static void a_store_through_a_read_only_entry_walks(void **state)
{
    struct tlb *tlb = new_tlb("skylake", false);

    (void)state;
    map(OWN, OWN, TLB_4K, 0);
    load(tlb, OWN);
    map(OWN, OWN, TLB_4K, PTE_WRITABLE);
    assert_int_equal(load(tlb, OWN), TLB_FIRST_LEVEL);
    assert_int_equal(tlb_access(tlb, TLB_STORE, OWN, OWN).outcome, TLB_WALK);
    assert_int_equal(tlb_access(tlb, TLB_STORE, OWN, OWN).outcome, TLB_FIRST_LEVEL);
    end(tlb);
}

static void a_translation_that_is_no_longer_true_is_noticed(void **state)
{
    struct tlb *tlb = new_tlb("skylake", false);

    (void)state;
    map_two();
    load(tlb, OWN);
    map(OWN, GLOBAL, TLB_4K, 0); /* and no flush */
    assert_int_equal(tlb_access(tlb, TLB_LOAD, OWN, GLOBAL).outcome, TLB_WALK);
    assert_int_equal(tlb_errors(tlb)->stale, 1);
    assert_int_equal(tlb_errors(tlb)->unmapped, 0);
    /* An access that the page tables do not allow. */
    assert_int_equal(load(tlb, 7 * PAGE), TLB_WALK);
    assert_int_equal(tlb_errors(tlb)->unmapped, 1);
    tlb_free(tlb);
}

static void a_fault_despite_a_translation_is_noticed(void **state)
{
    static const struct {
        u64 flags, error;
        bool allowed;
    } row[] = {
        {PTE_WRITABLE | PTE_USER, PF_PRESENT | PF_WRITE, true},
        {PTE_WRITABLE | PTE_USER, PF_PRESENT | PF_WRITE | PF_USER, true},
        {PTE_WRITABLE, PF_PRESENT | PF_WRITE | PF_USER, false}, /* the page never was the user's */
        {PTE_USER, PF_PRESENT | PF_WRITE, false},               /* never was writable */
        {PTE_USER, PF_USER, true},                              /* was mapped */
        {PTE_USER, PF_USER | PF_WRITE, false},
        {PTE_WRITABLE | PTE_USER, PF_USER | PF_WRITE, true},
        {PTE_WRITABLE | PTE_USER, PF_PRESENT, false},            /* SMAP, for example */
        {PTE_WRITABLE | PTE_USER, PF_PRESENT | PF_FETCH, false}, /* NX, for example */
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_LENGTH(row); i++) {
        struct tlb *tlb = new_tlb("skylake", false);

        map(OWN, OWN, TLB_4K, row[i].flags);
        load(tlb, OWN);
        tlb_page_fault(tlb, OWN, row[i].error);
        assert_int_equal(tlb_errors(tlb)->allowed, row[i].allowed);
        tlb_page_fault(tlb, OWN, row[i].error); /* no translation is left */
        assert_int_equal(tlb_errors(tlb)->allowed, row[i].allowed);
        tlb_free(tlb);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_processor_has_a_name_and_a_model),
        cmocka_unit_test(without_paging_nothing_is_looked_up),
        cmocka_unit_test(fetches_and_data_share_only_the_second_level_of_intel),
        cmocka_unit_test(a_load_of_cr3_drops_all_but_global_pages),
        cmocka_unit_test(without_pge_nothing_is_global),
        cmocka_unit_test(only_bits_of_cr4_that_must_flush_do),
        cmocka_unit_test(pcids_keep_address_spaces_apart),
        cmocka_unit_test(invlpg_drops_one_page_of_this_pcid_and_global_ones),
        cmocka_unit_test(a_page_fault_drops_its_page),
        cmocka_unit_test(invpcid_drops_what_its_type_says),
        cmocka_unit_test(large_pages_are_one_entry),
        cmocka_unit_test(invlpg_drops_all_pieces_of_a_page_that_was_cut),
        cmocka_unit_test(the_least_recently_used_entry_of_a_set_is_replaced),
        cmocka_unit_test(a_store_through_a_read_only_entry_walks),
        cmocka_unit_test(a_translation_that_is_no_longer_true_is_noticed),
        cmocka_unit_test(a_fault_despite_a_translation_is_noticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
