/* SPDX-License-Identifier: MIT */
/* Switching the machine off. */
#ifndef CPU_MACHINE_H
#define CPU_MACHINE_H

#include "lib/types.h"

/* Waits until the serial ports have sent everything, ends the emulator with `status`
 * (lib/handoff.h), and halts this CPU if there is no emulator. Locks may be held. */
_Noreturn void machine_exit(u8 status);

#endif
