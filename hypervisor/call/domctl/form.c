/* SPDX-License-Identifier: MIT */
/* The forms of domctl's argument. */
#include "hypervisor/call/domctl/form.h"
#include "lib/string.h"

/* createdomain from the member on that 0x17 puts in. */
#define ADDED_AT offsetof(struct xen_domctl_createdomain, vmtrace_size)
#define REST     (sizeof(struct xen_domctl_createdomain) - ADDED_AT)

_Static_assert(sizeof(struct xen_domctl_createdomain) + sizeof(u32) <=
                   sizeof(((struct xen_domctl *)0)->u),
               "the longer form fits, too");

bool domctl_form_known(u32 version)
{
    return version == XEN_DOMCTL_INTERFACE_VERSION || version == DOMCTL_VERSION_4_20;
}

static bool is_longer(const struct xen_domctl *op)
{
    return op->interface_version == DOMCTL_VERSION_4_20 && op->cmd == XEN_DOMCTL_createdomain;
}

bool domctl_form_read(struct xen_domctl *op)
{
    u8 *at = (u8 *)&op->u.createdomain + ADDED_AT;
    u32 added;

    if (!is_longer(op)) {
        return true;
    }
    memcpy(&added, at, sizeof added);
    if (added) { /* views of memory that only translated guests have */
        return false;
    }
    memmove(at, at + sizeof added, REST);
    return true;
}

void domctl_form_write(struct xen_domctl *op)
{
    u8 *at = (u8 *)&op->u.createdomain + ADDED_AT;

    if (is_longer(op)) {
        memmove(at + sizeof(u32), at, REST);
        memset(at, 0, sizeof(u32));
    }
}
