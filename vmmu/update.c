/* SPDX-License-Identifier: MIT */
/* Changes of entries in live tables, and stores to pages that are none. */
#include "vmmu/change.h"
#include "vmmu/defer.h"
#include "vmmu/m2p.h"
#include "vmmu/port.h"
#include "vmmu/replace.h"
#include "vmmu/result.h"
#include "vmmu/walk.h"

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

/* The change, wherever it goes, on which the caller has a reference. */
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

/* ---- requests ------------------------------------------------------------------------------- */

#define KIND_BITS 7ull

static enum vmmu_update_kind kind_of(const struct vmmu_request *request)
{
    return (enum vmmu_update_kind)(request->at & KIND_BITS);
}

static u64 kept_by(enum vmmu_update_kind kind)
{
    return kind == UPDATE_PRESERVE_AD ? CHANGE_KEEP_AD : 0;
}

/* Any request, by itself. */
static __attribute__((noinline)) enum vmmu_result serve(struct vmmu_vcpu *vcpu,
                                                        struct vmmu_domain *table_owner,
                                                        struct vmmu_domain *frame_owner,
                                                        const struct vmmu_request *request)
{
    const enum vmmu_update_kind kind = kind_of(request);
    const maddr_t at = maddr(request->at & ~KIND_BITS);
    struct change change = change_of(vcpu, table_owner, frame_owner, at, request->entry);

    if (kind == UPDATE_M2P) {
        return vmmu_set_m2p(table_owner, mfn_of(at), request->entry);
    }
    if (kind > UPDATE_NO_TRANSLATE) {
        return result_refuse(vcpu->domain, REFUSED_BAD_KIND, request->at);
    }
    if (!frame_exists(change.table)) {
        return result_refuse(vcpu->domain, REFUSED_BAD_FRAME, at.a);
    }
    change.keep = kept_by(kind);
    enum vmmu_result result = ref_get(change.table, table_owner->id);
    if (result == VMMU_DONE) {
        result = change_anywhere(&change);
        ref_put(change.table);
        if (result == VMMU_DONE) {
            count_up(&table_owner->counters.updates, 1);
        }
    }
    return result_tell(vcpu->domain, result, change.word);
}

/* ---- runs: requests in a row to the same page, which is looked up, held or locked only once ----
 *
 * A run begins with `request` and ends before `end` or earlier; page and frames belong to `owner`.
 * Each of these returns the first request that it has not served, which wants a way of its own. */

/* The request writes to `page`. */
static inline bool is_write_to(const struct vmmu_request *request, mfn_t page)
{
    const u32 writes = 1u << UPDATE_NORMAL | 1u << UPDATE_PRESERVE_AD | 1u << UPDATE_NO_TRANSLATE;
    return mfn_equal(mfn_of(maddr(request->at)), page) && (writes >> kind_of(request) & 1);
}

/* The request in a locked table of this level, the short way. */
FOR_EACH_ENTRY enum replaced replace_for(const struct vmmu_request *request, u32 level, u16 owner,
                                         _Atomic u64 *entries, u64 *left)
{
    const struct replacement r = {kept_by(kind_of(request)), owner, false};
    const u32 index = (u32)(page_offset(request->at) / sizeof(u64));

    if (!entry_slot_is_guests(level, index)) {
        return REPLACED_NOT;
    }
    return replace_at_once(r, level, &entries[index],
                           atomic_load_explicit(&entries[index], memory_order_relaxed),
                           entry_installed(level, request->entry), left);
}

/* To a live table of this level. */
FOR_EACH_ENTRY const struct vmmu_request *run_in_table(const struct vmmu_domain *owner, u32 level,
                                                       const struct vmmu_request *request,
                                                       const struct vmmu_request *end, u64 *checked)
{
    const mfn_t page = mfn_of(maddr(request->at));
    const u16 id = owner->id;
    u64 left = 0;

    if (!type_lock(page, (enum vmmu_type)level)) {
        return request;
    }
    /* Only now, and only until it is unlocked, is the owner certain for who has no reference. */
    if (ref_is_owned_by(atomic_load_explicit(&frame_of(page)->references, memory_order_relaxed),
                        id)) {
        _Atomic u64 *const entries = entry_table(page);
        do {
            if (!is_write_to(request, page)) {
                break;
            }
            const enum replaced replaced = replace_for(request, level, id, entries, &left);
            if (replaced == REPLACED_NOT) {
                break;
            }
            *checked += replaced == REPLACED_CHECKED;
            request++;
        } while (request < end && !left);
    }
    type_unlock(page);
    if (left) {
        entry_put(level, left, id, flush_clock(id));
    }
    return request;
}

/* To an ordinary page, which it stays for as long as the run takes. */
static const struct vmmu_request *run_in_page(const struct vmmu_domain *owner,
                                              const struct vmmu_request *request,
                                              const struct vmmu_request *end)
{
    const mfn_t page = mfn_of(maddr(request->at));

    if (ref_get(page, owner->id) != VMMU_DONE) {
        return request;
    }
    if (type_get_writable_at_once(page)) {
        _Atomic u64 *const words = entry_table(page);
        for (; request < end && is_write_to(request, page); request++) {
            atomic_store_explicit(&words[page_offset(request->at) / sizeof(u64)], request->entry,
                                  memory_order_relaxed);
        }
        type_put(page);
    }
    ref_put(page);
    return request;
}

/* To whatever is no L1 table. */
static __attribute__((noinline)) const struct vmmu_request *
run_elsewhere(const struct vmmu_domain *owner, const struct vmmu_request *request,
              const struct vmmu_request *end, u64 *checked)
{
    const u64 use =
        atomic_load_explicit(&frame_of(mfn_of(maddr(request->at)))->type, memory_order_relaxed);
    const enum vmmu_type type = use_type(use);

    if (!frame_count(use) || type == TYPE_WRITABLE) {
        return run_in_page(owner, request, end);
    }
    return type_is_table(type) ? run_in_table(owner, (u32)type, request, end, checked) : request;
}

enum vmmu_result vmmu_update_many(struct vmmu_vcpu *vcpu, struct vmmu_domain *table_owner,
                                  struct vmmu_domain *frame_owner,
                                  const struct vmmu_request *requests, u64 count, u64 *done)
{
    const struct vmmu_request *request = requests, *const end = requests + count;
    enum vmmu_result result = VMMU_DONE;
    u64 checked = 0;

    while (request < end) {
        const struct vmmu_request *next = request;
        result = defer_settle(vcpu);
        if (result != VMMU_DONE) {
            break;
        }
        if (table_owner == frame_owner && frame_exists(mfn_of(maddr(request->at)))) {
            next = run_in_table(table_owner, 1, request, end, &checked);
            if (next == request) {
                next = run_elsewhere(table_owner, request, end, &checked);
            }
            count_up(&table_owner->counters.updates, (u64)(next - request));
        }
        if (next == request) {
            result = serve(vcpu, table_owner, frame_owner, next++);
            if (result != VMMU_DONE) {
                break;
            }
        }
        request = next;
        if (request < end && port_should_stop()) {
            result = VMMU_AGAIN;
            break;
        }
    }
    if (checked) {
        count_up(&vcpu->domain->counters.entries_checked, checked);
    }
    *done = (u64)(request - requests);
    return result;
}

enum vmmu_result vmmu_update_one(struct vmmu_vcpu *vcpu, struct vmmu_domain *domain,
                                 const struct vmmu_request *request)
{
    const maddr_t at = maddr(request->at & ~KIND_BITS);
    u64 done;

    if (mfn_is_none(vcpu->deferred.frame) && frame_exists(mfn_of(at)) &&
        is_write_to(request, mfn_of(at))) {
        struct change change = change_of(vcpu, domain, domain, at, request->entry);
        change.keep = kept_by(kind_of(request));
        if (change_shortly(change, 1)) {
            count_up(&domain->counters.updates, 1);
            return VMMU_DONE;
        }
    }
    return vmmu_update_many(vcpu, domain, domain, request, 1, &done);
}

enum vmmu_result vmmu_update(struct vmmu_vcpu *vcpu, struct vmmu_domain *table_owner,
                             struct vmmu_domain *frame_owner, maddr_t at, u64 entry,
                             enum vmmu_update_kind kind)
{
    const struct vmmu_request request = {at.a | kind, entry};
    u64 done;

    if (at.a % sizeof(u64)) {
        const enum vmmu_result result = defer_settle(vcpu);
        return result == VMMU_DONE ? result_refuse(vcpu->domain, REFUSED_BAD_ADDRESS, at.a)
                                   : result;
    }
    return vmmu_update_many(vcpu, table_owner, frame_owner, &request, 1, &done);
}

/* ---- by virtual address --------------------------------------------------------------------- */

/* The long way: the change in the L1 table that a walk found. */
static __attribute__((noinline)) enum vmmu_result change_found(struct change change)
{
    enum vmmu_result result = REFUSED_NO_TABLE;
    if (ref_get(change.table, change.owners.table) == VMMU_DONE) {
        result = change_entry(&change, 1);
        ref_put(change.table);
    }
    return result_tell(change.vcpu->domain, result, change.word);
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
    const mfn_t table = walk_to_table(vcpu->kernel_root, domain->id, va, 1);
    if (mfn_is_none(table)) {
        return result_refuse(domain, REFUSED_NO_TABLE, va.a);
    }
    struct change change = change_of(vcpu, domain, frame_owner, maddr_of(table), entry);
    change.index = walk_index(va, 1);
    if (!change_shortly(change, 1)) {
        result = change_found(change);
        if (result != VMMU_DONE) {
            return result;
        }
    }
    count_up(&domain->counters.updates, 1);
    return VMMU_DONE;
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
    const u64 seen = PTE_PRESENT | PTE_WRITABLE | PTE_ADDRESS;
    const u64 wanted = PTE_PRESENT | (writable ? PTE_WRITABLE : 0) | m.n << PAGE_SHIFT;
    const _Atomic u64 *slot = &entry_table(change->table)[change->index];
    enum vmmu_result result = VMMU_AGAIN;

    change->mask = ~0ull;
    for (u32 tries = 0; result == VMMU_AGAIN && tries < CHANGE_TRIES; tries++) {
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
    if ((entry & (PTE_PRESENT | PTE_WRITABLE)) != PTE_PRESENT) {
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

/* ---- emulated stores ------------------------------------------------------------------------ */

/* Makes `store`, which is of some bits of an entry, a conditional change of all of them. False: it
 * finds something else than it expects. */
static bool store_widen(const struct change *store, struct change *change)
{
    const u64 old =
        atomic_load_explicit(&entry_table(store->table)[store->index], memory_order_relaxed);
    change->mask = ~0ull;
    change->expected = old;
    change->entry = (old & ~store->mask) | store->entry;
    return (old & store->mask) == store->expected;
}

/* The long way. */
static __attribute__((noinline)) enum vmmu_result store_slowly(const struct change store,
                                                               bool *swapped)
{
    struct change change = store;
    enum vmmu_result result = VMMU_AGAIN;
    const maddr_t at = maddr(maddr_of(store.table).a + store.index * sizeof(u64));

    if (get_l1_at(change.vcpu, at) != VMMU_DONE) {
        /* Any more, whatever else it has become. */
        return result_refuse(change.vcpu->domain, REFUSED_NOT_L1_TABLE, change.word);
    }
    for (u32 tries = 0; result == VMMU_AGAIN && tries < CHANGE_TRIES; tries++) {
        result = store_widen(&store, &change) ? change_entry(&change, 1) : VMMU_DONE;
    }
    ref_put(change.table);
    *swapped = change.done;
    return result_tell(change.vcpu->domain, result, change.word);
}

enum vmmu_result vmmu_emulated_write_at(struct vmmu_vcpu *vcpu, maddr_t where, u32 bytes,
                                        u64 expected, u64 desired, bool *swapped)
{
    struct vmmu_domain *domain = vcpu->domain;
    enum vmmu_result result = defer_settle(vcpu);

    *swapped = false;
    if (result != VMMU_DONE) {
        return result;
    }
    if ((bytes & (bytes - 1)) || bytes - 1 > 7 || (where.a & (bytes - 1))) {
        return result_refuse(domain, REFUSED_BAD_ADDRESS, where.a);
    }
    const u32 shift = (u32)(where.a % sizeof(u64)) * 8;
    const u64 mask = ~0ull >> (64 - bytes * 8) << shift;
    struct change store = change_of(vcpu, domain, domain, where, desired << shift & mask);
    store.mask = mask;
    store.expected = expected << shift & mask;
    if (frame_exists(store.table) && change_shortly(store, 1)) {
        *swapped = true;
    } else {
        result = store_slowly(store, swapped);
    }
    if (*swapped) {
        count_up(&domain->counters.emulated_writes, 1);
    }
    return result;
}

bool vmmu_emulated_change_at(struct vmmu_vcpu *vcpu, maddr_t where, u64 keep, u64 flip, u64 *old)
{
    struct vmmu_domain *domain = vcpu->domain;
    struct change change = change_of(vcpu, domain, domain, where, 0);

    if (!mfn_is_none(vcpu->deferred.frame) || !frame_exists(change.table)) {
        return false;
    }
    /* A look at any memory; under the lock it turns out if it was at a table, and still holds. */
    *old = atomic_load_explicit(&entry_table(change.table)[change.index], memory_order_relaxed);
    change.entry = (*old & keep) ^ flip;
    change.mask = ~0ull;
    change.expected = *old;
    if (!change_shortly(change, 1)) {
        return false;
    }
    count_up(&domain->counters.emulated_writes, 1);
    return true;
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
    if ((bytes & (bytes - 1)) || bytes - 1 > 7 || (at.a & (bytes - 1))) {
        return result_refuse(vcpu->domain, REFUSED_BAD_ADDRESS, at.a);
    }
    if (!vmmu_find_l1_write(vcpu, at, &where)) {
        return result_refuse(vcpu->domain, REFUSED_NOT_L1_TABLE, at.a);
    }
    return vmmu_emulated_write_at(vcpu, where, bytes, expected, desired, swapped);
}
