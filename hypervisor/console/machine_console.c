/* SPDX-License-Identifier: MIT */
/* The privileged domain's console: COM1, which it shares with the log. */
#include "hypervisor/console/machine_console.h"
#include "hypervisor/event/channel.h"
#include "hypervisor/log/uart.h"
#include "hypervisor/memory/map.h"
#include "hypervisor/ranks.h"
#include "lib/lock.h"

#define INPUT_BYTES 1024 /* must be a power of two */

static struct {
    struct lock lock;
    u32 in, out; /* how many bytes were ever put into the buffer and taken out, modulo 2^32 */
    bool held;   /* input waits in COM1 because the buffer was full */
} com1 = {.lock = {.rank = RANK_PORT}};

static struct {
    u8 byte[INPUT_BYTES];
} input_buffer IMAGE_PRIVATE;

static u8 *input_at(u32 place)
{
    u8 *input = map_private(&input_buffer);

    return &input[place % INPUT_BYTES];
}

/* Reads COM1 until it is empty or the buffer is full; what does not fit stays in COM1, whose flow
 * control stops the sender. The caller holds com1.lock. */
static void fill(void)
{
    while (com1.in - com1.out < INPUT_BYTES) {
        int byte = uart_read(UART_LOG);

        if (byte < 0) {
            com1.held = false;
            return;
        }
        *input_at(com1.in++) = (u8)byte;
    }
    com1.held = true;
}

void machine_console_start(void)
{
    uart_enable_input_interrupt(UART_LOG);
}

void machine_console_receive(void)
{
    lock_take(&com1.lock);
    fill();
    bool any = com1.in != com1.out;
    lock_release(&com1.lock);
    if (any) {
        event_virq_machine(VIRQ_CONSOLE);
    }
}

u32 machine_console_peek(char *bytes, u32 count, u32 *at)
{
    lock_take(&com1.lock);
    u32 there = com1.in - com1.out;
    u32 copied = count < there ? count : there;

    *at = com1.out;
    for (u32 i = 0; i < copied; i++) {
        bytes[i] = (char)*input_at(com1.out + i);
    }
    lock_release(&com1.lock);
    return copied;
}

bool machine_console_take(u32 at, u32 count)
{
    lock_take(&com1.lock);
    bool same = at == com1.out;

    if (same) {
        com1.out += count;
    }
    if (same && com1.held) {
        fill();
    }
    lock_release(&com1.lock);
    return same;
}
