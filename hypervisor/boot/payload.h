/* SPDX-License-Identifier: MIT */
/* The payload of a bzImage: the kernel as a packed ELF image (Linux, Documentation/arch/x86/
 * boot.rst). */
#ifndef BOOT_PAYLOAD_H
#define BOOT_PAYLOAD_H

#include "hypervisor/unpack/unpack.h"

/* Reads the header of the bzImage of `size` bytes at `file`. Returns NULL and fills in *payload, or
 * the reason why there is no payload to unpack, as words for the log. Nothing outside the file is
 * read. */
const char *payload_find(const u8 *file, u64 size, struct payload *payload);

#endif
