/* SPDX-License-Identifier: MIT */
/* Instructions that do nothing, by which the bench program tells the counting plugin where it is.
 */
#ifndef BENCH_MARKERS_H
#define BENCH_MARKERS_H

/* nopl MARKER(%rax): 0f 1f 80 and these four bytes. */
#define MARKER          0x504e0000u
#define MARKER_MASK     0xffff0000u
#define MARKER_END      0u      /* of the operation that runs */
#define MARKER_STARTED  0xffffu /* the guest's first process is there */
#define MARKER_BEGIN(n) (1u + (n))

#define mark(what)                                                                                 \
    __asm__ volatile(".byte 0x0f, 0x1f, 0x80; .long %c0" ::"i"(MARKER + (what)) : "memory")

#endif
