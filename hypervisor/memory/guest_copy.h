/* SPDX-License-Identifier: MIT */
/* Copies between the hypervisor and the current guest's memory, by guest virtual address. */
#ifndef MEMORY_GUEST_COPY_H
#define MEMORY_GUEST_COPY_H

#include "lib/addr.h"
#include "lib/index.h"

/* True when [address, address + size) is the guest's part of the address space: below the
 * non-canonical hole or above the hypervisor's slots, without wrapping. */
bool guest_range_ok(u64 address, u64 size);

/* True when `address` is canonical (any half). */
bool address_canonical(u64 address);

/* Both check the range, survive faults, and return false when any byte could not be copied (some
 * may have been). */
bool copy_from_guest(void *to, u64 from, u64 size);
bool copy_to_guest(u64 to, const void *from, u64 size);

/* The same for two words, in fewer instructions; nothing is copied where one faults. */
bool copy_pair_from_guest(u64 pair[2], u64 from);

/* The frame of a number that a guest names, one of 52 bits at most: no larger one exists, and none
 * reaches back into our own memory while the processor guesses (memory/layout.h). Never MFN_NONE.
 */
static inline mfn_t guest_mfn(u64 number)
{
    return mfn(index_clamped(number, (1ull << 52) - 1));
}

/* For guest pointers that a fault must not leave half read: one object. */
#define GET_GUEST(object, address) copy_from_guest((object), (address), sizeof *(object))
#define PUT_GUEST(address, object) copy_to_guest((address), (object), sizeof *(object))

#endif
