/* SPDX-License-Identifier: MIT */
/* The command `pinion`: calls the function of a subcommand. */
#include <string.h>

#include "tools/counters.h"
#include "tools/map.h"
#include "tools/output.h"
#include "tools/run.h"
#include "tools/trace.h"

static const char help_text[] =
    "usage: pinion run [options] KERNEL | GUEST.cfg ...\n"
    "       pinion trace [-t SECONDS] [-a] >FILE\n"
    "\n"
    "Pinion is a small hypervisor whose guests run on page tables that they edit themselves.\n"
    "  run      boot guests on Pinion, inside QEMU; pinion run --help says more\n"
    "  map      frames and page tables as a picture or a table; pinion map --help says more\n"
    "In dom0 on Pinion:\n"
    "  trace    record what the hypervisor does; pinion trace --help says more\n"
    "  stat     what entered the hypervisor from a domain, and how long it took\n"
    "  top      all domains, refreshed in a terminal\n"
    "  metrics  the counters for Prometheus\n"
    "Exit status of all but run: 0 done, 2 bad usage or bad input, 3 the hypervisor cannot be "
    "asked,\n"
    "4 an output could not be written.\n";

/* Prints a text on standard output. Returns the exit status. */
static int print(const char *text)
{
    struct failure failure;

    if (output_print(text, &failure)) {
        return 0;
    }
    output_complain(failure.sentence);
    return EXIT_OUTPUT;
}

int main(int count, char **words)
{
    struct failure failure;

    output_start();
    if (count < 2) {
        output_complain("a command is missing; see pinion --help");
        return EXIT_BAD_INPUT;
    }
    if (!strcmp(words[1], "--help") || !strcmp(words[1], "-h") || !strcmp(words[1], "help")) {
        return print(help_text);
    }
    if (!strcmp(words[1], "run")) {
        return run(count - 2, words + 2);
    }
    if (!strcmp(words[1], "trace")) {
        return trace(count - 2, words + 2);
    }
    if (!strcmp(words[1], "map")) {
        return map(count - 2, words + 2);
    }
    if (!strcmp(words[1], "stat")) {
        return counters(COMMAND_STAT, count - 2, words + 2);
    }
    if (!strcmp(words[1], "top")) {
        return counters(COMMAND_TOP, count - 2, words + 2);
    }
    if (!strcmp(words[1], "metrics")) {
        return counters(COMMAND_METRICS, count - 2, words + 2);
    }
    refuse(&failure, "unknown command %s; see pinion --help", words[1]);
    output_complain(failure.sentence);
    return EXIT_BAD_INPUT;
}
