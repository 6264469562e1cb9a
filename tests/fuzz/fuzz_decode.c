/* SPDX-License-Identifier: MIT */
/* Compares hypervisor/emulate/decode.c with Zydis, as the unit test does, on bytes that the fuzzer
 * chooses; and checks that no byte beyond them is read. */
#include <stdlib.h>
#include <string.h>
#include "tests/fuzz/input.h"
#include "tests/unit/emulate/decode_oracle.h"

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t size)
{
    static bool started;
    u8 instruction[INSTRUCTION_MAX] = {0};
    struct input in = {bytes, size};
    bool long_mode;

    if (!started && decode_oracle_start()) {
        abort();
    }
    started = true;
    long_mode = input_number(&in, 1) & 1;
    memcpy(instruction, in.bytes, in.left < INSTRUCTION_MAX ? in.left : INSTRUCTION_MAX);
    decode_compare(instruction, long_mode);
    if (decode_oracle.wrong) {
        abort();
    }
    return 0;
}
