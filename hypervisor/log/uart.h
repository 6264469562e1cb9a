/* SPDX-License-Identifier: MIT */
/* The two 16550 serial ports. */
#ifndef LOG_UART_H
#define LOG_UART_H

#include "lib/types.h"

enum uart { UART_LOG, UART_GUESTS };

void uart_start(void);
void uart_write(enum uart uart, const char *bytes, u64 count); /* waits for room */
void uart_flush(enum uart uart);        /* waits until the last byte has left */
int uart_read(enum uart uart);          /* -1: nothing there */
void uart_enable_input_interrupt(void); /* COM2's, IRQ 3 */

#endif
