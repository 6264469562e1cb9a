/* SPDX-License-Identifier: MIT */
/* The boot hand-off: the guests that the boot modules contain (format: lib/handoff.h). */
#ifndef BOOT_HANDOFF_H
#define BOOT_HANDOFF_H

#include "hypervisor/cpu/speculation.h"
#include "lib/addr.h"
#include "lib/handoff.h"

#define HANDOFF_MODULES_MAX 80

struct handoff_module {
    maddr_t start; /* at a page boundary */
    u64 size;
    u32 users; /* how many kernels and ramdisks of guests are still to be built from the module; the
                  last one takes over its pages. One of a guest that may be started again counts
                  once more, for ever */
};

struct handoff_guest {
    char name[HANDOFF_NAME_MAX + 1];
    bool privileged;
    u64 memory_mib;
    u64 most_mib; /* the most memory that it may have later; 0: memory_mib */
    u32 vcpus;
    u32 weight, cap;
    u64 cpus[HANDOFF_VCPUS_MAX]; /* by vCPU: the CPUs that may run it, bit N for CPU N */
    u32 kernel, ramdisk; /* indices in `module` below; 0, which is the hand-off text itself, stands
                            for none */
    char command_line[1024];
    u32 restart;  /* bit N: the guest is started again after an end of kind N (enum domain_end) */
    u32 restarts; /* how many more times the guest may be started again */
};

struct handoff {
    u32 module_count;
    struct handoff_module module[HANDOFF_MODULES_MAX];
    enum mitigations mitigations;
    enum isolation isolation;
    bool ram_zeroed; /* the RAM was zero when the machine was switched on */
    bool audit;      /* check all references and the free memory after a crash and at the end */
    bool trace;      /* record a timeline from the start */
    bool trace_all;  /* of every entry */
    u32 guest_count;
    struct handoff_guest guest[HANDOFF_GUESTS_MAX];
};

/* Says whether the first of the modules that the boot loader gave is the text of a hand-off; if
 * not, it is a kernel (boot/dom0.h). */
bool handoff_is_given(const struct handoff *handoff);

/* Parses the text in module 0 into *handoff, which already lists the modules (loader_use).
 * Panics if there is no module or the text is wrong, since the command that wrote the text has
 * checked it. */
void handoff_read(struct handoff *handoff);

#endif
