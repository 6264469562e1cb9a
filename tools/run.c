/* SPDX-License-Identifier: MIT */
/* The command `pinion run`: reads the options and the guests, checks all of them, starts the
 * machine, copies its input and output, and reports how it ended. */
#include "tools/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "tools/bundle.h"
#include "tools/cfg.h"
#include "tools/emulator.h"
#include "tools/options.h"
#include "tools/relay.h"
#include "tools/terminal.h"

enum exit_status { EXIT_BAD_INPUT = 2, EXIT_FAILED = 3, EXIT_TIMEOUT = 124, EXIT_QUIT = 130 };

static void complain(const char *sentence)
{
    fprintf(stderr, "pinion: %s\n", sentence);
}

/* ---- options and guests --------------------------------------------------------------------- */

static bool read_one_cfg(const char *path, struct guest *guest, struct failure *failure)
{
    struct buffer text = {0}, ignored = {0};
    char *line;
    bool well = buffer_read_file(&text, path, failure) &&
                cfg_read(path, (char *)text.bytes, text.size, guest, &ignored, failure);

    buffer_append(&ignored, "", 1);
    char *rest = (char *)ignored.bytes;
    while (well && (line = strsep(&rest, "\n")) && *line) {
        fprintf(stderr, "pinion: %s is not used\n", line);
    }
    buffer_free(&ignored);
    buffer_free(&text);
    return well;
}

static bool read_guests(struct options *options, struct guests *guests, struct failure *failure)
{
    if (!options->operands_are_cfg) {
        guests->guest[0] = options->guest;
        guests->guest[0].kernel = copy_text(options->operand[0]);
        options->guest = (struct guest){0};
        guests->count = 1;
        return true;
    }
    for (unsigned i = 0; i < options->operands; i++) {
        if (!read_one_cfg(options->operand[i], &guests->guest[i], failure)) {
            return false;
        }
        guests->count++;
        for (unsigned j = 0; j < i; j++) {
            if (!strcmp(guests->guest[i].name, guests->guest[j].name)) {
                return refuse(failure, "%s: %s has a guest of the name %s already",
                              options->operand[i], options->operand[j], guests->guest[i].name);
            }
        }
    }
    return true;
}

/* Gives the machine's memory in MiB: as much as --machine-memory says, or as much as is needed. */
static bool choose_memory(const struct options *options, const struct bundle *bundle,
                          const struct guests *guests, unsigned *memory, struct failure *failure)
{
    unsigned long long least = 0;

    *memory = bundle_machine_memory(bundle, guests);
    if (!options->machine_memory) {
        return true;
    }
    for (unsigned i = 0; i < guests->count; i++) {
        least += guests->guest[i].memory;
    }
    if (options->machine_memory <= least) {
        return refuse(failure,
                      "run: --machine-memory %u: the guests have %llu MiB between them; %u "
                      "would do",
                      options->machine_memory, least, *memory);
    }
    *memory = options->machine_memory;
    return true;
}

/* Gives the machine its number of CPUs: as many as the guest with the most vCPUs has, and so many
 * that each vCPU has a CPU that may run it. */
static void choose_cpus(struct options *options, const struct guests *guests)
{
    unsigned most = 1;

    for (unsigned i = 0; i < guests->count; i++) {
        const struct guest *guest = &guests->guest[i];

        if (guest->vcpus > most) {
            most = guest->vcpus;
        }
        for (unsigned vcpu = 0; vcpu < guest->vcpus; vcpu++) {
            if (guest->cpus[vcpu] && (unsigned)__builtin_ctzll(guest->cpus[vcpu]) >= most) {
                most = (unsigned)__builtin_ctzll(guest->cpus[vcpu]) + 1;
            }
        }
    }
    if (!options->machine_cpus) {
        options->machine_cpus = most;
    }
}

static bool check_cpus(const struct options *options, const struct guests *guests,
                       struct failure *failure)
{
    for (unsigned i = 0; i < guests->count; i++) {
        if (!guest_check_cpus(&guests->guest[i], options->machine_cpus, failure)) {
            return false;
        }
    }
    return true;
}

static bool open_log(const struct options *options, int *log, struct failure *failure)
{
    *log = STDERR_FILENO;
    if (!options->log) {
        return true;
    }
    *log = open(options->log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (*log < 0) {
        return refuse(failure, "%s: cannot be written: %s", options->log, strerror(errno));
    }
    return true;
}

/* ---- the run -------------------------------------------------------------------------------- */

/* Makes the signals that end a run readable from a descriptor, so that pinion can restore the
 * terminal and remove its files first. Returns the descriptor. */
static int catch_signals(void)
{
    static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    sigset_t set;

    sigemptyset(&set);
    for (unsigned i = 0; i < sizeof(ending) / sizeof(ending[0]); i++) {
        sigaddset(&set, ending[i]);
    }
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Ends this process by a signal, as if the signal had not been caught. */
static void die_of(int number)
{
    sigset_t set;

    signal(number, SIG_DFL);
    sigemptyset(&set);
    sigaddset(&set, number);
    raise(number);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static void attach_input(struct relay *relay, const struct guests *guests)
{
    if (guests->count != 1) {
        return;
    }
    if (!isatty(STDIN_FILENO)) {
        relay->in_from = STDIN_FILENO;
    } else if (terminal_is_ours()) {
        relay->in_from = STDIN_FILENO;
        relay->is_terminal = true;
        terminal_lend();
    }
}

/* Copies input and output until the machine has ended or has been killed. Stores in *signal the
 * signal by which pinion must end; 0: none. */
static int carry(struct emulator *emulator, const struct guests *guests, unsigned timeout, int log,
                 int signals, int *signal, struct failure *failure)
{
    struct relay relay;

    relay_start(&relay, guests);
    relay.log_wire = emulator->log_wire;
    relay.console_wire = emulator->console_wire;
    relay.log_to = log;
    relay.out_to = STDOUT_FILENO;
    relay.signals = signals;
    attach_input(&relay, guests);
    enum relay_end end = relay_run(&relay, timeout);
    if (end != RELAY_ENDED) {
        emulator_kill(emulator);
        relay_drain(&relay);
    }
    int status = emulator_wait(emulator);
    terminal_restore();
    *signal = end == RELAY_SIGNAL ? relay.signal : end == RELAY_NO_READER ? SIGPIPE : 0;
    relay_free(&relay);
    switch (end) {
    case RELAY_ENDED:
        return emulator_exit_status(status, "its log says why", failure);
    case RELAY_TIMEOUT:
        refuse(failure, "time-out: the guests were stopped after %u s", timeout);
        return EXIT_TIMEOUT;
    case RELAY_QUIT:
        refuse(failure, "stopped with Ctrl-]");
        return EXIT_QUIT;
    default:
        return EXIT_BAD_INPUT;
    }
}

/* Opens descriptors 0 to 2 if they are closed; otherwise a file that is opened later could be taken
 * for standard input, output or error. */
static void fill_standard_descriptors(void)
{
    int file;

    do {
        file = open("/dev/null", O_RDWR);
    } while (file >= 0 && file <= STDERR_FILENO);
    close(file);
}

/* Checks everything that can be wrong with the input, and only then starts the machine. */
static int run_guests(struct options *options, struct guests *guests, struct bundle *bundle,
                      int *signal, struct failure *failure)
{
    struct emulator emulator;
    unsigned memory;
    int log = -1, signals, status;

    if (!read_guests(options, guests, failure)) {
        return EXIT_BAD_INPUT;
    }
    choose_cpus(options, guests);
    if (!check_cpus(options, guests, failure) || !emulator_find(&emulator, failure) ||
        !bundle_read(bundle, guests, options->mitigations, failure) ||
        !choose_memory(options, bundle, guests, &memory, failure) ||
        !open_log(options, &log, failure)) {
        return EXIT_BAD_INPUT;
    }
    signals = catch_signals();
    if (!bundle_write(bundle, failure) ||
        !emulator_start(&emulator, bundle, options, memory, failure)) {
        return EXIT_FAILED;
    }
    status = carry(&emulator, guests, options->timeout, log, signals, signal, failure);
    if (log != STDERR_FILENO) {
        close(log);
    }
    return status;
}

int run(int count, char **words)
{
    struct failure failure = {0};
    struct options options;
    struct guests guests = {0};
    struct bundle bundle = {0};
    int status = EXIT_BAD_INPUT, signal = 0;

    fill_standard_descriptors();
    if (options_read(&options, count, words, &failure)) {
        if (options.help) {
            fputs(options_help_text, stdout);
            status = 0;
        } else {
            status = run_guests(&options, &guests, &bundle, &signal, &failure);
        }
    }
    if (failure.sentence[0]) {
        complain(failure.sentence);
    }
    bundle_free(&bundle);
    guests_free(&guests);
    options_free(&options);
    if (signal) {
        die_of(signal);
    }
    return status;
}
