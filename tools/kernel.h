/* SPDX-License-Identifier: MIT */
/* Kernel files: makes a checked ELF image of a file in one of the formats that distributions use.
 */
#ifndef TOOLS_KERNEL_H
#define TOOLS_KERNEL_H

#include "lib/pvimage.h"
#include "tools/buffer.h"

struct kernel {
    struct buffer elf;    /* the ELF image */
    struct pvimage image; /* what lib/pvimage.h has read of it */
};

/* Makes a checked ELF image of a bzImage, a packed ELF file or an ELF file.
 * path: the file's name, for messages. file: its contents; the buffer is empty afterwards.
 * Returns false and fills in the failure if the file is no kernel that Pinion can run. */
bool kernel_unpack(const char *path, struct buffer *file, struct kernel *kernel,
                   struct failure *failure);

/* Reads a file and makes a checked ELF image of it, as kernel_unpack does. */
bool kernel_read(const char *path, struct kernel *kernel, struct failure *failure);

/* Frees the ELF image. */
void kernel_free(struct kernel *kernel);

#endif
