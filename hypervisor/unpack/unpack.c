/* SPDX-License-Identifier: MIT */
/* Calls the library that a payload needs. */
#include <lz4.h>
#include <lzma.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "hypervisor/unpack/heap.h"
#include "hypervisor/unpack/unpack.h"

#define LZ4_BLOCK (8u << 20) /* bytes; the most that one block of the legacy format unpacks to */

/* The constructors of the libraries (pinion.lds). */
extern void (*const unpack_constructors[])(void);
extern void (*const unpack_constructors_end[])(void);

static const char *const damaged = "its payload is damaged";
static const char *const no_memory = "there is not enough memory to unpack it";

static const char *unpack_gzip(const struct payload *payload, u8 *to)
{
    z_stream stream = {
        .next_in = (Bytef *)payload->bytes,
        .avail_in = (uInt)payload->size,
        .next_out = to,
        .avail_out = (uInt)payload->unpacked_size,
    };

    if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) {
        return no_memory;
    }
    return inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.avail_out == 0 ? NULL : damaged;
}

/* Unpacks with `stream`, whose decoder has been set up with the result `state`. */
static const char *unpack_lzma(const struct payload *payload, u8 *to, lzma_stream *stream,
                               lzma_ret state)
{
    stream->next_in = payload->bytes;
    stream->avail_in = payload->size;
    stream->next_out = to;
    stream->avail_out = payload->unpacked_size;
    if (state == LZMA_OK) {
        state = lzma_code(stream, LZMA_FINISH);
    }
    if (state == LZMA_MEM_ERROR) {
        return no_memory;
    }
    return state == LZMA_STREAM_END && stream->avail_out == 0 ? NULL : damaged;
}

static const char *unpack_zstd(const struct payload *payload, u8 *to)
{
    size_t size = ZSTD_decompress(to, payload->unpacked_size, payload->bytes, payload->size);

    return size == payload->unpacked_size ? NULL : damaged;
}

/* The legacy format: a magic number, then blocks, each behind its size. */
static const char *unpack_lz4(const struct payload *payload, u8 *to)
{
    const u8 *at = payload->bytes + 4, *end = payload->bytes + payload->size;
    u64 left = payload->unpacked_size;

    while (end - at > 4 && left) {
        u32 block;
        int got;

        memcpy(&block, at, sizeof block);
        at += 4;
        if (block > (u64)(end - at)) {
            return damaged;
        }
        got = LZ4_decompress_safe((const char *)at, (char *)to, (int)block,
                                  (int)(left < LZ4_BLOCK ? left : LZ4_BLOCK));
        if (got <= 0) {
            return damaged;
        }
        at += block;
        to += got;
        left -= (u32)got;
    }
    return left ? damaged : NULL;
}

const char *unpack(const struct payload *payload, u8 *to, void *scratch, u64 scratch_size)
{
    lzma_stream stream = LZMA_STREAM_INIT;

    heap_start(scratch, scratch_size);
    for (u64 i = 0; &unpack_constructors[i] < unpack_constructors_end; i++) {
        unpack_constructors[i]();
    }
    if (strcmp(payload->packing, "gzip") == 0) {
        return unpack_gzip(payload, to);
    }
    if (strcmp(payload->packing, "xz") == 0) {
        return unpack_lzma(payload, to, &stream, lzma_stream_decoder(&stream, UINT64_MAX, 0));
    }
    if (strcmp(payload->packing, "lzma") == 0) {
        return unpack_lzma(payload, to, &stream, lzma_alone_decoder(&stream, UINT64_MAX));
    }
    return strcmp(payload->packing, "zstd") == 0 ? unpack_zstd(payload, to)
                                                 : unpack_lz4(payload, to);
}
