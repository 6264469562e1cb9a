/* SPDX-License-Identifier: MIT */
/* The sums of the counting plugin: by function, and by share (hypervisor, kernel, low). */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/plugin/count.h"
#include "bench/who.h"

#define HYPERVISOR_CPUS     0xffff828040000000ull /* Pinion's regions of CPUs, above its image */
#define HYPERVISOR_CPUS_END (HYPERVISOR_CPUS + 0x400000)
#define FEW                 1000u /* functions with fewer instructions are not listed */

static const char *const who_name[WHOS] = {"hypervisor", "kernel", "low"};

static const char *const phase_name[PHASES] = {
#define OPERATION(function, ...) #function,
#include "bench/all.def"
#undef OPERATION
    "boot",
    "all",
};

struct symbol {
    uint64_t address;
    char *name;
    uint64_t count[PHASES];
};

static struct symbol *symbol; /* array, in ascending order of addresses once it is sorted */
static size_t symbols;        /* its length */
static uint64_t share[WHOS][PHASES];
static uint64_t image_low, image_high;

static void add_symbol(uint64_t address, const char *name)
{
    struct symbol *more = realloc(symbol, (symbols + 1) * sizeof(*symbol));

    if (!more) {
        abort();
    }
    symbol = more;
    symbol[symbols++] = (struct symbol){.address = address, .name = strdup(name)};
}

void report_symbols(const char *path)
{
    FILE *file = fopen(path, "r");
    char line[512], name[256], kind;
    unsigned long address;

    if (!file) {
        perror(path);
        return;
    }
    while (fgets(line, sizeof(line), file)) {
        if (sscanf(line, "%lx %c %255s", &address, &kind, name) != 3 || !strchr("tTwW", kind)) {
            continue;
        }
        name[strcspn(name, ".")] = 0; /* removes a suffix that the compiler has added */
        if (name[0]) {
            add_symbol(address, name);
        }
    }
    fclose(file);
}

bool report_image(const char *low_and_high)
{
    return sscanf(low_and_high, "%" SCNx64 "-%" SCNx64, &image_low, &image_high) == 2;
}

static enum who who_of(uint64_t address)
{
    return address >= image_low && address < image_high ? HYPERVISOR : who_executes(address);
}

static int by_address(const void *a, const void *b)
{
    const struct symbol *left = a, *right = b;

    return left->address < right->address ? -1 : left->address > right->address;
}

static void ready_symbols(void)
{
    static bool ready;

    if (ready) {
        return;
    }
    ready = true;
    add_symbol(0, "(below)");
    if (image_high) {
        add_symbol(image_high, "(user)");
    }
    add_symbol(1ull << 32, "(user)");
    add_symbol(HYPERVISOR_LOW, "(no name)");
    add_symbol(HYPERVISOR_CPUS, "(a CPU's own stub)");
    add_symbol(HYPERVISOR_CPUS_END, "(no name)");
    add_symbol(HYPERVISOR_HIGH, "(kernel)");
    qsort(symbol, symbols, sizeof(*symbol), by_address);
}

void report_add(const struct counter *counter)
{
    size_t low = 0, high;
    unsigned phase;

    ready_symbols();
    for (high = symbols; high - low > 1;) {
        size_t middle = (low + high) / 2;

        if (symbol[middle].address <= counter->address) {
            low = middle;
        } else {
            high = middle;
        }
    }
    for (phase = 0; phase < PHASES; phase++) {
        symbol[low].count[phase] += counter->in_phase[phase];
        share[who_of(counter->address)][phase] += counter->in_phase[phase];
    }
}

static unsigned sorting; /* the phase by whose counts by_count sorts */

static int by_count(const void *a, const void *b)
{
    const struct symbol *left = a, *right = b;

    return left->count[sorting] > right->count[sorting]
               ? -1
               : left->count[sorting] < right->count[sorting];
}

void report_write(const char *path)
{
    FILE *file = fopen(path, "w");

    if (!file) {
        perror(path);
        return;
    }
    for (sorting = 0; sorting < PHASES; sorting++) {
        for (unsigned who = 0; who < WHOS; who++) {
            fprintf(file, "share\t%s\t%s\t%" PRIu64 "\n", phase_name[sorting], who_name[who],
                    share[who][sorting]);
        }
        qsort(symbol, symbols, sizeof(*symbol), by_count);
        for (size_t i = 0; i < symbols && symbol[i].count[sorting] >= FEW; i++) {
            fprintf(file, "function\t%s\t%s\t%s\t%" PRIu64 "\n", phase_name[sorting],
                    who_name[who_of(symbol[i].address)], symbol[i].name, symbol[i].count[sorting]);
        }
    }
    fclose(file);
}
