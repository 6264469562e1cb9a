/* SPDX-License-Identifier: MIT */
/* Switching the machine off and resetting it. */
#ifndef CPU_MACHINE_H
#define CPU_MACHINE_H

#include "lib/types.h"

/* The registers that do it, as ACPI describes them (ACPI specification 6.5, 4.8.3). */
struct machine_power {
    u16 pm1a_control, pm1b_control; /* ports; 0: there is none */
    bool has_off_types;
    u8 off_type_a, off_type_b; /* the sleep types that mean off, if has_off_types */
    u16 reset_port;            /* 0: there is none */
    u8 reset_value;            /* what to write there */
};

/* Records the registers. Once, at boot; without it the machine has none. */
void machine_set_power(const struct machine_power *power);

/* The functions below halt the other CPUs, if there are any that run, and wait until the serial
 * ports have sent everything. Locks may be held. */

/* Ends the emulator with `status` (lib/handoff.h), and halts this CPU if there is no emulator. The
 * other CPUs go on. */
_Noreturn void machine_exit(u8 status);

/* Switches the machine off by writing `pm1a` and `pm1b` to the two control registers: the values of
 * ACPI's sleep state S5, as the privileged domain has found them. If that does not switch it off,
 * ends as machine_exit does with HANDOFF_ALL_WELL. */
_Noreturn void machine_power_off(u16 pm1a, u16 pm1b);

/* The same with the values that the tables have; without any as machine_exit(`status`). */
_Noreturn void machine_switch_off(u8 status);

/* Ends the machine after a failure, of which the log has the report: takes the screen back for it,
 * ends the emulator with `status` as machine_exit does, and without one restarts the machine after
 * the delay, or halts it. */
_Noreturn void machine_fail(u8 status);

/* Panics because the privileged domain wants to see what happens then. */
_Noreturn void machine_fail_as_asked(void);

#define MACHINE_RESTART_DELAY 10u /* seconds, without machine_set_restart_delay */

/* Sets the delay of machine_fail, in seconds; 0: the machine halts. At boot only. */
void machine_set_restart_delay(u32 seconds);

/* Resets the machine, in the order of how cleanly it is done: by the register that ACPI names, the
 * chipset's, the keyboard controller, a triple fault. */
_Noreturn void machine_restart(void);

#endif
