/* SPDX-License-Identifier: MIT */
/* Rights to device frames that are taken away later. Public, beside vmmu.h. */
#ifndef VMMU_DEVICES_H
#define VMMU_DEVICES_H

#include "vmmu/vmmu.h"

/* Makes the entries of the live tables of `domain` that map device frames from `first` to `first` +
 * `count` - 1 agree with port_device_access, whose answer about them has become stricter: an entry
 * loses the writable bit, or is cleared if the frame may not be read either. When it returns
 * VMMU_DONE, no processor has a translation that allows more. VMMU_AGAIN: interrupted; call it
 * again with the same *at, which is 0 before the first call. May run while CPUs change these
 * tables. No lock of the engine is held. */
enum vmmu_result vmmu_restrict_devices(struct vmmu_domain *domain, mfn_t first, u64 count, u64 *at);

#endif
