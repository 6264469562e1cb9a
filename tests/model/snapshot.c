/* SPDX-License-Identifier: MIT */
/* Copies of the whole world, to return to it. */
#include "tests/model/snapshot.h"

#include <stdatomic.h>
#include <string.h>

#include "vmmu/port.h"
#include "vmmu/engine.h"
#include "vmmu/lessened.h"

void snapshot_allocate(u32 m)
{
    u32 others[ORACLE_FRAMES], count = 0;
    for (;;) {
        const u32 got = (u32)machine_allocate().n;
        if (got == m) {
            break;
        }
        others[count++] = got;
    }
    while (count) {
        machine_free(mfn(others[--count]));
    }
}

void snapshot_take(struct snapshot *s)
{
    s->oracle = world.oracle;
    memcpy(s->domain, world.domain, sizeof(s->domain));
    memcpy(s->vcpu, world.vcpu, sizeof(s->vcpu));
    for (u32 m = 0; m < world.oracle.frames; m++) {
        s->words[m][0] = atomic_load(&vmmu_engine.frames[m].references);
        s->words[m][1] = atomic_load(&vmmu_engine.frames[m].type);
    }
}

/* Makes the allocator's set of allocated frames that of the snapshot. */
static void restore_allocator(const struct snapshot *s)
{
    for (u32 m = 2; m < s->oracle.frames; m++) {
        if (world.oracle.frame[m].owner && !s->oracle.frame[m].owner) {
            machine_free(mfn(m));
        }
    }
    for (u32 m = 2; m < s->oracle.frames; m++) {
        if (!world.oracle.frame[m].owner && s->oracle.frame[m].owner) {
            snapshot_allocate(m);
        }
    }
}

static void restore_windows(struct vmmu_vcpu *v, const struct vmmu_vcpu *old)
{
    for (u32 i = 0; i < VMMU_GDT_FRAMES; i++) {
        if (!mfn_equal(v->gdt_frame[i], old->gdt_frame[i])) {
            port_descriptor_map(v, i, old->gdt_frame[i]);
        }
    }
    for (u32 i = 0; i < VMMU_LDT_FRAMES; i++) {
        if (!mfn_equal(v->ldt_frame[i], old->ldt_frame[i])) {
            port_descriptor_map(v, VMMU_GDT_FRAMES + i, old->ldt_frame[i]);
        }
    }
}

void snapshot_restore(const struct snapshot *s)
{
    restore_allocator(s);
    for (u32 v = 0; v < ORACLE_VCPUS; v++) {
        if (s->vcpu[v].domain) {
            restore_windows(&world.vcpu[v], &s->vcpu[v]);
        }
    }
    world.oracle = s->oracle;
    u64 lessened[ORACLE_DOMAINS]; /* the CPUs' contexts are not put back, so no generation comes
                                     twice */
    for (u32 d = 0; d < ORACLE_DOMAINS; d++) {
        lessened[d] = atomic_load(&world.domain[d].lessened) | LESSENED_SINCE;
    }
    memcpy(world.domain, s->domain, sizeof(s->domain));
    for (u32 d = 0; d < ORACLE_DOMAINS; d++) {
        atomic_store(&world.domain[d].lessened, lessened[d]);
    }
    memcpy(world.vcpu, s->vcpu, sizeof(s->vcpu));
    for (u32 m = 0; m < s->oracle.frames; m++) {
        atomic_store(&vmmu_engine.frames[m].references, s->words[m][0]);
        atomic_store(&vmmu_engine.frames[m].type, s->words[m][1]);
        vmmu_engine.m2p[m] = s->oracle.frame[m].m2p;
        for (u32 i = 0; s->oracle.frame[m].owner && i < ORACLE_SLOTS; i++) {
            machine_words(mfn(m))[oracle_slot[i]] = s->oracle.frame[m].word[i];
        }
    }
}

static u64 mix(u64 hash, u64 value)
{
    hash = (hash ^ value) * 0x9e3779b97f4a7c15ull;
    return hash ^ hash >> 29;
}

u64 snapshot_hash(void)
{
    const struct oracle *o = &world.oracle;
    u64 hash = 1;
    for (u32 m = 1; m < o->frames; m++) {
        const struct oracle_frame *f = &o->frame[m];
        hash = mix(hash, f->owner | f->allocated << 4 | f->pinned << 5 | f->partial << 6 |
                             f->child << 7 | f->share_writable << 8 | (u64)f->open << 9 |
                             (u64)f->type << 12 | (f->partial ? (u64)f->place << 16 : 0) |
                             (u64)f->held << 32 | (u64)f->looked << 48);
        hash = mix(hash, (u64)f->types << 32 | f->references);
        for (u32 i = 0; i < ORACLE_SLOTS; i++) {
            hash = f->word[i] ? mix(hash + i, f->word[i]) : hash;
        }
    }
    for (u32 i = 0; i < ORACLE_VCPUS; i++) {
        const struct oracle_vcpu *v = &o->vcpu[i];
        hash = mix(hash, (u64)v->kernel_root << 32 | v->user_root);
        hash = mix(hash, (u64)v->owed << 32 | (u64)v->owed_put << 31 | v->gdt_entries);
        for (u32 j = 0; v->domain && j < VMMU_GDT_FRAMES; j++) {
            hash = mix(hash, v->gdt[j]);
        }
        hash = mix(hash, (u64)v->ldt[0] << 32 | v->ldt_entries);
        hash = mix(hash, v->ldt_base);
    }
    for (u32 d = 1; d < ORACLE_DOMAINS; d++) {
        hash = mix(hash, o->domain[d].dying | (u64)o->domain[d].unpinned << 8 |
                             (u64)o->domain[d].released << 32);
        for (u32 i = 0; i < ORACLE_DEVICE_KINDS; i++) {
            hash = mix(hash, o->access[d][i]);
        }
    }
    return hash;
}
