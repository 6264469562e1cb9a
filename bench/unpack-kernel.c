/* SPDX-License-Identifier: MIT */
/* unpack-kernel KERNEL: writes the ELF image in a packed kernel to standard output. */
#include <stdio.h>

#include "tools/kernel.h"

int main(int argc, char **argv)
{
    struct kernel kernel = {0};
    struct failure failure = {0};

    if (argc != 2) {
        fprintf(stderr, "usage: unpack-kernel KERNEL\n");
        return 2;
    }
    if (!kernel_read(argv[1], &kernel, &failure)) {
        fprintf(stderr, "unpack-kernel: %s\n", failure.sentence);
        return 2;
    }
    if (fwrite(kernel.elf.bytes, 1, kernel.elf.size, stdout) != kernel.elf.size || fflush(stdout)) {
        perror("unpack-kernel");
        return 1;
    }
    kernel_free(&kernel);
    return 0;
}
