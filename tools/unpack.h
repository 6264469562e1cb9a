/* SPDX-License-Identifier: MIT */
/* The four compressions of kernel images. */
#ifndef TOOLS_UNPACK_H
#define TOOLS_UNPACK_H

#include "tools/buffer.h"

#define UNPACK_MAX (1ull << 30) /* bytes; no kernel is this big */

enum packing {
    PACKING_NONE, /* none that is known */
    PACKING_GZIP,
    PACKING_XZ,
    PACKING_ZSTD,
    PACKING_LZ4,
    /* Recognised, to say so; not read. */
    PACKING_BZIP2,
    PACKING_LZMA,
    PACKING_LZO,
};

/* How these bytes are packed, by their first bytes. */
enum packing packing_of(const uint8_t *bytes, size_t size);
const char *packing_name(enum packing packing);

/* Unpacks one stream and appends it to `out`. Bytes behind the stream are left alone. The sentence
 * is a reason without a subject: "the gzip data ends too early". */
bool unpack(enum packing packing, const uint8_t *bytes, size_t size, struct buffer *out,
            struct failure *failure);

#endif
