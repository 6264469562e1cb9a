/* SPDX-License-Identifier: MIT */
/* The two 16550 serial ports: COM1 for the log, and the privileged domain's console if there is
 * such a domain; COM2 for the consoles of the guests of the boot hand-off. */
#ifndef LOG_UART_H
#define LOG_UART_H

#include "lib/types.h"

/* The ports' interrupts on the ISA bus. */
#define UART_LOG_IRQ    4u
#define UART_GUESTS_IRQ 3u

enum uart { UART_LOG, UART_GUESTS };

/* Sets both ports up: 115200 baud, 8 bits, no parity, 1 stop bit, FIFOs on. A port that does not
 * exist is skipped, and the other functions ignore it. Once, at boot. */
void uart_start(void);

/* True when the port exists. */
bool uart_is_present(enum uart uart);

/* Sets the port's speed, a divisor of 115200, in bits a second. */
void uart_set_speed(enum uart uart, u32 baud);

/* Makes the functions below wait without a limit, for a machine whose ports an emulator's user
 * reads, who may be slow. */
void uart_wait_for_ever(void);

/* Writes `count` bytes. Waits before each 16 bytes until the port's FIFO is empty. What the port
 * does not take within seconds is lost, and so is what follows until it takes bytes again. */
void uart_write(enum uart uart, const char *bytes, u64 count);

/* Waits until the last byte has left the port, for seconds at most. */
void uart_flush(enum uart uart);

/* Reads one byte, 0 to 255. -1: none has arrived. */
int uart_read(enum uart uart);

/* Lets the port raise its interrupt when it has input. Call it after isa_start. */
void uart_enable_input_interrupt(enum uart uart);

#endif
