/* SPDX-License-Identifier: MIT */
/* A fuzzer's bytes, taken as numbers; zeroes when they have run out. */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/types.h"

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t size);

struct input {
    const u8 *bytes;
    size_t left;
};

static inline u64 input_number(struct input *in, u32 size)
{
    u64 value = 0;
    const size_t part = in->left < size ? in->left : size;

    memcpy(&value, in->bytes, part);
    in->bytes += part;
    in->left -= part;
    return value;
}

static inline u32 input_below(struct input *in, u32 limit)
{
    return (u32)input_number(in, 1) % limit;
}

#endif
