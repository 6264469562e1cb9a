/* SPDX-License-Identifier: MIT */
/* One page-table entry of any level: the check of its bits, and the references that it holds. */
#include "vmmu/entry.h"

#include "vmmu/flush.h"
#include "vmmu/port.h"
#include "vmmu/ref.h"
#include "vmmu/type.h"

/* Checks the bits of an entry that is not present. A processor with the L1 terminal fault (L1TF)
 * may speculatively read the memory whose address such an entry contains. On such a processor two
 * things are refused: the number of a frame below the frame count, other than 0; and, above level
 * 1, the superpage bit. Refuses: UNSAFE_NOT_PRESENT. */
static enum vmmu_result check_not_present(u32 level, u64 entry)
{
    if (!vmmu_engine.l1tf || entry == 0) {
        return VMMU_DONE;
    }
    const bool names_memory = (entry & PTE_ADDRESS) && frame_exists(entry_frame(entry));
    const bool large = level > 1 && (entry & PTE_LARGE);
    return names_memory || large ? VMMU_REFUSED_UNSAFE_NOT_PRESENT : VMMU_DONE;
}

enum vmmu_result entry_check_slow(u32 level, u64 entry)
{
    if (!(entry & PTE_PRESENT)) {
        return check_not_present(level, entry);
    }
    const u64 bad = entry & ~ENTRY_SETTABLE;
    if (bad) {
        return level > 1 && (bad & PTE_LARGE) ? VMMU_REFUSED_SUPERPAGE : VMMU_REFUSED_CACHE_BITS;
    }
    if (level > 1 && (entry & PTE_GLOBAL)) {
        return VMMU_REFUSED_GLOBAL_TABLE;
    }
    if (frame_exists(entry_frame(entry))) {
        return VMMU_DONE;
    }
    return VMMU_REFUSED_BAD_FRAME;
}

/* Says what the owner of the table may do with the device frame `m`, if the operation names it or
 * VMMU_OWNER_DEVICE as the owner of the frames that are mapped. */
static enum vmmu_access device_access(struct entry_owners owners, mfn_t m)
{
    return owners.frame == owners.table || owners.frame == VMMU_OWNER_DEVICE
               ? port_device_access(owners.table, m)
               : VMMU_ACCESS_NONE;
}

/* Does entry_accept_odd for an entry that maps a device frame. */
static enum vmmu_result accept_device(struct entry_owners owners, u64 *entry)
{
    const enum vmmu_access access = device_access(owners, entry_frame(*entry));

    if (access == VMMU_ACCESS_NONE && (*entry & ENTRY_CACHE)) {
        return VMMU_REFUSED_CACHE_BITS;
    }
    /* The number of all ones is the ABI's "no frame". */
    if ((*entry & PTE_ADDRESS) == PTE_ADDRESS) {
        return VMMU_REFUSED_BAD_FRAME;
    }
    if (access == VMMU_ACCESS_NONE) {
        return VMMU_REFUSED_NO_MEMORY;
    }
    if (access == VMMU_ACCESS_READ) {
        *entry &= ~PTE_WRITABLE;
    }
    switch (*entry & ENTRY_CACHE) {
    case 0:                 /* write-back */
    case PTE_PWT:           /* write-through */
    case PTE_PWT | PTE_PAT: /* write-protected */
        *entry = (*entry & ~ENTRY_CACHE) | PTE_PCD | PTE_PWT;
    }
    return VMMU_DONE;
}

__attribute__((noinline)) enum vmmu_result entry_accept_odd(u32 level, struct entry_owners owners,
                                                            u64 *entry, enum vmmu_result result)
{
    if (entry_is_device(level, *entry)) {
        return accept_device(owners, entry);
    }
    return result == VMMU_DONE ? entry_check_slow(level, *entry) : result;
}

enum vmmu_result entry_refusal_of_page(enum vmmu_result result)
{
    switch (result) {
    case VMMU_REFUSED_NOT_OWNER:
        return VMMU_REFUSED_FOREIGN_MAPPING;
    case VMMU_REFUSED_WRONG_TYPE:
        return VMMU_REFUSED_WRITABLE_TABLE;
    default:
        return result;
    }
}

enum vmmu_result entry_get_table(u32 level, u64 entry, u64 *word)
{
    const mfn_t target = entry_frame(entry);
    const enum vmmu_result result = type_get(target, (enum vmmu_type)(level - 1), word);

    if (result == VMMU_REFUSED_WRONG_TYPE && *word == entry) {
        const u64 use = frame_type_word(target);
        if (use_type(use) == (enum vmmu_type)level && frame_count(use)) {
            return VMMU_REFUSED_LINEAR_ENTRY;
        }
    }
    return result;
}

void entry_flush_foreign(u16 table_owner, u64 since)
{
    flush_since(port_domain(table_owner), since);
}

void entry_put_right_slow(u64 old, u16 table_owner)
{
    const mfn_t target = entry_frame(old);
    if (ref_owner(frame_references(target)) != table_owner) {
        entry_flush_foreign(table_owner, flush_clock(table_owner));
    }
    type_put(target);
    ref_put(target);
}
