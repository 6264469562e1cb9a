/* SPDX-License-Identifier: MIT */
/* Vector numbers: those of the processor, and numbers from 256 on for the other ways into the
 * kernel (system call, event, failsafe callback). */
#ifndef GUEST_VECTORS_H
#define GUEST_VECTORS_H

#include "lib/x86/vector.h"

#define VECTOR_SYSCALL  256
#define VECTOR_EVENT    257
#define VECTOR_FAILSAFE 258
#define VECTORS         259

#endif
