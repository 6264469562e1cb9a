/* SPDX-License-Identifier: MIT */
/* tools/kernel.c reads arbitrary bytes as a kernel file: bzImage, packed or plain ELF. Proves that
 * it reads nothing outside them, leaks nothing, and either returns a checked kernel or an error
 * sentence. */
#include <stdlib.h>

#include "tests/fuzz/input.h"
#include "tools/kernel.h"

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t size)
{
    struct buffer file = {0};
    struct kernel kernel = {0};
    struct failure failure = {0};

    buffer_append(&file, bytes, size);
    if (kernel_unpack("fuzz", &file, &kernel, &failure)) {
        kernel_free(&kernel);
    } else if (!failure.sentence[0]) {
        abort();
    }
    return 0;
}
