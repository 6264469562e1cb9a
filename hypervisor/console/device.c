/* SPDX-License-Identifier: MIT */
/* Interrupts of the devices that the hypervisor uses itself. */
#include "hypervisor/console/guest_console.h"
#include "hypervisor/irq/interrupt.h"
#include "hypervisor/log/uart.h"

bool interrupt_of_device(u32 irq)
{
    if (irq != UART_GUESTS_IRQ) {
        return false;
    }
    guest_console_receive();
    return true;
}
