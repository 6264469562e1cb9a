/* SPDX-License-Identifier: MIT */
/* lib/pvimage.c reads arbitrary bytes as a kernel. Proves that it reads nothing outside them, and
 * that what it accepts keeps every promise of pvimage.h, on which the domain builder relies. */
#include <stdlib.h>

#include "lib/pvimage.h"
#include "tests/fuzz/input.h"

static void claim(bool true_of_it)
{
    if (!true_of_it) {
        abort();
    }
}

static void check(const struct pvimage *image, u64 size)
{
    u64 end = 0;

    claim(image->segment_count >= 1 && image->segment_count <= PVIMAGE_SEGMENTS_MAX);
    for (u32 i = 0; i < image->segment_count; i++) {
        const struct pvimage_segment *s = &image->segment[i];

        claim(s->file_size <= s->memory_size);
        claim(s->file_offset <= size && s->file_size <= size - s->file_offset);
        claim(i == 0 || s->physical >= end);
        claim(s->physical + s->memory_size >= s->physical);
        end = s->physical + s->memory_size;
    }
    claim(image->start == image->segment[0].physical && image->end >= end);
    claim(image->hypercall_page == PVIMAGE_UNSET || image->hypercall_page % PAGE_SIZE == 0);
}

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t size)
{
    struct pvimage image;
    const enum pvimage_error error = pvimage_read(bytes, size, &image);

    claim(error < PVIMAGE_ERRORS && pvimage_sentence(error));
    if (error == PVIMAGE_OK) {
        check(&image, size);
    }
    return 0;
}
