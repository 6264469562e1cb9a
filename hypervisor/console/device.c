/* SPDX-License-Identifier: MIT */
/* Interrupts of the devices that the hypervisor uses itself. */
#include "hypervisor/console/guest_console.h"
#include "hypervisor/console/machine_console.h"
#include "hypervisor/irq/interrupt.h"
#include "hypervisor/log/uart.h"

bool interrupt_of_device(u32 irq)
{
    switch (irq) {
    case UART_GUESTS_IRQ:
        guest_console_receive();
        return true;
    case UART_LOG_IRQ:
        machine_console_receive();
        return true;
    default:
        return false;
    }
}
