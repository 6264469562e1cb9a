/* SPDX-License-Identifier: MIT */
/* tools/cfg.c reads arbitrary text as a guest's description. Proves that neither it nor libxlutil
 * under it crashes, that it reads nothing outside the text and leaks nothing, and that it returns
 * either a description or an error sentence that names the file. */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/input.h"
#include "tools/cfg.h"

/* libxlutil leaks what it had read of a text that it refuses. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libxlutil.so";
}

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t size)
{
    struct guest guest = {0};
    struct buffer notes = {0};
    struct failure failure = {0};

    if (!cfg_read("fuzz.cfg", (const char *)bytes, size, &guest, &notes, &failure) &&
        strncmp(failure.sentence, "fuzz.cfg:", 9) != 0) {
        abort();
    }
    buffer_free(&notes);
    guest_free(&guest);
    return 0;
}
