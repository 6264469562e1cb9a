/* SPDX-License-Identifier: MIT */
/* The kernel's own list of its functions, sent through the emulator's debugging port: the bare
 * machine lets a process have it, and it costs less than a console. */
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
