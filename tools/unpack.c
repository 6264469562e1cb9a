/* SPDX-License-Identifier: MIT */
/* Unpacks kernel images, with one function for each compression, around a library. */
#include "tools/unpack.h"

#include <lz4.h>
#include <lzma.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#define CHUNK      (1u << 30) /* most input for one call: zlib counts in 32 bits */
#define PIECE      (1u << 16) /* bytes by which the output grows at least */
#define LZ4_LEGACY 0x184c2102u
#define LZ4_BLOCK  (8u << 20) /* most bytes that one block of a legacy frame unpacks to */
#define LZ4_GAIN   256u       /* most bytes that one packed byte unpacks to */

static const struct {
    const char *name;
    uint8_t magic[6];
    uint8_t size;
} packings[] = {
    [PACKING_NONE] = {"nothing", {0}, 0},
    [PACKING_GZIP] = {"gzip", {0x1f, 0x8b, 0x08}, 3},
    [PACKING_XZ] = {"xz", {0xfd, '7', 'z', 'X', 'Z', 0}, 6},
    [PACKING_ZSTD] = {"zstd", {0x28, 0xb5, 0x2f, 0xfd}, 4},
    [PACKING_LZ4] = {"lz4", {0x02, 0x21, 0x4c, 0x18}, 4},
    [PACKING_BZIP2] = {"bzip2", {'B', 'Z', 'h'}, 3},
    [PACKING_LZMA] = {"lzma", {0x5d, 0, 0}, 3},
    [PACKING_LZO] = {"lzo", {0x89, 'L', 'Z', 'O', 0, 0x0d}, 6},
};

enum packing packing_of(const uint8_t *bytes, size_t size)
{
    enum packing packing;

    for (packing = PACKING_GZIP; packing <= PACKING_LZO; packing++) {
        if (size >= packings[packing].size &&
            !memcmp(bytes, packings[packing].magic, packings[packing].size)) {
            return packing;
        }
    }
    return PACKING_NONE;
}

const char *packing_name(enum packing packing)
{
    return packings[packing].name;
}

static bool ends_early(struct failure *failure, enum packing packing)
{
    return refuse(failure, "its %s data ends too early", packing_name(packing));
}

static bool is_damaged(struct failure *failure, enum packing packing)
{
    return refuse(failure, "its %s data is damaged", packing_name(packing));
}

/* Makes room for the next part of the output. Returns false if there is already more than
 * UNPACK_MAX. */
static bool next_piece(struct buffer *out, struct failure *failure)
{
    if (out->size >= UNPACK_MAX) {
        return refuse(failure, "it unpacks to more than %llu MiB", UNPACK_MAX >> 20);
    }
    buffer_reserve(out, PIECE);
    return true;
}

static bool unpack_gzip(const uint8_t *bytes, size_t size, struct buffer *out,
                        struct failure *failure)
{
    z_stream stream = {0};
    int state = Z_OK;
    bool room = true;

    if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) {
        return refuse(failure, "zlib does not start");
    }
    stream.next_in = (Bytef *)bytes;
    stream.avail_in = (uInt)size;
    while (state == Z_OK && (room = next_piece(out, failure))) {
        size_t piece = out->room - out->size;

        stream.next_out = out->bytes + out->size;
        stream.avail_out = piece > CHUNK ? CHUNK : (uInt)piece;
        piece = stream.avail_out;
        state = inflate(&stream, Z_NO_FLUSH);
        out->size += piece - stream.avail_out;
    }
    inflateEnd(&stream);
    if (!room || state == Z_STREAM_END) {
        return room;
    }
    return state == Z_BUF_ERROR ? ends_early(failure, PACKING_GZIP)
                                : is_damaged(failure, PACKING_GZIP);
}

static bool unpack_xz(const uint8_t *bytes, size_t size, struct buffer *out,
                      struct failure *failure)
{
    lzma_stream stream = LZMA_STREAM_INIT;
    lzma_ret state = LZMA_OK;
    bool room = true;

    if (lzma_stream_decoder(&stream, UNPACK_MAX, 0) != LZMA_OK) {
        return refuse(failure, "liblzma does not start");
    }
    stream.next_in = bytes;
    stream.avail_in = size;
    while (state == LZMA_OK && (room = next_piece(out, failure))) {
        size_t piece = out->room - out->size;

        stream.next_out = out->bytes + out->size;
        stream.avail_out = piece;
        state = lzma_code(&stream, LZMA_FINISH);
        out->size += piece - stream.avail_out;
    }
    lzma_end(&stream);
    if (!room || state == LZMA_STREAM_END) {
        return room;
    }
    return state == LZMA_BUF_ERROR ? ends_early(failure, PACKING_XZ)
                                   : is_damaged(failure, PACKING_XZ);
}

static bool unpack_zstd(const uint8_t *bytes, size_t size, struct buffer *out,
                        struct failure *failure)
{
    ZSTD_DStream *stream = ZSTD_createDStream();
    ZSTD_inBuffer in = {bytes, size, 0};
    size_t state = 1, used = 0;
    bool room = true, stuck = false;

    if (!stream) {
        return refuse(failure, "libzstd does not start");
    }
    while (state && !ZSTD_isError(state) && !stuck && (room = next_piece(out, failure))) {
        ZSTD_outBuffer piece = {out->bytes + out->size, out->room - out->size, 0};

        used = in.pos;
        state = ZSTD_decompressStream(stream, &piece, &in);
        out->size += piece.pos;
        stuck = in.pos == used && in.pos == in.size && !piece.pos;
    }
    ZSTD_freeDStream(stream);
    if (!room || !state) {
        return room;
    }
    return ZSTD_isError(state) ? is_damaged(failure, PACKING_ZSTD)
                               : ends_early(failure, PACKING_ZSTD);
}

static uint32_t word_at(const uint8_t *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* Unpacks the LZ4 legacy format: a magic number, then blocks, each after its size, up to the end of
 * the input. */
static bool unpack_lz4(const uint8_t *bytes, size_t size, struct buffer *out,
                       struct failure *failure)
{
    size_t at = 4;

    while (at < size) {
        if (size - at < 4) {
            return ends_early(failure, PACKING_LZ4);
        }
        uint32_t block = word_at(bytes + at);
        at += 4;
        if (block == LZ4_LEGACY) { /* the magic number of another frame, which follows */
            continue;
        }
        if (block > size - at) {
            return ends_early(failure, PACKING_LZ4);
        }
        if (!next_piece(out, failure)) {
            return false;
        }
        uint32_t most = block < LZ4_BLOCK / LZ4_GAIN ? block * LZ4_GAIN : LZ4_BLOCK;
        buffer_reserve(out, most);
        int got = LZ4_decompress_safe((const char *)bytes + at, (char *)out->bytes + out->size,
                                      (int)block, (int)most);
        if (got < 0) {
            return is_damaged(failure, PACKING_LZ4);
        }
        out->size += (size_t)got;
        at += block;
    }
    return true;
}

bool unpack(enum packing packing, const uint8_t *bytes, size_t size, struct buffer *out,
            struct failure *failure)
{
    if (size > UNPACK_MAX) {
        return refuse(failure, "it is bigger than %llu MiB", UNPACK_MAX >> 20);
    }
    switch (packing) {
    case PACKING_GZIP:
        return unpack_gzip(bytes, size, out, failure);
    case PACKING_XZ:
        return unpack_xz(bytes, size, out, failure);
    case PACKING_ZSTD:
        return unpack_zstd(bytes, size, out, failure);
    case PACKING_LZ4:
        return unpack_lz4(bytes, size, out, failure);
    default:
        return refuse(failure,
                      "it is packed with %s, which Pinion does not read (gzip, xz, zstd and "
                      "lz4 are)",
                      packing_name(packing));
    }
}
