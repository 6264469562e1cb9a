/* SPDX-License-Identifier: MIT */
/* Handles a trap from kernel mode: calls a handler, applies a fixup, or panics. */
#include "guest/trap.h"
#include "guest/event.h"
#include "guest/kernel.h"

/* Pairs of addresses, from guest/words.S: an instruction that may trap, and its fixup, the address
 * at which execution continues then. */
extern const u64 word_fixups[], word_fixups_end[];

trap_handler *trap_handlers[VECTORS];

void trap_take(unsigned vector, trap_handler *handler)
{
    trap_handlers[vector] = handler;
}

void trap_kernel(struct trap_frame *frame)
{
    if (trap_handlers[frame->vector]) {
        trap_handlers[frame->vector](frame);
        return;
    }
    if (frame->vector == VECTOR_EVENT) {
        event_poll();
        return;
    }
    for (const u64 *fixup = word_fixups; fixup < word_fixups_end; fixup += 2) {
        if (fixup[0] == frame->rip) {
            frame->rip = fixup[1];
            return;
        }
    }
    panic("Unexpected trap %lu in the kernel, error code %lx, rip %lx, rsp %lx, address %lx",
          frame->vector, frame->error, frame->rip, frame->rsp, trap_address());
}
