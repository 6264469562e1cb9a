/* SPDX-License-Identifier: MIT */
/* The command line of `pinion run`: --option VALUE or --option=VALUE, then operands. */
#include "tools/options.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "tools/cfg.h"

const char options_help_text[] =
    "usage: pinion run [options] KERNEL            one guest from a kernel image\n"
    "       pinion run [options] GUEST.cfg ...     one or more guests, each in xl.cfg syntax\n"
    "\n"
    "KERNEL is a bzImage (gzip, xz, lzma, zstd, lz4) or an ELF file, with Xen PV notes.\n"
    "A GUEST.cfg need not have that suffix: a text that begins with `key =` is one.\n"
    "\n"
    "One guest from a kernel image:\n"
    "  --ramdisk FILE         its initial ramdisk\n"
    "  --cmdline TEXT         its kernel command line\n"
    "  --memory MIB           its memory (256)\n"
    "  --vcpus N              its virtual CPUs, 1 to 32 (1)\n"
    "  --name NAME            its name (guest)\n"
    "The emulated machine:\n"
    "  --machine-memory MIB   its memory (default: what the guests need)\n"
    "  --machine-cpus N       its CPUs (default: as many as the guest with the most vCPUs has)\n"
    "  --emulator-arg ARG     passed to QEMU unchanged; may be repeated\n"
    "                         (KVM instead of software emulation: --emulator-arg -enable-kvm)\n"
    "The hypervisor:\n"
    "  --mitigations WORD     against processors that leak data by speculation: auto (the "
    "default)\n"
    "                         applies those that this processor needs, and starts no guest if "
    "they\n"
    "                         do not suffice; partial starts the guests in any case; off applies\n"
    "                         none (for measurements)\n"
    "  --isolation WORD       always: while a guest runs no memory of another one is mapped, not "
    "even\n"
    "                         for the hypervisor; never: that of all is; auto (the default): "
    "always\n"
    "                         where this processor needs it\n"
    "  --audit WORD           on: check all counts of the memory after a crash and at the end, "
    "which\n"
    "                         takes the longer the more memory there is; off: do not; auto (the\n"
    "                         default): on if the guests have at most 1024 MiB together\n"
    "Snapshots for `pinion map`:\n"
    "  --map FILE             record the frames and page tables at the end; may be repeated\n"
    "  --map-at TEXT          not at the end, but when a line of standard output begins\n"
    "                         with TEXT (belongs to the --map before it)\n"
    "The run:\n"
    "  --timeout SECONDS      stop the machine then (default: never)\n"
    "  --log FILE             the hypervisor's log (default: standard error)\n"
    "  --trace FILE           a timeline of what the hypervisor does, for Perfetto and the like\n"
    "  --trace-entries WORD   slow (the default): the timeline has the hypercalls, faults and\n"
    "                         stores to page tables that take a slow path; all: it has all, which\n"
    "                         then take it\n"
    "\n"
    "Standard output carries the guest's console; with several guests each line begins `NAME: `.\n"
    "Standard input is the console's too when there is one guest; on a terminal Ctrl-] ends the "
    "run.\n"
    "Keys of a GUEST.cfg: name, kernel, ramdisk, memory, vcpus, maxvcpus, cmdline, or root and\n"
    "extra; cpu_weight, cap and cpus, as in xl.cfg.\n"
    "on_poweroff, on_reboot, on_crash = \"restart\" where restarts = N says how often at most.\n"
    "PINION_HYPERVISOR names the hypervisor image (default: pinion.bin beside this command).\n"
    "\n"
    "Exit status: 0 every guest powered off or rebooted, 1 a guest crashed (the log says why),\n"
    "2 bad usage or bad input, nothing was started, 3 the hypervisor failed, 4 the guests ended "
    "well\n"
    "but an output could not be written, 124 time-out, 130 stopped with Ctrl-].\n";

enum option {
    OPTION_RAMDISK,
    OPTION_CMDLINE,
    OPTION_MEMORY,
    OPTION_VCPUS,
    OPTION_NAME,
    OPTION_MACHINE_MEMORY,
    OPTION_MACHINE_CPUS,
    OPTION_MITIGATIONS,
    OPTION_ISOLATION,
    OPTION_AUDIT,
    OPTION_MAP,
    OPTION_MAP_AT,
    OPTION_TIMEOUT,
    OPTION_EMULATOR_ARG,
    OPTION_LOG,
    OPTION_TRACE,
    OPTION_TRACE_ENTRIES,
    OPTIONS
};

static const char *const option_name[OPTIONS] = {
    [OPTION_RAMDISK] = "ramdisk",
    [OPTION_CMDLINE] = "cmdline",
    [OPTION_MEMORY] = "memory",
    [OPTION_VCPUS] = "vcpus",
    [OPTION_NAME] = "name",
    [OPTION_MACHINE_MEMORY] = "machine-memory",
    [OPTION_MACHINE_CPUS] = "machine-cpus",
    [OPTION_MITIGATIONS] = "mitigations",
    [OPTION_ISOLATION] = "isolation",
    [OPTION_AUDIT] = "audit",
    [OPTION_MAP] = "map",
    [OPTION_MAP_AT] = "map-at",
    [OPTION_TIMEOUT] = "timeout",
    [OPTION_EMULATOR_ARG] = "emulator-arg",
    [OPTION_LOG] = "log",
    [OPTION_TRACE] = "trace",
    [OPTION_TRACE_ENTRIES] = "trace-entries",
};

bool number_read(const char *text, unsigned long long low, unsigned long long high,
                 unsigned long long *number)
{
    unsigned long long value = 0;

    if (!*text) {
        return false;
    }
    for (; *text; text++) {
        if (!isdigit((unsigned char)*text) || value > (~0ull - 9) / 10) {
            return false;
        }
        value = value * 10 + (unsigned)(*text - '0');
    }
    *number = value;
    return value >= low && value <= high;
}

static void set_text(char **field, const char *text)
{
    free(*field);
    *field = copy_text(text);
}

/* Handles an option for the guest. The failure does not name the option, which the caller adds. */
static bool take_guest_option(struct options *options, enum option option, const char *value,
                              struct failure *failure)
{
    unsigned long long number = 0;

    options->guest_options = true;
    switch (option) {
    case OPTION_RAMDISK:
        set_text(&options->guest.ramdisk, value);
        return true;
    case OPTION_CMDLINE:
        set_text(&options->guest.cmdline, value);
        return guest_check_cmdline(value, failure);
    case OPTION_NAME:
        return guest_set_name(&options->guest, value, failure);
    case OPTION_MEMORY:
        if (!number_read(value, 0, ~0u, &number)) {
            number = 0;
        }
        return guest_set_memory(&options->guest, number, failure);
    default:
        if (!number_read(value, 0, ~0u, &number)) {
            number = 0;
        }
        return guest_set_vcpus(&options->guest, number, failure);
    }
}

static bool take_number(const char *value, unsigned high, unsigned *field, struct failure *failure)
{
    unsigned long long number;

    if (!number_read(value, 1, high, &number)) {
        return refuse(failure, "expected a number from 1 to %u", high);
    }
    *field = (unsigned)number;
    return true;
}

static bool take_mitigations(struct options *options, const char *value, struct failure *failure)
{
    if (strcmp(value, "auto") != 0 && strcmp(value, "partial") != 0 && strcmp(value, "off") != 0) {
        return refuse(failure, "expected auto, partial or off");
    }
    options->mitigations = value;
    return true;
}

static bool take_isolation(struct options *options, const char *value, struct failure *failure)
{
    if (strcmp(value, "auto") != 0 && strcmp(value, "always") != 0 && strcmp(value, "never") != 0) {
        return refuse(failure, "expected auto, always or never");
    }
    options->isolation = value;
    return true;
}

static bool take_audit(struct options *options, const char *value, struct failure *failure)
{
    static const char *const word[] = {"auto", "on", "off"};

    for (unsigned i = 0; i < 3; i++) {
        if (strcmp(value, word[i]) == 0) {
            options->audit = (enum audit)i;
            return true;
        }
    }
    return refuse(failure, "expected auto, on or off");
}

static bool take_trace_entries(struct options *options, const char *value, struct failure *failure)
{
    if (strcmp(value, "slow") != 0 && strcmp(value, "all") != 0) {
        return refuse(failure, "expected slow or all");
    }
    options->trace_entries = value;
    return true;
}

static bool take_emulator_arg(struct options *options, const char *value, struct failure *failure)
{
    if (!strcmp(value, "-daemonize") || !strcmp(value, "--daemonize")) {
        return refuse(failure, "the emulator must stay a child of pinion, which ends it");
    }
    options->emulator_argument[options->emulator_arguments++] = value;
    return true;
}

static bool take_map(struct options *options, const char *value, struct failure *failure)
{
    struct marks *marks = &options->marks;

    if (marks->count == MARKS_MAX) {
        return refuse(failure, "at most %u snapshots", MARKS_MAX);
    }
    marks->mark[marks->count++] = (struct mark){.path = value};
    return true;
}

/* Gives the --map before it the text at which it is recorded. */
static bool take_map_at(struct options *options, const char *value, struct failure *failure)
{
    struct marks *marks = &options->marks;

    if (!marks->count || marks->mark[marks->count - 1].text) {
        return refuse(failure, "belongs to a --map, which comes before it");
    }
    if (!*value || strlen(value) > MARK_TEXT_MAX) {
        return refuse(failure, "expected a text of at most %u bytes", MARK_TEXT_MAX);
    }
    marks->mark[marks->count - 1].text = value;
    return true;
}

static bool take_option(struct options *options, enum option option, const char *value,
                        struct failure *failure)
{
    switch (option) {
    case OPTION_MACHINE_MEMORY:
        return take_number(value, GUEST_MEMORY_MAX, &options->machine_memory, failure);
    case OPTION_MACHINE_CPUS:
        return take_number(value, 255, &options->machine_cpus, failure);
    case OPTION_MITIGATIONS:
        return take_mitigations(options, value, failure);
    case OPTION_ISOLATION:
        return take_isolation(options, value, failure);
    case OPTION_AUDIT:
        return take_audit(options, value, failure);
    case OPTION_MAP:
        return take_map(options, value, failure);
    case OPTION_MAP_AT:
        return take_map_at(options, value, failure);
    case OPTION_TIMEOUT:
        return take_number(value, 100000000, &options->timeout, failure);
    case OPTION_EMULATOR_ARG:
        return take_emulator_arg(options, value, failure);
    case OPTION_LOG:
        options->log = value;
        return true;
    case OPTION_TRACE:
        options->trace = value;
        return true;
    case OPTION_TRACE_ENTRIES:
        return take_trace_entries(options, value, failure);
    default:
        return take_guest_option(options, option, value, failure);
    }
}

/* Returns the option whose name is the first `size` characters of `word`, which has no "--";
 * OPTIONS: there is none. */
static enum option find_option(const char *word, size_t size)
{
    enum option option;

    for (option = 0; option < OPTIONS; option++) {
        if (strlen(option_name[option]) == size && !memcmp(option_name[option], word, size)) {
            break;
        }
    }
    return option;
}

static bool check_operands(struct options *options, struct failure *failure)
{
    unsigned cfgs = 0;

    if (!options->operands) {
        return refuse(failure, "run: a KERNEL or a GUEST.cfg is missing; see pinion run --help");
    }
    for (unsigned i = 0; i < options->operands; i++) {
        cfgs += cfg_is_one(options->operand[i]);
    }
    options->operands_are_cfg = cfgs > 0;
    if (cfgs && cfgs != options->operands) {
        return refuse(failure, "run: either one KERNEL or descriptions of guests, not both");
    }
    if (!cfgs && options->operands > 1) {
        return refuse(failure,
                      "run: one KERNEL at a time (%s is too many); several guests need a "
                      ".cfg each",
                      options->operand[1]);
    }
    if (cfgs && options->guest_options) {
        return refuse(failure,
                      "run: --ramdisk, --cmdline, --memory, --vcpus and --name belong to a "
                      "KERNEL; with a GUEST.cfg write them there");
    }
    if (options->operands > HANDOFF_GUESTS_MAX) {
        return refuse(failure, "run: at most %d guests at a time", HANDOFF_GUESTS_MAX);
    }
    return true;
}

bool options_read(struct options *options, int count, char **words, struct failure *failure)
{
    bool only_operands = false;

    *options = (struct options){0};
    options->guest.memory = GUEST_MEMORY_DEFAULT;
    options->guest.vcpus = options->guest.online = 1;
    guest_set_name(&options->guest, "guest", failure);
    options->operand = grow(NULL, sizeof(char *) * (unsigned)(count + 1));
    options->emulator_argument = grow(NULL, sizeof(char *) * (unsigned)(count + 1));
    for (int i = 0; i < count; i++) {
        const char *word = words[i], *value = strchr(word, '=');
        size_t size = value ? (size_t)(value - word) : strlen(word);
        struct failure reason;

        if (only_operands || word[0] != '-' || !word[1]) {
            options->operand[options->operands++] = word;
            continue;
        }
        if (!strcmp(word, "--")) {
            only_operands = true;
            continue;
        }
        if (!strcmp(word, "--help") || !strcmp(word, "-h")) {
            options->help = true;
            return true;
        }
        enum option option = word[1] == '-' ? find_option(word + 2, size - 2) : OPTIONS;
        if (option == OPTIONS) {
            return refuse(failure, "run: unknown option %.*s; see pinion run --help", (int)size,
                          word);
        }
        if (!value && i + 1 == count) {
            return refuse(failure, "run: --%s needs a value", option_name[option]);
        }
        value = value ? value + 1 : words[++i];
        if (!take_option(options, option, value, &reason)) {
            return refuse(failure, "run: --%s %.200s: %.600s", option_name[option], value,
                          reason.sentence);
        }
    }
    if (options->trace_entries && !options->trace) {
        return refuse(failure, "run: --trace-entries is about the timeline of --trace");
    }
    return check_operands(options, failure);
}

void options_free(struct options *options)
{
    guest_free(&options->guest);
    free(options->operand);
    free(options->emulator_argument);
    *options = (struct options){0};
}
