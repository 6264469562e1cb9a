/* SPDX-License-Identifier: MIT */
/* Everything a run hands to the hypervisor: the handoff text of lib/handoff.h, kernels, ramdisks.
 */
#ifndef TOOLS_BUNDLE_H
#define TOOLS_BUNDLE_H

#include "tools/buffer.h"
#include "tools/guest.h"
#include "tools/kernel.h"

#define BUNDLE_MODULES_MAX (2 * HANDOFF_GUESTS_MAX)
#define BUNDLE_PATH_MAX    512

struct bundle {
    unsigned modules; /* without the text; module N is module[N - 1] */
    struct buffer module[BUNDLE_MODULES_MAX];
    bool is_kernel[BUNDLE_MODULES_MAX];
    struct pvimage image[BUNDLE_MODULES_MAX]; /* of a kernel */
    struct buffer text;
    char folder[BUNDLE_PATH_MAX]; /* empty: not written */
};

/* Reads and checks the files of all guests and composes the text. Files with the same contents
 * become one module. `mitigations`: as in the text; NULL: the default. */
bool bundle_read(struct bundle *bundle, const struct guests *guests, const char *mitigations,
                 struct failure *failure);

/* Writes it into a new private folder: files handoff, 1, 2 ... */
bool bundle_write(struct bundle *bundle, struct failure *failure);

/* Removes the folder and frees the rest. */
void bundle_remove(struct bundle *bundle);

/* The least memory, in MiB, in which the hypervisor's builder can lay this guest out. */
unsigned long long guest_memory_needed(const struct pvimage *image, unsigned long long ramdisk);

/* What the machine needs, in MiB, for these guests and modules. */
unsigned bundle_machine_memory(const struct bundle *bundle, const struct guests *guests);

#endif
