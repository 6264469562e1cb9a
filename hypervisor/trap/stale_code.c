/* SPDX-License-Identifier: MIT */
/* A workaround for emulators that keep executing code which is no longer in memory. */
#include "hypervisor/trap/stale_code.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/vcpu/vcpu.h"
#include "hypervisor/memory/map.h"

#define BREAKPOINT 0xccu

/* Writes the byte with its own value. Another CPU may write to it at the same time, and the frame
 * may have any type: an OR with 0 changes nothing. In assembly because a compiler may turn it into
 * a load. */
static void write_as_it_is(u8 *byte)
{
    __asm__ volatile("lock orb $0, %0" : "+m"(*byte) : : "cc");
}

void stale_code_refresh(const struct vcpu *vcpu)
{
    u64 at = vcpu->registers.rip - 1;
    struct vmmu_frame_info info;
    struct vmmu_walk walk;
    u8 byte;

    if (!copy_from_guest(&byte, at, 1) || byte == BREAKPOINT) {
        return;
    }
    vmmu_walk(vcpu_root(vcpu), vaddr(at), &walk);
    if (!walk.present) {
        return;
    }
    mfn_t frame = mfn_of(maddr(walk.entry[1] & PTE_ADDRESS));
    vmmu_frame_inspect(frame, &info);
    if (info.owned) { /* only an owned frame is RAM */
        write_as_it_is((u8 *)frame_view(frame) + page_offset(at));
    }
}
