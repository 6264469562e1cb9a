/* SPDX-License-Identifier: MIT */
/* Engine and oracle in step: the comparison. */
#include "tests/model/compare.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/machine/machine.h"
#include "tests/model/world.h"

#define AT_LENGTH(array) (sizeof(array) / sizeof((array)[0]))

static void print_engine(u32 m, const struct vmmu_frame_info *info)
{
    printf("%3u engine: owner %u refs %llu %s x %llu%s%s%s\n", m, info->owned ? info->owner : 0,
           (unsigned long long)info->references, vmmu_type_name(info->type),
           (unsigned long long)info->type_count, info->validated ? " open" : "",
           info->partial ? " partial" : "", info->pinned ? " pinned" : "");
}

static void print_oracle(u32 m, const struct oracle_frame *f)
{
    printf("    oracle: owner %u refs %u %s x %u%s%s%s%s", f->owner, f->references,
           vmmu_type_name(f->type), f->types, f->open ? " open" : "", f->partial ? " partial" : "",
           f->pinned ? " pinned" : "", f->allocated ? "" : " released");
    if (f->partial) {
        printf(" (%u%s)", f->place, f->child ? " and child" : "");
    }
    for (u32 i = 0; f->owner && i < ORACLE_SLOTS; i++) {
        const u64 found = machine_words(mfn(m))[oracle_slot[i]];
        if (f->word[i] || found) {
            printf(" [%u]=%#llx%s", oracle_slot[i], (unsigned long long)f->word[i],
                   found == f->word[i] ? "" : "(differs!)");
        }
    }
    printf("\n");
}

void compare_print(void)
{
    const struct oracle *o = &world.oracle;
    for (u32 m = 0; m < o->frames && o->frames == machine.frames; m++) {
        struct vmmu_frame_info info;
        vmmu_frame_inspect(mfn(m), &info);
        if (info.owned || o->frame[m].owner) {
            print_engine(m, &info);
            print_oracle(m, &o->frame[m]);
        }
    }
    for (u32 v = 0; v < ORACLE_VCPUS; v++) {
        const struct oracle_vcpu *a = &o->vcpu[v];
        const struct vmmu_vcpu *b = &world.vcpu[v];
        if (a->domain) {
            printf(
                "vcpu %u: engine roots %lld %lld deferred %lld; oracle roots %d %d deferred %d\n",
                v, (long long)b->kernel_root.n, (long long)b->user_root.n,
                (long long)b->deferred.frame.n, (int)a->kernel_root, (int)a->user_root,
                (int)a->owed);
        }
    }
}

_Noreturn void compare_fail(const char *what, u64 where, u64 expected, u64 found)
{
    printf("DIFFERENCE: %s (%#llx): oracle %#llx, engine %#llx\n", what, (unsigned long long)where,
           (unsigned long long)expected, (unsigned long long)found);
    exit(1);
}

static void same(const char *what, u64 where, u64 expected, u64 found)
{
    if (__builtin_expect(expected != found, 0)) {
        compare_fail(what, where, expected, found);
    }
}

void compare_answer(const struct model_op *op, enum vmmu_result expected, enum vmmu_result result,
                    u64 answer)
{
    if (expected != result) {
        printf("asked: ");
        world_print_operation(op, result);
        printf("oracle: %s, engine: %s\n", vmmu_result_name(expected), vmmu_result_name(result));
        compare_fail("answer", op->kind, expected, result);
    }
    same("chances to stop", op->kind, world.oracle.asks, machine.asks);
    same("what it says", op->kind, world.oracle.answer, answer);
    if (result > VMMU_AGAIN) {
        same("the rule", op->kind, result, machine.last_rule);
    }
}

/* ---- a guest's own accesses ----------------------------------------------------------------- */

/* Checks a change by the processor or the guest: slot `i` of frame `m` has become `now` while a
 * guest of `domain` used it. */
static void check_change(const struct model_op *op, u32 domain, u32 m, u32 i, u64 now, bool stored)
{
    struct oracle_frame *f = &world.oracle.frame[m];
    const u64 walked = (f->word[i] ^ now) & ~(PTE_ACCESSED | PTE_DIRTY);
    if (oracle_is_table(f->type) && !walked && (now & PTE_PRESENT)) {
        f->word[i] = now; /* accessed and dirty bits, which the processor sets */
        return;
    }
    const bool may =
        f->type == VMMU_TYPE_WRITABLE || (f->type == VMMU_TYPE_SHARED && f->share_writable);
    const bool mapped = f->owner == domain || oracle_maps_writable(&world.oracle, domain, m);
    if (!stored || now != op->value || oracle_slot[i] != (op->at >> 3 & 511) || !may || !mapped) {
        compare_fail("a guest wrote what it must not", m << 12 | oracle_slot[i], f->word[i], now);
    }
    f->word[i] = now;
}

void compare_access(const struct model_op *op, u32 domain, bool stored)
{
    const struct oracle *o = &world.oracle;
    for (u32 m = 1; m < o->frames; m++) {
        const u64 *words = machine_words(mfn(m));
        for (u32 i = 0; o->frame[m].owner && i < ORACLE_SLOTS; i++) {
            if (words[oracle_slot[i]] != o->frame[m].word[i]) {
                check_change(op, domain, m, i, words[oracle_slot[i]], stored);
            }
        }
    }
}

/* ---- everything ----------------------------------------------------------------------------- */

static void compare_frame(const struct oracle_frame *f, u32 m)
{
    struct vmmu_frame_info info;
    vmmu_frame_inspect(mfn(m), &info);
    const u16 owner = m == 0                          ? VMMU_OWNER_DEVICE
                      : f->owner == ORACLE_HYPERVISOR ? VMMU_OWNER_HYPERVISOR
                                                      : f->owner;
    same("owner", m, owner, info.owned ? info.owner : 0);
    if (!f->owner) {
        return;
    }
    same("references", m, f->references, info.references);
    same("type count", m, f->types, info.type_count);
    same("type", m, f->type, info.type);
    same("pinned", m, f->pinned, info.pinned);
    same("validated", m, f->types && f->open, info.validated);
    same("partial", m, f->partial, info.partial);
    same("m2p", m, f->m2p, machine_m2p(mfn(m)));
}

static void compare_contents(const struct oracle_frame *f, u32 m)
{
    const u64 *words = machine_words(mfn(m));
    for (u32 i = 0; i < ORACLE_SLOTS; i++) {
        same("contents", (u64)m << 12 | oracle_slot[i], f->word[i], words[oracle_slot[i]]);
    }
}

static u64 none_or(u32 m)
{
    return m == ORACLE_NONE ? MFN_NONE.n : m;
}

static void compare_vcpu(u32 v, bool deep)
{
    const struct oracle_vcpu *a = &world.oracle.vcpu[v];
    const struct vmmu_vcpu *b = &world.vcpu[v];
    same("kernel root", v, none_or(a->kernel_root), b->kernel_root.n);
    same("user root", v, none_or(a->user_root), b->user_root.n);
    same("owed", v, none_or(a->owed), b->deferred.frame.n);
    same("GDT entries", v, a->gdt_entries, b->gdt_entries);
    same("LDT entries", v, a->ldt_entries, b->ldt_entries);
    for (u32 i = 0; deep && i < VMMU_GDT_FRAMES; i++) {
        same("GDT frame", v, none_or(a->gdt[i]), b->gdt_frame[i].n);
        same("GDT window", v, none_or(a->gdt[i]), machine_descriptor_window(b, i).n);
    }
    for (u32 i = 0; deep && i < VMMU_LDT_FRAMES; i++) {
        same("LDT frame", v, none_or(a->ldt[i]), b->ldt_frame[i].n);
        same("LDT window", v, none_or(a->ldt[i]),
             machine_descriptor_window(b, VMMU_GDT_FRAMES + i).n);
    }
}

static void compare_domain(u32 d)
{
    const struct oracle_domain *a = &world.oracle.domain[d];
    struct vmmu_domain *b = &world.domain[d];
    struct vmmu_counters c;
    vmmu_counters_read(b, &c);
    for (u32 v = 0; v < ORACLE_VCPUS; v++) {
        if (world.vcpu[v].domain == b) {
            vmmu_counters_add(&world.vcpu[v], &c);
        }
    }
    same("frames of a domain", d, a->frames, b->frames);
    same("refusals", d, a->refusals, c.refusals);
    same("last refusal", d, a->last_refusal, b->last_refusal);
    same("dying", d, a->dying, b->dying);
    same("entries checked", d, a->entries_checked, c.entries_checked);
    same("updates", d, a->updates, c.updates);
    same("promotions", d, a->promotions, c.promotions);
    same("demotions", d, a->demotions, c.demotions);
    same("pins", d, a->pins, c.pins);
    same("unpins", d, a->unpins, c.unpins);
    same("emulated writes", d, a->emulated_writes, c.emulated_writes);
    same("root switches", d, a->root_switches, c.root_switches);
}

/* Checks that the engine's own recount has no findings. */
static void audit(void)
{
    static u32 scratch[2 * ORACLE_FRAMES];
    mfn_t held[256];
    struct vmmu_vcpu *vcpus[ORACLE_VCPUS];
    u32 count = 0, vcpu_count = 0;
    for (u32 m = 0; m < world.oracle.frames; m++) {
        if (world.oracle.frame[m].looked) {
            return; /* the audit does not count the references of vmmu_reference */
        }
        for (u32 i = 0; i < world.oracle.frame[m].held && count < AT_LENGTH(held); i++) {
            held[count++] = mfn(m);
        }
    }
    for (u32 v = 0; v < ORACLE_VCPUS; v++) {
        if (world.oracle.vcpu[v].domain) {
            vcpus[vcpu_count++] = &world.vcpu[v];
        }
    }
    const struct vmmu_audit what = {.vcpus = vcpus,
                                    .vcpu_count = vcpu_count,
                                    .held = held,
                                    .held_count = count,
                                    .foreign_mappings = true,
                                    .scratch = scratch,
                                    .scratch_frames = ORACLE_FRAMES};
    same("the audit's findings", 0, 0, vmmu_audit(&what));
}

/* Checks that every word that the oracle does not model is zero. */
static void compare_rest(u32 m)
{
    const u64 *words = machine_words(mfn(m));
    for (u32 i = 0; i < 512; i++) {
        if (oracle_slot_position(i) == ORACLE_NONE) {
            same("contents elsewhere", (u64)m << 12 | i, 0, words[i]);
        }
    }
}

void compare_all(u64 operation)
{
    const struct oracle *o = &world.oracle;
    const bool deep = operation % 64 == 0;
    u32 where;
    for (u32 m = 0; m < o->frames; m++) {
        compare_frame(&o->frame[m], m);
        if (o->frame[m].owner) {
            compare_contents(&o->frame[m], m);
        }
    }
    for (u32 v = 0; v < ORACLE_VCPUS; v++) {
        if (o->vcpu[v].domain) {
            compare_vcpu(v, deep);
        }
    }
    for (u32 d = 1; d < ORACLE_DOMAINS; d++) {
        if (o->domain[d].started) {
            compare_domain(d);
        }
    }
    const char *what = oracle_recount(o, &where);
    if (what) {
        compare_fail(what, where, 0, 0);
    }
    if (world.audit_each && operation % world.audit_each == 0) {
        audit();
        for (u32 m = 2; m < o->frames; m++) {
            if (o->frame[m].owner) {
                compare_rest(m);
            }
        }
    }
}
