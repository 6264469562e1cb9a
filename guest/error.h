/* SPDX-License-Identifier: MIT */
/* Error numbers: functions of the library return the negative of a XEN_E... number (Xen's public
 * errno.h), with either backend. */
#ifndef GUEST_ERROR_H
#define GUEST_ERROR_H

#include <xen/errno.h>

#endif
