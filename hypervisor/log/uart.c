/* SPDX-License-Identifier: MIT */
/* The two 16550 serial ports. */
#include "hypervisor/log/uart.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/irq/pic.h"

#define UARTS      2
#define FIFO_BYTES 16

#define REGISTER_DATA    0
#define REGISTER_ENABLE  1 /* which interrupts are enabled */
#define REGISTER_FIFO    2
#define REGISTER_LINE    3
#define REGISTER_MODEM   4
#define REGISTER_STATUS  5
#define REGISTER_SCRATCH 7

#define ENABLE_INPUT   0x01
#define FIFO_ON_EMPTY  0x07 /* FIFOs on, both emptied, an interrupt from the first byte received */
#define FASTEST        115200u /* bits a second */
#define LINE_8N1       0x03
#define LINE_DIVISOR   0x80
#define MODEM_READY    0x0b /* DTR, RTS, and OUT2, which connects the interrupt to the 8259 */
#define STATUS_INPUT   0x01
#define STATUS_ROOM    0x20
#define STATUS_EMPTY   0x40
#define STATUS_NOTHING 0xff /* the value that any register of a missing port reads as */

static const u16 base[UARTS] = {[UART_LOG] = 0x3f8, [UART_GUESTS] = 0x2f8};

static struct {
    bool present[UARTS];
} ports;

/* True when there is a 16550 at `port`: its scratch register keeps what is written to it. */
static bool probe(u16 port)
{
    out8(port + REGISTER_SCRATCH, 0x5a);
    if (in8(port + REGISTER_SCRATCH) != 0x5a) {
        return false;
    }
    out8(port + REGISTER_SCRATCH, 0xa5);
    return in8(port + REGISTER_SCRATCH) == 0xa5 && in8(port + REGISTER_STATUS) != STATUS_NOTHING;
}

void uart_start(void)
{
    for (u32 i = 0; i < UARTS; i++) {
        u16 port = base[i];

        ports.present[i] = probe(port);
        if (!ports.present[i]) {
            continue;
        }
        out8(port + REGISTER_ENABLE, 0);
        out8(port + REGISTER_LINE, LINE_DIVISOR);
        out8(port + REGISTER_DATA, 1); /* divisor for 115200 baud */
        out8(port + REGISTER_ENABLE, 0);
        out8(port + REGISTER_LINE, LINE_8N1);
        out8(port + REGISTER_FIFO, FIFO_ON_EMPTY);
        out8(port + REGISTER_MODEM, MODEM_READY);
    }
}

bool uart_is_present(enum uart uart)
{
    return ports.present[uart];
}

void uart_set_speed(enum uart uart, u32 baud)
{
    u16 port = base[uart];
    u32 divisor = FASTEST / baud;

    uart_flush(uart);
    out8(port + REGISTER_LINE, LINE_DIVISOR);
    out8(port + REGISTER_DATA, (u8)divisor);
    out8(port + REGISTER_ENABLE, (u8)(divisor >> 8));
    out8(port + REGISTER_LINE, LINE_8N1);
}

void uart_write(enum uart uart, const char *bytes, u64 count)
{
    u16 port = base[uart];

    if (!ports.present[uart]) {
        return;
    }
    while (count) {
        u64 part = count < FIFO_BYTES ? count : FIFO_BYTES;

        count -= part;
        while (!(in8(port + REGISTER_STATUS) & STATUS_ROOM)) {
            __builtin_ia32_pause();
        }
        __asm__ volatile("rep outsb" : "+S"(bytes), "+c"(part) : "d"(port) : "memory");
    }
}

void uart_flush(enum uart uart)
{
    while (ports.present[uart] && !(in8(base[uart] + REGISTER_STATUS) & STATUS_EMPTY)) {
        __builtin_ia32_pause();
    }
}

int uart_read(enum uart uart)
{
    u16 port = base[uart];

    if (!ports.present[uart] || !(in8(port + REGISTER_STATUS) & STATUS_INPUT)) {
        return -1;
    }
    return in8(port + REGISTER_DATA);
}

void uart_enable_input_interrupt(enum uart uart)
{
    if (!ports.present[uart]) {
        return;
    }
    out8(base[uart] + REGISTER_ENABLE, ENABLE_INPUT);
    pic_enable(uart == UART_LOG ? UART_LOG_IRQ : UART_GUESTS_IRQ);
}
