/* SPDX-License-Identifier: MIT */
/* The bundle: all that a run gives to the hypervisor at boot. These are the text of the boot
 * hand-off (lib/handoff.h), kernels, and ramdisks. */
#ifndef TOOLS_BUNDLE_H
#define TOOLS_BUNDLE_H

#include "tools/buffer.h"
#include "tools/guest.h"
#include "tools/kernel.h"

#define BUNDLE_MODULES_MAX (2 * HANDOFF_GUESTS_MAX)
#define BUNDLE_FILES_MAX   (BUNDLE_MODULES_MAX + 1)

struct bundle {
    unsigned modules; /* how many, without the text; module number N is module[N - 1] */
    struct buffer module[BUNDLE_MODULES_MAX];
    bool is_kernel[BUNDLE_MODULES_MAX];
    struct pvimage image[BUNDLE_MODULES_MAX]; /* of a module that is a kernel */
    struct buffer text;                       /* of the boot hand-off */
    unsigned files;                           /* memory files that bundle_write has made */
    int file[BUNDLE_FILES_MAX]; /* their descriptors: the text, then module 1, 2 and so on */
};

/* What the text of the boot hand-off says about the whole machine (lib/handoff.h). */
struct bundle_machine {
    const char *mitigations; /* the word for the text; NULL: none, which means the default */
    const char *isolation;   /* likewise */
    bool ram_zeroed;
    bool audit;
    const char *trace; /* which timeline, the word for the text; NULL: none */
};

/* Reads and checks the files of all guests, and composes the text. Files with the same contents
 * become one module. Returns false and fills in the failure if a file cannot be used. */
bool bundle_read(struct bundle *bundle, const struct guests *guests,
                 const struct bundle_machine *machine, struct failure *failure);

/* Moves the text and the modules to memory files, which have no name and end with the processes
 * that have them open. Afterwards the bundle has no bytes of them any more, only their sizes. */
bool bundle_write(struct bundle *bundle, struct failure *failure);

/* Empties and closes the memory files, which frees their memory although the emulator has them
 * open. Call it when the machine has read them. */
void bundle_release(struct bundle *bundle);

/* Frees the bundle and its memory files. */
void bundle_free(struct bundle *bundle);

/* Returns the least memory, in MiB, in which the hypervisor can build a guest with this kernel.
 * ramdisk: its size in bytes. */
unsigned long long guest_memory_needed(const struct pvimage *image, unsigned long long ramdisk);

/* Returns the memory, in MiB, that the machine needs for these guests and modules. */
unsigned bundle_machine_memory(const struct bundle *bundle, const struct guests *guests);

#endif
