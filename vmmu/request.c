/* SPDX-License-Identifier: MIT */
/* Requests: the operations of mmu_update, one request and many. */
#include "vmmu/defer.h"
#include "vmmu/m2p.h"
#include "vmmu/port.h"
#include "vmmu/result.h"
#include "vmmu/usual.h"
#include "vmmu/write_inline.h"

/* Stores write->entry in write->table, on which the caller has a reference, if that is an ordinary
 * page. A writable type reference keeps the page from becoming a table meanwhile. Returns what
 * type_get returns for the type writable. */
static enum vmmu_result store_in_page(const struct write *write)
{
    u64 word;
    const enum vmmu_result result = type_get(write->table, VMMU_TYPE_WRITABLE, &word);
    if (result == VMMU_DONE) {
        word_write(&frame_words(write->table)[write->index], write->entry);
        type_put(write->table);
    }
    return result;
}

/* Does `write` in a page of any type, on which the caller has a reference: a checked write in a
 * live table, a plain store in an ordinary page. VMMU_AGAIN: as for write_entry_slow and type_get,
 * or another CPU is promoting or demoting the table. Refuses: DESCRIPTOR_PAGE, WRONG_TYPE,
 * TABLE_BUSY, and what write_entry_slow and type_get refuse. */
static enum vmmu_result write_anywhere(struct write *write)
{
    const u64 use = frame_type_word_acquire(write->table);
    const enum vmmu_type type = use_type(use);

    if (frame_count(use) == 0 || type == VMMU_TYPE_WRITABLE) {
        return store_in_page(write);
    }
    if (type == VMMU_TYPE_DESCRIPTOR) {
        return VMMU_REFUSED_DESCRIPTOR_PAGE;
    }
    if (!type_is_table(type)) {
        return VMMU_REFUSED_WRONG_TYPE;
    }
    if (use & USE_VALIDATED) {
        return write_entry_slow(write, (u32)type);
    }
    /* Another CPU is promoting or demoting the table: retry. But if the table is partial, no CPU is
     * working on it and a retry could loop for ever: refuse. */
    return use & USE_PARTIAL ? VMMU_REFUSED_TABLE_BUSY : VMMU_AGAIN;
}

/* The bits of vmmu_request.at that hold the kind. */
#define KIND_BITS 7ull

/* Returns the kind in the low bits of the request's address; it may be a number that is no kind. */
static enum vmmu_update_kind kind_of(const struct vmmu_request *request)
{
    return (enum vmmu_update_kind)(request->at & KIND_BITS);
}

/* Counts `count` requests of the vCPU as done in tables of `table_owner`. */
static inline void count_updates(struct vmmu_vcpu *vcpu, struct vmmu_domain *table_owner, u64 count)
{
    if (table_owner == vcpu->domain) {
        vcpu->counted.updates += count;
    } else {
        count_up(&table_owner->counters.updates, count);
    }
}

/* Returns the bits of the old entry that a request of this kind keeps, for write.keep. */
static u64 kept_by(enum vmmu_update_kind kind)
{
    return kind == VMMU_UPDATE_PRESERVE_AD ? WRITE_KEEP_AD : 0;
}

/* The slow path: does a request of any kind, for a page of any type. A refusal is recorded in the
 * domain (result_report). Refuses what vmmu_update refuses. */
static __attribute__((noinline)) enum vmmu_result serve_slow(struct vmmu_vcpu *vcpu,
                                                             struct vmmu_domain *table_owner,
                                                             struct vmmu_domain *frame_owner,
                                                             const struct vmmu_request *request)
{
    const enum vmmu_update_kind kind = kind_of(request);
    const maddr_t at = maddr(request->at & ~KIND_BITS);
    struct write write = write_of(vcpu, table_owner, frame_owner, at, request->entry);

    if (kind == VMMU_UPDATE_M2P) {
        return result_report(vcpu->domain, m2p_set(frame_owner->id, mfn_of(at), request->entry),
                             mfn_of(at).n);
    }
    if (kind > VMMU_UPDATE_NO_TRANSLATE) {
        return result_refuse(vcpu->domain, VMMU_REFUSED_BAD_KIND, request->at);
    }
    if (!frame_exists(write.table)) {
        return result_refuse(vcpu->domain, VMMU_REFUSED_BAD_FRAME, at.a);
    }
    write.keep = kept_by(kind);
    enum vmmu_result result = ref_get(write.table, table_owner->id);
    if (result == VMMU_DONE) {
        result = write_anywhere(&write);
        ref_put(write.table);
        if (result == VMMU_DONE) {
            count_updates(vcpu, table_owner, 1);
        }
    }
    return result_report(vcpu->domain, result, write.word);
}

/* Runs. A run is a number of consecutive requests of one kind for one page, which is looked up and
 * locked only once.
 *
 * A run begins with `request` and goes no further than the request before `end`. `owner` owns the
 * page and each frame that the entries map. Each run function returns the first request that it has
 * not done, or `end`. If that is `request` itself, nothing was done: the request needs another run
 * function or the slow path. */

/* Says whether the request is of a kind that writes an entry. */
static inline bool is_write(const struct vmmu_request *request)
{
    const u32 writes =
        1u << VMMU_UPDATE_NORMAL | 1u << VMMU_UPDATE_PRESERVE_AD | 1u << VMMU_UPDATE_NO_TRANSLATE;
    return writes >> kind_of(request) & 1;
}

/* Says whether the request is of the same kind and for the same page as one with `first` as `at`.
 */
static inline bool is_alike(const struct vmmu_request *request, u64 first)
{
    const u64 place = (PAGE_SIZE - 1) & ~KIND_BITS;
    return ((request->at ^ first) & ~place) == 0;
}

/* Does one request in a locked table of this level and of `owner`, whose number is `id`; its
 * contents are `entries`; `keep`: as write.keep. WRITTEN_NOT, with the entry unchanged: the slot is
 * the hypervisor's, or write_entry_locked returned that. *left: as for write_entry_locked. */
ALWAYS_INLINE enum written serve_locked(const struct vmmu_request *request, u32 level,
                                        struct vmmu_domain *owner, u16 id, u64 keep,
                                        _Atomic u64 *entries, u64 *left)
{
    const struct write_terms terms = {keep, owner, id, false};
    const u32 index = (u32)(page_offset(request->at) / sizeof(u64));
    u64 old = word_read(&entries[index]);

    if (!entry_slot_is_guests(level, index)) {
        return WRITTEN_NOT;
    }
    return write_entry_locked(terms, level, &entries[index], &old,
                              entry_installed(level, request->entry), left);
}

/* Does a run in the page of `request`, which exists, if it is a live table of this level and of
 * `owner`. The run ends after a request that leaves a reference to be dropped, because that is done
 * without the lock. Adds to *checked the number of requests for which the result was
 * WRITTEN_RIGHT or WRITTEN_FRAME. */
ALWAYS_INLINE const struct vmmu_request *run_in_table(struct vmmu_domain *owner, u32 level,
                                                      const struct vmmu_request *request,
                                                      const struct vmmu_request *end, u64 *checked)
{
    const mfn_t page = mfn_of(maddr(request->at));
    const u64 first = request->at, keep = kept_by(kind_of(request));
    const u16 id = owner->id;
    u64 left = 0;

    if (!is_write(request) || !write_lock(page, level, id, WRITE_NOT_FAST)) {
        return request;
    }
    _Atomic u64 *const entries = frame_words(page);
    do {
        const enum written written = serve_locked(request, level, owner, id, keep, entries, &left);
        if (written == WRITTEN_NOT) {
            break;
        }
        if (written == WRITTEN_FRAME) {
            use_mark_part(frame_of(page), (u32)(page_offset(request->at) / sizeof(u64)));
        }
        *checked += written >= WRITTEN_RIGHT;
        request++;
    } while (request < end && !left && is_alike(request, first));
    type_unlock(page);
    if (left) {
        entry_put(level, left, id, flush_clock(id));
    }
    return request;
}

/* Does a run in the page of `request`, which exists, if it is an ordinary page of `owner` for which
 * type_get_writable_fast succeeds. A writable type reference keeps the page from becoming a table
 * meanwhile. */
static const struct vmmu_request *run_in_page(const struct vmmu_domain *owner,
                                              const struct vmmu_request *request,
                                              const struct vmmu_request *end)
{
    const mfn_t page = mfn_of(maddr(request->at));
    const u64 first = request->at;

    if (!is_write(request) || ref_get(page, owner->id) != VMMU_DONE) {
        return request;
    }
    if (type_get_writable_fast(frame_of(page))) {
        _Atomic u64 *const words = frame_words(page);
        do {
            word_write(&words[page_offset(request->at) / sizeof(u64)], request->entry);
            request++;
        } while (request < end && is_alike(request, first));
        type_put(page);
    }
    ref_put(page);
    return request;
}

/* Does a run in a page of any type, after run_in_table has done nothing for level 1. *checked: as
 * for run_in_table. */
static __attribute__((noinline)) const struct vmmu_request *
run_elsewhere(struct vmmu_domain *owner, const struct vmmu_request *request,
              const struct vmmu_request *end, u64 *checked)
{
    const u64 use = frame_type_word(mfn_of(maddr(request->at)));
    const enum vmmu_type type = use_type(use);

    if (!frame_count(use) || type == VMMU_TYPE_WRITABLE) {
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
        result = defer_complete(vcpu);
        if (result != VMMU_DONE) {
            break;
        }
        if (table_owner == frame_owner && frame_exists(mfn_of(maddr(request->at)))) {
            next = run_in_table(table_owner, 1, request, end, &checked);
            if (next == request) {
                next = run_elsewhere(table_owner, request, end, &checked);
            }
            count_updates(vcpu, table_owner, (u64)(next - request));
        }
        if (next == request) {
            result = serve_slow(vcpu, table_owner, frame_owner, next++);
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
    vcpu->counted.entries_checked += checked;
    *done = (u64)(request - requests);
    return result;
}

/* How vmmu_update_quick goes on where it does not store the entry itself. Both functions unlock the
 * table and return what vmmu_update_quick returns. They are not inlined, so that the request that
 * needs neither of them saves no registers. */

/* Serves the request for any entry, in a slot of the locked table. */
static __attribute__((noinline)) bool
update_locked(struct vmmu_vcpu *vcpu, struct vmmu_frame *table, _Atomic u64 *slot, u64 entry)
{
    const struct write_terms terms = {0, vcpu->domain, vcpu->domain->id, false};
    u64 left = 0, old = word_read(slot);
    const enum written written =
        write_entry_locked(terms, 1, slot, &old, entry_installed(1, entry), &left);

    type_unlock_frame(table);
    return write_ended(vcpu, written, left, &vcpu->counted.updates);
}

/* Gives the request up, and drops the reference on the frame that `entry` maps. */
static __attribute__((noinline)) bool update_abandoned(struct vmmu_vcpu *vcpu,
                                                       struct vmmu_frame *table, u64 entry)
{
    type_unlock_frame(table);
    return write_release(vcpu, WRITTEN_NOT, entry & ~PTE_WRITABLE, &vcpu->counted.updates);
}

/* The usual request is for an entry that is not present yet. Nobody else changes such an entry
 * while the table is locked: a processor sets bits of present ones only. So a store is enough, and
 * nothing is lessened. */
bool vmmu_update_quick(struct vmmu_vcpu *vcpu, struct vmmu_request request)
{
    const mfn_t page = mfn_of(maddr(request.at));
    const struct usual usual = usual_of_vcpu(vcpu);
    const u64 entry = request.entry;

    if (kind_of(&request) != VMMU_UPDATE_NORMAL || !mfn_is_none(vcpu->deferred.frame) ||
        !frame_exists(page)) {
        return false;
    }
    struct vmmu_frame *const table = frame_of(page);
    const u32 index = (u32)(page_offset(request.at) / sizeof(u64));
    if (!type_try_lock(table, VMMU_TYPE_L1, WRITE_NOT_FAST, use_part(index))) {
        return false;
    }
    if (!is_usual(usual, word_read(&table->references))) {
        type_unlock_frame(table);
        return false;
    }
    _Atomic u64 *const slot = frame_word(maddr(request.at));
    if ((word_read(slot) & PTE_PRESENT) || !entry_is_plain(1, entry)) {
        return update_locked(vcpu, table, slot, entry);
    }
    struct vmmu_frame *const target = frame_of(entry_frame(entry));
    if (!ref_get_usual(&target->references, usual)) {
        return update_locked(vcpu, table, slot, entry);
    }
    if ((entry & PTE_WRITABLE) && !type_get_writable_fast(target)) {
        return update_abandoned(vcpu, table, entry);
    }
    atomic_store_explicit(slot, entry_installed_present(1, entry), memory_order_release);
    type_unlock_frame(table);
    vcpu->counted.updates++;
    vcpu->counted.entries_checked++;
    return true;
}

enum vmmu_result vmmu_update(struct vmmu_vcpu *vcpu, struct vmmu_domain *table_owner,
                             struct vmmu_domain *frame_owner, maddr_t at, u64 entry,
                             enum vmmu_update_kind kind)
{
    const struct vmmu_request request = {at.a | kind, entry};
    u64 done;

    if (at.a % sizeof(u64)) {
        const enum vmmu_result result = defer_complete(vcpu);
        return result == VMMU_DONE ? result_refuse(vcpu->domain, VMMU_REFUSED_BAD_ADDRESS, at.a)
                                   : result;
    }
    return vmmu_update_many(vcpu, table_owner, frame_owner, &request, 1, &done);
}
