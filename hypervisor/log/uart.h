/* SPDX-License-Identifier: MIT */
/* The two 16550 serial ports: COM1 for the log, COM2 for the guests' consoles. */
#ifndef LOG_UART_H
#define LOG_UART_H

#include "lib/types.h"

#define UART_GUESTS_IRQ 3u /* COM2's interrupt at the first 8259 */

enum uart { UART_LOG, UART_GUESTS };

/* Sets both ports up: 115200 baud, 8 bits, no parity, 1 stop bit, FIFOs on. A port that does not
 * exist is skipped, and the other functions ignore it. Once, at boot. */
void uart_start(void);

/* True when the port exists. */
bool uart_is_present(enum uart uart);

/* Writes `count` bytes. Waits before each 16 bytes until the port's FIFO is empty. */
void uart_write(enum uart uart, const char *bytes, u64 count);

/* Waits until the last byte has left the port. */
void uart_flush(enum uart uart);

/* Reads one byte, 0 to 255. -1: none has arrived. */
int uart_read(enum uart uart);

/* Lets COM2 raise its interrupt (UART_GUESTS_IRQ) when it has input. Call it after pic_start. */
void uart_enable_input_interrupt(void);

#endif
