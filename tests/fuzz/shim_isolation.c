/* SPDX-License-Identifier: MIT */
/* Isolation in a process: guests are not isolated, so nothing has an effect. */
#include "hypervisor/domain/isolation.h"
#include "hypervisor/domain/recount.h"
#include "hypervisor/memory/space.h"
#include "hypervisor/memory/view.h"

bool space_isolates;

bool isolation_start(struct domain *domain)
{
    (void)domain;
    return true;
}

void isolation_attach(struct domain *domain)
{
    (void)domain;
}

void isolation_stop(struct domain *domain)
{
    (void)domain;
}

bool isolation_add_frame(struct domain *domain, mfn_t m)
{
    (void)domain;
    (void)m;
    return true;
}

void view_stop(struct view *view)
{
    (void)view;
}

u64 recount_isolation(void)
{
    return 0;
}
