/* SPDX-License-Identifier: MIT */
/* What share_granter.c (domain 1) and share_mapper.c (domain 2) agree on. */
#include "tests/guests/common/share_protocol.h"
#include "tests/guests/common/time.h"

bool wait_for(volatile u64 *word, u64 value)
{
    u64 end = time_of(&vcpu_info()->time) + PATIENCE;

    while (*word < value && time_of(&vcpu_info()->time) < end) {
        sched_op(SCHEDOP_yield, NULL);
    }
    return *word >= value;
}

bool is_apart(void)
{
    return starts_with((const char *)start_info->cmd_line, "apart");
}
