/* SPDX-License-Identifier: MIT */
/* A guest's store to a live page table in its most frequent form. */
#include "hypervisor/cpu/extable.h"
#include "hypervisor/cpu/segments.h"
#include "hypervisor/emulate/emulate.h"
#include "hypervisor/emulate/execute.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/vcpu/vcpu.h"

/* Says whether the fault is that of a store to a page which may be read, by 64-bit code with the
 * hypervisor's segments, which no other CPU can change, and without TF. Its error code is then
 * exactly this. */
static inline bool fits(const struct registers *r)
{
    return r->error_code == (PF_PRESENT | PF_WRITE | PF_USER) && (u16)r->cs == SELECTOR_USER_CS64 &&
           (u16)r->ss == SELECTOR_USER_DS && !(r->rflags & RFLAGS_TF);
}

/* Leaves the fault to the general form, with its address in CR2, in which reading the guest's code
 * may have left another: also where it succeeded, if it was repeated after a fault by a stale
 * translation. */
static __attribute__((noinline)) struct vcpu *leave(u64 address)
{
    fault_address_restore(address);
    return NULL;
}

/* The address of the memory operand of the instruction that is kept. */
static inline u64 operand(struct vcpu *vcpu)
{
    const struct fetched_quick *quick = &vcpu->fetched.quick;

    return *(u64 *)((char *)vcpu + quick->base) + quick->displacement;
}

/* The same for a fault whose address is that of the operand. */
static __attribute__((noinline)) struct vcpu *leave_operand(struct vcpu *vcpu)
{
    return leave(operand(vcpu));
}

/* Moves RIP behind the instruction. */
static inline struct vcpu *finish(struct vcpu *vcpu)
{
    vcpu->registers.rip += vcpu->fetched.quick.length;
    vcpu->registers.rflags &= ~RFLAGS_RF;
    return vcpu;
}

/* Does QUICK_BITS for an operand at `address`. Returns as emulate_quick. */
static __attribute__((noinline)) struct vcpu *change_bits(struct vcpu *vcpu, u64 address)
{
    const struct fetched_quick *quick = &vcpu->fetched.quick;
    const u32 shift = (u32)(address % sizeof(u64)) * 8;
    const u64 keep = ~(quick->clear << shift), flip = quick->set << shift;
    u64 old;

    if (address & (quick->size - 1u) ||
        !vmmu_change_quick(&vcpu->mmu, vaddr(address - shift / 8), keep, flip, &old)) {
        return leave_operand(vcpu);
    }
    flags_set_logical(&vcpu->registers, ((old & keep) ^ flip) >> shift, quick->size);
    return finish(vcpu);
}

struct vcpu *emulate_quick(struct vcpu *vcpu, u64 address)
{
    const struct fetched_quick *quick = &vcpu->fetched.quick;
    struct registers *r = &vcpu->registers;
    union fetched_bytes bytes;
    u64 *source, old;

    if (!fits(r) || !copy_pair_from_kernel(bytes.word, r->rip) ||
        bytes.word[0] != quick->bytes.word[0] || bytes.word[1] != quick->bytes.word[1] ||
        operand(vcpu) != address) {
        return leave(address);
    }
    if (quick->kind == QUICK_BITS) {
        return change_bits(vcpu, address);
    }
    source = (u64 *)((char *)vcpu + quick->source);
    if (address % sizeof(u64) || !vmmu_store_quick(&vcpu->mmu, vaddr(address), *source, &old)) {
        return leave_operand(vcpu);
    }
    if (quick->kind == QUICK_EXCHANGE) {
        *source = old;
    }
    return finish(vcpu);
}
