/* SPDX-License-Identifier: MIT */
/* Switching the machine off and resetting it. */
#include "hypervisor/cpu/machine.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/cpu/halt.h"
#include "hypervisor/log/log.h"
#include "hypervisor/log/uart.h"
#include "hypervisor/time/clock.h"
#include "lib/handoff.h"
#include "lib/x86/descriptor.h"

#define SLEEP_TYPE      10 /* shift */
#define SLEEP_TYPE_MASK 0x1c00u
#define SLEEP_ENABLE    0x2000u
#define OFF_NS          2000000000ull /* an emulator may take this long to end */

#define PORT_CHIPSET   0xcf9
#define CHIPSET_FULL   0x0e
#define CHIPSET_RESET  0x02
#define CHIPSET_START  0x04
#define PORT_KEYBOARD  0x64
#define KEYBOARD_BUSY  0x02
#define KEYBOARD_RESET 0xfe
#define KEYBOARD_TRIES 100000
#define RESET_NS       100000000ull

/* The TSC's frequency where it has not been measured yet: no processor's is much higher. */
#define KHZ_UNKNOWN 3000000ull
#define NS_A_SECOND 1000000000ull

static struct machine_power registers;

static struct {
    u32 delay; /* seconds from a failure to the restart; 0: the machine halts */
} failing = {.delay = MACHINE_RESTART_DELAY};

void machine_set_power(const struct machine_power *power)
{
    registers = *power;
}

void machine_set_restart_delay(u32 seconds)
{
    failing.delay = seconds;
}

static void flush(void)
{
    log_flush();
    uart_flush(UART_GUESTS);
    uart_flush(UART_LOG);
}

_Noreturn void machine_exit(u8 status)
{
    interrupts_off();
    flush();
    out8(HANDOFF_EXIT_PORT, status);
    for (;;) {
        __asm__ volatile("hlt");
    }
}

/* Waits by the TSC alone: the machine may have failed before its clock was calibrated. */
static void wait_for(u64 ns)
{
    u64 khz = clock_tsc_khz() ? clock_tsc_khz() : KHZ_UNKNOWN;
    u64 ticks = ns / 1000000 * khz;

    for (u64 start = read_tsc(); read_tsc() - start < ticks;) {
        __builtin_ia32_pause();
    }
}

/* ---- off ---- */

static void write_sleep(u16 port, u16 value)
{
    if (port) {
        out16(port, (u16)(value & ~SLEEP_ENABLE)); /* the type first, as the specification has it */
        out16(port, value | SLEEP_ENABLE);
    }
}

static _Noreturn void power_off(u16 pm1a, u16 pm1b, u8 status)
{
    interrupts_off();
    halt_others();
    flush();
    write_sleep(registers.pm1a_control, pm1a);
    write_sleep(registers.pm1b_control, pm1b);
    wait_for(OFF_NS);
    machine_exit(status);
}

_Noreturn void machine_power_off(u16 pm1a, u16 pm1b)
{
    power_off(pm1a, pm1b, HANDOFF_ALL_WELL);
}

/* The register's present contents, which other bits than the sleep type share, with `type`. */
static u16 with_type(u16 port, u8 type)
{
    u32 value = port ? in16(port) : 0;

    return (u16)((value & ~SLEEP_TYPE_MASK) | ((u32)type << SLEEP_TYPE & SLEEP_TYPE_MASK));
}

_Noreturn void machine_switch_off(u8 status)
{
    if (!registers.has_off_types || !registers.pm1a_control) {
        machine_exit(status);
    }
    power_off(with_type(registers.pm1a_control, registers.off_type_a),
              with_type(registers.pm1b_control, registers.off_type_b), status);
}

/* ---- reset ---- */

static void reset_by_keyboard(void)
{
    for (u32 i = 0; i < KEYBOARD_TRIES && in8(PORT_KEYBOARD) & KEYBOARD_BUSY; i++) {
        __builtin_ia32_pause();
    }
    out8(PORT_KEYBOARD, KEYBOARD_RESET);
}

/* An exception for which there is no descriptor table. */
static _Noreturn void reset_by_fault(void)
{
    struct table_pointer none = {0, 0};

    __asm__ volatile("lidt %0; int3" : : "m"(none));
    __builtin_unreachable();
}

_Noreturn void machine_restart(void)
{
    interrupts_off();
    halt_others();
    flush();
    if (registers.reset_port) {
        out8(registers.reset_port, registers.reset_value);
        wait_for(RESET_NS);
    }
    u8 kept = (u8)(in8(PORT_CHIPSET) & ~CHIPSET_FULL);
    out8(PORT_CHIPSET, kept | CHIPSET_RESET);
    out8(PORT_CHIPSET, kept | CHIPSET_RESET | CHIPSET_START);
    wait_for(RESET_NS);
    reset_by_keyboard();
    wait_for(RESET_NS);
    reset_by_fault();
}

/* ---- failure ---- */

_Noreturn void machine_fail(u8 status)
{
    interrupts_off();
    halt_others();
    log_keep_for_next_boot();
    log_take_screen();
    flush();
    out8(HANDOFF_EXIT_PORT, status);
    if (!failing.delay) {
        log_last_line("the machine is halted");
        halt();
    }
    log_last_line("the machine restarts in %u seconds", failing.delay);
    wait_for(failing.delay * NS_A_SECOND);
    machine_restart();
}

_Noreturn void machine_fail_as_asked(void)
{
    panic("dom0 asked for a failure (debug key C)");
}
