/* SPDX-License-Identifier: MIT */
/* Reads a list of CPUs in the syntax of xl.cfg. */
#include "tools/cpulist.h"

#include <ctype.h>
#include <string.h>

static const char *skip_blanks(const char *at)
{
    while (*at == ' ' || *at == '\t') {
        at++;
    }
    return at;
}

/* Reads the number of a CPU at *at and moves *at behind it. */
static bool read_number(const char **at, unsigned *number)
{
    const char *start = *at = skip_blanks(*at);

    for (*number = 0; isdigit((unsigned char)**at) && *number < HANDOFF_CPUS_MAX; ++*at) {
        *number = *number * 10 + (unsigned)(**at - '0');
    }
    return *at != start && *number < HANDOFF_CPUS_MAX;
}

/* Reads "all", "N" or "N-M" at *at and moves *at behind it. */
static bool read_range(const char **at, unsigned long long *cpus)
{
    unsigned first;

    if (!strncmp(*at, "all", 3)) {
        *at += 3;
        *cpus = CPULIST_ALL;
        return true;
    }
    if (!read_number(at, &first)) {
        return false;
    }
    unsigned last = first;
    *at = skip_blanks(*at);
    if (**at == '-') {
        ++*at;
        if (!read_number(at, &last) || last < first) {
            return false;
        }
    }
    *cpus = CPULIST_ALL << first & CPULIST_ALL >> (HANDOFF_CPUS_MAX - 1 - last);
    return true;
}

bool cpulist_read(const char *text, unsigned long long *cpus, struct failure *failure)
{
    const char *at = text;
    unsigned long long range;
    bool more = true;

    *cpus = 0;
    while (more) {
        at = skip_blanks(at);
        bool out = *at == '^';
        at = skip_blanks(at + out);
        if (!read_range(&at, &range)) {
            break;
        }
        *cpus = out ? *cpus & ~range : *cpus | range;
        at = skip_blanks(at);
        more = *at == ',';
        at += more;
    }
    if (more || *at) {
        return refuse(failure,
                      "a list of CPUs is \"all\" or numbers from 0 to %d, as in \"0-3,5,^1\"; this "
                      "is \"%.100s\"",
                      HANDOFF_CPUS_MAX - 1, text);
    }
    if (!*cpus) {
        return refuse(failure, "the list of CPUs \"%.100s\" leaves none", text);
    }
    return true;
}
