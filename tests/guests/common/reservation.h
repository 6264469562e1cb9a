/* SPDX-License-Identifier: MIT */
/* memory_op on the guest's own memory. */
#ifndef GUESTS_RESERVATION_H
#define GUESTS_RESERVATION_H

#include "tests/guests/common/guest.h"

static inline long reservation(unsigned command, u64 *extents, u64 count, unsigned order,
                               unsigned flags)
{
    struct xen_memory_reservation request = {
        .nr_extents = count, .extent_order = order, .mem_flags = flags, .domid = DOMID_SELF};

    set_xen_guest_handle(request.extent_start, extents);
    return memory_op(command, &request);
}

static inline long current_pages(void)
{
    struct xen_memory_domain domain = {.domid = DOMID_SELF};

    return memory_op(XENMEM_current_reservation, &domain);
}

#endif
