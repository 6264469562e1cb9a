/* SPDX-License-Identifier: MIT */
/* What becomes of a trap in the kernel: a handler, a fix-up, or the end. */
#include "guest/trap.h"
#include "guest/kernel.h"

/* The places that may trap, and where each goes on: guest/words.S. */
extern const u64 word_fixups[], word_fixups_end[];

static trap_handler *handlers[VECTORS];

void trap_take(unsigned vector, trap_handler *handler)
{
    handlers[vector] = handler;
}

trap_handler *trap_handler_of(unsigned vector)
{
    return handlers[vector];
}

void trap_kernel(struct trap_frame *frame)
{
    if (handlers[frame->vector]) {
        handlers[frame->vector](frame);
        return;
    }
    for (const u64 *fixup = word_fixups; fixup < word_fixups_end; fixup += 2)
        if (fixup[0] == frame->rip) {
            frame->rip = fixup[1];
            return;
        }
    panic("Unexpected trap %lu in the kernel, error code %lx, rip %lx, rsp %lx, address %lx",
          frame->vector, frame->error, frame->rip, frame->rsp, trap_address());
}
