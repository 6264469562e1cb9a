/* SPDX-License-Identifier: MIT */
/* tools/cfg.c reads arbitrary text as a guest's description. Proves that it reads nothing outside
 * the text, leaks nothing, and either returns a description or an error sentence. */
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
