/* SPDX-License-Identifier: MIT */
/* What functions return when they cannot: the negative of a XEN_E... number, on every backend. */
#ifndef GUEST_ERROR_H
#define GUEST_ERROR_H

#include <xen/errno.h>

#endif
