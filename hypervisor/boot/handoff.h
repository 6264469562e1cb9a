/* SPDX-License-Identifier: MIT */
/* The guests that the boot loader's modules describe (lib/handoff.h has the format). */
#ifndef BOOT_HANDOFF_H
#define BOOT_HANDOFF_H

#include "hypervisor/cpu/speculation.h"
#include "lib/addr.h"
#include "lib/handoff.h"

#define HANDOFF_MODULES_MAX 80

struct handoff_module {
    maddr_t start; /* on a page boundary */
    u64 size;
    u32 users; /* guests that have yet to be built from it: the last one takes its pages; one that
                  may be built again is always among them */
};

struct handoff_guest {
    char name[HANDOFF_NAME_MAX + 1];
    u64 memory_mib;
    u32 vcpus;
    u32 weight, cap;
    u64 cpus[HANDOFF_VCPUS_MAX]; /* bit N: that vCPU may run on CPU N */
    u32 kernel, ramdisk;         /* module numbers; 0: none */
    char command_line[1024];
    u32 restart;  /* bit set of enum domain_end: begins anew after such an end */
    u32 restarts; /* how often at most, from here on */
};

struct handoff {
    u32 module_count;
    struct handoff_module module[HANDOFF_MODULES_MAX];
    enum mitigations mitigations;
    u32 guest_count;
    struct handoff_guest guest[HANDOFF_GUESTS_MAX];
};

/* Reads module 0's text into `handoff`. Panics with the line when something is wrong in it: the
 * command that wrote it has checked it. */
void handoff_read(struct handoff *handoff);

#endif
