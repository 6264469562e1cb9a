/* SPDX-License-Identifier: MIT */
/* Executing a guest's store to a live page table through the virtual MMU. */
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/pci/window.h"
#include "hypervisor/vcpu/vcpu.h"
#include "hypervisor/emulate/emulate.h"
#include "hypervisor/emulate/execute.h"
#include "hypervisor/emulate/fetch.h"

#define TRIES 4 /* attempts, if other CPUs store to the same entry at the same time */

/* Reads `size` bytes of guest memory. EMULATED_NOT: the addresses are not the guest's.
 * EMULATED_RETRY: the page is not mapped any more; executed again, the instruction faults by
 * itself. */
static enum emulated read(u64 *value, u64 at, u32 size)
{
    *value = 0;
    if (!guest_range_ok(at, size)) {
        return EMULATED_NOT;
    }
    return copy_from_guest(value, at, size) ? EMULATED_DONE : EMULATED_RETRY;
}

/* Fast path, for a store whose effect on the entry does not depend on the old value, or only bit by
 * bit. False: nothing has happened, take the slow path. */
static bool store_fast(struct vcpu *vcpu, const struct instruction *in, maddr_t where, u64 source)
{
    u64 keep, flip, old, mask = ~0ull >> (64 - 8 * in->operand_size);
    u32 shift = (u32)(where.a % sizeof(u64)) * 8;

    if (!instruction_is_bitwise(in, &vcpu->registers, source, &keep, &flip)) {
        return false;
    }
    keep = keep << shift | ~(mask << shift);
    flip <<= shift;
    if (!vmmu_emulated_change_at(&vcpu->mmu, maddr(where.a - shift / 8), keep, flip, &old)) {
        return false;
    }
    instruction_set_results(in, &vcpu->registers, old >> shift, ((old & keep) ^ flip) >> shift);
    instruction_finish(vcpu, in);
    return true;
}

static enum emulated store_slow(struct vcpu *vcpu, const struct instruction *in, u64 at,
                                maddr_t where, u64 source)
{
    const struct kept_registers kept = registers_keep(in, &vcpu->registers);

    for (u32 i = 0; i < TRIES; i++) {
        enum emulated had;
        enum vmmu_result result;
        bool swapped = false;
        u64 old, new;

        had = read(&old, at, in->operand_size);
        if (had != EMULATED_DONE) {
            return had;
        }
        new = instruction_execute(in, &vcpu->registers, old, source);
        result = vmmu_emulated_write_at(&vcpu->mmu, where, in->operand_size, old, new, &swapped);
        if (swapped) {
            instruction_finish(vcpu, in);
            return EMULATED_DONE;
        }
        registers_restore(in, &vcpu->registers, &kept);
        /* Interrupted, or the page is no longer an L1 table. */
        if (result == VMMU_AGAIN || result == VMMU_REFUSED_NOT_L1_TABLE) {
            return EMULATED_RETRY;
        }
        if (result != VMMU_DONE) {
            return EMULATED_NOT;
        }
    }
    return EMULATED_RETRY;
}

/* Fetches the instruction that faulted at `address`, an aligned store there of at most 8 bytes.
 * EMULATED_DONE: *in is the instruction, *at its address operand, and *source the value that it
 * takes from memory. Otherwise the answer for the fault. */
static enum emulated fetch_store(struct vcpu *vcpu, u64 address, const struct instruction **in,
                                 u64 *at, u64 *source)
{
    struct registers *r = &vcpu->registers;

    *in = instruction_fetch(vcpu);
    if (!*in || (*in)->operation < OPERATION_FIRST_STORE) {
        return EMULATED_NOT;
    }
    if (instruction_idle(*in, r)) { /* a string instruction with count 0 cannot have faulted: the
                                       code was changed meanwhile */
        return EMULATED_RETRY;
    }
    *at = instruction_address(*in, r, segment_base((*in)->segment));
    if (address - *at >= (*in)->operand_size || *at & ((*in)->operand_size - 1u)) {
        return EMULATED_NOT;
    }
    if ((*in)->source != SOURCE_MEMORY) {
        return EMULATED_DONE;
    }
    return read(source, instruction_source(*in, r, segment_base((*in)->source_segment)),
                (*in)->operand_size);
}

enum emulated emulate_table_write(struct vcpu *vcpu, u64 address, maddr_t where)
{
    struct registers *r = &vcpu->registers;
    const struct instruction *in = instruction_fetch(vcpu);
    enum emulated had;
    u64 at, source = 0;

    if (!in || in->operation < OPERATION_FIRST_STORE) {
        return EMULATED_NOT;
    }
    if (instruction_idle(in, r)) { /* a string instruction with count 0 cannot have faulted: the
                                      code was changed meanwhile */
        return EMULATED_RETRY;
    }
    at = instruction_address(in, r, segment_base(in->segment));
    if (address - at >= in->operand_size || at & (in->operand_size - 1u)) {
        return EMULATED_NOT;
    }
    if (in->source == SOURCE_MEMORY) {
        had = read(&source, instruction_source(in, r, segment_base(in->source_segment)),
                   in->operand_size);
        if (had != EMULATED_DONE) {
            return had;
        }
    }
    where.a -= address - at;
    if (store_fast(vcpu, in, where, source)) {
        return EMULATED_DONE;
    }
    return store_slow(vcpu, in, at, where, source);
}

enum emulated emulate_device_store(struct vcpu *vcpu, u64 address, mfn_t m)
{
    const struct instruction *in;
    u64 at, source = 0, old = 0;
    enum emulated had = fetch_store(vcpu, address, &in, &at, &source);

    if (had == EMULATED_DONE && in->operation > OPERATION_MOV) {
        had = read(&old, at, in->operand_size); /* the instruction depends on what is there */
    }
    if (had == EMULATED_DONE) {
        const u64 new = instruction_execute(in, &vcpu->registers, old, source);

        pci_window_store(m, (u32)page_offset(at), in->operand_size, new);
        instruction_finish(vcpu, in);
    }
    return had;
}
