/* SPDX-License-Identifier: MIT */
/* Changes of entries, as the oracle sees them. */
#include "tests/model/oracle_parts.h"

#include <string.h>

#define EMULATE_TRIES 8u

/* The change of one entry: where it is, and its new value. */
struct write {
    struct oracle_vcpu *v;
    u32 table_owner, frame_owner, table, slot;
    u64 entry;
    bool preserve, swapped;
};

/* Says whether both entries are present and `next` needs no reference that `old` does not hold: it
 * at most makes a page read-only. */
static bool inherits(u32 level, u64 old, u64 next)
{
    const u64 guarded =
        PTE_PRESENT | PTE_WRITABLE | PTE_PWT | PTE_PCD | PTE_LARGE | PTE_GLOBAL | PTE_ADDRESS;
    const u64 differ = (old ^ next) & guarded;
    return (old & PTE_PRESENT) &&
           (!differ || (level == 1 && differ == PTE_WRITABLE && (old & PTE_WRITABLE)));
}

static void put_word(struct oracle *o, struct write *w, u64 next)
{
    u64 *word = &o->frame[w->table].word[oracle_slot_position(w->slot)];
    *word = w->preserve ? next | (*word & (PTE_ACCESSED | PTE_DIRTY)) : next;
    w->swapped = true;
}

static void let_go(struct oracle *o, struct write *w, u32 level, u64 entry)
{
    if ((entry & PTE_PRESENT) && oracle_put_entry(o, level, entry) != VMMU_DONE) {
        oracle_owe(w->v, oracle_target(entry), false);
    }
}

static enum vmmu_result change_entry(struct oracle *o, struct write *w, u32 level)
{
    u64 next = oracle_installed(level, w->entry);
    const u64 old = oracle_word(o, w->table, w->slot);
    bool held = false;
    if (!oracle_slot_is_guests(level, w->slot)) {
        return VMMU_REFUSED_HYPERVISOR_SLOT;
    }
    if (inherits(level, old, next)) {
        put_word(o, w, next);
        if (((old ^ next) & PTE_WRITABLE) && !oracle_names_device(o, level, old)) {
            oracle_put_type(o, oracle_target(old));
        }
        return VMMU_DONE;
    }
    o->domain[w->v->domain].entries_checked++;
    const bool device = oracle_names_device(o, level, next);
    enum vmmu_result result = device
                                  ? oracle_accept_device(o, w->table_owner, w->frame_owner, &next)
                                  : oracle_check_entry(o, level, w->entry);
    if (result == VMMU_DONE && (next & PTE_PRESENT) && !device) {
        result = oracle_get_entry(o, level, next, w->table_owner, w->frame_owner, &held);
    }
    if (result != VMMU_DONE) {
        if (held) {
            oracle_abandon(o, w->v, oracle_target(next), result);
        }
        return result;
    }
    if (!o->frame[w->table].open || (u32)o->frame[w->table].type != level) {
        /* Demoting the partial target has demoted this very table. */
        let_go(o, w, level, next);
        return VMMU_AGAIN;
    }
    put_word(o, w, next);
    let_go(o, w, level, old);
    return VMMU_DONE;
}

static enum vmmu_result change_anywhere(struct oracle *o, struct write *w)
{
    const struct oracle_frame *f = &o->frame[w->table];
    if (f->types == 0 || f->type == VMMU_TYPE_WRITABLE) {
        const enum vmmu_result result = oracle_get_type(o, w->table, VMMU_TYPE_WRITABLE);
        if (result == VMMU_DONE) {
            o->frame[w->table].word[oracle_slot_position(w->slot)] = w->entry;
            oracle_put_type(o, w->table);
        }
        return result;
    }
    if (f->type == VMMU_TYPE_DESCRIPTOR) {
        return VMMU_REFUSED_DESCRIPTOR_PAGE;
    }
    if (f->type == VMMU_TYPE_SHARED) {
        return VMMU_REFUSED_WRONG_TYPE;
    }
    return f->open ? change_entry(o, w, (u32)f->type) : VMMU_REFUSED_TABLE_BUSY;
}

enum vmmu_result oracle_update(struct oracle *o, struct oracle_vcpu *v, const struct model_op *op)
{
    struct write w = {.v = v,
                      .table_owner = op->domain,
                      .frame_owner = op->other,
                      .table = (u32)(op->at >> 12),
                      .slot = (u32)(op->at >> 3 & 511),
                      .entry = op->value,
                      .preserve = op->number == VMMU_UPDATE_PRESERVE_AD};
    if (op->at % 8) {
        return VMMU_REFUSED_BAD_ADDRESS;
    }
    if (op->number == VMMU_UPDATE_M2P) {
        return oracle_set_m2p(o, op->at >> 12, op->other, op->value);
    }
    if (op->number > VMMU_UPDATE_NO_TRANSLATE) {
        return VMMU_REFUSED_BAD_KIND;
    }
    if (op->at >> 12 >= o->frames) {
        return VMMU_REFUSED_BAD_FRAME;
    }
    enum vmmu_result result = oracle_get(o, w.table, op->domain);
    if (result == VMMU_DONE) {
        result = change_anywhere(o, &w);
        oracle_put(o, w.table);
        o->domain[op->domain].updates += result == VMMU_DONE;
    }
    return result;
}

enum vmmu_result oracle_update_va(struct oracle *o, struct oracle_vcpu *v,
                                  const struct model_op *op)
{
    if (!oracle_address_is_guests(op->at)) {
        return VMMU_REFUSED_BAD_ADDRESS;
    }
    const u32 m = oracle_table(o, op->vcpu, op->at, 1);
    if (m == ORACLE_NONE) {
        return VMMU_REFUSED_NO_TABLE;
    }
    struct write w = {.v = v,
                      .table_owner = v->domain,
                      .frame_owner = op->other,
                      .table = m,
                      .slot = op->at >> 12 & 511,
                      .entry = op->value};
    oracle_get(o, m, v->domain);
    const enum vmmu_result result = change_entry(o, &w, 1);
    oracle_put(o, m);
    o->domain[v->domain].updates += result == VMMU_DONE;
    return result;
}

/* The live L1 table of the vCPU's domain that `va` maps read-only, or ORACLE_NONE. */
u32 oracle_shown_table(const struct oracle *o, u32 vcpu, u64 va)
{
    const u64 entry = oracle_walk(o, vcpu, va);
    const u32 m = oracle_target(entry);
    if ((entry & (PTE_PRESENT | PTE_WRITABLE)) != PTE_PRESENT || oracle_names_device(o, 1, entry)) {
        return ORACLE_NONE;
    }
    const struct oracle_frame *f = &o->frame[m];
    return f->owner == o->vcpu[vcpu].domain && f->type == VMMU_TYPE_L1 && f->open ? m : ORACLE_NONE;
}

/* Finds the live L1 table of the vCPU's domain that contains machine address `at`. */
static enum vmmu_result find_l1(const struct oracle *o, const struct oracle_vcpu *v, u64 at)
{
    if (at % 8) {
        return VMMU_REFUSED_BAD_ADDRESS;
    }
    if (at >> 12 >= o->frames) {
        return VMMU_REFUSED_BAD_FRAME;
    }
    const struct oracle_frame *f = &o->frame[at >> 12];
    if (f->owner != v->domain) {
        return VMMU_REFUSED_NOT_OWNER;
    }
    return f->type == VMMU_TYPE_L1 && f->open ? VMMU_DONE : VMMU_REFUSED_NOT_L1_TABLE;
}

static bool is_store(u64 at, u32 bytes)
{
    return (bytes == 1 || bytes == 2 || bytes == 4 || bytes == 8) && at % bytes == 0;
}

enum vmmu_result oracle_emulated_write_at(struct oracle *o, struct oracle_vcpu *v, u64 at,
                                          const struct model_op *op)
{
    const u32 m = (u32)(at >> 12);
    struct write w = {.v = v,
                      .table_owner = v->domain,
                      .frame_owner = v->domain,
                      .table = m,
                      .slot = at >> 3 & 511};
    enum vmmu_result result = VMMU_AGAIN;
    if (!is_store(at, op->number)) {
        return VMMU_REFUSED_BAD_ADDRESS;
    }
    if (find_l1(o, v, at & ~7ull) != VMMU_DONE) {
        return VMMU_REFUSED_NOT_L1_TABLE;
    }
    oracle_get(o, m, v->domain);
    for (u32 tries = 0; tries < EMULATE_TRIES && result == VMMU_AGAIN; tries++) {
        const u64 old = oracle_word(o, m, w.slot);
        u8 bytes_now[8];
        memcpy(bytes_now, &old, 8);
        if (memcmp(&bytes_now[at % 8], &op->expected, op->number) != 0) {
            result = VMMU_DONE;
            break;
        }
        memcpy(&bytes_now[at % 8], &op->value, op->number);
        memcpy(&w.entry, bytes_now, 8);
        result = change_entry(o, &w, 1);
    }
    oracle_put(o, m);
    o->answer = w.swapped;
    o->domain[v->domain].emulated_writes += w.swapped;
    return result;
}

enum vmmu_result oracle_emulated_write(struct oracle *o, struct oracle_vcpu *v,
                                       const struct model_op *op)
{
    if (!is_store(op->at, op->number)) {
        return VMMU_REFUSED_BAD_ADDRESS;
    }
    const u32 m = oracle_shown_table(o, op->vcpu, op->at);
    if (m == ORACLE_NONE) {
        return VMMU_REFUSED_NOT_L1_TABLE;
    }
    return oracle_emulated_write_at(o, v, (u64)m << 12 | (op->at & 4095), op);
}

enum vmmu_result oracle_map_at(struct oracle *o, struct oracle_vcpu *v, const struct model_op *op)
{
    struct write w = {.v = v,
                      .table_owner = v->domain,
                      .frame_owner = op->other,
                      .table = (u32)(op->at >> 12),
                      .slot = (u32)(op->at >> 3 & 511),
                      .entry = op->value};
    enum vmmu_result result = find_l1(o, v, op->at);
    if (result == VMMU_DONE) {
        oracle_get(o, w.table, v->domain);
        result = change_entry(o, &w, 1);
        oracle_put(o, w.table);
    }
    o->domain[v->domain].updates += result == VMMU_DONE;
    return result;
}

static bool is_mapping(u64 entry, u64 m, bool writable)
{
    return (entry & PTE_PRESENT) && (entry >> 12 & 0xffffffffffull) == m &&
           !(entry & PTE_WRITABLE) == !writable;
}

enum vmmu_result oracle_unmap_at(struct oracle *o, struct oracle_vcpu *v, u64 at, u64 m,
                                 bool writable)
{
    struct write w = {.v = v, .table = (u32)(at >> 12), .slot = (u32)(at >> 3 & 511)};
    const enum vmmu_result result = find_l1(o, v, at);
    if (result != VMMU_DONE) {
        return result;
    }
    if (!is_mapping(oracle_word(o, w.table, w.slot), m, writable)) {
        return VMMU_REFUSED_NOT_THAT_MAPPING;
    }
    oracle_get(o, w.table, v->domain);
    change_entry(o, &w, 1);
    oracle_put(o, w.table);
    return VMMU_DONE;
}

enum vmmu_result oracle_unmap_va(struct oracle *o, struct oracle_vcpu *v, const struct model_op *op)
{
    if (!oracle_address_is_guests(op->at)) {
        return VMMU_REFUSED_BAD_ADDRESS;
    }
    const u32 m = oracle_table(o, op->vcpu, op->at, 1);
    if (m == ORACLE_NONE) {
        return VMMU_REFUSED_NO_TABLE;
    }
    return oracle_unmap_at(o, v, (u64)m << 12 | (op->at >> 9 & 0xff8), op->value, op->number);
}

/* The word that holds the L1 entry for `va`. */
static enum vmmu_result find_entry(struct oracle *o, u32 vcpu, u64 va, u64 **word)
{
    const u32 i = oracle_slot_position(va >> 12 & 511);
    if (!oracle_address_is_guests(va)) {
        return VMMU_REFUSED_BAD_ADDRESS;
    }
    const u32 m = oracle_table(o, vcpu, va, 1);
    if (m == ORACLE_NONE) {
        return VMMU_REFUSED_NO_TABLE;
    }
    *word = &o->frame[m].word[i];
    return VMMU_DONE;
}

enum vmmu_result oracle_replace_va(struct oracle *o, struct oracle_vcpu *v,
                                   const struct model_op *op)
{
    u64 *to, *from;
    enum vmmu_result result = find_entry(o, op->vcpu, op->at, &to);
    if (result == VMMU_DONE) {
        result = find_entry(o, op->vcpu, op->expected, &from);
    }
    if (result != VMMU_DONE) {
        return result;
    }
    const u64 old = *to;
    if (!is_mapping(old, op->value, op->number)) {
        return VMMU_REFUSED_NOT_THAT_MAPPING;
    }
    /* The entry moves with its references. The one that it replaces, perhaps itself, loses its
     * own. */
    *to = *from;
    *from = 0;
    let_go(o, &(struct write){.v = v}, 1, old);
    return VMMU_DONE;
}
