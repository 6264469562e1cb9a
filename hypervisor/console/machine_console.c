/* SPDX-License-Identifier: MIT */
/* The privileged domain's console: COM1, which it shares with the log. */
#include "hypervisor/console/machine_console.h"
#include "hypervisor/console/input.h"
#include "hypervisor/event/channel.h"
#include "hypervisor/log/uart.h"
#include "hypervisor/memory/map.h"
#include "hypervisor/ranks.h"
#include "lib/lock.h"

static struct input_bytes input_buffer IMAGE_PRIVATE;

static struct {
    struct lock lock;
    struct input input;
} com1 = {.lock = {.rank = RANK_PORT}, .input = {.uart = UART_LOG, .bytes = &input_buffer}};

void machine_console_start(void)
{
    uart_enable_input_interrupt(UART_LOG);
}

void machine_console_receive(void)
{
    lock_take(&com1.lock);
    input_fill(&com1.input);
    bool any = com1.input.in != com1.input.out;
    lock_release(&com1.lock);
    if (any) {
        event_virq_machine(VIRQ_CONSOLE);
    }
}

u32 machine_console_peek(char *bytes, u32 count, u32 *at)
{
    lock_take(&com1.lock);
    u32 there = com1.input.in - com1.input.out;
    u32 copied = count < there ? count : there;

    *at = com1.input.out;
    for (u32 i = 0; i < copied; i++) {
        bytes[i] = input_at(&com1.input, com1.input.out + i);
    }
    lock_release(&com1.lock);
    return copied;
}

bool machine_console_take(u32 at, u32 count)
{
    lock_take(&com1.lock);
    bool same = at == com1.input.out;

    if (same) {
        com1.input.out += count;
    }
    if (same && com1.input.held) {
        input_fill(&com1.input);
    }
    lock_release(&com1.lock);
    return same;
}
