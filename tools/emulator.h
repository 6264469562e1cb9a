/* SPDX-License-Identifier: MIT */
/* The emulated machine, which is one QEMU process: finding QEMU, starting it and ending it.
 *
 * A wire is a socket to one of its serial ports. */
#ifndef TOOLS_EMULATOR_H
#define TOOLS_EMULATOR_H

#include <sys/types.h>

#include "tools/bundle.h"
#include "tools/options.h"

#define EMULATOR_PATH_MAX 4096

struct emulator {
    char program[EMULATOR_PATH_MAX];    /* path of QEMU */
    char hypervisor[EMULATOR_PATH_MAX]; /* path of the hypervisor image */
    pid_t pid;                          /* of QEMU */
    int log_wire, console_wire;         /* to COM1 and COM2 */
};

/* Finds QEMU in PATH, and the hypervisor image. Returns false if one of them cannot be used. */
bool emulator_find(struct emulator *emulator, struct failure *failure);

/* The machine's equipment. The descriptors are inherited by QEMU. */
struct emulator_machine {
    unsigned memory; /* MiB */
    unsigned cpus;
    int memory_file;  /* the file that is the machine's memory; 0: QEMU allocates it */
    int log, console; /* QEMU's ends of the wires to COM1 and COM2 */
    const int *file;  /* the files that bundle_write has made */
    unsigned files;
};

/* Returns the words of QEMU's command line, ended by NULL. The caller frees them with
 * emulator_command_free. */
char **emulator_command(const struct emulator *emulator, const struct emulator_machine *machine,
                        const struct options *options);
void emulator_command_free(char **command);

/* Says whether the machine's RAM is certainly zero when the machine is switched on. QEMU makes it
 * so. False: the user's arguments have an option that may bring memory with contents. */
bool emulator_ram_is_zeroed(const struct options *options);

/* Starts QEMU, with `memory` MiB, in the file `memory_file` if that is not 0, and connects the
 * wires. Returns false if that failed. */
bool emulator_start(struct emulator *emulator, const struct bundle *bundle,
                    const struct options *options, unsigned memory, int memory_file,
                    struct failure *failure);

/* Ends QEMU by SIGKILL. */
void emulator_kill(struct emulator *emulator);

/* Waits until QEMU has ended. Returns its status as waitpid gives it. */
int emulator_wait(struct emulator *emulator);

/* Says whether QEMU's status is an end that the hypervisor has reported (lib/handoff.h). */
bool emulator_is_reported_end(int status);

/* Returns the exit status of `pinion run` for QEMU's status, and fills in the failure for all but a
 * normal end. last_line: of the hypervisor's log, without its time; empty: the log is empty. */
int emulator_exit_status(int status, const char *last_line, struct failure *failure);

#endif
