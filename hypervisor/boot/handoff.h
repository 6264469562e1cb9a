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
    u32 users; /* how many guests have not been built from the module yet; the last one takes over
                  its pages. A guest that may be built again counts once more, for ever */
};

struct handoff_guest {
    char name[HANDOFF_NAME_MAX + 1];
    u64 memory_mib;
    u32 vcpus;
    u32 weight, cap;
    u64 cpus[HANDOFF_VCPUS_MAX]; /* of each vCPU: bit N: it may run on CPU N */
    u32 kernel, ramdisk;         /* numbers of boot modules; 0: none */
    char command_line[1024];
    u32 restart;  /* a set of enum domain_end: the ends after which the guest is started again */
    u32 restarts; /* how many times it may still be started again */
};

struct handoff {
    u32 module_count;
    struct handoff_module module[HANDOFF_MODULES_MAX];
    enum mitigations mitigations;
    u32 guest_count;
    struct handoff_guest guest[HANDOFF_GUESTS_MAX];
};

/* Parses the text in module 0 into *handoff. Panics with the line's number if the text is wrong:
 * the command that wrote it has checked it. */
void handoff_read(struct handoff *handoff);

#endif
