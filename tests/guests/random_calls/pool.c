/* SPDX-License-Identifier: MIT */
/* What the random calls work on: frames with names, windows, and the line that is printed. Nothing
 * in a line depends on the machine: frames, ports and domains have names. */
#include "tests/guests/random_calls/pool.h"

u64 random_state = 1;
u8 homes[POOL][PAGE_SIZE] __attribute__((aligned(4096)));
u8 views[POOL][PAGE_SIZE] __attribute__((aligned(4096)));
static u8 places[PLACES][PAGE_SIZE] __attribute__((aligned(4096)));
u64 pool[POOL];
u64 extra[EXTRAS];
unsigned level_of[POOL];
u64 window_entry[WINDOWS];
volatile u64 *window_seen[WINDOWS];
u64 live_entry[LIVE];
unsigned live_level[LIVE];
volatile u64 *live_seen[LIVE];
static const char *const special_name[SPECIALS] = {"root", "shared", "xen"};
u64 special[SPECIALS];

/* ---- random numbers
 * ------------------------------------------------------------------------------- */

u64 random64(void)
{
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * 0x2545f4914f6cdd1dull;
}

unsigned below(u64 limit)
{
    return (unsigned)((random64() >> 33) % limit);
}

bool once_in(u64 times)
{
    return below(times) == 0;
}

/* ---- the line ----------------------------------------------------------------------------- */

char line[4096];
size_t line_length;

void add(const char *text)
{
    while (*text && line_length < sizeof line - 1) {
        line[line_length++] = *text++;
    }
}

void add_hex(u64 value)
{
    char digits[17];
    unsigned at = sizeof digits - 1;

    digits[at] = 0;
    do {
        digits[--at] = "0123456789abcdef"[value & 15];
        value >>= 4;
    } while (value);
    add(digits + at);
}

void add_number(const char *before, s64 value)
{
    char digits[24];
    unsigned at = sizeof digits - 1;
    u64 rest = value < 0 ? -(u64)value : (u64)value;

    add(before);
    digits[at] = 0;
    do {
        digits[--at] = (char)('0' + rest % 10);
    } while (rest /= 10);
    if (value < 0) {
        digits[--at] = '-';
    }
    add(digits + at);
}

/* ---- names -------------------------------------------------------------------------------- */

void add_frame(u64 m)
{
    for (unsigned i = 0; i < POOL; i++) {
        if (pool[i] == m) {
            return add_number("f", i);
        }
    }
    for (unsigned i = 0; i < EXTRAS; i++) {
        if (extra[i] && extra[i] == m) {
            return add_number("x", i);
        }
    }
    for (unsigned i = 0; i < SPECIALS; i++) {
        if (special[i] == m) {
            return add(special_name[i]);
        }
    }
    if (m == NO_FRAME || m < 0x100) {
        return add_hex(m);
    }
    add("?");
}

void add_entry(u64 entry)
{
    u64 flags = entry & ~PTE_ADDRESS;

    if (entry & PTE_PRESENT) {
        flags &= ~(PTE_USER | PTE_ACCESSED | PTE_GLOBAL | 1ull << 52);
    }
    if (entry & PTE_ADDRESS) {
        add_frame((entry & PTE_ADDRESS) / PAGE_SIZE);
        add("+");
    }
    add_hex(flags);
}

void add_window(unsigned window)
{
    if (window < POOL) {
        add_number("h", window);
    } else {
        add_number("w", window - POOL);
    }
}

u8 *window_address(unsigned window)
{
    return window < POOL ? homes[window] : places[window - POOL];
}

volatile u64 *view_of(unsigned frame)
{
    return (volatile u64 *)(uintptr_t)address(views[frame]);
}

bool slot_is_ours(unsigned frame, unsigned index)
{
    u64 m = (view_of(frame)[index] & PTE_ADDRESS) / PAGE_SIZE;

    if (index < 256 || index > 271) {
        return true;
    }
    if (m == pool[frame]) {
        return false;
    }
    for (unsigned i = 0; i < POOL; i++) {
        if (pool[i] == m) {
            return true;
        }
    }
    for (unsigned i = 0; i < EXTRAS; i++) {
        if (extra[i] == m) {
            return true;
        }
    }
    return false;
}

/* ---- values ------------------------------------------------------------------------------- */

unsigned an_index(void)
{
    static const u16 likely[] = {1, 2, 3, 3, 3, 3, 4, 255, 256, 258, 271, 272, 510};

    return once_in(16) ? 1 + below(510) : PICK(likely);
}

unsigned a_pool_frame(unsigned level)
{
    unsigned frame = below(POOL);

    /* Mostly a frame that is meant for the level. */
    for (unsigned i = 0; i < POOL && level < 5 && level_of[frame] != level; i++) {
        frame = (frame + 1) % POOL;
    }
    return frame;
}

u64 a_frame(unsigned level)
{
    if (once_in(24)) {
        return special[below(SPECIALS)];
    }
    if (once_in(40)) {
        return NO_FRAME;
    }
    if (once_in(12) && extra[0]) {
        return extra[0];
    }
    if (once_in(24)) {
        unsigned i = below(EXTRAS);

        if (extra[i]) {
            return extra[i];
        }
    }
    return pool[a_pool_frame(once_in(5) ? 5 : level)];
}

/* Flags that mean the same to a guest with and without devices. */
static u64 some_flags(unsigned level)
{
    static const u64 likely[] = {PTE_RO,
                                 PTE_RW,
                                 PTE_RW,
                                 PTE_TABLE,
                                 PTE_PRESENT,
                                 PTE_RW | PTE_NX,
                                 PTE_PRESENT | PTE_WRITABLE};
    static const u64 odd[] = {PTE_GLOBAL, 1ull << 9, 1ull << 11, 1ull << 53, 1ull << 58,
                              1ull << 62, PTE_USER,  PTE_DIRTY,  PTE_NX,     PTE_WRITABLE};
    u64 flags = PICK(likely);

    if (level > 1 && !once_in(8)) {
        flags = PTE_TABLE;
    }
    if (once_in(6)) {
        flags ^= PICK(odd);
    }
    return once_in(24) ? flags & ~PTE_PRESENT : flags;
}

u64 an_entry(unsigned level)
{
    if (once_in(5)) {
        return 0;
    }
    return a_frame(level ? level - 1 : 5) * PAGE_SIZE | some_flags(level);
}
