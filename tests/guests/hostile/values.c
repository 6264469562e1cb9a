/* SPDX-License-Identifier: MIT */
/* Random values for the hostile guest: mostly plausible, often at a limit, sometimes arbitrary. */
#include "tests/guests/hostile/values.h"

u64 random_state = 1;
u8 *play[PLAY_PAGES];
u8 *play_window[PLAY_WINDOWS];
u64 frames_seen = 1;
char attack_stack[16384] __attribute__((aligned(4096)));

u64 random64(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * 0x2545f4914f6cdd1dull;
}

u64 below(u64 limit)
{
    return (random64() >> 33) % limit;
}

bool once_in(u64 times)
{
    return below(times) == 0;
}

u64 a_number(void)
{
    switch (below(8)) {
    case 0:
        return ~0ull - below(3);
    case 1:
        return 1ull << below(64);
    case 2:
        return (1ull << below(64)) - 1;
    case 3:
        return -(1ull << below(64));
    case 4:
        return below(4096);
    case 5:
        return random64();
    default:
        return below(20);
    }
}

u8 *a_play_page(void)
{
    return PICK(play);
}

unsigned an_index(void)
{
    static const u16 likely[] = {0, 1, 2, 3, 255, 256, 258, 261, 262, 271, 272, 510, 511};

    return once_in(12) ? (unsigned)below(512) : PICK(likely);
}

u64 a_tree_address(void)
{
    u64 address = 0;

    for (unsigned level = 1; level <= 4; level++) {
        address |= (u64)(an_index() & (level == 4 ? 3 : 511)) << (12 + 9 * (level - 1));
    }
    return address | below(512) * 8;
}

u64 a_limit_address(void)
{
    static const u64 limits[] = {
        0,
        1,
        0x1000,
        1ull << 47,
        0xffff800000000000, /* the hypervisor's slots: first, frame map, windows, */
        0xffff800000001000,
        0xffff810000000000,
        0xffff810000010000,
        0xffff820000000000, /* devices, image, CPUs, memory, */
        0xffff828000000000,
        0xffff828040000000,
        0xffff830000000000,
        0xffff830000200000,
        0xffff880000000000, /* the first address after the hypervisor's slots */
        0xffffffff80000000,
        ~0ull,
        ~0ull - 4095,
    };

    return PICK(limits) + (once_in(2) ? 0 : below(17) - 8);
}

u64 an_address(void)
{
    switch (below(16)) {
    case 0:
    case 1:
        return a_limit_address();
    case 2:
        return a_number();
    case 3:
        return a_tree_address();
    case 4:
        return address(entry_of(address(PICK(play_window)), 1));
    case 5:
        return USER_CODE + below(2 * PAGE_SIZE);
    case 6:
    case 7:
        return once_in(100) ? virt_base() + below(start_info->nr_pages * PAGE_SIZE)
                            : address(a_play_page());
    case 8:
    case 9:
    case 10:
        return address(PICK(play_window)) + below(512) * 8;
    case 11:
        return address(a_play_page()) + PAGE_SIZE - below(64);
    default:
        return address(a_play_page()) + below(512) * 8;
    }
}

static u64 a_vital_frame(void)
{
    const u64 frames[] = {
        mfn_of(root_first()),
        mfn_of(entry_of(virt_base(), 3)),
        mfn_of(entry_of(virt_base(), 2)),
        mfn_of(entry_of(address(guest_start), 1)),
        mfn_of(start_info),
        start_info->shared_info / PAGE_SIZE,
        start_info->console.domU.mfn,
        pfn_to_mfn(below(start_info->nr_pages)),
    };

    return PICK(frames);
}

u64 a_frame(void)
{
    switch (below(12)) {
    case 0:
        return a_number();
    case 1:
        return below(frames_seen);
    case 2:
        return frames_seen - 2 + below(4);
    case 3:
        return once_in(4) ? a_vital_frame() : mfn_of(a_play_page());
    case 4:
        return (1ull << 40) - 1 - below(2);
    default:
        return mfn_of(a_play_page());
    }
}

static u64 some_flags(void)
{
    static const u64 likely[] = {PTE_RO, PTE_RW, PTE_TABLE, PTE_PRESENT, PTE_RW | PTE_NX, 0};
    u64 flags = PICK(likely);

    if (once_in(6)) {
        flags ^= 1ull << below(12);
    }
    if (once_in(10)) {
        flags ^= 1ull << (52 + below(12));
    }
    return once_in(40) ? a_number() & ~PTE_ADDRESS : flags;
}

u64 an_entry(void)
{
    if (once_in(8)) {
        return 0;
    }
    return once_in(40) ? a_number() : a_frame() * PAGE_SIZE | some_flags();
}

u64 an_entry_place(void)
{
    switch (below(16)) {
    case 0:
        return a_frame() * PAGE_SIZE + an_index() * 8;
    case 1:
        return a_number();
    case 2:
    case 3:
        return slot_machine(root_first(), once_in(20) ? an_index() : 1 + below(3));
    case 4:
    case 5:
    case 6:
    case 7:
        return entry_machine(address(PICK(play_window)), 1);
    case 8:
        return once_in(20) ? a_vital_frame() * PAGE_SIZE + an_index() * 8
                           : entry_machine(address(a_play_page()), 1);
    default:
        return slot_machine(a_play_page(), an_index());
    }
}

u64 a_descriptor(void)
{
    static const u64 likely[] = {
        0,
        0x00cff2000000ffff, /* data, ring 3 and ring 1 */
        0x00cfb2000000ffff,
        0x00affa000000ffff, /* code: 64-bit ring 3, 32-bit ring 3, conforming */
        0x00cffa000000ffff,
        0x00cffe000000ffff,
        0x0000ec0000000000, /* call gate, TSS, LDT, ring 0 */
        0x000089000000ffff,
        0x000082000000ffff,
        0x00af9a000000ffff,
        0x00cf72000000ffff, /* not present */
    };
    u64 descriptor = PICK(likely);

    return once_in(4) ? descriptor ^ 1ull << below(64) : descriptor;
}

u64 a_selector(void)
{
    static const u16 likely[] = {0,      3,      4,      7,      0xe008, 0xe010, 0xe019,
                                 0xe021, 0xe023, 0xe02b, 0xe033, 0xe040, 0xe063, 0xffff};

    return once_in(3) ? below(0x10000) : once_in(2) ? below(64) * 8 | 7 : PICK(likely);
}

u64 a_word(void)
{
    switch (below(10)) {
    case 0:
    case 1:
        return a_frame();
    case 2:
        return an_entry();
    case 3:
        return a_descriptor();
    case 4:
        return DOMID_SELF - (once_in(2) ? 0 : below(17) - 8);
    case 5:
    case 6:
    case 7:
        return an_address();
    default:
        return a_number();
    }
}
