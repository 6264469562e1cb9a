/* SPDX-License-Identifier: MIT */
/* A user address space: one page of code and one of data, in a root that maps nothing else. */
#ifndef GUESTS_USER_H
#define GUESTS_USER_H

#include "tests/guests/common/guest.h"

#define USER_CODE  0x400000ull
#define USER_DATA  0x401000ull
#define USER_STACK (USER_DATA + PAGE_SIZE)

struct user_space {
    u64 *root, *l3, *l2, *l1;
    u8 *code, *data; /* their addresses in the kernel */
};

/* Makes a user address space and loads it as the user root; registers what user_run needs. */
void user_space_make(struct user_space *space);

/* Runs the code between two labels in user mode, from its start, with all registers 0 except rip
 * and rsp. */
void user_run_code(struct user_space *space, const void *from, const void *to,
                   struct trap_frame *frame);

#endif
