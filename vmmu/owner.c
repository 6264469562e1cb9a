/* SPDX-License-Identifier: MIT */
/* Owners: the start of a domain and of a vCPU, giving a frame to a domain and taking it back,
 * shared pages, device frames and pages that are shown, holds, and the guests' own M2P words. */
#include "vmmu/lessened.h"
#include "vmmu/m2p.h"
#include "vmmu/port.h"
#include "vmmu/ref.h"
#include "vmmu/result.h"
#include "vmmu/type.h"
#include "vmmu/usual.h"

void vmmu_domain_start(struct vmmu_domain *domain, u16 id, u64 frames_max)
{
    if (id >= VMMU_DOMAINS_END) {
        port_panic("a domain is started with a reserved number", id);
    }
    domain->id = id;
    domain->frames_max = frames_max;
    domain->hypervisor_slots = vmmu_engine.hypervisor_slots;
    atomic_store_explicit(&domain->lessened, LESSENED_SINCE, memory_order_relaxed);
}

void vmmu_vcpu_start(struct vmmu_vcpu *vcpu, struct vmmu_domain *domain)
{
    vcpu->domain = domain;
    vcpu->usual = ref_usual(domain->id);
    vcpu->kernel_root = MFN_NONE;
    vcpu->user_root = MFN_NONE;
    vcpu->deferred.frame = MFN_NONE;
    for (u32 i = 0; i < VMMU_GDT_FRAMES; i++) {
        vcpu->gdt_frame[i] = MFN_NONE;
    }
    for (u32 i = 0; i < VMMU_LDT_FRAMES; i++) {
        vcpu->ldt_frame[i] = MFN_NONE;
    }
}

/* Gives frame `m`, which exists, an owner, or makes it a device frame: stores `physical` as its M2P
 * word, `use` as its type word and, last, `references` as its references word, which makes the
 * frame the owner's for other CPUs. Memory order: release. `frame` and `m2p` are its words. Panics
 * if `m` has an owner already. */
ALWAYS_INLINE void adopt_words(mfn_t m, struct vmmu_frame *frame, u64 *m2p, u64 references, u64 use,
                               u64 physical)
{
    if (word_read(&frame->references) & (REF_OWNED | REF_DEVICE)) {
        port_panic("a frame is given that has an owner", m.n);
    }
    __atomic_store_n(m2p, physical, __ATOMIC_RELAXED); /* guests may be reading it */
    atomic_store_explicit(&frame->type, use, memory_order_relaxed);
    atomic_store_explicit(&frame->references, references, memory_order_release);
}

/* As adopt_words. */
ALWAYS_INLINE void adopt(mfn_t m, u64 references, u64 use, u64 physical)
{
    adopt_words(m, frame_of(m), &vmmu_engine.m2p[m.n], references, use, physical);
}

/* Releases frames that another domain's CPU has just given to `domain`, which is being torn down:
 * the pass over the frame table may be beyond the frames already. */
static __attribute__((noinline)) void give_too_late(const struct vmmu_domain *domain, mfn_t m,
                                                    u64 count)
{
    for (u64 i = 0; i < count; i++) {
        ref_release(mfn(m.n + i), domain->id, RELEASE_OWN);
    }
}

enum vmmu_result vmmu_give_many(struct vmmu_domain *domain, mfn_t m, pfn_t p, u64 count)
{
    const u64 references = ref_owned_by(domain->id) | REF_ALLOCATED | 1;

    if (atomic_load_explicit(&domain->dying, memory_order_relaxed)) {
        return result_refuse(domain, VMMU_REFUSED_DOMAIN_DYING, m.n);
    }
    if (!frame_exists(m) || count > vmmu_engine.count - m.n) {
        return result_refuse(domain, VMMU_REFUSED_BAD_FRAME, m.n);
    }
    const u64 had = atomic_fetch_add_explicit(&domain->frames, count, memory_order_relaxed);
    if (had + count > domain->frames_max) {
        atomic_fetch_sub_explicit(&domain->frames, count, memory_order_relaxed);
        return result_refuse(domain, VMMU_REFUSED_TOO_MANY_FRAMES, m.n);
    }
    struct vmmu_frame *const frames = frame_of(m);
    u64 *const m2p = &vmmu_engine.m2p[m.n];
    for (u64 i = 0; i < count; i++) {
        adopt_words(mfn(m.n + i), &frames[i], &m2p[i], references, use_of(VMMU_TYPE_NONE), p.n + i);
    }
    /* The words before, then `dying`: see domain_is_dying. */
    atomic_thread_fence(memory_order_seq_cst);
    if (atomic_load(&domain->dying)) {
        give_too_late(domain, m, count);
    }
    return VMMU_DONE;
}

enum vmmu_result vmmu_give(struct vmmu_domain *domain, mfn_t m, pfn_t p)
{
    return vmmu_give_many(domain, m, p, 1);
}

static enum vmmu_result take(struct vmmu_domain *domain, mfn_t m, enum release whose)
{
    return result_report(
        domain, frame_exists(m) ? ref_release(m, domain->id, whose) : VMMU_REFUSED_BAD_FRAME, m.n);
}

enum vmmu_result vmmu_take(struct vmmu_domain *domain, mfn_t m)
{
    return take(domain, m, RELEASE_OWN);
}

enum vmmu_result vmmu_take_unused(struct vmmu_domain *domain, mfn_t m)
{
    return take(domain, m, RELEASE_ALONE);
}

void vmmu_share(struct vmmu_domain *domain, mfn_t m, bool writable)
{
    if (!frame_exists(m)) {
        port_panic("a frame is shared that does not exist", m.n);
    }
    atomic_fetch_add_explicit(&domain->shared, 1, memory_order_relaxed);
    adopt(m, ref_owned_by(domain->id) | REF_SHARED | REF_ALLOCATED | 1,
          use_of(VMMU_TYPE_SHARED) | USE_VALIDATED | (writable ? USE_SHARE_WRITABLE : 0) | 1,
          MFN_NONE.n);
}

void vmmu_own_device(mfn_t m)
{
    if (!frame_exists(m)) {
        port_panic("a device frame above the frame count", m.n);
    }
    adopt(m, REF_DEVICE, use_of(VMMU_TYPE_NONE), MFN_NONE.n);
}

void vmmu_show(mfn_t m)
{
    if (!frame_exists(m)) {
        port_panic("a frame is shown that does not exist", m.n);
    }
    adopt(m, ref_owned_by(VMMU_OWNER_HYPERVISOR) | REF_SHARED | REF_ALLOCATED | 1,
          use_of(VMMU_TYPE_SHARED) | USE_VALIDATED | 1, MFN_NONE.n);
}

struct vmmu_domain *vmmu_special_owner(u16 id)
{
    return id == VMMU_OWNER_DEVICE       ? &vmmu_engine.devices
           : id == VMMU_OWNER_HYPERVISOR ? &vmmu_engine.hypervisor
                                         : NULL;
}

bool vmmu_domain_is_gone(const struct vmmu_domain *domain)
{
    return atomic_load_explicit(&domain->frames, memory_order_acquire) == 0 &&
           atomic_load_explicit(&domain->shared, memory_order_acquire) == 0;
}

void vmmu_unshare(mfn_t m)
{
    type_put(m);
    if (ref_release(m, frame_domain(m)->id, RELEASE_SHARED) != VMMU_DONE) {
        port_panic("a frame is unshared that was not shared", m.n);
    }
}

enum vmmu_result vmmu_hold(struct vmmu_domain *domain, mfn_t m)
{
    u64 word = m.n;
    enum vmmu_result result = frame_exists(m) ? ref_get(m, domain->id) : VMMU_REFUSED_BAD_FRAME;
    if (result == VMMU_DONE) {
        const u64 use = frame_type_word(m);
        result = type_get(
            m, use_type(use) == VMMU_TYPE_SHARED ? VMMU_TYPE_SHARED : VMMU_TYPE_WRITABLE, &word);
        if (result != VMMU_DONE) {
            ref_put(m);
        }
    }
    return result_report(domain, result, word);
}

void vmmu_unhold(mfn_t m)
{
    type_put(m);
    ref_put(m);
}

enum vmmu_result vmmu_reference(struct vmmu_domain *domain, mfn_t m)
{
    return result_report(domain, frame_exists(m) ? ref_get(m, domain->id) : VMMU_REFUSED_BAD_FRAME,
                         m.n);
}

void vmmu_unreference(mfn_t m)
{
    ref_put(m);
}

enum vmmu_result m2p_set(u16 id, mfn_t m, u64 value)
{
    if (!frame_exists(m)) {
        return VMMU_REFUSED_BAD_FRAME;
    }
    const enum vmmu_result result = id < VMMU_DOMAINS_END ? ref_get(m, id) : VMMU_REFUSED_NOT_OWNER;
    if (result == VMMU_DONE) {
        m2p_write(m, value);
        ref_put(m);
    }
    return result;
}

enum vmmu_result vmmu_set_m2p(struct vmmu_domain *domain, mfn_t m, u64 value)
{
    return result_report(domain, m2p_set(domain->id, m, value), m.n);
}
