/* SPDX-License-Identifier: MIT */
/* A vCPU's GDT and LDT. */
#include "vmmu/descriptor_table.h"

#include "vmmu/defer.h"
#include "vmmu/descriptor.h"
#include "vmmu/entry.h"
#include "vmmu/port.h"
#include "vmmu/ref.h"
#include "vmmu/result.h"
#include "vmmu/type.h"
#include "vmmu/walk.h"

#define LDT_ENTRIES_MAX 8192u

/* Takes a reference and a descriptor type reference on `m`, a frame of `domain`. Refuses:
 * BAD_FRAME, and what ref_get and type_get refuse; *word is then the word to report. VMMU_AGAIN:
 * another CPU is changing the frame's type, or an interrupted demotion of the frame was interrupted
 * again. Unless the result is VMMU_DONE, nothing is taken. */
static enum vmmu_result get_page(const struct vmmu_domain *domain, mfn_t m, u64 *word)
{
    *word = m.n;
    enum vmmu_result result = frame_exists(m) ? ref_get(m, domain->id) : VMMU_REFUSED_BAD_FRAME;
    if (result == VMMU_DONE) {
        result = type_get(m, VMMU_TYPE_DESCRIPTOR, word);
        if (result != VMMU_DONE) {
            ref_put(m);
        }
    }
    return result;
}

/* Drops the reference and the type reference that get_page took on `m`. */
static void put_page(mfn_t m)
{
    type_put(m);
    ref_put(m);
}

/* Puts frame `m`, on which the caller has called get_page, in slot `slot` of the descriptor window,
 * or empties the slot if `m` is MFN_NONE. `frame` is where the vCPU records the slot's frame. Drops
 * the references on the frame that was in the slot before, if there was one. */
static void replace(struct vmmu_vcpu *vcpu, mfn_t *frame, u32 slot, mfn_t m)
{
    const mfn_t old = *frame;
    if (mfn_is_none(old) && mfn_is_none(m)) {
        return;
    }
    *frame = m;
    port_descriptor_map(vcpu, slot, m);
    if (!mfn_is_none(old)) {
        put_page(old);
    }
}

enum vmmu_result vmmu_set_gdt(struct vmmu_vcpu *vcpu, const mfn_t *frames, u32 count, u32 entries)
{
    enum vmmu_result result = defer_complete(vcpu);
    u64 word;

    if (result != VMMU_DONE) {
        return result;
    }
    if (count > VMMU_GDT_FRAMES || entries > count * DESCRIPTORS_PER_PAGE) {
        return result_refuse(vcpu->domain, VMMU_REFUSED_TOO_MANY_DESCRIPTORS, entries);
    }
    for (u32 i = 0; i < count; i++) {
        result = get_page(vcpu->domain, frames[i], &word);
        if (result != VMMU_DONE) {
            while (i-- > 0) {
                put_page(frames[i]);
            }
            return result_report(vcpu->domain, result, word);
        }
    }
    for (u32 i = 0; i < VMMU_GDT_FRAMES; i++) {
        replace(vcpu, &vcpu->gdt_frame[i], i, i < count ? frames[i] : MFN_NONE);
    }
    vcpu->gdt_entries = entries;
    return VMMU_DONE;
}

void vmmu_ldt_drop(struct vmmu_vcpu *vcpu)
{
    for (u32 i = 0; i < VMMU_LDT_FRAMES && vcpu->ldt_entries; i++) {
        replace(vcpu, &vcpu->ldt_frame[i], VMMU_GDT_FRAMES + i, MFN_NONE);
    }
}

void descriptor_table_drop_all(struct vmmu_vcpu *vcpu)
{
    for (u32 i = 0; i < VMMU_GDT_FRAMES; i++) {
        replace(vcpu, &vcpu->gdt_frame[i], i, MFN_NONE);
    }
    vcpu->gdt_entries = 0;
    vmmu_ldt_drop(vcpu);
    vcpu->ldt_entries = 0;
}

enum vmmu_result vmmu_set_ldt(struct vmmu_vcpu *vcpu, vaddr_t base, u32 entries)
{
    const enum vmmu_result result = defer_complete(vcpu);

    if (result != VMMU_DONE) {
        return result;
    }
    if (entries > LDT_ENTRIES_MAX) {
        return result_refuse(vcpu->domain, VMMU_REFUSED_TOO_MANY_DESCRIPTORS, entries);
    }
    if (entries) {
        /* If both ends are in the guest's part of the address space, so is everything between: the
         * one gap in that part is larger than an LDT. */
        const vaddr_t last = vaddr(base.a + entries * sizeof(u64) - 1);
        if (page_offset(base.a) || last.a < base.a || !walk_address_is_guests(base) ||
            !walk_address_is_guests(last)) {
            return result_refuse(vcpu->domain, VMMU_REFUSED_BAD_ADDRESS, base.a);
        }
    }
    vmmu_ldt_drop(vcpu);
    vcpu->ldt_base = entries ? base : vaddr(0);
    vcpu->ldt_entries = entries;
    return VMMU_DONE;
}

enum vmmu_result vmmu_ldt_fault(struct vmmu_vcpu *vcpu, u32 page)
{
    enum vmmu_result result = defer_complete(vcpu);
    u64 word;

    if (result != VMMU_DONE) {
        return result;
    }
    if (page >= VMMU_LDT_FRAMES || page * DESCRIPTORS_PER_PAGE >= vcpu->ldt_entries) {
        return result_refuse(vcpu->domain, VMMU_REFUSED_NO_LDT_PAGE, page);
    }
    if (!mfn_is_none(vcpu->ldt_frame[page])) {
        return VMMU_DONE;
    }
    const vaddr_t va = vaddr(vcpu->ldt_base.a + page * PAGE_SIZE);
    const u64 entry = walk_to_entry(vcpu, va);
    if (!(entry & PTE_PRESENT)) {
        return result_refuse(vcpu->domain, VMMU_REFUSED_NO_LDT_PAGE, va.a);
    }
    result = get_page(vcpu->domain, entry_frame(entry), &word);
    if (result != VMMU_DONE) {
        return result_report(vcpu->domain, result, word);
    }
    replace(vcpu, &vcpu->ldt_frame[page], VMMU_GDT_FRAMES + page, entry_frame(entry));
    return VMMU_DONE;
}

enum vmmu_result vmmu_update_descriptor(struct vmmu_vcpu *vcpu, maddr_t at, u64 descriptor)
{
    struct vmmu_domain *domain = vcpu->domain;
    const mfn_t m = mfn_of(at);
    const u64 next = descriptor_installed(descriptor);
    enum vmmu_result result = defer_complete(vcpu);
    u64 word = at.a;

    if (result != VMMU_DONE) {
        return result;
    }
    if (at.a % sizeof(u64)) {
        return result_refuse(domain, VMMU_REFUSED_BAD_ADDRESS, at.a);
    }
    if (!frame_exists(m)) {
        return result_refuse(domain, VMMU_REFUSED_BAD_FRAME, at.a);
    }
    if (!vmmu_descriptor_allowed(next)) {
        return result_refuse(domain, VMMU_REFUSED_BAD_DESCRIPTOR, descriptor);
    }
    result = ref_get(m, domain->id);
    if (result != VMMU_DONE) {
        return result_refuse(domain, result, at.a);
    }
    const u64 use = frame_type_word(m);
    const enum vmmu_type type = use_type(use) == VMMU_TYPE_DESCRIPTOR && frame_count(use)
                                    ? VMMU_TYPE_DESCRIPTOR
                                    : VMMU_TYPE_WRITABLE;
    result = type_get(m, type, &word);
    if (result == VMMU_DONE) {
        atomic_store_explicit(&frame_words(m)[page_offset(at.a) / sizeof(u64)], next,
                              memory_order_seq_cst);
        type_put(m);
    }
    ref_put(m);
    return result_report(domain, result, word);
}
