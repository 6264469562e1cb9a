/* SPDX-License-Identifier: MIT */
/* The type count: first type references (promotion), last ones (demotion), and the lock. */
#include "vmmu/type.h"

#include "vmmu/descriptor.h"
#include "vmmu/flush.h"
#include "vmmu/lessened.h"
#include "vmmu/port.h"
#include "vmmu/ref.h"
#include "vmmu/table.h"

/* How often type_get_slow reads the type word before it returns VMMU_AGAIN, while other CPUs change
 * the word or own the frame exclusively. */
#define WAITS_MAX 1000u

/* Ends exclusive ownership of `m`, which is not used any more: publishes a type word with count 0,
 * the last type `last`, and the present epoch, as that at which the last use ended. */
static void publish_unused(mfn_t m, enum vmmu_type last)
{
    const u64 references = frame_references(m);
    frame_publish(m, use_of(last) | use_at(flush_clock(ref_owner(references))));
}

/* Checks the contents of `m`, which this CPU owns exclusively as `type`, and publishes it as
 * validated. The promotion of a table begins at entry `place`, as table_promote says for `child`,
 * the results and *word. If a descriptor page is refused, `m` is published as unused. */
static enum vmmu_result promote(mfn_t m, enum vmmu_type type, u32 place, bool child, u64 *word)
{
    if (type_is_table(type)) {
        return table_promote(m, type, place, child, word);
    }
    if (type == VMMU_TYPE_DESCRIPTOR && !descriptor_page_adopt(m, word)) {
        publish_unused(m, type);
        return VMMU_REFUSED_BAD_DESCRIPTOR;
    }
    frame_publish(m, use_of(type) | USE_VALIDATED | 1);
    return VMMU_DONE;
}

/* Handles a type_get of `m`, whose type word was `old`, with count 0: claims `m` for `type` and
 * promotes it. True: *result is the result of the type_get. False: another CPU has changed the
 * word, and nothing has happened. */
static bool claim(mfn_t m, u64 old, enum vmmu_type type, u64 *word, enum vmmu_result *result)
{
    _Atomic u64 *use = frame_type_word_at(m);
    const enum vmmu_type last = use_type(old);

    if (last == VMMU_TYPE_SHARED) {
        /* A former shared page: the hypervisor has unshared it, and another reference, such as that
         * of an entry, keeps it. It goes back to the allocator when the last reference goes. */
        *result = VMMU_REFUSED_WRONG_TYPE;
        return true;
    }
    if (type == VMMU_TYPE_WRITABLE && (last == VMMU_TYPE_NONE || last == VMMU_TYPE_WRITABLE)) {
        *result = VMMU_DONE;
        return word_swap(use, &old, use_of(type) | USE_VALIDATED | 1, memory_order_acquire);
    }
    if (!word_swap(use, &old, use_of(type) | 1, memory_order_seq_cst)) {
        return false;
    }
    /* Flush only after the claim. If the flush came first, another CPU could use the frame as its
     * old type once more between the two, and keep a stale translation. */
    if (last != VMMU_TYPE_NONE && last != type) {
        flush_for_type_change(frame_domain(m), old);
    }
    *result = promote(m, type, 0, false, word);
    if (last == VMMU_TYPE_L4 && type == last) {
        lessened_mark(frame_domain(m)); /* no flush, and the promotion may have hidden the M2P */
    }
    return true;
}

/* Gets exclusive ownership of `m`, which is partial, if its type word is still `old`; `demoting` is
 * 0 or USE_DEMOTING. False: another CPU has changed the word, and nothing has happened. */
static bool take_over(mfn_t m, u64 old, u64 demoting)
{
    return word_swap(frame_type_word_at(m), &old, (old & USE_TYPE) | demoting | 1,
                     memory_order_acquire);
}

/* Handles a type_get of `m`, which is partial, and whose type word was `old`: resumes the promotion
 * if the frame has the wanted type, otherwise completes the demotion. True: *result is the result
 * of the type_get. False: the caller reads the type word again. */
static bool adopt_partial(mfn_t m, u64 old, enum vmmu_type type, u64 *word,
                          enum vmmu_result *result)
{
    if (use_type(old) != type) {
        *result = type_finish(m);
        return *result != VMMU_DONE;
    }
    if (!take_over(m, old, 0)) {
        return false;
    }
    *result = promote(m, type, (u32)use_place(old), old & USE_CHILD, word);
    if (type == VMMU_TYPE_L4) {
        lessened_mark(frame_domain(m)); /* as in claim, if the table was an L4 table before */
    }
    ref_put(m); /* the reference of the partial state that take_over ended; if the frame is partial
                   again, a new one has been taken for that */
    return true;
}

enum vmmu_result type_get_slow(mfn_t m, enum vmmu_type type, u64 *word)
{
    _Atomic u64 *use = frame_type_word_at(m);
    enum vmmu_result result;

    for (u32 waits = 0; waits < WAITS_MAX; waits++) {
        u64 old = atomic_load_explicit(use, memory_order_acquire);
        if (frame_count(old) == 0) {
            if (claim(m, old, type, word, &result)) {
                return result;
            }
        } else if (old & USE_PARTIAL) {
            if (adopt_partial(m, old, type, word, &result)) {
                return result;
            }
        } else if (use_type(old) != type) {
            return VMMU_REFUSED_WRONG_TYPE;
        } else if (frame_count(old) >= FRAME_COUNT_MAX) {
            return VMMU_REFUSED_TOO_MANY_REFERENCES;
        } else if (old & USE_VALIDATED) {
            if (word_swap(use, &old, old + 1, memory_order_acquire)) {
                return VMMU_DONE;
            }
        } else {
            port_pause();
        }
    }
    return VMMU_AGAIN;
}

__attribute__((noinline)) bool type_get_writable_flushed(mfn_t m, struct vmmu_domain *domain)
{
    u64 old = frame_type_word(m);

    /* Only after the claim is it certain that the frame is not used as a table once more. */
    if (frame_count(old) != 0 || !type_is_table(use_type(old)) ||
        !word_swap(frame_type_word_at(m), &old, use_of(VMMU_TYPE_WRITABLE) | 1,
                   memory_order_seq_cst)) {
        return false;
    }
    const bool past = flush_is_past(domain, old);
    frame_publish(m, past ? use_of(VMMU_TYPE_WRITABLE) | USE_VALIDATED | 1 : old);
    return past;
}

enum vmmu_result type_get_writable_slow(mfn_t m)
{
    const u64 use = frame_type_word(m);
    u64 word;
    if (use_type(use) != VMMU_TYPE_SHARED) {
        return type_get(m, VMMU_TYPE_WRITABLE, &word);
    }
    return use & USE_SHARE_WRITABLE ? type_get(m, VMMU_TYPE_SHARED, &word)
                                    : VMMU_REFUSED_READ_ONLY_PAGE;
}

enum vmmu_result type_put_slow(mfn_t m)
{
    _Atomic u64 *use = frame_type_word_at(m);
    for (;;) {
        u64 old = word_read(use);
        const enum vmmu_type type = use_type(old);
        u64 next = old - 1;
        if (frame_count(old) == 0) {
            port_panic("a type reference is dropped that does not exist", m.n);
        }
        if (frame_count(old) == 1) {
            if (!(old & USE_VALIDATED) || (old & USE_PINNED)) {
                port_panic("the last type reference of a frame that is pinned, partial or "
                           "exclusive is dropped",
                           m.n);
            }
            if (old & USE_LOCKED) {
                /* Another CPU has locked the table to change an entry. Wait: the last type
                 * reference of a locked table must not be dropped. */
                port_pause();
                continue;
            }
            next = use_of(type) | 1;
        }
        if (!word_swap(use, &old, next, memory_order_acq_rel)) {
            continue;
        }
        if (frame_count(old) > 1) {
            return VMMU_DONE;
        }
        if (type_is_table(type)) {
            return table_demote(m, old);
        }
        /* The frame is exclusive now, so no other CPU can begin and end a further use after the
         * epoch is read. */
        publish_unused(m, type);
        return VMMU_DONE;
    }
}

enum vmmu_result type_finish(mfn_t m)
{
    u64 old = frame_type_word_acquire(m);
    while ((old & USE_PARTIAL) && !take_over(m, old, USE_DEMOTING)) {
        old = frame_type_word_acquire(m);
    }
    if (!(old & USE_PARTIAL)) {
        return use_is_demoting(old) ? VMMU_AGAIN : VMMU_DONE;
    }
    const enum vmmu_result result = table_demote(m, old);
    ref_put(m); /* the reference of the partial state that take_over ended; if the frame is partial
                   again, a new one has been taken for that */
    return result;
}

__attribute__((noinline)) bool type_lock_slow(mfn_t m, enum vmmu_type type, u64 without)
{
    _Atomic u64 *use = frame_type_word_at(m);
    u64 old = word_read(use);
    while (use_is_valid(old, type) && !(old & without)) {
        if (old & USE_LOCKED) {
            port_pause();
            old = word_read(use);
        } else if (word_swap(use, &old, old | USE_LOCKED, memory_order_acquire)) {
            return true;
        }
    }
    return false;
}
