/* SPDX-License-Identifier: MIT */
/* The two-level event ABI: a pending bit and a mask bit for each port in shared_info, and in
 * vcpu_info a selector bit for each word of pending bits.
 *
 * For event/ only. The caller holds event_channels.lock. */
#ifndef EVENT_TWO_LEVEL_H
#define EVENT_TWO_LEVEL_H

#include "hypervisor/event/channel.h"

/* Marks the port pending. If it was not pending before and is not masked, sets the selector bit of
 * its word in its vCPU, and requests the upcall if that bit was clear. `port`: below
 * EVTCHN_2L_NR_CHANNELS. True: it was not pending before. */
bool two_level_raise(struct domain *domain, const struct channel *channel, u32 port);

/* Clears the port's mask bit. If the bit was set and the port is pending, sets the selector bit of
 * its word in its vCPU, and requests the upcall if that bit was clear. `port`: below
 * EVTCHN_2L_NR_CHANNELS; `channel`: the port's channel; NULL: the port is not in use and nothing is
 * requested. */
void two_level_unmask(struct domain *domain, const struct channel *channel, u32 port);

/* True when the port is pending. `port`: any number. */
bool two_level_pending(const struct domain *domain, u32 port);

/* Clears the port's pending bit. True: it was set. `port`: below EVTCHN_2L_NR_CHANNELS. */
bool two_level_take(struct domain *domain, u32 port);

#endif
