/* SPDX-License-Identifier: MIT */
/* Recognises the markers of bench/markers.h among a guest's instructions. */
#ifndef BENCH_PLUGIN_MARKER_H
#define BENCH_PLUGIN_MARKER_H

#include <string.h>

#include "bench/markers.h"
#include "bench/plugin/qemu.h"

/* Returns what an instruction marks (MARKER_...); -1: it is no marker. */
static inline long marker_in(const struct qemu_plugin_insn *insn)
{
    static const uint8_t nopl[] = {0x0f, 0x1f, 0x80};
    const uint8_t *bytes = qemu_plugin_insn_data(insn);
    uint32_t value;

    if (qemu_plugin_insn_size(insn) != 7 || memcmp(bytes, nopl, sizeof(nopl))) {
        return -1;
    }
    memcpy(&value, bytes + sizeof(nopl), sizeof(value));
    return (value & MARKER_MASK) == MARKER ? (long)(value & ~MARKER_MASK) : -1;
}

#endif
