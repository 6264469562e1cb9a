/* SPDX-License-Identifier: MIT */
/* The command `pinion`: calls the function of a subcommand. */
#include <stdio.h>
#include <string.h>

#include "tools/run.h"

static const char help_text[] =
    "usage: pinion run [options] KERNEL | GUEST.cfg ...\n"
    "\n"
    "Pinion is a small hypervisor whose guests run on page tables that they edit themselves.\n"
    "  run      boot guests on Pinion, inside QEMU; pinion run --help says more\n";

int main(int count, char **words)
{
    if (count < 2) {
        fputs("pinion: a command is missing; see pinion --help\n", stderr);
        return 2;
    }
    if (!strcmp(words[1], "--help") || !strcmp(words[1], "-h") || !strcmp(words[1], "help")) {
        fputs(help_text, stdout);
        return 0;
    }
    if (!strcmp(words[1], "run")) {
        return run(count - 2, words + 2);
    }
    fprintf(stderr, "pinion: unknown command %s; see pinion --help\n", words[1]);
    return 2;
}
