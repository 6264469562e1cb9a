/* SPDX-License-Identifier: MIT */
/* Page tables for user mode, built by ordinary stores and then pinned. */
#include "tests/guests/common/user.h"

void user_space_make(struct user_space *space)
{
    space->root = page_take();
    space->l3 = page_take();
    space->l2 = page_take();
    space->l1 = page_take();
    space->code = page_take();
    space->data = page_take();
    space->l1[table_index(USER_CODE, 1)] = entry_for(space->code, PTE_RO);
    space->l1[table_index(USER_DATA, 1)] = entry_for(space->data, PTE_RW);
    space->l2[table_index(USER_CODE, 2)] = entry_for(space->l1, PTE_TABLE);
    space->l3[table_index(USER_CODE, 3)] = entry_for(space->l2, PTE_TABLE);
    space->root[table_index(USER_CODE, 4)] = entry_for(space->l3, PTE_TABLE);
    if (page_read_only(space->l1) || page_read_only(space->l2) || page_read_only(space->l3) ||
        page_read_only(space->root)) {
        error("cannot make the user tables read-only");
    }
    if (mmuext(MMUEXT_PIN_L4_TABLE, mfn_of(space->root), 0)) {
        error("cannot pin the user root");
    }
    if (mmuext(MMUEXT_NEW_USER_BASEPTR, mfn_of(space->root), 0)) {
        error("cannot set the user root");
    }
    user_start();
}

void user_run_code(struct user_space *space, const void *from, const void *to,
                   struct trap_frame *frame)
{
    memcpy(space->code, from, (size_t)(address(to) - address(from)));
    memset(frame, 0, sizeof *frame);
    frame->rip = USER_CODE;
    frame->rsp = USER_STACK;
    frame->rflags = RFLAGS_IF;
    user_run(frame, 0);
}
