/* SPDX-License-Identifier: MIT */
/* Unpacks a Linux kernel at boot, with the compression libraries of the distribution.
 *
 * The libraries are compiled for a processor with SSE and call through function pointers; the rest
 * of the hypervisor does neither. So this folder is linked apart (mk/unpack.mk), into a section of
 * the image that can be executed only until the hypervisor loads its own page tables. */
#ifndef UNPACK_UNPACK_H
#define UNPACK_UNPACK_H

#include "lib/types.h"

/* The packed ELF image in a kernel file. */
struct payload {
    const char *packing; /* gzip, xz, lzma, zstd or lz4 (its legacy format) */
    const u8 *bytes;
    u64 size;
    u64 unpacked_size;
};

/* Unpacks the payload to `to`, which has room for unpacked_size bytes. `scratch`: memory for the
 * library's own use meanwhile, of `scratch_size` bytes. Returns NULL, or the reason why that is not
 * possible, as words for the log. Call it on the first CPU, with SSE enabled, on the page tables of
 * head.S. */
const char *unpack(const struct payload *payload, u8 *to, void *scratch, u64 scratch_size);

#endif
