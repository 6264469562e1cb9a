/* SPDX-License-Identifier: MIT */
/* Requests of memory_op about the guest's own memory. */
#include "tests/guests/common/reservation.h"

long reservation(unsigned command, u64 *extents, u64 count, unsigned order, unsigned flags)
{
    struct xen_memory_reservation request = {
        .nr_extents = count, .extent_order = order, .mem_flags = flags, .domid = DOMID_SELF};

    set_xen_guest_handle(request.extent_start, extents);
    return memory_op(command, &request);
}

long current_pages(void)
{
    struct xen_memory_domain domain = {.domid = DOMID_SELF};

    return memory_op(XENMEM_current_reservation, &domain);
}
