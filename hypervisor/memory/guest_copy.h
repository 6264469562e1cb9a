/* SPDX-License-Identifier: MIT */
/* Guest copies: between the hypervisor and the memory of the current guest, by guest virtual
 * address. */
#ifndef MEMORY_GUEST_COPY_H
#define MEMORY_GUEST_COPY_H

#include "lib/addr.h"
#include "lib/index.h"

/* True when all of [address, address + size) is in the guest's part of the address space: below the
 * non-canonical addresses or above the hypervisor's slots. `size` 0 is checked as 1. */
bool guest_range_ok(u64 address, u64 size);

/* True when `address` is canonical: bits 63 to 47 are equal. */
bool address_canonical(u64 address);

/* Copy `size` bytes from or to guest memory, in the address space that is loaded. False: the range
 * is not the guest's, or an access faulted; then some of the bytes may have been copied. */
bool copy_from_guest(void *to, u64 from, u64 size);
bool copy_to_guest(u64 to, const void *from, u64 size);

/* Copies a record of RECORD_WORDS words to guest memory. Its second word gets the bits `mark`
 * before another word changes, and loses them after all others have changed. The result is that of
 * copy_to_guest. */
#define RECORD_WORDS 6u
bool copy_record_to_guest(u64 to, const u64 record[RECORD_WORDS], u64 mark);

/* Copies two words from guest memory, in fewer instructions than copy_from_guest, and only from the
 * upper half of the address space. False, and `pair` is unchanged: the address lies in the lower
 * half, or copy_from_guest would return false. */
bool copy_pair_from_kernel(u64 pair[2], u64 from);

/* Converts a frame number that a guest gives. A number of more than 52 bits, which no frame has,
 * becomes the largest of 52 bits, even under speculation, so that the frame table's element for it
 * never lies in the hypervisor's own memory (memory/layout.h). The result is never MFN_NONE. */
static inline mfn_t guest_mfn(u64 number)
{
    return mfn(index_clamped(number, (1ull << 52) - 1));
}

/* Copy one object from guest memory, or to it. `object`: a pointer. The result is that of
 * copy_from_guest or copy_to_guest. */
#define GET_GUEST(object, address) copy_from_guest((object), (address), sizeof *(object))
#define PUT_GUEST(address, object) copy_to_guest((address), (object), sizeof *(object))

#endif
