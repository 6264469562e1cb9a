/* SPDX-License-Identifier: MIT */
/* The two 16550 serial ports. */
#include "hypervisor/log/uart.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/irq/isa.h"

#define UARTS      2
#define FIFO_BYTES 16

#define REGISTER_DATA    0
#define REGISTER_ENABLE  1 /* which interrupts are enabled */
#define REGISTER_FIFO    2 /* when read: which interrupt is pending */
#define REGISTER_LINE    3
#define REGISTER_MODEM   4
#define REGISTER_STATUS  5
#define REGISTER_CHANGES 6 /* of the modem's lines */
#define REGISTER_SCRATCH 7

#define ENABLE_INPUT   0x01
#define FIFO_ON_EMPTY  0x07 /* FIFOs on, both emptied, an interrupt from the first byte received */
#define FASTEST        115200u /* bits a second */
#define LINE_8N1       0x03
#define LINE_DIVISOR   0x80
#define FIFO_OFF       0
#define MODEM_READY    0x0b /* DTR, RTS, and OUT2, which connects the interrupt to its line */
#define STATUS_INPUT   0x01
#define STATUS_ROOM    0x20
#define STATUS_EMPTY   0x40
#define STATUS_NOTHING 0xff /* the value that any register of a missing port reads as */

/* How often a port is asked whether it can send before it counts as stuck: seconds on any machine;
 * sending 16 bytes at the lowest speed takes 3 s. */
#define TRIES 20000000u

static const u16 base[UARTS] = {[UART_LOG] = 0x3f8, [UART_GUESTS] = 0x2f8};

static struct {
    bool present[UARTS];
    bool stuck[UARTS]; /* the port did not get ready to send when it was last asked */
    bool patient;      /* wait for ever instead */
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

static void set_divisor(u16 port, u32 divisor)
{
    out8(port + REGISTER_LINE, LINE_DIVISOR);
    out8(port + REGISTER_DATA, (u8)divisor);
    out8(port + REGISTER_ENABLE, (u8)(divisor >> 8));
    out8(port + REGISTER_LINE, LINE_8N1);
}

/* Writes all registers, in which the firmware may have left any value, and reads what the port
 * reports of the time before. */
static void set_up(u16 port)
{
    set_divisor(port, 1);
    out8(port + REGISTER_ENABLE, 0);
    out8(port + REGISTER_FIFO, FIFO_OFF);
    out8(port + REGISTER_FIFO, FIFO_ON_EMPTY);
    out8(port + REGISTER_MODEM, MODEM_READY);
    in8(port + REGISTER_STATUS);
    in8(port + REGISTER_DATA);
    in8(port + REGISTER_FIFO);
    in8(port + REGISTER_CHANGES);
}

void uart_start(void)
{
    for (u32 i = 0; i < UARTS; i++) {
        u16 port = base[i];

        ports.present[i] = probe(port);
        if (!ports.present[i]) {
            continue;
        }
        set_up(port);
    }
}

bool uart_is_present(enum uart uart)
{
    return ports.present[uart];
}

void uart_set_speed(enum uart uart, u32 baud)
{
    if (ports.present[uart]) {
        uart_flush(uart);
        set_divisor(base[uart], FASTEST / baud);
    }
}

void uart_wait_for_ever(void)
{
    ports.patient = true;
}

/* Waits until the port's status has `bit`. False: it does not come; then the next call asks once
 * only. */
static bool wait_for(enum uart uart, u8 bit)
{
    u32 tries = ports.stuck[uart] ? 1 : TRIES;

    while (!(in8(base[uart] + REGISTER_STATUS) & bit)) {
        if (--tries == 0 && !ports.patient) {
            ports.stuck[uart] = true;
            return false;
        }
        __builtin_ia32_pause();
    }
    ports.stuck[uart] = false;
    return true;
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
        if (!wait_for(uart, STATUS_ROOM)) {
            return;
        }
        __asm__ volatile("rep outsb" : "+S"(bytes), "+c"(part) : "d"(port) : "memory");
    }
}

void uart_flush(enum uart uart)
{
    if (ports.present[uart]) {
        wait_for(uart, STATUS_EMPTY);
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
    isa_enable(uart == UART_LOG ? UART_LOG_IRQ : UART_GUESTS_IRQ);
}
