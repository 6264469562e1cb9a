/* SPDX-License-Identifier: MIT */
/* Vector numbers: those of the processor, and numbers from 256 on for the other ways into the
 * kernel (system call, event, failsafe callback). */
#ifndef GUEST_VECTORS_H
#define GUEST_VECTORS_H

#define VECTOR_DE       0
#define VECTOR_DB       1
#define VECTOR_NMI      2
#define VECTOR_BP       3
#define VECTOR_OF       4
#define VECTOR_BR       5
#define VECTOR_UD       6
#define VECTOR_NM       7
#define VECTOR_DF       8
#define VECTOR_NP       11
#define VECTOR_SS       12
#define VECTOR_GP       13
#define VECTOR_PF       14
#define VECTOR_MF       16
#define VECTOR_AC       17
#define VECTOR_XM       19
#define VECTOR_INT80    128
#define VECTOR_SYSCALL  256
#define VECTOR_EVENT    257
#define VECTOR_FAILSAFE 258
#define VECTORS         259

#endif
