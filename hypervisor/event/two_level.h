/* SPDX-License-Identifier: MIT */
/* The two-level event ABI: a pending bit and a mask bit for each port in shared_info, and in
 * vcpu_info a selector bit for each word of pending bits.
 *
 * For event/ only. The caller holds event_channels.lock. */
#ifndef EVENT_TWO_LEVEL_H
#define EVENT_TWO_LEVEL_H

#include "hypervisor/event/channel.h"

/* Marks the port pending, and requests the upcall of its vCPU unless the port is masked. `port`:
 * below EVTCHN_2L_NR_CHANNELS. True: it was not pending before. */
bool two_level_raise(struct domain *domain, const struct channel *channel, u32 port);

/* Clears the port's mask bit, and requests the upcall if the port is pending. `channel`: the port's
 * channel; NULL: the port is not in use and nothing is requested. */
void two_level_unmask(struct domain *domain, const struct channel *channel, u32 port);

/* True when the port is pending. `port`: any number. */
bool two_level_pending(const struct domain *domain, u32 port);

/* Clears the port's pending bit. True: it was set. */
bool two_level_take(struct domain *domain, u32 port);

#endif
