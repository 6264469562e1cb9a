/* SPDX-License-Identifier: MIT */
/* Markers: instructions that do nothing, by which a program in a guest reports to a QEMU plugin
 * that it begins or ends an operation. */
#ifndef BENCH_MARKERS_H
#define BENCH_MARKERS_H

/* A marker is the instruction nopl MARKER + WHAT(%rax): the bytes 0f 1f 80, then MARKER + WHAT. */
#define MARKER          0x504e0000u
#define MARKER_MASK     0xffff0000u
#define MARKER_END      0u         /* the running operation ends */
#define MARKER_STARTED  0xffffu    /* the guest's first process has started */
#define MARKER_BEGIN(n) (1u + (n)) /* operation number n begins */

/* Executes the marker `what`, one of the constants above. */
#define mark(what)                                                                                 \
    __asm__ volatile(".byte 0x0f, 0x1f, 0x80; .long %c0" ::"i"(MARKER + (what)) : "memory")

#endif
