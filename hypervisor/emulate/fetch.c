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

static bool is_same(const struct fetched *last, const union fetched_bytes *bytes, bool long_mode)
{
    return last->known && last->instruction.long_mode == long_mode &&
           last->bytes.word[0] == bytes->word[0] && last->bytes.word[1] == bytes->word[1];
}

const struct instruction *instruction_fetch(struct vcpu *vcpu)
{
    struct fetched *last = &vcpu->fetched;
    union fetched_bytes bytes;
    u64 rip = vcpu->registers.rip, to_page_end = PAGE_SIZE - page_offset(rip);
    u32 size = sizeof bytes;
    bool long_mode;

    if (!code_is_known(vcpu, vcpu->registers.cs & 0xffff, &long_mode)) {
        return NULL;
    }
    if (copy_from_guest(&bytes, rip, size)) {
        if (is_same(last, &bytes, long_mode)) {
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
