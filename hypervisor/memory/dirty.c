/* SPDX-License-Identifier: MIT */
/* The dirty map. */
#include "hypervisor/memory/dirty.h"
#include "hypervisor/memory/direct.h"
#include "lib/string.h"

#define WORD_ORDER 6u /* a word has the bits of `1 << 6` frames, or of as many words */
#define WORD_BITS  (1ull << WORD_ORDER)

static struct {
    _Atomic u64 *frames; /* bit N % 64 of word N / 64: frame N is dirty */
    _Atomic u64 *words;  /* bit N % 64 of word N / 64: word N of `frames` is not 0 */
} dirty;

/* The number of words of `words`, so large that each of its bits has a word of `frames`. */
static u64 summary_words(u64 frames)
{
    return (frames + (WORD_BITS << WORD_ORDER) - 1) >> 2 * WORD_ORDER;
}

static u64 read(const _Atomic u64 *word)
{
    return atomic_load_explicit(word, memory_order_relaxed);
}

static void write(_Atomic u64 *word, u64 value)
{
    atomic_store_explicit(word, value, memory_order_relaxed);
}

/* The bits, within their word, of `1 << order` neighbours from number `at`; order < WORD_ORDER. */
static u64 bits_of(u64 at, u32 order)
{
    return ((1ull << (1u << order)) - 1) << at % WORD_BITS;
}

u64 dirty_size(u64 frames)
{
    return summary_words(frames) * (WORD_BITS + 1) * sizeof(u64);
}

void dirty_start(void *memory, u64 frames)
{
    dirty.frames = memory;
    dirty.words = dirty.frames + summary_words(frames) * WORD_BITS;
    memset(memory, 0, dirty_size(frames));
}

u64 dirty_bits(u64 at, u32 order)
{
    const u64 word = read(&dirty.frames[at / WORD_BITS]);

    return order < WORD_ORDER ? (word & bits_of(at, order)) >> at % WORD_BITS : word;
}

bool dirty_any(u64 at, u32 order)
{
    if (order < WORD_ORDER) {
        return read(&dirty.frames[at / WORD_BITS]) & bits_of(at, order);
    }
    at /= WORD_BITS;
    order -= WORD_ORDER;
    if (order < WORD_ORDER) {
        return read(&dirty.words[at / WORD_BITS]) & bits_of(at, order);
    }
    for (u64 i = 0; i < 1ull << (order - WORD_ORDER); i++) {
        if (read(&dirty.words[at / WORD_BITS + i])) {
            return true;
        }
    }
    return false;
}

/* Makes the summary follow the words of `frames` for the block, which all are 0 or all are not. */
static void summarise(u64 at, u32 order, bool set)
{
    u64 word = at / WORD_BITS, count = order < WORD_ORDER ? 1 : 1ull << (order - WORD_ORDER);

    for (; count; word++, count--) {
        _Atomic u64 *summary = &dirty.words[word / WORD_BITS];
        u64 bit = 1ull << word % WORD_BITS;

        write(summary, set ? read(summary) | bit : read(summary) & ~bit);
    }
}

void dirty_set(u64 at, u32 order)
{
    _Atomic u64 *word = &dirty.frames[at / WORD_BITS];

    if (order < WORD_ORDER) {
        write(word, read(word) | bits_of(at, order));
    } else {
        for (u64 i = 0; i < 1ull << (order - WORD_ORDER); i++) {
            write(&word[i], ~0ull);
        }
    }
    summarise(at, order, true);
}

void dirty_clear(u64 at, u32 order)
{
    _Atomic u64 *word = &dirty.frames[at / WORD_BITS];

    if (order < WORD_ORDER) {
        u64 left = read(word) & ~bits_of(at, order);

        write(word, left);
        if (left) {
            return;
        }
    } else {
        for (u64 i = 0; i < 1ull << (order - WORD_ORDER); i++) {
            write(&word[i], 0);
        }
    }
    summarise(at, order, false);
}

u64 dirty_wipe(u64 at, u32 order)
{
    u64 end = at + (1ull << order), count = 0;

    for (; at < end; at = (at | (WORD_BITS - 1)) + 1) {
        /* Other CPUs change bits of frames that are not the block's in the same word. */
        u64 bits = read(&dirty.frames[at / WORD_BITS]);

        bits &= order < WORD_ORDER ? bits_of(at, order) : ~0ull;
        for (; bits; bits &= bits - 1, count++) {
            page_clear(frame_view(mfn((at & ~(WORD_BITS - 1)) + (u64)__builtin_ctzll(bits))));
        }
    }
    return count;
}
