/* SPDX-License-Identifier: MIT */
/* Switching the machine off. */
#include "hypervisor/log/log.h"
#include "hypervisor/log/uart.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/cpu/machine.h"
#include "lib/handoff.h"

_Noreturn void machine_exit(u8 status)
{
    interrupts_off();
    log_flush();
    uart_flush(UART_GUESTS);
    uart_flush(UART_LOG);
    out8(HANDOFF_EXIT_PORT, status);
    for (;;) {
        __asm__ volatile("hlt");
    }
}
