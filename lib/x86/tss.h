/* SPDX-License-Identifier: MIT */
/* The 64-bit task state segment (AMD64 manual, volume 2, 12.2.5). */
#ifndef X86_TSS_H
#define X86_TSS_H

#include "lib/types.h"

struct tss {
    u32 reserved_0;
    u64 rsp[3]; /* the stacks that an interrupt to ring 0, 1, 2 comes on */
    u64 reserved_1;
    u64 ist[7]; /* the interrupt stacks that a gate may name, 1 to 7 */
    u64 reserved_2;
    u16 reserved_3;
    u16 io_map; /* offset of the I/O permission map; beyond the limit: none */
} __attribute__((packed));

#endif
