/* SPDX-License-Identifier: MIT */
/* Copies between pages that are granted or the guest's own: lengths and offsets at the limits, and
 * every source and target that may not be read or written. XSA-226, 230, 236. */
#include "tests/guests/common/grant.h"

#define READ_ONLY 8u
#define WRITABLE  9u

static domid_t self;
static u8 *from, *to;

static struct grant_end frame(const void *page, u16 offset)
{
    return (struct grant_end){DOMID_SELF, false, mfn_of(page), offset};
}

static struct grant_end granted(u32 ref, u16 offset)
{
    return (struct grant_end){self, true, ref, offset};
}

static void fill(void)
{
    for (unsigned i = 0; i < PAGE_SIZE; i++) {
        from[i] = (u8)(i * 7 + 1);
        to[i] = 0xee;
    }
}

/* A copy that succeeds moves these bytes and no others. */
static void check_moves(struct grant_end source, struct grant_end target, u16 length)
{
    unsigned wrong = 0;

    fill();
    check_equal(grant_copy(source, target, length), 0, "%u bytes from %u to %u", length,
                source.offset, target.offset);
    for (unsigned i = 0; i < PAGE_SIZE; i++) {
        bool inside = i >= target.offset && i < (unsigned)target.offset + length;

        wrong += to[i] != (inside ? from[i - target.offset + source.offset] : 0xee);
    }
    check_equal(wrong, 0, "wrong bytes");
}

static void check_refused(struct grant_end source, struct grant_end target, u16 length,
                          const char *what)
{
    fill();
    check(grant_copy(source, target, length) < 0, "%s", what);
    for (unsigned i = 0; i < PAGE_SIZE; i++) {
        if (to[i] != 0xee) {
            check(false, "%s: a byte was copied", what);
            return;
        }
    }
}

static void check_bounds(void)
{
    check_moves(frame(from, 0), frame(to, 0), 4096);
    check_moves(granted(READ_ONLY, 0), granted(WRITABLE, 0), 4096);
    check_moves(granted(READ_ONLY, 4095), frame(to, 0), 1);
    check_moves(frame(from, 1), granted(WRITABLE, 4093), 3);
    check_moves(frame(from, 4096), granted(WRITABLE, 4096), 0);
    check_refused(frame(from, 0), frame(to, 1), 4096, "over the end of the target");
    check_refused(frame(from, 1), frame(to, 0), 4096, "over the end of the source");
    check_refused(frame(from, 0), frame(to, 0), 65535, "65535 bytes");
    check_refused(frame(from, 65535), frame(to, 0), 1, "from offset 65535");
    check_refused(frame(from, 65535), frame(to, 65535), 65535, "65535 from and to 65535");
    check_refused(frame(from, 4097), frame(to, 0), 0, "nothing from behind the end");
}

static void check_ends(void)
{
    u64 hypervisor = (root_first()[256] & PTE_ADDRESS) / PAGE_SIZE;

    check_refused(frame(from, 0), granted(READ_ONLY, 0), 8, "to a read-only grant");
    check_refused(granted(77, 0), frame(to, 0), 8, "from no grant");
    check_refused(frame(from, 0), granted(~0u, 0), 8, "to grant 2^32 - 1");
    check_refused((struct grant_end){self, false, mfn_of(from), 0}, frame(to, 0), 8,
                  "from a frame of one's own, by number");
    check_refused((struct grant_end){4242, true, WRITABLE, 0}, frame(to, 0), 8, "from domain 4242");
    check_refused((struct grant_end){4242, false, mfn_of(from), 0}, frame(to, 0), 8,
                  "from a frame of domain 4242");
    check_refused((struct grant_end){DOMID_SELF, false, hypervisor, 0}, frame(to, 0), 8,
                  "from a frame of the hypervisor");
    check_refused((struct grant_end){DOMID_XEN, false, hypervisor, 0}, frame(to, 0), 8,
                  "from a frame of DOMID_XEN");
    check_refused((struct grant_end){DOMID_SELF, false, ~0ull, 0}, frame(to, 0), 8,
                  "from frame 2^64 - 1");
    check_refused((struct grant_end){DOMID_SELF, false, 1ull << 52, 0}, frame(to, 0), 8,
                  "from frame 2^52");
    check(grant_copy(frame(from, 0), frame(root_first(), 0), 8) < 0, "to a page table");
    check(grant_copy(frame(from, 0), (struct grant_end){DOMID_SELF, false, hypervisor, 0}, 8) < 0,
          "to a frame of the hypervisor");
    check_equal(grant_copy(frame(root_first(), 0), frame(to, 0), 8), 0, "from a page table");
}

/* A copy leaves nothing behind: the use marks of the grant are cleared, and the pages may become
 * tables. */
static void check_after(void)
{
    check_equal(grant_marks(READ_ONLY), 0, "marks of the source");
    check_equal(grant_marks(WRITABLE), 0, "marks of the target");
    memset(to, 0, PAGE_SIZE);
    check_equal(page_read_only(to), 0, "read-only");
    check_equal(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(to), 0), 0, "the target as a page table");
    check(grant_copy(frame(from, 0), granted(WRITABLE, 0), 8) < 0, "to it");
    check_equal(grant_marks(WRITABLE), 0, "marks after that");
    check_equal(mmuext(MMUEXT_UNPIN_TABLE, mfn_of(to), 0), 0, "unpin");
}

/* A copy within one page, with the source behind the target and before it. */
static void check_overlap(void)
{
    fill();
    check_equal(grant_copy(frame(from, 0), frame(from, 8), 64), 0, "upwards");
    check(from[8] == 1 && from[15] == (u8)(7 * 7 + 1) && from[71] == (u8)(63 * 7 + 1),
          "what was moved upwards");
    fill();
    check_equal(grant_copy(frame(from, 8), frame(from, 0), 64), 0, "downwards");
    check(from[0] == (u8)(8 * 7 + 1) && from[63] == (u8)(71 * 7 + 1), "what was moved downwards");
}

void test_main(void)
{
    if (is_initial_domain()) {
        skip("grants to oneself, in a plain domain");
    }
    self = grant_own_domid();
    from = page_take();
    to = page_take();
    grant_start();
    grant_give(READ_ONLY, self, mfn_of(from), GTF_readonly);
    grant_give(WRITABLE, self, mfn_of(to), 0);
    check_bounds();
    check_ends();
    check_overlap();
    check_after();
}
