/* SPDX-License-Identifier: MIT */
/* What share_granter.c (domain 1) and share_mapper.c (domain 2) agree on. */
#include "tests/guests/common/share_protocol.h"

bool wait_for(volatile u64 *word, u64 value)
{
    for (unsigned i = 0; i < PATIENT && *word < value; i++) {
        sched_op(SCHEDOP_yield, NULL);
    }
    return *word >= value;
}

bool is_apart(void)
{
    return starts_with((const char *)start_info->cmd_line, "apart");
}
