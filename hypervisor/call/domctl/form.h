/* SPDX-License-Identifier: MIT */
/* The forms in which toolstacks pass the argument of domctl: its interface version says which. The
 * operations know the form of Xen 4.17's tools only. */
#ifndef CALL_DOMCTL_FORM_H
#define CALL_DOMCTL_FORM_H

#include "hypervisor/xen.h"
#include "lib/types.h"

/* The version of the tools of Xen 4.19 and 4.20: as 0x15, but createdomain has one member more,
 * `altp2m_opts`, before `vmtrace_size`. Source: domctl.h of libxen-dev 4.20. */
#define DOMCTL_VERSION_4_20 0x17u

/* An operation of that version that libxl asks for: colours of a cache, for a domain's memory. */
#define DOMCTL_SET_LLC_COLORS 89u

/* Says whether an argument of this version can be read. */
bool domctl_form_known(u32 version);

/* Converts an argument as a toolstack passed it, of a known version, to the form of 0x15;
 * `interface_version` stays. False: what only its own form can say is asked for, and nothing has
 * been changed. */
bool domctl_form_read(struct xen_domctl *op);

/* Converts an argument back to the form of its `interface_version`. */
void domctl_form_write(struct xen_domctl *op);

#endif
