/* SPDX-License-Identifier: MIT */
/* The error code of a page fault (AMD64 manual, volume 2, 8.4.2). */
#ifndef X86_PAGE_FAULT_H
#define X86_PAGE_FAULT_H

#include "lib/x86/constant.h"

#define PF_PRESENT  BIT_U32(0) /* the rights did not suffice; clear: an entry is not present */
#define PF_WRITE    BIT_U32(1)
#define PF_USER     BIT_U32(2) /* an access of ring 3 */
#define PF_RESERVED BIT_U32(3) /* an entry has a reserved bit set */
#define PF_FETCH    BIT_U32(4)

#endif
