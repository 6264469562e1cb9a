/* SPDX-License-Identifier: MIT */
/* A kernel file: from whatever the distribution ships to an ELF image that was checked. */
#ifndef TOOLS_KERNEL_H
#define TOOLS_KERNEL_H

#include "lib/pvimage.h"
#include "tools/buffer.h"

struct kernel {
    struct buffer elf;
    struct pvimage image;
};

/* Makes an ELF image of `file`: a bzImage, a packed ELF or an ELF. Takes the buffer over, also when
 * it fails. `path` is for the sentence. */
bool kernel_unpack(const char *path, struct buffer *file, struct kernel *kernel,
                   struct failure *failure);

/* Reads, unpacks and checks the kernel at `path`. */
bool kernel_read(const char *path, struct kernel *kernel, struct failure *failure);
void kernel_free(struct kernel *kernel);

#endif
