/* SPDX-License-Identifier: MIT */
/* Changes of entries in live tables, and stores to pages that are none.
 *
 * What the new entry needs is taken before the table is locked, what the old one held is dropped
 * after it is unlocked: under the lock there is nothing but the exchange of one word. */
#include "vmmu/defer.h"
#include "vmmu/entry.h"
#include "vmmu/flush.h"
#include "vmmu/port.h"
#include "vmmu/ref.h"
#include "vmmu/result.h"
#include "vmmu/type.h"
#include "vmmu/walk.h"

/* How often the processor may change an entry's accessed and dirty bits under a conditional write
 * before the write gives way. */
#define EMULATE_TRIES 8

/* One change of one entry, on its way. */
struct change {
    struct vmmu_vcpu *vcpu;
    struct entry_owners owners;
    mfn_t table; /* the caller has a reference, or goes the short way */
    u32 index;
    _Atomic u64 *slot; /* what the two come to, once the table is known to be one */
    u64 entry;         /* as the guest wants it */
    bool preserve;     /* keep accessed and dirty */
    bool conditional;  /* only if the old entry is `expected`, all of it */
    u64 expected;
    bool done; /* conditional: it was */
    u64 word;  /* what was refused */
};

/* Puts `next` in the slot and returns what was there; the processor may set bits of that meanwhile.
 */
static u64 exchange(_Atomic u64 *slot, u64 next, bool preserve)
{
    if (!preserve) {
        return atomic_exchange_explicit(slot, next, memory_order_seq_cst);
    }
    const u64 kept = ENTRY_ACCESSED | ENTRY_DIRTY;
    u64 old = atomic_load_explicit(slot, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(slot, &old, next | (old & kept),
                                                  memory_order_seq_cst, memory_order_relaxed)) {
    }
    return old;
}

/* Writes under the table's lock. False: the table is none any more, or (`inherit`) the old entry
 * is none to inherit from, or (conditional) not what was expected. */
static bool write_locked(struct change *change, u32 level, u64 next, bool inherit, u64 *old)
{
    _Atomic u64 *slot = change->slot;
    bool fits = true;

    if (!type_lock(change->table, (enum vmmu_type)level)) {
        return false;
    }
    /* Only now, and only until it is unlocked, is the owner certain for who has no reference. */
    if (!ref_is_owned_by(
            atomic_load_explicit(&frame_of(change->table)->references, memory_order_relaxed),
            change->owners.table)) {
        fits = false;
    } else if (change->conditional) {
        *old = change->expected;
        fits = atomic_compare_exchange_strong_explicit(slot, old, next, memory_order_seq_cst,
                                                       memory_order_relaxed);
        change->done = fits;
    } else if (inherit &&
               !entry_inherits(level, atomic_load_explicit(slot, memory_order_relaxed), next)) {
        fits = false;
    } else {
        *old = exchange(slot, next, change->preserve);
    }
    if (fits && inherit && (*old & ~next & ENTRY_WRITABLE)) {
        /* For entry_put_right: the entry's own reference may go with it as soon as the lock does.
         */
        ref_get_more(entry_frame(*old));
    }
    type_unlock(change->table);
    return fits;
}

/* Drops what `entry`, gone from its table, held on to. */
static void let_go(struct change *change, u32 level, u64 entry)
{
    if ((entry & ENTRY_PRESENT) &&
        entry_put(level, entry, change->owners.table, flush_clock()) != VMMU_DONE) {
        defer_note(change->vcpu, entry_frame(entry), DEFER_FINISH);
    }
}

/* The change in a live table of this level. VMMU_AGAIN besides: the table changed under our eyes,
 * or the conditional change found another entry (`done` is false then). */
static enum vmmu_result change_entry(struct change *change, u32 level)
{
    const u64 next = entry_installed(level, change->entry);
    change->slot = &entry_table(change->table)[change->index];
    u64 old = change->conditional ? change->expected
                                  : atomic_load_explicit(change->slot, memory_order_relaxed);
    bool held = false;

    if (!entry_slot_is_guests(level, change->index)) {
        return REFUSED_HYPERVISOR_SLOT;
    }
    if (entry_inherits(level, old, next) && write_locked(change, level, next, true, &old)) {
        entry_put_right(old, next, change->owners.table);
        return VMMU_DONE;
    }
    count_up(&change->vcpu->domain->counters.entries_checked, 1);
    change->word = change->entry;
    enum vmmu_result result = entry_check(level, change->entry);
    if (result != VMMU_DONE) {
        return result;
    }
    if (next & ENTRY_PRESENT) {
        result = entry_get(level, next, change->owners, &held, &change->word);
        if (result != VMMU_DONE) {
            if (held) {
                defer_abandon(change->vcpu, entry_frame(next), result);
            }
            return result;
        }
    }
    if (!write_locked(change, level, next, false, &old)) {
        let_go(change, level, next);
        return VMMU_AGAIN;
    }
    let_go(change, level, old);
    return VMMU_DONE;
}

/* A store to a page that is no table, which it stays for as long as the store takes. */
static enum vmmu_result store_plain(const struct change *change)
{
    u64 word;
    const enum vmmu_result result = type_get(change->table, TYPE_WRITABLE, &word);
    if (result == VMMU_DONE) {
        atomic_store_explicit(&entry_table(change->table)[change->index], change->entry,
                              memory_order_relaxed);
        type_put(change->table);
    }
    return result;
}

/* The change, wherever it goes. */
static enum vmmu_result change_anywhere(struct change *change)
{
    const u64 use = atomic_load_explicit(&frame_of(change->table)->type, memory_order_acquire);
    const enum vmmu_type type = use_type(use);

    if (frame_count(use) == 0 || type == TYPE_WRITABLE) {
        return store_plain(change);
    }
    if (type == TYPE_DESCRIPTOR) {
        return REFUSED_DESCRIPTOR_PAGE;
    }
    if (!type_is_table(type)) {
        return REFUSED_WRONG_TYPE;
    }
    if (use & USE_VALIDATED) {
        return change_entry(change, (u32)type);
    }
    /* Another CPU is at work on it, which ends; or nobody is, which may not. */
    return use & USE_PARTIAL ? REFUSED_TABLE_BUSY : VMMU_AGAIN;
}

static struct change change_of(struct vmmu_vcpu *vcpu, struct vmmu_domain *table_owner,
                               struct vmmu_domain *frame_owner, maddr_t at, u64 entry)
{
    return (struct change){.vcpu = vcpu,
                           .owners = {table_owner->id, frame_owner->id},
                           .table = mfn_of(at),
                           .index = (u32)(page_offset(at.a) / sizeof(u64)),
                           .entry = entry,
                           .word = at.a};
}

/* The commonest update by far: a live entry changes in free bits, or gives up the right to write.
 * The table's lock alone keeps the table what it is, so no reference is needed. False: nothing has
 * happened, and it takes the long way. */
static inline bool change_shortly(struct change *change)
{
    const struct vmmu_frame *frame = frame_of(change->table);
    const u64 use = atomic_load_explicit(&frame->type, memory_order_relaxed);
    const u32 level = (u32)use_type(use);
    const u64 next = entry_installed(level, change->entry);
    u64 old;

    /* The owner may change until the table is locked; but the words of a free frame are not ours.
     */
    if (!type_is_table((enum vmmu_type)level) || !entry_slot_is_guests(level, change->index) ||
        !ref_is_owned_by(atomic_load_explicit(&frame->references, memory_order_relaxed),
                         change->owners.table)) {
        return false;
    }
    change->slot = &entry_table(change->table)[change->index];
    if (!entry_inherits(level, atomic_load_explicit(change->slot, memory_order_relaxed), next) ||
        !write_locked(change, level, next, true, &old)) {
        return false;
    }
    entry_put_right(old, next, change->owners.table);
    return true;
}

enum vmmu_result vmmu_update(struct vmmu_vcpu *vcpu, struct vmmu_domain *table_owner,
                             struct vmmu_domain *frame_owner, maddr_t at, u64 entry,
                             enum vmmu_update_kind kind)
{
    struct change change = change_of(vcpu, table_owner, frame_owner, at, entry);
    enum vmmu_result result = defer_settle(vcpu);

    if (result != VMMU_DONE) {
        return result;
    }
    if (at.a % sizeof(u64)) {
        return result_refuse(vcpu->domain, REFUSED_BAD_ADDRESS, at.a);
    }
    if (!frame_exists(change.table)) {
        return result_refuse(vcpu->domain, REFUSED_BAD_FRAME, at.a);
    }
    change.preserve = kind == UPDATE_PRESERVE_AD;
    if (change_shortly(&change)) {
        count_up(&table_owner->counters.updates, 1);
        return VMMU_DONE;
    }
    result = ref_get(change.table, table_owner->id);
    if (result == VMMU_DONE) {
        result = change_anywhere(&change);
        ref_put(change.table);
        if (result == VMMU_DONE) {
            count_up(&table_owner->counters.updates, 1);
        }
    }
    return result_tell(vcpu->domain, result, change.word);
}

/* The vCPU's L1 table for `va`, with a reference; MFN_NONE if there is none. */
static mfn_t get_l1_table(const struct vmmu_vcpu *vcpu, vaddr_t va)
{
    const u16 id = vcpu->domain->id;
    const mfn_t m = walk_to_table(vcpu->kernel_root, id, va, 1);
    return mfn_is_none(m) || ref_get(m, id) != VMMU_DONE ? MFN_NONE : m;
}

enum vmmu_result vmmu_update_va(struct vmmu_vcpu *vcpu, struct vmmu_domain *frame_owner, vaddr_t va,
                                u64 entry)
{
    struct vmmu_domain *domain = vcpu->domain;
    enum vmmu_result result = defer_settle(vcpu);

    if (result != VMMU_DONE) {
        return result;
    }
    if (!walk_address_is_guests(va)) {
        return result_refuse(domain, REFUSED_BAD_ADDRESS, va.a);
    }
    const mfn_t table = get_l1_table(vcpu, va);
    if (mfn_is_none(table)) {
        return result_refuse(domain, REFUSED_NO_TABLE, va.a);
    }
    struct change change = change_of(vcpu, domain, frame_owner, maddr_of(table), entry);
    change.index = walk_index(va, 1);
    result = change_entry(&change, 1);
    ref_put(table);
    if (result == VMMU_DONE) {
        count_up(&domain->counters.updates, 1);
    }
    return result_tell(domain, result, change.word);
}

/* A reference on the page at `at`, if it is a live L1 table of the vCPU's domain. */
static enum vmmu_result get_l1_at(const struct vmmu_vcpu *vcpu, maddr_t at)
{
    const mfn_t table = mfn_of(at);
    enum vmmu_result result;

    if (at.a % sizeof(u64)) {
        return REFUSED_BAD_ADDRESS;
    }
    result = frame_exists(table) ? ref_get(table, vcpu->domain->id) : REFUSED_BAD_FRAME;
    if (result == VMMU_DONE &&
        !use_is_valid(atomic_load_explicit(&frame_of(table)->type, memory_order_acquire),
                      TYPE_L1)) {
        ref_put(table);
        result = REFUSED_NOT_L1_TABLE;
    }
    return result;
}

enum vmmu_result vmmu_map_at(struct vmmu_vcpu *vcpu, struct vmmu_domain *frame_owner, maddr_t at,
                             u64 entry)
{
    struct change change = change_of(vcpu, vcpu->domain, frame_owner, at, entry);
    enum vmmu_result result = defer_settle(vcpu);

    if (result != VMMU_DONE) {
        return result;
    }
    result = get_l1_at(vcpu, at);
    if (result == VMMU_DONE) {
        result = change_entry(&change, 1);
        ref_put(change.table);
    }
    if (result == VMMU_DONE) {
        count_up(&vcpu->domain->counters.updates, 1);
    }
    return result_tell(vcpu->domain, result, change.word);
}

/* Clears `change`'s entry if it shows `m` and with just this right; its accessed and dirty bits are
 * the processor's. */
static enum vmmu_result unmap(struct change *change, mfn_t m, bool writable)
{
    const u64 seen = ENTRY_PRESENT | ENTRY_WRITABLE | ENTRY_ADDRESS;
    const u64 wanted = ENTRY_PRESENT | (writable ? ENTRY_WRITABLE : 0) | m.n << PAGE_SHIFT;
    const _Atomic u64 *slot = &entry_table(change->table)[change->index];
    enum vmmu_result result = VMMU_AGAIN;

    change->conditional = true;
    for (u32 tries = 0; result == VMMU_AGAIN && tries < EMULATE_TRIES; tries++) {
        change->expected = atomic_load_explicit(slot, memory_order_relaxed);
        if ((change->expected & seen) != wanted) {
            change->word = change->expected;
            return REFUSED_NOT_THAT_MAPPING;
        }
        result = change_entry(change, 1);
    }
    return result;
}

enum vmmu_result vmmu_unmap_at(struct vmmu_vcpu *vcpu, maddr_t at, mfn_t m, bool writable)
{
    struct change change = change_of(vcpu, vcpu->domain, vcpu->domain, at, 0);
    enum vmmu_result result = defer_settle(vcpu);

    if (result != VMMU_DONE) {
        return result;
    }
    result = get_l1_at(vcpu, at);
    if (result == VMMU_DONE) {
        result = unmap(&change, m, writable);
        ref_put(change.table);
    }
    return result_tell(vcpu->domain, result, change.word);
}

enum vmmu_result vmmu_unmap_va(struct vmmu_vcpu *vcpu, vaddr_t va, mfn_t m, bool writable)
{
    const enum vmmu_result result = defer_settle(vcpu);

    if (result != VMMU_DONE) {
        return result;
    }
    if (!walk_address_is_guests(va)) {
        return result_refuse(vcpu->domain, REFUSED_BAD_ADDRESS, va.a);
    }
    const mfn_t table = walk_to_table(vcpu->kernel_root, vcpu->domain->id, va, 1);
    if (mfn_is_none(table)) {
        return result_refuse(vcpu->domain, REFUSED_NO_TABLE, va.a);
    }
    return vmmu_unmap_at(vcpu, maddr(maddr_of(table).a + walk_index(va, 1) * sizeof(u64)), m,
                         writable);
}

bool vmmu_find_l1_write(struct vmmu_vcpu *vcpu, vaddr_t at, maddr_t *where)
{
    const u64 entry = walk_to_entry(vcpu, at);
    if ((entry & (ENTRY_PRESENT | ENTRY_WRITABLE)) != ENTRY_PRESENT) {
        return false;
    }
    const mfn_t table = entry_frame(entry);
    const struct vmmu_frame *frame = frame_of(table);
    *where = maddr(maddr_of(table).a + page_offset(at.a));
    return use_is_valid(atomic_load_explicit(&frame->type, memory_order_relaxed), TYPE_L1) &&
           ref_is_owned_by(atomic_load_explicit(&frame->references, memory_order_relaxed),
                           vcpu->domain->id);
}

bool vmmu_is_l1_write(struct vmmu_vcpu *vcpu, vaddr_t at)
{
    maddr_t where;
    return vmmu_find_l1_write(vcpu, at, &where);
}

/* The store to `change`'s entry, of `bytes` at `shift` bits up. */
static enum vmmu_result emulate(struct change *change, u32 bytes, u32 shift, u64 expected,
                                u64 desired, bool *swapped)
{
    const u64 mask = (bytes == 8 ? ~0ull : (1ull << bytes * 8) - 1) << shift;
    const _Atomic u64 *slot = &entry_table(change->table)[change->index];
    enum vmmu_result result = VMMU_AGAIN;

    *swapped = false;
    for (u32 tries = 0; result == VMMU_AGAIN && tries < EMULATE_TRIES; tries++) {
        const u64 old = atomic_load_explicit(slot, memory_order_relaxed);
        if ((old & mask) != (expected << shift & mask)) {
            return VMMU_DONE;
        }
        change->expected = old;
        change->entry = (old & ~mask) | (desired << shift & mask);
        result = change_entry(change, 1);
    }
    *swapped = change->done;
    return result;
}

enum vmmu_result vmmu_emulated_write_at(struct vmmu_vcpu *vcpu, maddr_t where, u32 bytes,
                                        u64 expected, u64 desired, bool *swapped)
{
    struct vmmu_domain *domain = vcpu->domain;
    const maddr_t entry = maddr(where.a & ~(sizeof(u64) - 1));
    struct change change = change_of(vcpu, domain, domain, entry, 0);
    enum vmmu_result result = defer_settle(vcpu);

    *swapped = false;
    if (result != VMMU_DONE) {
        return result;
    }
    change.word = where.a;
    if ((bytes & (bytes - 1)) || bytes - 1 > 7 || where.a % bytes) {
        return result_refuse(domain, REFUSED_BAD_ADDRESS, where.a);
    }
    result = get_l1_at(vcpu, entry);
    if (result == VMMU_DONE) {
        change.conditional = true;
        result =
            emulate(&change, bytes, (u32)(where.a % sizeof(u64)) * 8, expected, desired, swapped);
        ref_put(change.table);
    } else {
        result = REFUSED_NOT_L1_TABLE; /* any more, whatever else it has become */
    }
    if (*swapped) {
        count_up(&domain->counters.emulated_writes, 1);
    }
    return result_tell(domain, result, change.word);
}

enum vmmu_result vmmu_emulated_write(struct vmmu_vcpu *vcpu, vaddr_t at, u32 bytes, u64 expected,
                                     u64 desired, bool *swapped)
{
    const enum vmmu_result result = defer_settle(vcpu);
    maddr_t where;

    *swapped = false;
    if (result != VMMU_DONE) {
        return result;
    }
    if ((bytes & (bytes - 1)) || bytes - 1 > 7 || at.a % bytes) {
        return result_refuse(vcpu->domain, REFUSED_BAD_ADDRESS, at.a);
    }
    if (!vmmu_find_l1_write(vcpu, at, &where)) {
        return result_refuse(vcpu->domain, REFUSED_NOT_L1_TABLE, at.a);
    }
    return vmmu_emulated_write_at(vcpu, where, bytes, expected, desired, swapped);
}
