/* SPDX-License-Identifier: MIT */
/* Requests of memory_op about the guest's own memory. */
#ifndef GUESTS_RESERVATION_H
#define GUESTS_RESERVATION_H

#include "tests/guests/common/guest.h"

long reservation(unsigned command, u64 *extents, u64 count, unsigned order, unsigned flags);

long current_pages(void);

#endif
