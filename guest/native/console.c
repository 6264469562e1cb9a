/* SPDX-License-Identifier: MIT */
/* The console of the bare machine: its first serial port (COM1, a 16550). */
#include "guest/console.h"
#include "guest/native/native.h"

#define PORT        0x3f8
#define LINE_STATUS (PORT + 5)
#define CAN_SEND    0x20
#define IS_IDLE     0x40

void console_start(void)
{
    port_write(PORT + 1, 0);    /* turns the port's interrupts off */
    port_write(PORT + 3, 0x80); /* the next two bytes set the speed: 115200 baud */
    port_write(PORT, 1);
    port_write(PORT + 1, 0);
    port_write(PORT + 3, 3); /* 8 data bits, 1 stop bit, no parity */
    port_write(PORT + 2, 7); /* turns the FIFOs on and empties them */
}

void console_write(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        while (!(port_read(LINE_STATUS) & CAN_SEND))
            ;
        port_write(PORT, (u8)text[i]);
    }
}

void console_flush(void)
{
    while (!(port_read(LINE_STATUS) & IS_IDLE))
        ;
}
