/* SPDX-License-Identifier: MIT */
/* What has arrived at a serial port for a console and has not been taken. */
#ifndef CONSOLE_INPUT_H
#define CONSOLE_INPUT_H

#include "hypervisor/log/uart.h"

#define INPUT_BYTES 1024 /* must be a power of two */

/* The bytes themselves, which are declared IMAGE_PRIVATE (memory/map.h). */
struct input_bytes {
    u8 byte[INPUT_BYTES];
};

/* The caller has a lock for it. */
struct input {
    enum uart uart;
    struct input_bytes *bytes; /* their place in the image, not in the direct map */
    u32 in, out; /* how many bytes were ever put into the buffer and taken out, modulo 2^32 */
    bool held;   /* input waits in the port because the buffer was full */
};

/* Reads the port until it is empty or the buffer is full; what does not fit stays in the port,
 * whose flow control stops the sender. */
void input_fill(struct input *input);

/* Byte number `at`, which is below `in` and not below `out`. */
char input_at(const struct input *input, u32 at);

#endif
