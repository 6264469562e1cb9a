/* SPDX-License-Identifier: MIT */
/* Reads a list of CPUs in the syntax of xl.cfg, as xl does. */
#include "tools/cpulist.h"

#include <ctype.h>
#include <string.h>

#define NUMBER_MAX 4294967295u /* larger ones are no numbers of CPUs for xl, either */

/* Reads a number at *at, before which xl allows blanks and a plus, and moves *at behind it. */
static bool read_number(const char **at, unsigned *number)
{
    unsigned long long value = 0;

    while (isspace((unsigned char)**at)) {
        ++*at;
    }
    *at += **at == '+';
    const char *start = *at;
    for (; isdigit((unsigned char)**at) && value <= NUMBER_MAX; ++*at) {
        value = value * 10 + (unsigned)(**at - '0');
    }
    *number = (unsigned)value;
    return *at != start && value <= NUMBER_MAX;
}

/* Gives the CPUs from `first` to `last`, of those that have a bit. */
static unsigned long long cpus_of_range(unsigned first, unsigned last)
{
    if (first >= HANDOFF_CPUS_MAX) {
        return 0;
    }
    if (last >= HANDOFF_CPUS_MAX) {
        last = HANDOFF_CPUS_MAX - 1;
    }
    return CPULIST_ALL << first & CPULIST_ALL >> (HANDOFF_CPUS_MAX - 1 - last);
}

/* Moves *at behind `word`, if it is there. */
static bool skip_word(const char **at, const char *word)
{
    size_t size = strlen(word);

    if (strncmp(*at, word, size) != 0) {
        return false;
    }
    *at += size;
    return true;
}

/* Reads one element of a list, up to the comma or the end: [^] ([node:|nodes:]N[-M] | all). The
 * machine has one node, with all CPUs and the number 0. */
static bool read_element(const char **at, unsigned long long *cpus)
{
    unsigned first, last;
    bool out = skip_word(at, "^");

    if (skip_word(at, "all")) {
        *cpus = CPULIST_ALL;
        return !out && (!**at || **at == ',');
    }
    bool nodes = skip_word(at, "nodes:") || skip_word(at, "node:");
    if (!read_number(at, &first)) {
        return false;
    }
    last = first;
    if (skip_word(at, "-") && (!read_number(at, &last) || last < first)) {
        return false;
    }
    unsigned long long range = cpus_of_range(first, last);
    if (nodes) {
        range = range & 1 ? CPULIST_ALL : 0;
    }
    *cpus = out ? *cpus & ~range : *cpus | range;
    return !**at || **at == ',';
}

bool cpulist_read(const char *text, unsigned long long *cpus, struct failure *failure)
{
    const char *at = text;

    *cpus = 0;
    while (*at) {
        if (*at == ',') { /* xl skips empty elements */
            at++;
        } else if (!read_element(&at, cpus)) {
            return refuse(failure,
                          "a list of CPUs is \"all\" or numbers, as in \"0-3,5,^1\"; this is "
                          "\"%.100s\"",
                          text);
        }
    }
    if (!*cpus) {
        return refuse(failure, "the list of CPUs \"%.100s\" leaves none of the numbers 0 to %d",
                      text, HANDOFF_CPUS_MAX - 1);
    }
    return true;
}
