/* SPDX-License-Identifier: MIT */
/* Tests what a kernel does with frames beyond mapping them.
 *
 * Pages give up their frames through the balloon and get others; a range of pages becomes
 * contiguous in the machine; a page is granted to the kernel's own domain and mapped a second time;
 * a frame is mapped by its number; and a page is mapped outside the direct map, in all spaces.
 * After each change of frames the p2m and the M2P must agree for every frame. On the bare machine
 * all but the last return -XEN_ENOSYS. */
#include "guest/guest.h"
#include "guest/kernels/claim.h"

#define COUNT  40u
#define ORDER  4u
#define SECOND KERNEL_MAP_START

#define DOMID_SELF 0x7ff0u

static bool native; /* the kernel runs on the bare machine */

/* Checks that the M2P gives back the pfn of every frame in the p2m. */
static void check_translation(const char *when)
{
    unsigned wrong = 0;

    for (u64 n = 0; n < page_limit; n++) {
        u64 word = p2m_get(pfn(n));

        if (word == P2M_NONE || word & (P2M_FOREIGN | P2M_IDENTITY)) {
            continue;
        }
        wrong += mfn_to_pfn(mfn(word)).n != n;
    }
    /* One frame may differ, because start-up has mapped shared_info in place of a page of the
     * kernel. */
    claim(wrong <= 1, "%s: %u frames do not come back", when, wrong);
}

static void check_balloon(void)
{
    struct page *pages[COUNT];
    u64 before = pages_free(), *text;

    for (unsigned i = 0; i < COUNT; i++) {
        pages[i] = page_take();
    }
    claim(memory_balloon_out(pages, COUNT) == (native ? -XEN_ENOSYS : (long)COUNT), "out");
    check_translation("after the balloon");
    for (unsigned i = 0; i < COUNT && !native; i++) {
        struct page *page = memory_take_empty();

        claim(page && page->empty, "no empty page");
        text = page_address(page);
        claim(!word_read(text, &before) || p2m_get(page_pfn(page)) != P2M_NONE,
              "an empty page can be read");
        claim(!entry_make(page_pfn(page), PTE_PRESENT).raw, "an entry for an empty page");
        claim(!memory_balloon_in(page), "in");
        text[0] = text[511] = i;
        claim(text[0] == i && text[511] == i, "the memory that came");
        pages[i] = page;
    }
    check_translation("and back");
    for (unsigned i = 0; i < COUNT; i++) {
        page_release(pages[i]);
    }
}

static void check_contiguous(void)
{
    struct page *first = page_take_range(1u << ORDER);

    claim(first, "no range of pages");
    if (!first) {
        return;
    }
    int result = memory_make_contiguous(first, ORDER, 40);
    claim(result == (native ? -XEN_ENOSYS : 0) || result == -XEN_ENOMEM, "contiguous: %d", result);
    for (unsigned i = 0; i < 1u << ORDER; i++) {
        u64 *text = page_address(first + i);

        text[0] = i;
        claim(result || pfn_to_mfn(page_pfn(first + i)).n == pfn_to_mfn(page_pfn(first)).n + i,
              "page %u of the range", i);
    }
    print("Contiguous range: %d\n", result);
    check_translation("after the exchange");
    for (unsigned i = 0; i < 1u << ORDER; i++) {
        page_release(first + i);
    }
}

static void check_grant(void)
{
    struct page *page = page_take_zeroed(), *place;
    volatile u64 *here, *there;
    u32 handle = 0;
    long reference;
    int result;

    /* A kernel cannot ask for its domain's number: Xen's initial domain is 0, Pinion's first
     * guest 1. */
    for (u16 domain = 0; domain < 2; domain++) {
        reference = grant_give(domain, page, false);
        if (native) {
            claim(reference == -XEN_ENOSYS, "a grant: %ld", reference);
            break;
        }
        claim(reference >= 8, "a grant: %ld", reference);
        place = memory_take_empty();
        result = grant_map(DOMID_SELF, (u32)reference, false, place, &handle);
        if (result) {
            result = grant_map(domain, (u32)reference, false, place, &handle);
        }
        if (!result) {
            here = page_address(page);
            there = page_address(place);
            *here = 0x1234;
            claim(*there == 0x1234, "what the granted page shows: %lx", *there);
            *there = 0x5678;
            claim(*here == 0x5678, "what was written there: %lx", *here);
            claim(pfn_is_foreign(page_pfn(place)), "its p2m word %lx", p2m_get(page_pfn(place)));
            claim(grant_end((u32)reference) == -XEN_EBUSY, "ending a mapped grant");
            claim(!grant_unmap(place, handle), "unmapping");
            claim(p2m_get(page_pfn(place)) == P2M_NONE, "the p2m word afterwards");
            print("Granted page of domain %u mapped\n", domain);
        }
        claim(!grant_end((u32)reference), "ending");
        memory_release_empty(place);
    }
    page_release(page);
}

/* Maps a frame by its number, as foreign frames are mapped, but one of the guest's own frames. */
static void check_foreign(void)
{
    struct page *page = page_take_zeroed(), *place = memory_take_empty();
    mfn_t frame = pfn_to_mfn(page_pfn(page));
    int result = memory_map_foreign(DOMID_SELF, &frame, 1, &place);

    claim(result == (native ? -XEN_ENOSYS : 0), "a frame by its number: %d", result);
    if (!result) {
        *(volatile u64 *)page_address(page) = 99;
        claim(*(volatile u64 *)page_address(place) == 99, "what it shows");
        claim(pfn_is_foreign(page_pfn(place)), "its p2m word %lx", p2m_get(page_pfn(place)));
        claim(mfn_to_pfn(frame).n == page_pfn(page).n, "its owner's pfn");
        claim(!memory_unmap_foreign(&place, 1), "unmapping");
        claim(memory_map_foreign(DOMID_SELF, &(mfn_t){1ull << 36}, 1, &place) < 0,
              "a frame that does not exist");
        claim(p2m_get(page_pfn(place)) == P2M_NONE, "the p2m word afterwards");
        memory_release_empty(place);
    }
    page_release(page);
}

/* A kernel mapping outside the direct map appears in spaces that were created before it. */
static void check_aliases(void)
{
    struct page *page = page_take_zeroed();
    u64 *direct, *second = (u64 *)SECOND, value;
    struct space space;

    claim(!space_create(&space), "a space");
    claim(!kernel_map(SECOND, page, ENTRY_TABLE), "a second mapping");
    claim(kernel_map(SECOND, page, ENTRY_TABLE) == -XEN_EEXIST, "and again");
    claim(word_write(second, 5), "it cannot be written");
    direct = page_address(page);
    claim(*direct == 5, "the page behind it");
    *direct = 0;
    claim(!space_activate(&space), "a space made before is used");
    claim(word_read(second, &value) && !value, "the mapping is not in it");
    claim(!space_activate(&kernel_space), "back");
    claim(!space_destroy(&space), "gone");
    claim(!kernel_unmap(SECOND), "unmapping it");
    claim(!word_read(second, &value), "it is still there");
    page_release(page);
}

bool kernel_main(void)
{
    native = backend_name[0] == 'n';
    check_translation("at first");
    check_balloon();
    check_contiguous();
    check_grant();
    check_foreign();
    check_aliases();
    print("%lu requests refused\n", batch_counts().refused);
    return !failures && !batch_counts().refused;
}
