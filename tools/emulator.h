/* SPDX-License-Identifier: MIT */
/* The machine: one QEMU process, found, started, ended by its own pid. */
#ifndef TOOLS_EMULATOR_H
#define TOOLS_EMULATOR_H

#include <sys/types.h>

#include "tools/bundle.h"
#include "tools/options.h"

#define EMULATOR_PATH_MAX 4096

struct emulator {
    char program[EMULATOR_PATH_MAX];    /* QEMU */
    char hypervisor[EMULATOR_PATH_MAX]; /* what it boots */
    pid_t pid;
    int log_wire, console_wire; /* our ends of its two serial ports */
};

/* Looks for QEMU in PATH and for the hypervisor image. */
bool emulator_find(struct emulator *emulator, struct failure *failure);

/* What the machine has: COM1 and COM2 on sockets `log` and `console`, modules in folder `folder`
 * (all three are descriptors that QEMU inherits). */
struct emulator_machine {
    unsigned memory, cpus; /* MiB */
    unsigned modules;
    int log, console, folder;
};

/* The words of QEMU's command line, ended by NULL; free with emulator_command_free. */
char **emulator_command(const struct emulator *emulator, const struct emulator_machine *machine,
                        const struct options *options);
void emulator_command_free(char **command);

/* How many CPUs the machine gets. */
unsigned emulator_cpus(const struct options *options);

bool emulator_start(struct emulator *emulator, const struct bundle *bundle,
                    const struct options *options, unsigned memory, struct failure *failure);

/* Ends it now. */
void emulator_kill(struct emulator *emulator);

/* Waits for its end: a status as of waitpid. */
int emulator_wait(struct emulator *emulator);

/* The exit status of `pinion run` for the end of QEMU; the sentence is filled unless it is empty.
 */
int emulator_exit_status(int status, struct failure *failure);

#endif
