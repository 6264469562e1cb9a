/* SPDX-License-Identifier: MIT */
/* The consoles to which the log and the privileged domain's console are written. */
#include "hypervisor/log/output.h"
#include "hypervisor/log/uart.h"
#include "hypervisor/screen/machine_screen.h"
#include "hypervisor/screen/screen.h"

static struct {
    u32 chosen;
} outputs = {.chosen = OUTPUT_ALL};

void output_choose(u32 chosen)
{
    outputs.chosen = chosen;
}

void output_write(const char *bytes, u64 count)
{
    if (outputs.chosen & OUTPUT_COM1) {
        uart_write(UART_LOG, bytes, count);
    }
    output_write_screen(bytes, count);
}

void output_start_screen(const struct screen_mode *given)
{
    machine_screen_find(given);
    if (outputs.chosen & OUTPUT_SCREEN) {
        machine_screen_draw();
    }
}

void output_leave_screen(void)
{
    machine_screen_leave();
}

bool output_return_screen(void)
{
    return outputs.chosen & OUTPUT_SCREEN && machine_screen_return();
}

void output_write_screen(const char *bytes, u64 count)
{
    if (screen_is_on()) {
        screen_write(bytes, count);
        machine_screen_place_cursor();
    }
}

u32 output_screen_rows(void)
{
    return screen_rows();
}
