/* SPDX-License-Identifier: MIT */
/* Fetching the instruction at a guest's RIP, and completing one that was executed for the guest. */
#include "hypervisor/emulate/fetch.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/vcpu/debug.h"
#include "hypervisor/cpu/segments.h"
#include "hypervisor/vcpu/vcpu.h"
#include "hypervisor/memory/layout.h"
#include "hypervisor/vcpu/deliver.h"
#include "hypervisor/emulate/execute.h"
#include "lib/x86/debug_register.h"
#include "lib/x86/descriptor.h"

#define PRESENT_CODE (DESCRIPTOR_PRESENT | DESCRIPTOR_SEGMENT | DESCRIPTOR_CODE)

/* True when the selector means 64-bit code (*long_mode is set) or 32-bit code with base 0. A code
 * segment in the LDT is taken for the latter. */
static bool code_is_known(const struct vcpu *vcpu, u32 selector, bool *long_mode)
{
    u64 descriptor;

    *long_mode = selector == SELECTOR_USER_CS64;
    if (*long_mode || selector == SELECTOR_USER_CS32 || selector & SELECTOR_LDT) {
        return true;
    }
    if ((selector & SELECTOR_INDEX) + 7 > GDT_LIMIT) {
        return false;
    }
    descriptor =
        *(const volatile u64 *)(window_address(vcpu->window) + (selector & SELECTOR_INDEX));
    *long_mode = descriptor & DESCRIPTOR_LONG;
    if ((descriptor & PRESENT_CODE) != PRESENT_CODE) {
        return false;
    }
    return *long_mode || (descriptor & DESCRIPTOR_DEFAULT && !(descriptor & DESCRIPTOR_BASE));
}

static bool is_same(const struct fetched_instruction *last, const union fetched_bytes *bytes,
                    bool long_mode)
{
    return last->known && last->instruction.long_mode == long_mode &&
           last->bytes.word[0] == bytes->word[0] && last->bytes.word[1] == bytes->word[1];
}

/* Says whether the instruction of 64-bit code has one of the forms of enum quick_kind, which is
 * *kind then. */
static bool is_quick(const struct instruction *in, enum quick_kind *kind)
{
    if (in->address_size != 8 || in->segment != SEGMENT_FLAT || in->base >= REGISTER_RIP ||
        in->index != REGISTER_NONE) {
        return false;
    }
    switch (in->operation) {
    case OPERATION_MOV:
        *kind = QUICK_STORE;
        return in->operand_size == 8;
    case OPERATION_XCHG:
        *kind = QUICK_EXCHANGE;
        return in->operand_size == 8;
    case OPERATION_AND:
    case OPERATION_OR:
        *kind = QUICK_BITS;
        return in->source == SOURCE_IMMEDIATE;
    }
    return false;
}

/* Keeps an instruction of 64-bit code in `quick`, if it has a form for that. */
static void keep_quick(struct vcpu *vcpu, const union fetched_bytes *bytes,
                       const struct instruction *in)
{
    const u64 mask = ~0ull >> (64 - 8 * in->operand_size), bits = in->immediate & mask;
    const bool immediate = in->source == SOURCE_IMMEDIATE;
    enum quick_kind kind;

    if (!is_quick(in, &kind)) {
        return;
    }
    vcpu->fetched.quick = (struct fetched_quick){
        .bytes = *bytes,
        .displacement = in->displacement,
        .immediate = in->immediate,
        .clear = in->operation == OPERATION_AND ? mask & ~bits : bits,
        .set = in->operation == OPERATION_AND ? 0 : bits,
        .base = (u16)(offsetof(struct vcpu, registers) + register_offset(in->base)),
        .source = (u16)(immediate ? offsetof(struct vcpu, fetched.quick.immediate)
                                  : offsetof(struct vcpu, registers) + register_offset(in->reg)),
        .kind = (u8)kind,
        .size = in->operand_size,
        .length = in->length,
    };
}

void fetched_start(struct vcpu *vcpu)
{
    union fetched_bytes bytes = {.byte = {0x48, 0x89, 0x00}}; /* mov %rax, (%rax) */
    struct instruction in;

    if (instruction_decode(bytes.byte, sizeof bytes, true, &in)) {
        keep_quick(vcpu, &bytes, &in);
    }
}

const struct instruction *instruction_fetch(struct vcpu *vcpu)
{
    u64 rip = vcpu->registers.rip, to_page_end = PAGE_SIZE - page_offset(rip);
    struct fetched_instruction *last = &vcpu->fetched.kept[(rip ^ rip >> 3) % FETCHED_KEPT];
    union fetched_bytes bytes;
    u32 size = sizeof bytes;
    bool long_mode;

    if (!code_is_known(vcpu, vcpu->registers.cs & 0xffff, &long_mode)) {
        return NULL;
    }
    if (copy_pair_from_kernel(bytes.word, rip) || copy_from_guest(&bytes, rip, size)) {
        if (is_same(last, &bytes, long_mode)) {
            if (long_mode && last->instruction.operation >= OPERATION_FIRST_STORE) {
                keep_quick(vcpu, &bytes, &last->instruction);
            }
            return &last->instruction;
        }
    } else {
        if (to_page_end >= size || !copy_from_guest(&bytes, rip, to_page_end)) {
            return NULL;
        }
        size = (u32)to_page_end;
    }
    last->known = false;
    if (!instruction_decode(bytes.byte, size, long_mode, &last->instruction)) {
        return NULL;
    }
    last->known = size == sizeof bytes;
    last->bytes = bytes;
    if (last->known && long_mode) {
        keep_quick(vcpu, &bytes, &last->instruction);
    }
    return &last->instruction;
}

void instruction_finish(struct vcpu *vcpu, const struct instruction *in)
{
    instruction_advance(in, &vcpu->registers);
    if (vcpu->registers.rflags & RFLAGS_TF) {
        vcpu->debug[6] |= DR6_BS;
        deliver_trap(vcpu, VECTOR_DB, 0);
    }
}

u64 segment_base(u8 segment)
{
    if (segment == SEGMENT_FLAT) {
        return 0;
    }
    return read_msr(segment == SEGMENT_FS ? MSR_FS_BASE : MSR_GS_BASE);
}
