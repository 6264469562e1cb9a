/* SPDX-License-Identifier: MIT */
/* Sends the kernel's list of its functions through the emulator's debugging port, which a process
 * on the bare machine may use and which is faster than the console. */
#include <stdio.h>
#include <string.h>
#include <sys/io.h>

#include "bench/guest/measure.h"

#define DEBUG_PORT 0xe9

void print_symbols(void)
{
    FILE *file = fopen("/proc/kallsyms", "r");
    char line[512], *kind;

    must(file && !iopl(3), "the debugging port");
    while (fgets(line, sizeof(line), file)) {
        kind = strchr(line, ' ');
        if (kind && strchr("tTwW", kind[1]) && !strchr(line, '[')) {
            outsb(DEBUG_PORT, line, strlen(line));
        }
    }
    fclose(file);
}
