/* SPDX-License-Identifier: MIT */
/* Unpacks the four compressions that kernel images use. */
#ifndef TOOLS_UNPACK_H
#define TOOLS_UNPACK_H

#include "tools/buffer.h"

#define UNPACK_MAX (1ull << 30) /* bytes; no kernel is this big */

enum packing {
    PACKING_NONE, /* not packed, or in an unknown way */
    PACKING_GZIP,
    PACKING_XZ,
    PACKING_ZSTD,
    PACKING_LZ4,
    /* Recognised for a clear message, but not unpacked. */
    PACKING_BZIP2,
    PACKING_LZMA,
    PACKING_LZO,
};

/* Returns how data is packed, judged by its first bytes. */
enum packing packing_of(const uint8_t *bytes, size_t size);

/* Returns the name of a compression, for messages. */
const char *packing_name(enum packing packing);

/* Unpacks one stream of packed data and appends the result to `out`. Bytes behind the stream are
 * ignored. Returns false and fills in the failure, which does not name the file: "its gzip data
 * ends too early". */
bool unpack(enum packing packing, const uint8_t *bytes, size_t size, struct buffer *out,
            struct failure *failure);

#endif
