/* SPDX-License-Identifier: MIT */
/* The input of a console. */
#include "hypervisor/console/input.h"
#include "hypervisor/memory/map.h"

static u8 *place_of(const struct input *input, u32 at)
{
    struct input_bytes *bytes = map_private(input->bytes);

    return &bytes->byte[at % INPUT_BYTES];
}

void input_fill(struct input *input)
{
    while (input->in - input->out < INPUT_BYTES) {
        int byte = uart_read(input->uart);

        if (byte < 0) {
            input->held = false;
            return;
        }
        *place_of(input, input->in++) = (u8)byte;
    }
    input->held = true;
}

char input_at(const struct input *input, u32 at)
{
    return (char)*place_of(input, at);
}
