/* SPDX-License-Identifier: MIT */
/* QEMU: finding it, its command line, its process, and what its exit status means. */
#include "tools/emulator.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define PROGRAM   "qemu-system-x86_64"
#define WIRE_ROOM (1 << 20) /* size of the send buffer of a wire, in bytes */

/* ---- finding QEMU and the hypervisor -------------------------------------------------------- */

static bool find_program(struct emulator *emulator, struct failure *failure)
{
    const char *path = getenv("PATH");

    if (!path) {
        path = "/usr/local/bin:/usr/bin:/bin";
    }
    while (*path) {
        size_t size = strcspn(path, ":");

        snprintf(emulator->program, sizeof(emulator->program), "%.*s/" PROGRAM, (int)size, path);
        if (size && !access(emulator->program, X_OK)) {
            return true;
        }
        path += size + (path[size] == ':');
    }
    return refuse(failure, PROGRAM " was not found: install the package qemu-system-x86");
}

static bool find_hypervisor(struct emulator *emulator, struct failure *failure)
{
    const char *named = getenv("PINION_HYPERVISOR");
    ssize_t size;
    char *end;

    if (named && named[0]) {
        snprintf(emulator->hypervisor, sizeof(emulator->hypervisor), "%s", named);
    } else {
        size = readlink("/proc/self/exe", emulator->hypervisor, EMULATOR_PATH_MAX - 32);
        if (size < 0) {
            return refuse(failure, "/proc/self/exe: %s", strerror(errno));
        }
        emulator->hypervisor[size] = 0;
        end = strrchr(emulator->hypervisor, '/');
        strcpy(end ? end + 1 : emulator->hypervisor, "pinion.bin");
    }
    if (access(emulator->hypervisor, R_OK)) {
        return refuse(failure, "%.900s: the hypervisor image cannot be read: %s",
                      emulator->hypervisor, strerror(errno));
    }
    return true;
}

bool emulator_find(struct emulator *emulator, struct failure *failure)
{
    *emulator = (struct emulator){.pid = -1, .log_wire = -1, .console_wire = -1};
    return find_program(emulator, failure) && find_hypervisor(emulator, failure);
}

/* ---- the command line ----------------------------------------------------------------------- */

struct words {
    char **word;
    unsigned count, room;
};

static void add(struct words *words, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct words *words, const char *format, ...)
{
    va_list arguments;
    char *text;

    if (words->count + 1 >= words->room) {
        words->room = words->room ? 2 * words->room : 64;
        words->word = grow(words->word, words->room * sizeof(char *));
    }
    va_start(arguments, format);
    if (vasprintf(&text, format, arguments) < 0) {
        text = copy_text("");
    }
    va_end(arguments);
    words->word[words->count++] = text;
    words->word[words->count] = NULL;
}

/* Says whether the user's arguments choose an accelerator. Then pinion must not add one, because
 * QEMU takes the first one that works. */
static bool chooses_accelerator(const struct options *options)
{
    for (unsigned i = 0; i < options->emulator_arguments; i++) {
        const char *word = options->emulator_argument[i];

        while (*word == '-') {
            word++;
        }
        if (!strcmp(word, "accel") || !strcmp(word, "enable-kvm") || strstr(word, "accel=")) {
            return true;
        }
    }
    return false;
}

/* Says whether QEMU's option `word` cannot bring memory with contents: from a file, a saved state,
 * a device or another firmware. */
static bool is_harmless(const char *word)
{
    static const char *const harmless[] = {"accel",  "cpu", "d",    "D",      "enable-kvm",
                                           "icount", "gdb", "name", "plugin", "rtc",
                                           "s",      "S",   "seed", "trace"};

    while (*word == '-') {
        word++;
    }
    for (unsigned i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++) {
        if (!strcmp(word, harmless[i])) {
            return true;
        }
    }
    return false;
}

bool emulator_ram_is_zeroed(const struct options *options)
{
    for (unsigned i = 0; i < options->emulator_arguments; i++) {
        const char *word = options->emulator_argument[i];

        if (word[0] == '-' && !is_harmless(word)) {
            return false;
        }
    }
    return true;
}

char **emulator_command(const struct emulator *emulator, const struct emulator_machine *machine,
                        const struct options *options)
{
    static const char *const fixed[] = {"-machine", "pc",          "-cpu",
                                        "max",      "-nodefaults", "-no-user-config",
                                        "-display", "none",        "-no-reboot"};
    struct words words = {0};
    char modules[32 * BUNDLE_FILES_MAX];
    size_t size = 0;

    add(&words, "%s", emulator->program);
    if (!chooses_accelerator(options)) {
        add(&words, "-accel");
        add(&words, "tcg");
    }
    for (unsigned i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++) {
        add(&words, "%s", fixed[i]);
    }
    add(&words, "-m");
    add(&words, "%u", machine->memory);
    if (machine->memory_file > 0) {
        add(&words, "-object");
        add(&words, "memory-backend-file,id=memory,size=%uM,share=on,mem-path=/proc/self/fd/%d",
            machine->memory, machine->memory_file);
        add(&words, "-machine");
        add(&words, "memory-backend=memory");
    }
    add(&words, "-smp");
    add(&words, "%u", machine->cpus);
    for (unsigned i = 0; i < machine->files; i++) {
        size += (size_t)snprintf(modules + size, sizeof(modules) - size, "%s/proc/self/fd/%d",
                                 i ? "," : "", machine->file[i]);
    }
    add(&words, "-kernel");
    add(&words, "%s", emulator->hypervisor);
    add(&words, "-initrd");
    add(&words, "%s", modules);
    add(&words, "-chardev");
    add(&words, "socket,id=log,fd=%d", machine->log);
    add(&words, "-serial");
    add(&words, "chardev:log");
    add(&words, "-chardev");
    add(&words, "socket,id=console,fd=%d", machine->console);
    add(&words, "-serial");
    add(&words, "chardev:console");
    add(&words, "-device");
    add(&words, "isa-debug-exit,iobase=0x%x,iosize=1", HANDOFF_EXIT_PORT);
    for (unsigned i = 0; i < options->emulator_arguments; i++) {
        add(&words, "%s", options->emulator_argument[i]);
    }
    return words.word;
}

void emulator_command_free(char **command)
{
    for (unsigned i = 0; command[i]; i++) {
        free(command[i]);
    }
    free(command);
}

/* ---- the process ---------------------------------------------------------------------------- */

/* Makes a wire: wire[0] is pinion's end, wire[1] is QEMU's. */
static bool make_wire(int wire[2], struct failure *failure)
{
    const int room = WIRE_ROOM;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, wire)) {
        return refuse(failure, "socketpair: %s", strerror(errno));
    }
    /* QEMU sends single bytes, and each takes hundreds of bytes of the kernel's buffer: make that
     * large. */
    for (unsigned i = 0; i < 2; i++) {
        if (setsockopt(wire[i], SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room))) {
            setsockopt(wire[i], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
        }
    }
    return true;
}

static void inherit(int descriptor)
{
    fcntl(descriptor, F_SETFD, 0);
}

/* Turns the child process into QEMU, or ends it. It is killed when `parent` ends. */
static void become(char **command, const struct emulator_machine *machine, pid_t parent)
{
    int nothing = open("/dev/null", O_RDONLY);
    sigset_t none;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        _exit(127);
    }
    setpgid(0, 0); /* the terminal's signals go to pinion alone, which then ends QEMU */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    signal(SIGXFSZ, SIG_DFL);
    dup2(nothing, STDIN_FILENO);
    dup2(STDERR_FILENO, STDOUT_FILENO); /* standard output belongs to the guests' consoles */
    inherit(machine->log);
    inherit(machine->console);
    if (machine->memory_file > 0) {
        inherit(machine->memory_file);
    }
    for (unsigned i = 0; i < machine->files; i++) {
        inherit(machine->file[i]);
    }
    execv(command[0], command);
    fprintf(stderr, "pinion: %s: %s\n", command[0], strerror(errno));
    _exit(127);
}

bool emulator_start(struct emulator *emulator, const struct bundle *bundle,
                    const struct options *options, unsigned memory, int memory_file,
                    struct failure *failure)
{
    struct emulator_machine machine = {.memory = memory,
                                       .memory_file = memory_file,
                                       .cpus = options->machine_cpus,
                                       .file = bundle->file,
                                       .files = bundle->files};
    int log[2], console[2];
    pid_t parent = getpid();
    char **command;

    if (!make_wire(log, failure) || !make_wire(console, failure)) {
        return false;
    }
    machine.log = log[1];
    machine.console = console[1];
    command = emulator_command(emulator, &machine, options);
    emulator->pid = fork();
    if (!emulator->pid) {
        become(command, &machine, parent);
    }
    emulator_command_free(command);
    close(log[1]);
    close(console[1]);
    emulator->log_wire = log[0];
    emulator->console_wire = console[0];
    if (emulator->pid < 0) {
        return refuse(failure, "fork: %s", strerror(errno));
    }
    return true;
}

void emulator_kill(struct emulator *emulator)
{
    if (emulator->pid > 0) {
        kill(emulator->pid, SIGKILL);
    }
}

int emulator_wait(struct emulator *emulator)
{
    int status = 0;

    while (waitpid(emulator->pid, &status, 0) < 0 && errno == EINTR)
        ;
    emulator->pid = -1;
    return status;
}

bool emulator_is_reported_end(int status)
{
    if (!WIFEXITED(status)) {
        return false;
    }
    switch (WEXITSTATUS(status)) {
    case 2 * HANDOFF_ALL_WELL + 1:
    case 2 * HANDOFF_CRASHED + 1:
    case 2 * HANDOFF_FAILED + 1:
    case 2 * HANDOFF_NO_LOG + 1:
        return true;
    default:
        return false;
    }
}

int emulator_exit_status(int status, const char *last_line, struct failure *failure)
{
    failure->sentence[0] = 0;
    if (WIFSIGNALED(status)) {
        refuse(failure, "the emulator was ended by signal %d (%s)", WTERMSIG(status),
               strsignal(WTERMSIG(status)));
        return 3;
    }
    switch (WEXITSTATUS(status)) {
    case 2 * HANDOFF_ALL_WELL + 1:
        return 0;
    case 2 * HANDOFF_CRASHED + 1:
        return 1;
    case 2 * HANDOFF_FAILED + 1:
        refuse(failure, "the hypervisor failed: %s",
               last_line[0] ? last_line : "it has written no log");
        return 3;
    case 2 * HANDOFF_NO_LOG + 1:
        refuse(failure, "the machine has no first serial port (COM1), to which the hypervisor "
                        "writes its log");
        return 3;
    case 0:
        refuse(failure, "the machine stopped or reset before the hypervisor reported an end");
        return 3;
    default:
        refuse(failure, "the emulator ended with status %d before the hypervisor reported an end",
               WEXITSTATUS(status));
        return 3;
    }
}
