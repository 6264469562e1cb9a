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
#include "tools/map_run.h"
#include "tools/options.h"
#include "tools/output.h"
#include "tools/recorder.h"
#include "tools/relay.h"
#include "tools/terminal.h"

/* ---- options and guests --------------------------------------------------------------------- */

static bool read_one_cfg(const char *path, struct guest *guest, struct failure *failure)
{
    struct buffer text = {0}, notes = {0};
    char *line;
    bool well = buffer_read_file(&text, path, failure) &&
                cfg_read(path, (char *)text.bytes, text.size, guest, &notes, failure);

    buffer_append(&notes, "", 1);
    char *rest = (char *)notes.bytes;
    while (well && (line = strsep(&rest, "\n")) && *line) {
        output_complain(line);
    }
    buffer_free(&notes);
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

/* The MiB that the timeline takes in the machine's memory. */
static unsigned timeline_memory(unsigned cpus)
{
    const unsigned a_cpu = HANDOFF_TRACE_RECORDS * sizeof(struct trace_record);

    return ((cpus * a_cpu >> 20) + 4) & ~3u;
}

/* Gives the machine's memory in MiB: as much as --machine-memory says, or as much as is needed. */
static bool choose_memory(const struct options *options, const struct bundle *bundle,
                          const struct guests *guests, unsigned *memory, struct failure *failure)
{
    unsigned long long least = guests_memory(guests);

    *memory = bundle_machine_memory(bundle, guests);
    if (options->trace) {
        *memory += timeline_memory(options->machine_cpus);
    }
    if (!options->machine_memory) {
        return true;
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

/* Gives the machine its number of CPUs: as many as the guest with the most vCPUs that start
 * online has of them, and so many that each vCPU has a CPU that may run it. */
static void choose_cpus(struct options *options, const struct guests *guests)
{
    unsigned most = 1;

    for (unsigned i = 0; i < guests->count; i++) {
        const struct guest *guest = &guests->guest[i];

        if (guest->online > most) {
            most = guest->online;
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

/* Opens where the log is written; a slow reader of it must not delay the rest. */
static bool open_log(const struct options *options, int *log, struct failure *failure)
{
    if (!options->log) {
        *log = output_without_waiting(STDERR_FILENO);
        return true;
    }
    *log = open(options->log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (*log < 0) {
        return refuse(failure, "%s: cannot be written: %s", options->log, strerror(errno));
    }
    fcntl(*log, F_SETFL, O_NONBLOCK);
    return true;
}

/* ---- the run -------------------------------------------------------------------------------- */

static bool is_ignored(int number)
{
    struct sigaction action;

    return !sigaction(number, NULL, &action) && action.sa_handler == SIG_IGN;
}

/* Makes the signals that end a run readable from a descriptor, so that pinion can restore the
 * terminal and end the emulator first. Those that pinion's parent has made it ignore, as nohup
 * does, are ignored on. A write that would raise SIGPIPE or SIGXFSZ fails instead. Returns the
 * descriptor, and in *set the signals. */
static int catch_signals(sigset_t *set)
{
    static const int ending[] = {SIGINT,  SIGTERM, SIGHUP,    SIGQUIT, SIGUSR1,   SIGUSR2, SIGALRM,
                                 SIGPROF, SIGXCPU, SIGVTALRM, SIGIO,   SIGSTKFLT, SIGPWR};

    sigemptyset(set);
    for (unsigned i = 0; i < sizeof(ending) / sizeof(ending[0]); i++) {
        if (!is_ignored(ending[i])) {
            sigaddset(set, ending[i]);
        }
    }
    sigprocmask(SIG_BLOCK, set, NULL);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    return signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);
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

struct run {
    const struct options *options;
    const struct guests *guests;
    struct bundle *bundle;
    struct marks *marks;          /* the snapshots to record */
    struct map_run_memory memory; /* where they are recorded from */
    struct emulator emulator;
    struct relay relay;
    struct recorder recorder;
    int log;                         /* where the log is written */
    bool log_reported, out_reported; /* the user knows that this output cannot be written */
    int signals;                     /* from which the signals that end the run are read */
    sigset_t caught;                 /* these signals */
    bool needs_reader;               /* the run ends when nobody reads standard output any more */
    int signal;                      /* by which pinion must end; 0: none */
};

static const char *log_name(const struct run *run)
{
    return run->options->log ? run->options->log : "standard error";
}

/* Prints a sentence while the log may be in the middle of a line on the same standard error. */
static void complain(const struct run *run, const char *sentence)
{
    if (!run->options->log && run->relay.log_within_line) {
        output_end_line();
    }
    output_complain(sentence);
}

static void report_output(const struct run *run, const char *name, int error)
{
    struct failure sentence;

    refuse(&sentence, "%s: %s; the run goes on without it", name, strerror(error));
    complain(run, sentence.sentence);
}

/* Reports to the user, once for each, which outputs cannot be written. may_wait: false if standard
 * error must not delay the run; then the report comes later. */
static void report_broken(struct run *run, bool may_wait)
{
    output_lost();
    if (!may_wait && !output_can_complain()) {
        return;
    }
    if (run->relay.out_error && !run->out_reported) {
        run->out_reported = true;
        report_output(run, "standard output", run->relay.out_error);
    }
    if (run->relay.log_error && !run->log_reported) {
        run->log_reported = true;
        report_output(run, log_name(run), run->relay.log_error);
    }
}

static void attach(struct run *run)
{
    struct relay *relay = &run->relay;

    relay_start(relay, run->guests);
    relay->log_wire = run->emulator.log_wire;
    relay->console_wire = run->emulator.console_wire;
    relay->log_to = run->log;
    relay->out_to = output_without_waiting(STDOUT_FILENO);
    relay->signals = run->signals;
    relay->needs_reader = run->needs_reader;
    relay->marks = run->marks;
    relay_set_deadline(relay, run->options->timeout);
    if (run->guests->count != 1) {
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

static void start_recorder(struct run *run)
{
    struct failure failure;

    if (!recorder_start(&run->recorder, run->relay.directory, &failure)) {
        complain(run, failure.sentence);
    }
}

/* Ends the timeline; says so if it is not complete. */
static void end_recorder(struct run *run)
{
    struct failure note;

    if (!recorder_end(&run->recorder, &note)) {
        output_lost();
    }
    if (note.sentence[0]) {
        complain(run, note.sentence);
    }
}

/* Records the snapshots that are due; pid: of the emulator, 0 if it has ended. */
static void record_snapshots(struct run *run, pid_t pid)
{
    if (run->memory.file && !map_run_record(&run->memory, run->marks, pid, output_complain)) {
        output_lost();
    }
}

/* Copies input and output until the machine has ended or must be ended. */
static enum relay_end copy(struct run *run)
{
    enum relay_end end;

    do {
        end = relay_run(&run->relay);
        if (end == RELAY_AWAKE) {
            bundle_release(run->bundle); /* the emulator has read the files before the boot */
        } else if (end == RELAY_TRACED) {
            start_recorder(run);
        } else if (end == RELAY_MARK) {
            record_snapshots(run, run->emulator.pid);
        } else if (end == RELAY_BROKEN) {
            report_broken(run, false);
        }
    } while (end == RELAY_AWAKE || end == RELAY_TRACED || end == RELAY_MARK || end == RELAY_BROKEN);
    return end;
}

/* Closes the outputs, because some file systems report only then that a write failed. */
static void close_outputs(struct run *run)
{
    struct relay *relay = &run->relay;

    if (!relay->out_error) {
        relay->out_error = output_close(STDOUT_FILENO);
    }
    int error = output_close(run->log);
    if (!relay->log_error) {
        relay->log_error = error;
    }
    if (relay->log_error || relay->out_error) {
        report_broken(run, true);
    }
}

/* Ends the machine if it has not ended, writes what it has left, and closes the outputs. Returns
 * the emulator's status, and in *end the reason for the end. */
static int end_machine(struct run *run, enum relay_end *end)
{
    if (*end != RELAY_ENDED) {
        emulator_kill(&run->emulator);
    }
    int status = emulator_wait(&run->emulator);
    end_recorder(run);
    if (*end == RELAY_TIMEOUT && emulator_is_reported_end(status)) {
        /* The machine had ended in time, and only its output was not written yet. */
        relay_set_deadline(&run->relay, 0);
        *end = copy(run);
    }
    bool all_written = *end == RELAY_ENDED || relay_drain(&run->relay);
    if (!all_written) {
        output_is_stuck();
    }
    terminal_restore();
    record_snapshots(run, 0);
    /* There is nothing left to clean up, so from now on they may end a write that waits. */
    sigprocmask(SIG_UNBLOCK, &run->caught, NULL);
    run->signal = *end == RELAY_SIGNAL ? run->relay.signal : *end == RELAY_NO_READER ? SIGPIPE : 0;
    if (!run->signal) {
        close_outputs(run);
    }
    if (!all_written && *end != RELAY_NO_READER) {
        complain(run, "the last output could not be written: its reader does not take it");
    }
    return status;
}

/* Copies input and output until the machine has ended or has been ended. Returns the exit status.
 */
static int carry(struct run *run, struct failure *failure)
{
    attach(run);
    enum relay_end end = copy(run);
    int status = end_machine(run, &end);
    switch (end) {
    case RELAY_ENDED:
        status = emulator_exit_status(status, relay_last_line(&run->relay), failure);
        break;
    case RELAY_TIMEOUT:
        if (run->relay.consoles.ended) {
            refuse(failure, "all guests have ended, but the machine has not");
            status = EXIT_FAILED;
            break;
        }
        refuse(failure, "time-out: the guests were stopped after %u s", run->options->timeout);
        status = EXIT_TIMEOUT;
        break;
    case RELAY_QUIT:
        refuse(failure, "stopped with Ctrl-]");
        status = EXIT_QUIT;
        break;
    default:
        status = EXIT_BAD_INPUT;
    }
    relay_free(&run->relay);
    return status;
}

/* Says whether the hypervisor is to audit this run. An audit at the end tears the last domain down
 * before it, so that there would be nothing left to record. */
static bool audits(const struct options *options, const struct guests *guests)
{
    return options->audit == AUDIT_ON ||
           (options->audit == AUDIT_AUTO && guests_memory(guests) <= AUDITED_MEMORY_MAX &&
            !marks_at_end(&options->marks));
}

/* Checks everything that can be wrong with the input, and only then starts the machine. */
static int run_guests(struct options *options, struct guests *guests, struct bundle *bundle,
                      int *signal, struct failure *failure)
{
    struct run run = {
        .options = options, .guests = guests, .bundle = bundle, .marks = &options->marks};
    unsigned memory;
    struct bundle_machine machine = {.mitigations = options->mitigations,
                                     .isolation = options->isolation,
                                     .trace = !options->trace          ? NULL
                                              : options->trace_entries ? options->trace_entries
                                                                       : "slow",
                                     .ram_zeroed = emulator_ram_is_zeroed(options)};

    if (!read_guests(options, guests, failure)) {
        return EXIT_BAD_INPUT;
    }
    choose_cpus(options, guests);
    machine.audit = audits(options, guests);
    if (!check_cpus(options, guests, failure) || !emulator_find(&run.emulator, failure) ||
        !bundle_read(bundle, guests, &machine, failure) ||
        !choose_memory(options, bundle, guests, &memory, failure) ||
        !open_log(options, &run.log, failure) ||
        (options->trace && !recorder_open(&run.recorder, options->trace, memory, failure))) {
        return EXIT_BAD_INPUT;
    }
    run.needs_reader = !is_ignored(SIGPIPE);
    run.signals = catch_signals(&run.caught);
    if (!bundle_write(bundle, failure) ||
        (run.marks->count && !map_run_open(&run.memory, run.recorder.memory, memory, failure)) ||
        !emulator_start(&run.emulator, bundle, options, memory,
                        run.marks->count ? run.memory.file : run.recorder.memory, failure)) {
        return EXIT_FAILED;
    }
    int status = carry(&run, failure);
    map_run_close(&run.memory);
    *signal = run.signal;
    return status;
}

int run(int count, char **words)
{
    struct failure failure = {0};
    struct options options;
    struct guests guests = {0};
    struct bundle bundle = {0};
    int status = EXIT_BAD_INPUT, signal = 0;

    if (options_read(&options, count, words, &failure)) {
        if (options.help) {
            status = output_print(options_help_text, &failure) ? 0 : EXIT_OUTPUT;
        } else {
            status = run_guests(&options, &guests, &bundle, &signal, &failure);
        }
    }
    if (failure.sentence[0]) {
        output_complain(failure.sentence);
    }
    bundle_free(&bundle);
    guests_free(&guests);
    options_free(&options);
    if (signal) {
        die_of(signal);
    }
    return output_status(status);
}
