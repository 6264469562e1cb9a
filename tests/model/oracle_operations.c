/* SPDX-License-Identifier: MIT */
/* The operations of a vCPU in the oracle: what each returns, and its effects. */
#include "tests/model/oracle_parts.h"

static bool is_refusal(enum vmmu_result result)
{
    return result > VMMU_AGAIN;
}

/* ---- a vCPU's deferred release
 * ----------------------------------------------------------------------- */

void oracle_owe(struct oracle_vcpu *v, u32 m, bool put)
{
    v->owed = m;
    v->owed_put = put;
}

static void put_or_owe(struct oracle *o, struct oracle_vcpu *v, u32 m)
{
    if (oracle_put_type(o, m) == VMMU_DONE) {
        oracle_put(o, m);
    } else {
        oracle_owe(v, m, false);
    }
}

/* Records what the failed attempt to get a type reference on `m` left behind. `result`: how it
 * failed. */
void oracle_abandon(struct oracle *o, struct oracle_vcpu *v, u32 m, enum vmmu_result result)
{
    const u32 owner = o->frame[m].owner;
    const bool dies = owner != v->domain && o->domain[owner].dying;
    if ((is_refusal(result) || dies) && o->frame[m].partial) {
        oracle_owe(v, m, false);
    } else {
        oracle_put(o, m);
    }
}

enum vmmu_result oracle_settle(struct oracle *o, struct oracle_vcpu *v)
{
    if (v->owed == ORACLE_NONE) {
        return VMMU_DONE;
    }
    const u32 m = v->owed;
    const enum vmmu_result result =
        v->owed_put ? oracle_put_type(o, m) : oracle_finish_partial(o, m);
    if (result != VMMU_DONE) {
        v->owed_put = false;
        return result;
    }
    v->owed = ORACLE_NONE;
    oracle_put(o, m);
    return VMMU_DONE;
}

/* ---- pins and roots ------------------------------------------------------------------------- */

static enum vmmu_result pin(struct oracle *o, struct oracle_vcpu *v, const struct model_op *op)
{
    const u32 m = (u32)op->at;
    if (op->number < 1 || op->number > 4) {
        return VMMU_REFUSED_BAD_LEVEL;
    }
    if (op->at >= o->frames) {
        return VMMU_REFUSED_BAD_FRAME;
    }
    if (op->domain != v->domain && o->domain[op->domain].dying) {
        return VMMU_REFUSED_DOMAIN_DYING;
    }
    enum vmmu_result result = oracle_get(o, m, op->domain);
    if (result != VMMU_DONE) {
        return result;
    }
    if (o->frame[m].pinned) {
        oracle_put(o, m);
        return VMMU_REFUSED_ALREADY_PINNED;
    }
    result = oracle_get_type(o, m, (enum vmmu_type)op->number);
    if (result != VMMU_DONE) {
        oracle_abandon(o, v, m, result);
        return result;
    }
    o->frame[m].pinned = true;
    o->domain[op->domain].pins++;
    return VMMU_DONE;
}

static enum vmmu_result unpin(struct oracle *o, struct oracle_vcpu *v, const struct model_op *op)
{
    const u32 m = (u32)op->at;
    if (op->at >= o->frames) {
        return VMMU_REFUSED_BAD_FRAME;
    }
    if (o->frame[m].owner != op->domain) {
        return VMMU_REFUSED_NOT_OWNER;
    }
    if (!o->frame[m].pinned) {
        return VMMU_REFUSED_NOT_PINNED;
    }
    o->frame[m].pinned = false;
    o->domain[op->domain].unpins++;
    put_or_owe(o, v, m);
    return VMMU_DONE;
}

static enum vmmu_result get_root(struct oracle *o, struct oracle_vcpu *v, u64 at)
{
    enum vmmu_result result =
        at < o->frames ? oracle_get(o, (u32)at, v->domain) : VMMU_REFUSED_BAD_FRAME;
    if (result == VMMU_DONE) {
        result = oracle_get_type(o, (u32)at, VMMU_TYPE_L4);
        if (result != VMMU_DONE) {
            oracle_abandon(o, v, (u32)at, result);
        }
    }
    return result;
}

static void drop_page(struct oracle *o, u32 *page)
{
    if (*page != ORACLE_NONE) {
        oracle_put_type(o, *page);
        oracle_put(o, *page);
        *page = ORACLE_NONE;
    }
}

void oracle_ldt_drop(struct oracle *o, struct oracle_vcpu *v)
{
    for (u32 i = 0; i < VMMU_LDT_FRAMES; i++) {
        drop_page(o, &v->ldt[i]);
    }
}

/* Gives a table that has become a kernel root or a user root the hypervisor's slots of that kind;
 * shows the M2P in the former or hides it in the latter, if the mode of the domain is the one in
 * which that happens. */
static void give_slots(struct oracle *o, u32 domain, u32 m, bool kernel)
{
    for (u32 index = 257; index < 272; index++) {
        o->frame[m].word[oracle_slot_position(index)] =
            o->hypervisor_slot[domain][!kernel][index - 256];
    }
    if (kernel && !o->domain[domain].hides_m2p) {
        o->frame[m].word[oracle_slot_position(256)] = o->hypervisor_slot[domain][!kernel][0];
    }
    if (!kernel && o->domain[domain].hides_m2p) {
        o->frame[m].word[oracle_slot_position(256)] = 0;
    }
}

static enum vmmu_result kernel_root(struct oracle *o, struct oracle_vcpu *v,
                                    const struct model_op *op)
{
    const u32 old = v->kernel_root;
    if (op->at != (old == ORACLE_NONE ? MFN_NONE.n : old)) {
        const enum vmmu_result result = get_root(o, v, op->at);
        if (result != VMMU_DONE) {
            return result;
        }
        v->kernel_root = (u32)op->at;
        if (old != ORACLE_NONE) {
            oracle_owe(v, old, true);
        }
    }
    give_slots(o, v->domain, v->kernel_root, true);
    oracle_ldt_drop(o, v);
    o->domain[v->domain].root_switches++;
    return VMMU_DONE;
}

static enum vmmu_result user_root(struct oracle *o, struct oracle_vcpu *v,
                                  const struct model_op *op)
{
    const u32 old = v->user_root;
    const u32 next = op->at == MFN_NONE.n ? ORACLE_NONE : (u32)op->at;
    if (next != ORACLE_NONE && op->at != old) {
        const enum vmmu_result result = get_root(o, v, op->at);
        if (result != VMMU_DONE) {
            return result;
        }
    }
    if (next != ORACLE_NONE) {
        give_slots(o, v->domain, next, false);
    }
    v->user_root = next;
    if (old != ORACLE_NONE && next != old) {
        put_or_owe(o, v, old);
    }
    return VMMU_DONE;
}

/* ---- descriptors ---------------------------------------------------------------------------- */

static enum vmmu_result get_page(struct oracle *o, u32 domain, u32 m)
{
    enum vmmu_result result = m < o->frames ? oracle_get(o, m, domain) : VMMU_REFUSED_BAD_FRAME;
    if (result == VMMU_DONE) {
        result = oracle_get_type(o, m, VMMU_TYPE_DESCRIPTOR);
        if (result != VMMU_DONE) {
            oracle_put(o, m);
        }
    }
    return result;
}

static enum vmmu_result set_gdt(struct oracle *o, struct oracle_vcpu *v, const struct model_op *op)
{
    u32 frames[VMMU_GDT_FRAMES];
    if (op->number > VMMU_GDT_FRAMES || op->entries > op->number * 512) {
        return VMMU_REFUSED_TOO_MANY_DESCRIPTORS;
    }
    for (u32 i = 0; i < op->number; i++) {
        frames[i] = op->list[i < 3 ? i : 3];
        const enum vmmu_result result = get_page(o, v->domain, frames[i]);
        if (result != VMMU_DONE) {
            while (i-- > 0) {
                drop_page(o, &frames[i]);
            }
            return result;
        }
    }
    for (u32 i = 0; i < VMMU_GDT_FRAMES; i++) {
        drop_page(o, &v->gdt[i]);
        v->gdt[i] = i < op->number ? frames[i] : ORACLE_NONE;
    }
    v->gdt_entries = op->entries;
    return VMMU_DONE;
}

static enum vmmu_result set_ldt(struct oracle *o, struct oracle_vcpu *v, const struct model_op *op)
{
    const u64 last = op->at + op->entries * 8ull - 1;
    if (op->entries > 8192) {
        return VMMU_REFUSED_TOO_MANY_DESCRIPTORS;
    }
    if (op->entries && (op->at % 4096 || last < op->at || !oracle_address_is_guests(op->at) ||
                        !oracle_address_is_guests(last))) {
        return VMMU_REFUSED_BAD_ADDRESS;
    }
    oracle_ldt_drop(o, v);
    v->ldt_base = op->entries ? op->at : 0;
    v->ldt_entries = op->entries;
    return VMMU_DONE;
}

static enum vmmu_result ldt_fault(struct oracle *o, struct oracle_vcpu *v,
                                  const struct model_op *op)
{
    if (op->number >= VMMU_LDT_FRAMES || op->number * 512 >= v->ldt_entries) {
        return VMMU_REFUSED_NO_LDT_PAGE;
    }
    if (v->ldt[op->number] != ORACLE_NONE) {
        return VMMU_DONE;
    }
    const u64 entry = oracle_walk(o, op->vcpu, v->ldt_base + op->number * 4096ull);
    if (!(entry & PTE_PRESENT)) {
        return VMMU_REFUSED_NO_LDT_PAGE;
    }
    const enum vmmu_result result = get_page(o, v->domain, oracle_target(entry));
    if (result == VMMU_DONE) {
        v->ldt[op->number] = oracle_target(entry);
    }
    return result;
}

static enum vmmu_result descriptor(struct oracle *o, struct oracle_vcpu *v,
                                   const struct model_op *op)
{
    const u64 next = oracle_descriptor_installed(op->value);
    const u32 m = (u32)(op->at >> 12);
    if (op->at % 8) {
        return VMMU_REFUSED_BAD_ADDRESS;
    }
    if (op->at >> 12 >= o->frames) {
        return VMMU_REFUSED_BAD_FRAME;
    }
    if (!oracle_descriptor_allowed(next)) {
        return VMMU_REFUSED_BAD_DESCRIPTOR;
    }
    enum vmmu_result result = oracle_get(o, m, v->domain);
    if (result != VMMU_DONE) {
        return result;
    }
    struct oracle_frame *f = &o->frame[m];
    const bool live = f->types && f->type == VMMU_TYPE_DESCRIPTOR;
    result = oracle_get_type(o, m, live ? VMMU_TYPE_DESCRIPTOR : VMMU_TYPE_WRITABLE);
    if (result == VMMU_DONE) {
        f->word[oracle_slot_position(op->at >> 3 & 511)] = next;
        oracle_put_type(o, m);
    }
    oracle_put(o, m);
    return result;
}

/* ---- all of them ---------------------------------------------------------------------------- */

enum vmmu_result oracle_vcpu_stop(struct oracle *o, struct oracle_vcpu *v)
{
    u32 *const roots[] = {&v->kernel_root, &v->user_root};
    for (u32 i = 0; i < 2; i++) {
        if (oracle_settle(o, v) != VMMU_DONE) {
            return VMMU_AGAIN;
        }
        if (*roots[i] != ORACLE_NONE) {
            put_or_owe(o, v, *roots[i]);
            *roots[i] = ORACLE_NONE;
            if (v->owed != ORACLE_NONE) {
                return VMMU_AGAIN;
            }
        }
    }
    for (u32 i = 0; i < VMMU_GDT_FRAMES; i++) {
        drop_page(o, &v->gdt[i]);
    }
    oracle_ldt_drop(o, v);
    v->gdt_entries = v->ldt_entries = 0;
    return oracle_settle(o, v);
}

enum vmmu_result oracle_of_vcpu(struct oracle *o, const struct model_op *op)
{
    struct oracle_vcpu *v = &o->vcpu[op->vcpu];
    const enum vmmu_result result = oracle_settle(o, v);
    if (result != VMMU_DONE) {
        return result;
    }
    switch (op->kind) {
    case OP_UPDATE:
        return oracle_update(o, v, op);
    case OP_UPDATE_VA:
        return oracle_update_va(o, v, op);
    case OP_EMULATED_WRITE:
        return oracle_emulated_write(o, v, op);
    case OP_EMULATED_AT:
        return oracle_emulated_write_at(o, v, op->at, op);
    case OP_MAP_AT:
        return oracle_map_at(o, v, op);
    case OP_UNMAP_AT:
        return oracle_unmap_at(o, v, op->at, op->value, op->number);
    case OP_UNMAP_VA:
        return oracle_unmap_va(o, v, op);
    case OP_REPLACE_VA:
        return oracle_replace_va(o, v, op);
    case OP_PIN:
        return pin(o, v, op);
    case OP_UNPIN:
        return unpin(o, v, op);
    case OP_KERNEL_ROOT:
        return kernel_root(o, v, op);
    case OP_USER_ROOT:
        return user_root(o, v, op);
    case OP_SET_GDT:
        return set_gdt(o, v, op);
    case OP_SET_LDT:
        return set_ldt(o, v, op);
    case OP_LDT_FAULT:
        return ldt_fault(o, v, op);
    case OP_DESCRIPTOR:
        return descriptor(o, v, op);
    default:
        return VMMU_DONE; /* FINISH */
    }
}
