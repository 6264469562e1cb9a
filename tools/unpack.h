/* SPDX-License-Identifier: MIT */
/* Unpacks the compressions that kernel images use. */
#ifndef TOOLS_UNPACK_H
#define TOOLS_UNPACK_H

#include "tools/buffer.h"

#define UNPACK_MAX        (1ull << 30) /* bytes; no kernel is this big */
#define UNPACK_WINDOW_LOG 31           /* a zstd window of 2 GiB, the most that zstd itself makes */

enum packing {
    PACKING_NONE, /* not packed, or in an unknown way */
    PACKING_GZIP,
    PACKING_XZ,
    PACKING_ZSTD,
    PACKING_LZ4, /* the legacy format, which Linux uses */
    PACKING_LZMA,
    /* Recognised for a clear message, but not unpacked. */
    PACKING_LZ4_FRAME,
    PACKING_BZIP2,
    PACKING_LZO,
    PACKINGS
};

/* Returns how data is packed, judged by its first bytes behind the skippable frames, with which
 * zstd and lz4 may begin. */
enum packing packing_of(const uint8_t *bytes, size_t size);

/* Returns the name of a compression, for messages. */
const char *packing_name(enum packing packing);

/* Unpacks packed data and appends the result to `out`: one stream and those that follow it
 * directly, or behind zeros or skippable frames. Other bytes behind a stream are ignored. Returns
 * false and fills in the failure, which does not name the file: "its gzip data ends too early". */
bool unpack(enum packing packing, const uint8_t *bytes, size_t size, struct buffer *out,
            struct failure *failure);

#endif
