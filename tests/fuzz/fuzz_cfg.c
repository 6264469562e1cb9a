/* SPDX-License-Identifier: MIT */
/* tools/cfg.c reads any text as a guest's description: proves that it reads nothing but the text,
 * leaks nothing, and either answers or says why not. */
#include <stdlib.h>

#include "tests/fuzz/input.h"
#include "tools/cfg.h"

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t size)
{
    struct guest guest = {0};
    struct buffer ignored = {0};
    struct failure failure = {0};

    if (!cfg_read("fuzz.cfg", (const char *)bytes, size, &guest, &ignored, &failure) &&
        !failure.sentence[0]) {
        abort();
    }
    buffer_free(&ignored);
    guest_free(&guest);
    return 0;
}
