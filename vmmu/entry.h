/* SPDX-License-Identifier: MIT */
/* One page-table entry of any level: which bits it may have, and which references it holds.
 *
 * A present entry of a live table, in a slot that is the guest's, holds a reference on its target.
 * At level 1 a writable entry also holds a type reference on its target: a writable one, or on a
 * shared page a shared one. Above level 1 each present entry also holds a type reference on its
 * target as a table of the level below.
 *
 * An L1 entry that maps a device frame holds nothing. In a live table its memory type is never one
 * for RAM, and that of every other entry always is: so the bits of the entry alone say whether it
 * holds references (ENTRY_DEVICE). */
#ifndef VMMU_ENTRY_H
#define VMMU_ENTRY_H

#include "lib/x86/pte.h"
#include "vmmu/ref.h"
#include "vmmu/type.h"

/* Free bits: they change neither which frame the entry points at nor a count, so an entry that
 * differs from a checked one only in free bits needs no check. The writable bit is not free,
 * because it decides about a type reference. */
#define ENTRY_FREE                                                                                 \
    (PTE_USER | PTE_ACCESSED | PTE_DIRTY | PTE_AVAILABLE | PTE_AVAILABLE_HIGH | PTE_KEY | PTE_NX)

/* The bits that choose the memory type of a page at level 1: an index of the PAT, which the ABI
 * fixes as WB, WT, UC-, UC, WC, WP, UC, UC. */
#define ENTRY_CACHE (PTE_PWT | PTE_PCD | PTE_PAT)

/* The bits of which an entry of a live table has at least one exactly if it maps a device frame.
 * (Its memory type is UC-, UC or WC.) The bits cannot be set above level 1. */
#define ENTRY_DEVICE (PTE_PCD | PTE_PAT)

/* Says whether `entry`, in the form that a live table holds, holds a reference. */
ALWAYS_INLINE bool entry_holds(u64 entry)
{
    return (entry & (PTE_PRESENT | ENTRY_DEVICE)) == PTE_PRESENT;
}

/* Returns not 0 if `entry`, in the form that a live L1 table holds, maps a device frame: those bits
 * of ENTRY_DEVICE that it has. */
static inline u64 entry_device_bits(u64 entry)
{
    return entry & PTE_PRESENT ? entry & ENTRY_DEVICE : 0;
}

/* Returns the frame number in the address bits of an entry. */
static inline mfn_t entry_frame(u64 entry)
{
    return mfn((entry & PTE_ADDRESS) >> PAGE_SHIFT);
}

/* Returns the entry that a live table holds when a guest wrote `entry`, which is present: it gets
 * the user bit, because all of a guest runs in ring 3, and loses the global bit at level 1. (Above
 * level 1 the global bit is refused, not removed.) */
static inline u64 entry_installed_present(u32 level, u64 entry)
{
    const u64 off = level == 1 ? PTE_GLOBAL : 0;
    return (entry | PTE_USER) & ~off;
}

/* The same for any entry: one that is not present is unchanged. */
static inline u64 entry_installed(u32 level, u64 entry)
{
    return entry & PTE_PRESENT ? entry_installed_present(level, entry) : entry;
}

/* Says whether an L1 entry is present, maps `m`, and is writable exactly if `writable`. */
static inline bool entry_is_mapping(u64 entry, mfn_t m, bool writable)
{
    const u64 seen = PTE_PRESENT | PTE_WRITABLE | PTE_ADDRESS;

    return (entry & seen) == (PTE_PRESENT | (writable ? PTE_WRITABLE : 0) | m.n << PAGE_SHIFT);
}

/* Says whether `next`, in the form of entry_installed, can take over the references of the live
 * entry `old`: `old` is present, and the two differ only in free bits or, at level 1, also in that
 * `next` gives up the writable bit. (In that last case the caller drops the writable type
 * reference: entry_put_right.) */
static inline bool entry_inherits(u32 level, u64 old, u64 next)
{
    const u64 differ = (old ^ next) & ~ENTRY_FREE;
    return (old & PTE_PRESENT) && (differ == 0 || (level == 1 && differ == (old & PTE_WRITABLE)));
}

/* Says whether the live entry `old` holds a type reference for its right to write, which its
 * successor `next` (entry_inherits) gives up. */
static inline bool entry_drops_right(u64 old, u64 next)
{
    return (old & ~next & PTE_WRITABLE) && entry_holds(old);
}

/* Says whether slot `index` of a table of this level is the guest's and not the hypervisor's. Only
 * L4 tables have slots of the hypervisor. */
static inline bool entry_slot_is_guests(u32 level, u32 index)
{
    return level != 4 || index < VMMU_GUEST_HOLE_FIRST || index > VMMU_GUEST_HOLE_LAST;
}

/* The bits that a guest may set in a present entry of RAM (the global bit only at level 1). Not
 * among them are the bit that makes a superpage, of whose frames only one would be counted, and
 * cache attributes, because a write through an uncached mapping might not be seen when the
 * hypervisor reads the frame through its cached one. */
#define ENTRY_SETTABLE (PTE_PRESENT | PTE_WRITABLE | PTE_GLOBAL | ENTRY_FREE | PTE_ADDRESS)

/* Says whether the entry is present and has only bits that may be set at this level. */
ALWAYS_INLINE bool entry_has_plain_bits(u32 level, u64 entry)
{
    const u64 odd = ~ENTRY_SETTABLE | (level > 1 ? PTE_GLOBAL : 0);
    return (entry & (PTE_PRESENT | odd)) == PTE_PRESENT;
}

/* Says whether the entry is present, has only bits that may be set at this level, and maps a frame
 * that exists. Such an entry can be refused only because of the owner, type, counts or contents of
 * the frame that it maps. */
ALWAYS_INLINE bool entry_is_plain(u32 level, u64 entry)
{
    return entry_has_plain_bits(level, entry) && frame_exists(entry_frame(entry));
}

/* The slow path of entry_check, for an entry for which entry_is_plain is false. VMMU_DONE: the
 * entry is not present, and harmless. Refuses what entry_check refuses. */
enum vmmu_result entry_check_slow(u32 level, u64 entry);

/* Says whether an entry is present and maps a device frame, as only an L1 entry may. */
static inline bool entry_is_device(u32 level, u64 entry)
{
    return level == 1 && (entry & PTE_PRESENT) && frame_is_device(entry_frame(entry));
}

/* Checks the bits of an entry for a table of this level, and that the frame which a present entry
 * points at exists; but not the owner, type or counts of that frame. Refuses: SUPERPAGE,
 * CACHE_BITS, GLOBAL_TABLE, BAD_FRAME, UNSAFE_NOT_PRESENT. */
static inline enum vmmu_result entry_check(u32 level, u64 entry)
{
    return entry_is_plain(level, entry) ? VMMU_DONE : entry_check_slow(level, entry);
}

/* The number of the domain that owns a table, and of the domain whose frames its entries may
 * map. */
struct entry_owners {
    u16 table;
    u16 frame;
};

/* Checks an entry for which entry_is_plain is false, or which is plain and for which entry_get has
 * just returned `result`, not VMMU_DONE. If the entry, in the form of entry_installed, maps a
 * device frame which the owner of the table may map, gives it the form that a live table holds:
 * without the writable bit if the frame may only be read, and with a memory type for devices.
 * VMMU_DONE: the entry is accepted and holds no reference. Refuses: what entry_check refuses,
 * NO_MEMORY; and returns `result` for a plain entry that maps no device frame. */
enum vmmu_result entry_accept_odd(u32 level, struct entry_owners owners, u64 *entry,
                                  enum vmmu_result result);

/* Translates `result`, which ref_get or type_get_writable returned for the target of an L1 entry,
 * to the result for the entry: FOREIGN_MAPPING for NOT_OWNER, WRITABLE_TABLE for WRONG_TYPE, any
 * other unchanged. */
enum vmmu_result entry_refusal_of_page(enum vmmu_result result);

/* Takes the references that `entry` needs, an L1 entry that is present and for which entry_check
 * returned VMMU_DONE; its target must belong to `frame_owner`. Takes all of them or, unless the
 * result is VMMU_DONE, none. VMMU_AGAIN: as for type_get_writable. Refuses: FOREIGN_MAPPING,
 * TOO_MANY_REFERENCES, WRITABLE_TABLE, READ_ONLY_PAGE. */
ALWAYS_INLINE enum vmmu_result entry_get_page(u64 entry, u16 frame_owner)
{
    const mfn_t target = entry_frame(entry);
    enum vmmu_result result = ref_get(target, frame_owner);
    if (result == VMMU_DONE) {
        if (!(entry & PTE_WRITABLE)) {
            return VMMU_DONE;
        }
        result = type_get_writable(target);
        if (result == VMMU_DONE) {
            return VMMU_DONE;
        }
        ref_put(target);
    }
    return entry_refusal_of_page(result);
}

/* The slow path of entry_get: takes the type reference of an entry above level 1, on whose target
 * the caller has a reference. *word is `entry` before the call; after a refusal it is the word to
 * report. Returns what type_get returns, or LINEAR_ENTRY. */
enum vmmu_result entry_get_table(u32 level, u64 entry, u64 *word);

/* Takes the references that `entry` needs, which is present and for which entry_check returned
 * VMMU_DONE. On a refusal *word is the word to report.
 *
 * Level 1: takes all references or none, and returns what entry_get_page returns; *held is not
 * used. Above level 1: returns what type_get returns, FOREIGN_TABLE, LINEAR_ENTRY, or what ref_get
 * refuses. *held before the call: an interrupted earlier call has taken the reference on the
 * target. *held after it, if the result is not VMMU_DONE: the caller has that reference. The target
 * may be partial then, and the caller either keeps the reference, to resume later, or gives it up
 * by defer_abandon. */
ALWAYS_INLINE enum vmmu_result entry_get(u32 level, u64 entry, struct entry_owners owners,
                                         bool *held, u64 *word)
{
    const mfn_t target = entry_frame(entry);
    enum vmmu_result result = VMMU_DONE;
    if (level == 1) {
        result = entry_get_page(entry, owners.frame);
        if (result != VMMU_DONE) {
            *word = entry;
        }
        return result;
    }
    if (!*held) {
        result = owners.frame == owners.table ? ref_get(target, owners.frame)
                                              : VMMU_REFUSED_FOREIGN_TABLE;
        *held = result == VMMU_DONE;
    }
    if (result == VMMU_DONE && type_get_fast(frame_of(target), (enum vmmu_type)(level - 1))) {
        return VMMU_DONE;
    }
    *word = entry;
    return result == VMMU_DONE ? entry_get_table(level, entry, word) : result;
}

/* Flushes the CPUs that may still have a translation, through a table of domain `table_owner`, to a
 * frame of another owner; the entry was removed at the epoch `since` of the clock of `table_owner`.
 * The flush cannot wait until the frame is freed: the epoch recorded then is of the clock of the
 * frame's owner and says nothing of these CPUs. */
void entry_flush_foreign(u16 table_owner, u64 since);

/* Drops the references of an entry for which entry_holds is true, in a table of domain
 * `table_owner`. Since the epoch `since` of that domain's clock no processor can reach the entry
 * any more. At level 1 it first flushes if the target has another owner. VMMU_AGAIN, only above
 * level 1: the demotion of the target was interrupted; the reference on the target is still there,
 * and the caller drops it after type_finish of the target has returned VMMU_DONE. */
ALWAYS_INLINE enum vmmu_result entry_put(u32 level, u64 entry, u16 table_owner, u64 since)
{
    const mfn_t target = entry_frame(entry);
    if (level > 1) {
        if (level == 2) {
            flush_note_unlinked(table_owner, since);
        }
        const enum vmmu_result result = type_put(target);
        if (result != VMMU_DONE) {
            return result;
        }
    } else {
        const u64 references = frame_references(target);
        if (ref_owner(references) != table_owner) {
            entry_flush_foreign(table_owner, since);
        }
        if (entry & PTE_WRITABLE) {
            type_put(target);
        }
    }
    ref_put(target);
    return VMMU_DONE;
}

/* The slow path of entry_put_right, where `old` was writable and its successor is not. Flushes
 * first if the target has another owner than the table. */
void entry_put_right_slow(u64 old, u16 table_owner);

/* Completes the replacement of the entry `old` by `next`, which has inherited its reference
 * (entry_inherits). If entry_drops_right is true, drops the writable type reference of `old`, and
 * the extra reference on the target that the caller took to keep the target until now. Otherwise
 * does nothing. */
static inline void entry_put_right(u64 old, u64 next, u16 table_owner)
{
    if (entry_drops_right(old, next)) {
        entry_put_right_slow(old, table_owner);
    }
}

#endif
