/* SPDX-License-Identifier: MIT */
/* The oracle's frames and owners, the end of a domain, and the entry point of all operations. */
#include "tests/model/oracle_parts.h"

#include <string.h>

/* ---- frames --------------------------------------------------------------------------------- */

static enum vmmu_result give(struct oracle *o, const struct model_op *op)
{
    struct oracle_domain *d = &o->domain[op->domain];
    if (d->dying) {
        return VMMU_REFUSED_DOMAIN_DYING;
    }
    if (op->at >= o->frames) {
        return VMMU_REFUSED_BAD_FRAME;
    }
    if (d->frames >= d->frames_max) {
        return VMMU_REFUSED_TOO_MANY_FRAMES;
    }
    d->frames++;
    o->frame[op->at] = (struct oracle_frame){
        .owner = (u8)op->domain, .allocated = true, .references = 1, .m2p = op->value};
    return VMMU_DONE;
}

static enum vmmu_result take(struct oracle *o, const struct model_op *op)
{
    if (op->at >= o->frames) {
        return VMMU_REFUSED_BAD_FRAME;
    }
    struct oracle_frame *f = &o->frame[op->at];
    if (f->owner != op->domain || f->type == VMMU_TYPE_SHARED) {
        return VMMU_REFUSED_NOT_OWNER;
    }
    if (!f->allocated) {
        return VMMU_REFUSED_ALREADY_RELEASED;
    }
    f->allocated = false;
    oracle_put(o, (u32)op->at);
    return VMMU_DONE;
}

static enum vmmu_result take_unused(struct oracle *o, const struct model_op *op)
{
    const struct oracle_frame *f = op->at < o->frames ? &o->frame[op->at] : NULL;
    if (f && f->owner == op->domain && f->type != VMMU_TYPE_SHARED && f->allocated &&
        f->references != 1) {
        return VMMU_REFUSED_WRONG_TYPE;
    }
    return take(o, op);
}

static enum vmmu_result share(struct oracle *o, const struct model_op *op)
{
    o->frame[op->at] = (struct oracle_frame){.owner = (u8)op->domain,
                                             .allocated = true,
                                             .open = true,
                                             .type = VMMU_TYPE_SHARED,
                                             .types = 1,
                                             .references = 1,
                                             .share_writable = op->number,
                                             .m2p = ~0ull};
    return VMMU_DONE;
}

static enum vmmu_result unshare(struct oracle *o, const struct model_op *op)
{
    oracle_put_type(o, (u32)op->at);
    o->frame[op->at].allocated = false;
    oracle_put(o, (u32)op->at);
    return VMMU_DONE;
}

static enum vmmu_result hold(struct oracle *o, const struct model_op *op)
{
    const u32 m = (u32)op->at;
    enum vmmu_result result =
        op->at < o->frames ? oracle_get(o, m, op->domain) : VMMU_REFUSED_BAD_FRAME;
    if (result == VMMU_DONE) {
        const bool shared = o->frame[m].type == VMMU_TYPE_SHARED;
        result = oracle_get_type(o, m, shared ? VMMU_TYPE_SHARED : VMMU_TYPE_WRITABLE);
        if (result != VMMU_DONE) {
            oracle_put(o, m);
        } else {
            o->frame[m].held++;
        }
    }
    return result;
}

static enum vmmu_result unhold(struct oracle *o, const struct model_op *op)
{
    o->frame[op->at].held--;
    oracle_put_type(o, (u32)op->at);
    oracle_put(o, (u32)op->at);
    return VMMU_DONE;
}

static enum vmmu_result reference(struct oracle *o, const struct model_op *op)
{
    if (op->at >= o->frames) {
        return VMMU_REFUSED_BAD_FRAME;
    }
    const enum vmmu_result result = oracle_get(o, (u32)op->at, op->domain);
    o->frame[op->at].looked += result == VMMU_DONE;
    return result;
}

static enum vmmu_result unreference(struct oracle *o, const struct model_op *op)
{
    o->frame[op->at].looked--;
    oracle_put(o, (u32)op->at);
    return VMMU_DONE;
}

enum vmmu_result oracle_set_m2p(struct oracle *o, u64 m, u32 owner, u64 value)
{
    if (m >= o->frames) {
        return VMMU_REFUSED_BAD_FRAME;
    }
    if (o->frame[m].owner != owner || owner >= ORACLE_DOMAINS) {
        return VMMU_REFUSED_NOT_OWNER;
    }
    o->frame[m].m2p = value;
    return VMMU_DONE;
}

/* ---- the beginning and end of a domain ------------------------------------------------------ */

static enum vmmu_result domain_start(struct oracle *o, const struct model_op *op)
{
    static const u8 access[2][ORACLE_DEVICE_KINDS] = {
        {VMMU_ACCESS_READ, VMMU_ACCESS_NONE, VMMU_ACCESS_WRITE},
        {VMMU_ACCESS_WRITE, VMMU_ACCESS_WRITE, VMMU_ACCESS_READ, VMMU_ACCESS_NONE,
         VMMU_ACCESS_WRITE}};
    memcpy(o->access[op->domain], access[op->domain % 2], sizeof(access[0]));
    o->domain[op->domain] = (struct oracle_domain){.started = true, .frames_max = op->number};
    for (u32 i = 0; i < 2; i++) {
        struct oracle_vcpu *v = &o->vcpu[(op->domain - 1) * 2 + i];
        *v = (struct oracle_vcpu){.domain = op->domain,
                                  .kernel_root = ORACLE_NONE,
                                  .user_root = ORACLE_NONE,
                                  .owed = ORACLE_NONE};
        for (u32 j = 0; j < VMMU_GDT_FRAMES; j++) {
            v->gdt[j] = ORACLE_NONE;
        }
        for (u32 j = 0; j < VMMU_LDT_FRAMES; j++) {
            v->ldt[j] = ORACLE_NONE;
        }
    }
    return VMMU_DONE;
}

/* Drops the pin or the partial state of one frame, and with `whole` the domain's ownership
 * reference. */
static enum vmmu_result release(struct oracle *o, u32 m, bool whole)
{
    struct oracle_frame *f = &o->frame[m];
    enum vmmu_result result;
    if (f->type == VMMU_TYPE_SHARED) {
        return VMMU_DONE;
    }
    f->references++;
    if (f->pinned) {
        f->pinned = false;
        result = oracle_put_type(o, m);
        oracle_put(o, m);
    } else {
        result = oracle_finish_partial(o, m);
    }
    if (result == VMMU_DONE && whole && f->allocated) {
        f->allocated = false;
        oracle_put(o, m);
    }
    oracle_put(o, m);
    return result;
}

static bool told_to_stop(struct oracle *o)
{
    o->asks++;
    return o->asks == o->stop_at || (o->stop_each && o->asks % o->stop_each == 0);
}

/* The first pass: to the next frame that is pinned or partial, and over it. */
static enum vmmu_result unpin_next(struct oracle *o, u16 id)
{
    u32 *m = &o->domain[id].unpinned;
    while (*m < o->frames &&
           (o->frame[*m].owner != id || !(o->frame[*m].pinned || o->frame[*m].partial))) {
        ++*m;
    }
    if (*m == o->frames) {
        return VMMU_DONE;
    }
    const enum vmmu_result result = release(o, *m, false);
    *m += result == VMMU_DONE;
    return result;
}

static bool has_frames(const struct oracle *o, u16 id)
{
    for (u32 m = 0; m < o->frames; m++) {
        if (o->frame[m].owner == id && o->frame[m].type != VMMU_TYPE_SHARED) {
            return true;
        }
    }
    return false;
}

/* Says whether nothing but the domain's ownership refers to the frame. */
static bool is_alone(const struct oracle_frame *f, u16 id)
{
    return f->owner == id && f->allocated && f->references == 1 && f->type != VMMU_TYPE_SHARED;
}

/* The second pass: to the next frame of the domain, and over it, or over all those behind it that
 * nothing else refers to. */
static enum vmmu_result release_next(struct oracle *o, u16 id)
{
    u32 *m = &o->domain[id].released;
    while (*m < o->frames && o->frame[*m].owner != id) {
        ++*m;
    }
    if (*m == o->frames) {
        return VMMU_DONE;
    }
    if (!is_alone(&o->frame[*m], id)) {
        const enum vmmu_result result = release(o, *m, true);
        *m += result == VMMU_DONE;
        return result;
    }
    for (; *m < o->frames && is_alone(&o->frame[*m], id); ++*m) {
        release(o, *m, true);
    }
    return VMMU_DONE;
}

static enum vmmu_result domain_stop(struct oracle *o, const struct model_op *op)
{
    struct oracle_domain *d = &o->domain[op->domain];
    d->dying = true;
    while (d->unpinned < o->frames) {
        if (unpin_next(o, op->domain) != VMMU_DONE || told_to_stop(o)) {
            return VMMU_AGAIN;
        }
    }
    while (d->released < o->frames && has_frames(o, op->domain)) {
        if (release_next(o, op->domain) != VMMU_DONE || told_to_stop(o)) {
            return VMMU_AGAIN;
        }
    }
    return VMMU_DONE;
}

/* ---- all operations ------------------------------------------------------------------------- */

static enum vmmu_result of_domain(struct oracle *o, const struct model_op *op)
{
    switch (op->kind) {
    case OP_GIVE:
        return give(o, op);
    case OP_TAKE:
        return take(o, op);
    case OP_TAKE_UNUSED:
        return take_unused(o, op);
    case OP_SHARE:
        return share(o, op);
    case OP_UNSHARE:
        return unshare(o, op);
    case OP_HOLD:
        return hold(o, op);
    case OP_UNHOLD:
        return unhold(o, op);
    case OP_REFERENCE:
        return reference(o, op);
    case OP_UNREFERENCE:
        return unreference(o, op);
    case OP_SET_M2P:
        return oracle_set_m2p(o, op->at, op->domain, op->value);
    case OP_HIDE_M2P:
        o->domain[op->domain].hides_m2p = op->number;
        return VMMU_DONE;
    case OP_DEVICE_RIGHT:
        o->access[op->domain][oracle_device_kind(o, op->at)] = (u8)op->number;
        return VMMU_DONE;
    case OP_DOMAIN_START:
        return domain_start(o, op);
    default:
        return domain_stop(o, op);
    }
}

/* The device frame that the address is mapped to read-only. */
static u64 find_device(const struct oracle *o, const struct model_op *op)
{
    const u64 entry = oracle_walk(o, op->vcpu, op->at);
    return oracle_names_device(o, 1, entry) && !(entry & PTE_WRITABLE)
               ? entry >> 12 & 0xffffffffffull
               : MFN_NONE.n;
}

static bool is_of_vcpu(enum model_op_kind kind)
{
    return (kind >= OP_UPDATE && kind <= OP_VCPU_STOP);
}

enum vmmu_result oracle_predict(struct oracle *o, const struct model_op *op)
{
    enum vmmu_result result;
    o->asks = 0;
    o->stop_at = op->stop_at;
    o->stop_each = op->stop_each;
    o->answer = 0;
    if (op->kind == OP_VCPU_STOP) {
        result = oracle_vcpu_stop(o, &o->vcpu[op->vcpu]);
    } else if (op->kind == OP_LDT_DROP) {
        oracle_ldt_drop(o, &o->vcpu[op->vcpu]);
        result = VMMU_DONE;
    } else if (op->kind == OP_IS_L1_WRITE) {
        o->answer = oracle_shown_table(o, op->vcpu, op->at) != ORACLE_NONE;
        result = VMMU_DONE;
    } else if (op->kind == OP_FIND_DEVICE) {
        o->answer = find_device(o, op);
        result = VMMU_DONE;
    } else if (is_of_vcpu(op->kind)) {
        result = oracle_of_vcpu(o, op);
    } else {
        result = of_domain(o, op);
    }
    if (result > VMMU_AGAIN) {
        const u32 d = is_of_vcpu(op->kind) ? o->vcpu[op->vcpu].domain : op->domain;
        o->domain[d].refusals++;
        o->domain[d].last_refusal = result;
    }
    return result;
}
