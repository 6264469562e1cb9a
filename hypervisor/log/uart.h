/* SPDX-License-Identifier: MIT */
/* The two 16550 serial ports: COM1 for the log, COM2 for the guests' consoles. */
#ifndef LOG_UART_H
#define LOG_UART_H

#include "lib/types.h"

#define UART_GUESTS_IRQ 3u /* of COM2, at the first 8259 */

enum uart { UART_LOG, UART_GUESTS };

/* Sets both ports up: 115200 baud, 8 bits, FIFOs on. Once, at boot. */
void uart_start(void);

/* Writes `count` bytes; waits whenever there is no room. */
void uart_write(enum uart uart, const char *bytes, u64 count);

/* Waits until the last byte has left the port. */
void uart_flush(enum uart uart);

/* Reads one byte; -1: there is none. */
int uart_read(enum uart uart);

/* Makes COM2 interrupt (UART_GUESTS_IRQ) when it has input. After pic_start. */
void uart_enable_input_interrupt(void);

#endif
