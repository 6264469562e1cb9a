/* SPDX-License-Identifier: MIT */
/* The oracle's recount: types and counts of all frames, computed only from tables, pins, roots,
 * descriptor tables and holds. */
#include "tests/model/oracle_parts.h"

#include <string.h>

struct tally {
    u32 references[ORACLE_FRAMES], types[ORACLE_FRAMES];
    enum vmmu_type type[ORACLE_FRAMES]; /* the type that its users need */
    const char *wrong;
    u32 where;
};

static void wrong(struct tally *t, u32 m, const char *what)
{
    if (!t->wrong) {
        t->wrong = what;
        t->where = m;
    }
}

/* Counts one use of `m` as `type`. */
static void use(struct tally *t, u32 m, enum vmmu_type type)
{
    t->references[m]++;
    t->types[m]++;
    if (t->type[m] != VMMU_TYPE_NONE && t->type[m] != type) {
        wrong(t, m, "used as two things");
    }
    t->type[m] = type;
}

static void tally_frame(const struct oracle *o, struct tally *t, u32 m)
{
    const struct oracle_frame *f = &o->frame[m];
    if (f->allocated && f->type == VMMU_TYPE_SHARED) {
        use(t, m, VMMU_TYPE_SHARED);
    } else {
        t->references[m] += f->allocated;
    }
    if (f->pinned) {
        use(t, m, f->type);
    }
    if (f->partial) {
        use(t, m, f->type);
    }
    for (u32 i = 0; i < f->held; i++) {
        use(t, m, f->type == VMMU_TYPE_SHARED ? VMMU_TYPE_SHARED : VMMU_TYPE_WRITABLE);
    }
    t->references[m] += f->looked;
}

static void tally_vcpu(const struct oracle *o, struct tally *t, const struct oracle_vcpu *v)
{
    if (v->kernel_root != ORACLE_NONE) {
        use(t, v->kernel_root, VMMU_TYPE_L4);
    }
    if (v->user_root != ORACLE_NONE) {
        use(t, v->user_root, VMMU_TYPE_L4);
    }
    if (v->owed != ORACLE_NONE) {
        if (v->owed_put) {
            use(t, v->owed, o->frame[v->owed].type);
        } else {
            t->references[v->owed]++;
        }
    }
    for (u32 i = 0; i < VMMU_GDT_FRAMES; i++) {
        if (v->gdt[i] != ORACLE_NONE) {
            use(t, v->gdt[i], VMMU_TYPE_DESCRIPTOR);
        }
    }
    for (u32 i = 0; i < VMMU_LDT_FRAMES; i++) {
        if (v->ldt[i] != ORACLE_NONE) {
            use(t, v->ldt[i], VMMU_TYPE_DESCRIPTOR);
        }
    }
}

static void tally_entry(const struct oracle *o, struct tally *t, u32 m, u32 level, u64 entry)
{
    const u32 target = oracle_target(entry);
    if (oracle_names_device(o, level, entry)) {
        if (oracle_device_form(entry) != entry) {
            wrong(t, m, "maps a device frame as memory");
        }
        return;
    }
    if (oracle_check_entry(o, level, entry) != VMMU_DONE) {
        wrong(t, m, "holds an entry that may not be");
        return;
    }
    if (!o->frame[target].owner) {
        wrong(t, m, "shows a frame that is free");
    } else if (level > 1) {
        use(t, target, (enum vmmu_type)(level - 1));
    } else if (!(entry & PTE_WRITABLE)) {
        t->references[target]++;
    } else if (o->frame[target].type == VMMU_TYPE_SHARED) {
        use(t, target, VMMU_TYPE_SHARED);
    } else {
        use(t, target, VMMU_TYPE_WRITABLE);
    }
}

/* A hypervisor's slot has what its domain has there; all slots of a table are of the same kind. */
static void tally_slot(const struct oracle *o, struct tally *t, u32 m, u32 index)
{
    const u64(*slot)[16] = o->hypervisor_slot[o->frame[m].owner];
    const u64 entry = oracle_word(o, m, index);
    const bool kernel = oracle_word(o, m, 262) == slot[0][262 - 256];
    const bool blank = index == 256 && entry == 0;

    if (!blank && entry != slot[!kernel][index - 256]) {
        wrong(t, m, "shows what is not its domain's in a slot of the hypervisor");
    }
}

static void tally_table(const struct oracle *o, struct tally *t, u32 m)
{
    const struct oracle_frame *f = &o->frame[m];
    const u32 level = (u32)t->type[m];
    for (u32 i = 0; i < ORACLE_SLOTS; i++) {
        const u32 index = oracle_slot[i];
        const u64 entry = f->word[i];
        if (!oracle_slot_is_guests(level, index)) {
            if (!f->partial) {
                tally_slot(o, t, m, index);
            }
            continue;
        }
        if (f->partial && f->child && index == f->place) {
            t->references[oracle_target(entry)]++;
        }
        if (!(entry & PTE_PRESENT) || (f->partial && index >= f->place)) {
            continue;
        }
        if (!f->partial && oracle_installed(level, entry) != entry) {
            wrong(t, m, "holds an entry that was not adjusted");
        }
        tally_entry(o, t, m, level, entry);
    }
}

const char *oracle_recount(const struct oracle *o, u32 *m)
{
    struct tally t;
    memset(&t, 0, sizeof(t));
    for (u32 i = 0; i < o->frames; i++) {
        tally_frame(o, &t, i);
    }
    for (u32 i = 0; i < ORACLE_VCPUS; i++) {
        if (o->vcpu[i].domain) {
            tally_vcpu(o, &t, &o->vcpu[i]);
        }
    }
    for (u32 level = 4; level > 0; level--) {
        for (u32 i = 0; i < o->frames; i++) {
            if (t.type[i] == (enum vmmu_type)level) {
                tally_table(o, &t, i);
            }
        }
    }
    for (u32 i = 0; i < o->frames; i++) {
        const struct oracle_frame *f = &o->frame[i];
        if (t.references[i] != f->references) {
            wrong(&t, i, "references miscounted by the model");
        } else if (t.types[i] != f->types) {
            wrong(&t, i, "types miscounted by the model");
        } else if (t.types[i] && t.type[i] != f->type) {
            wrong(&t, i, "of another type in the model");
        } else if (t.types[i] && f->open == f->partial) {
            wrong(&t, i, "neither open nor partial in the model");
        }
    }
    *m = t.where;
    return t.wrong;
}

/* ---- reading -------------------------------------------------------------------------------- */

bool oracle_address_is_guests(u64 va)
{
    const u64 top = va >> 47;
    return (top == 0 || top == 0x1ffff) && oracle_slot_is_guests(4, va >> 39 & 511);
}

u32 oracle_table(const struct oracle *o, u32 vcpu, u64 va, u32 level)
{
    u32 m = oracle_address_is_guests(va) ? o->vcpu[vcpu].kernel_root : ORACLE_NONE;
    for (u32 at = 4; at > level && m != ORACLE_NONE; at--) {
        const u64 entry = oracle_word(o, m, va >> (12 + 9 * (at - 1)) & 511);
        m = entry & PTE_PRESENT ? oracle_target(entry) : ORACLE_NONE;
    }
    return m;
}

u64 oracle_walk(const struct oracle *o, u32 vcpu, u64 va)
{
    const u32 m = oracle_table(o, vcpu, va, 1);
    return m == ORACLE_NONE ? 0 : oracle_word(o, m, va >> 12 & 511);
}

bool oracle_maps_writable(const struct oracle *o, u32 domain, u32 m)
{
    const u64 wanted = PTE_PRESENT | PTE_WRITABLE;
    for (u32 i = 0; i < o->frames; i++) {
        const struct oracle_frame *f = &o->frame[i];
        if (f->owner != domain || f->type != VMMU_TYPE_L1 || !f->open) {
            continue;
        }
        for (u32 s = 0; s < ORACLE_SLOTS; s++) {
            if ((f->word[s] & wanted) == wanted && oracle_target(f->word[s]) == m) {
                return true;
            }
        }
    }
    return false;
}
