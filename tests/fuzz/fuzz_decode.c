/* SPDX-License-Identifier: MIT */
/* hypervisor/emulate/decode.c against Zydis, and never a byte beyond those given: the comparison of
 * the unit test, on bytes that the fuzzer chooses. */
int test_decode_main(void);
#define main test_decode_main
#include "tests/unit/emulate/test_decode.c"
#undef main

#include "tests/fuzz/input.h"

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t size)
{
    u8 instruction[INSTRUCTION_MAX] = {0};
    struct input in = {bytes, size};
    bool long_mode;

    if (!test.end && set_up(NULL)) {
        abort();
    }
    long_mode = input_number(&in, 1) & 1;
    memcpy(instruction, in.bytes, in.left < INSTRUCTION_MAX ? in.left : INSTRUCTION_MAX);
    check(instruction, long_mode);
    if (test.wrong) {
        abort();
    }
    return 0;
}
