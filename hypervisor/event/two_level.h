/* SPDX-License-Identifier: MIT */
/* The two-level ABI: a pending and a mask bit a port in shared_info, a selector in vcpu_info. For
 * event/ only; event_channels.lock is held. */
#ifndef EVENT_TWO_LEVEL_H
#define EVENT_TWO_LEVEL_H

#include "hypervisor/event/channel.h"

/* Marks a port of this ABI pending and tells its vCPU unless it is masked. True: it was not. */
bool two_level_raise(struct domain *domain, const struct channel *channel, u32 port);

/* Takes the mask off; a pending port (of a channel; NULL: none) tells its vCPU. */
void two_level_unmask(struct domain *domain, const struct channel *channel, u32 port);

/* Whether the port is pending. Any port. */
bool two_level_pending(const struct domain *domain, u32 port);

/* Whether it was; it is not any more. */
bool two_level_take(struct domain *domain, u32 port);

#endif
