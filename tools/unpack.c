/* SPDX-License-Identifier: MIT */
/* Unpacks kernel images, with one function for each compression, around a library. */
#include "tools/unpack.h"

#include <lz4.h>
#include <lzma.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#define CHUNK      (1u << 30) /* most input for one call: zlib counts in 32 bits */
#define PIECE      (1u << 16) /* bytes by which the output grows at least */
#define LZ4_LEGACY 0x184c2102u
#define LZ4_BLOCK  (8u << 20)  /* most bytes that one block of a legacy frame unpacks to */
#define LZ4_GAIN   256u        /* most bytes that one packed byte unpacks to */
#define SKIPPABLE  0x184d2a50u /* and the next 15; the size of the frame follows, then its bytes */

/* What is left of the packed data. */
struct input {
    const uint8_t *bytes;
    size_t size;
};

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
    [PACKING_LZMA] = {"lzma", {0x5d, 0, 0}, 3},
    [PACKING_LZ4_FRAME] = {"lz4's frame format", {0x04, 0x22, 0x4d, 0x18}, 4},
    [PACKING_BZIP2] = {"bzip2", {'B', 'Z', 'h'}, 3},
    [PACKING_LZO] = {"lzo", {0x89, 'L', 'Z', 'O', 0, 0x0d}, 6},
};

static uint32_t word_at(const uint8_t *bytes)
{
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static void input_skip(struct input *in, size_t size)
{
    in->bytes += size;
    in->size -= size;
}

/* Skips frames that describe nothing. */
static void skip_frames(struct input *in)
{
    while (in->size >= 8 && (word_at(in->bytes) & ~15u) == SKIPPABLE &&
           word_at(in->bytes + 4) <= in->size - 8) {
        input_skip(in, 8 + (size_t)word_at(in->bytes + 4));
    }
}

enum packing packing_of(const uint8_t *bytes, size_t size)
{
    struct input in = {bytes, size};
    enum packing packing;

    skip_frames(&in);
    for (packing = PACKING_GZIP; packing < PACKINGS; packing++) {
        if (in.size >= packings[packing].size &&
            !memcmp(in.bytes, packings[packing].magic, packings[packing].size)) {
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

static bool lacks_memory(struct failure *failure, enum packing packing)
{
    return refuse(failure, "its %s data needs more memory to unpack than there is",
                  packing_name(packing));
}

static bool unpack_gzip(struct input *in, struct buffer *out, struct failure *failure)
{
    z_stream stream = {0};
    int state = Z_OK;
    bool room = true;

    if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK) {
        return refuse(failure, "zlib does not start");
    }
    stream.next_in = (Bytef *)in->bytes;
    stream.avail_in = (uInt)in->size;
    while (state == Z_OK && (room = next_piece(out, failure))) {
        size_t piece = out->room - out->size;

        stream.next_out = out->bytes + out->size;
        stream.avail_out = piece > CHUNK ? CHUNK : (uInt)piece;
        piece = stream.avail_out;
        state = inflate(&stream, Z_NO_FLUSH);
        out->size += piece - stream.avail_out;
    }
    input_skip(in, in->size - stream.avail_in);
    inflateEnd(&stream);
    if (!room || state == Z_STREAM_END) {
        return room;
    }
    return state == Z_BUF_ERROR ? ends_early(failure, PACKING_GZIP)
                                : is_damaged(failure, PACKING_GZIP);
}

/* Returns false, and says why liblzma refused. */
static bool refuse_lzma(lzma_ret state, enum packing packing, struct failure *failure)
{
    switch (state) {
    case LZMA_BUF_ERROR:
        return ends_early(failure, packing);
    case LZMA_MEM_ERROR:
        return lacks_memory(failure, packing);
    case LZMA_OPTIONS_ERROR:
        return refuse(failure, "its %s data has options that liblzma does not know",
                      packing_name(packing));
    default:
        return is_damaged(failure, packing);
    }
}

/* packing: PACKING_XZ or PACKING_LZMA. */
static bool unpack_lzma(enum packing packing, struct input *in, struct buffer *out,
                        struct failure *failure)
{
    lzma_stream stream = LZMA_STREAM_INIT;
    lzma_ret state = packing == PACKING_XZ ? lzma_stream_decoder(&stream, UINT64_MAX, 0)
                                           : lzma_alone_decoder(&stream, UINT64_MAX);
    bool room = true;

    if (state != LZMA_OK) {
        return refuse(failure, "liblzma does not start");
    }
    stream.next_in = in->bytes;
    stream.avail_in = in->size;
    while (state == LZMA_OK && (room = next_piece(out, failure))) {
        size_t piece = out->room - out->size;

        stream.next_out = out->bytes + out->size;
        stream.avail_out = piece;
        state = lzma_code(&stream, LZMA_FINISH);
        out->size += piece - stream.avail_out;
    }
    input_skip(in, in->size - stream.avail_in);
    lzma_end(&stream);
    return !room || state == LZMA_STREAM_END ? room : refuse_lzma(state, packing, failure);
}

/* Returns false, and says why libzstd refused. */
static bool refuse_zstd(size_t state, struct failure *failure)
{
    switch (ZSTD_getErrorCode(state)) {
    case ZSTD_error_memory_allocation:
        return lacks_memory(failure, PACKING_ZSTD);
    case ZSTD_error_frameParameter_windowTooLarge:
        return refuse(failure, "its zstd data has a window of more than %llu MiB",
                      (1ull << UNPACK_WINDOW_LOG) >> 20);
    case ZSTD_error_dictionary_wrong:
        return refuse(failure, "its zstd data needs a dictionary, which is not in the file");
    default:
        return is_damaged(failure, PACKING_ZSTD);
    }
}

static bool unpack_zstd(struct input *from, struct buffer *out, struct failure *failure)
{
    ZSTD_DCtx *stream = ZSTD_createDCtx();
    ZSTD_inBuffer in = {from->bytes, from->size, 0};
    size_t state = 1, used = 0;
    bool room = true, stuck = false;

    if (!stream) {
        return refuse(failure, "libzstd does not start");
    }
    /* Without this, libzstd refuses windows of more than 128 MiB. The memory for a window is
     * touched only as far as data comes out. */
    ZSTD_DCtx_setParameter(stream, ZSTD_d_windowLogMax, UNPACK_WINDOW_LOG);
    while (state && !ZSTD_isError(state) && !stuck && (room = next_piece(out, failure))) {
        ZSTD_outBuffer piece = {out->bytes + out->size, out->room - out->size, 0};

        used = in.pos;
        state = ZSTD_decompressStream(stream, &piece, &in);
        out->size += piece.pos;
        stuck = in.pos == used && in.pos == in.size && !piece.pos;
    }
    input_skip(from, in.pos);
    ZSTD_freeDCtx(stream);
    if (!room || !state) {
        return room;
    }
    return ZSTD_isError(state) ? refuse_zstd(state, failure) : ends_early(failure, PACKING_ZSTD);
}

/* Unpacks one block of a legacy frame, of `block` packed bytes. */
static bool unpack_lz4_block(const uint8_t *bytes, uint32_t block, struct buffer *out,
                             struct failure *failure)
{
    uint32_t most = block < LZ4_BLOCK / LZ4_GAIN ? block * LZ4_GAIN : LZ4_BLOCK;

    if (!next_piece(out, failure)) {
        return false;
    }
    buffer_reserve(out, most);
    int got = LZ4_decompress_safe((const char *)bytes, (char *)out->bytes + out->size, (int)block,
                                  (int)most);
    if (got < 0) {
        return is_damaged(failure, PACKING_LZ4);
    }
    out->size += (size_t)got;
    return true;
}

/* Unpacks the LZ4 legacy format: a magic number, then blocks, each after its size. A size of 0, the
 * magic number of another frame or the end of the input ends the frame. */
static bool unpack_lz4(struct input *in, struct buffer *out, struct failure *failure)
{
    input_skip(in, 4);
    while (in->size) {
        if (in->size < 4) {
            return ends_early(failure, PACKING_LZ4);
        }
        uint32_t block = word_at(in->bytes);
        if (!block || block == LZ4_LEGACY) {
            break;
        }
        input_skip(in, 4);
        if (block > in->size) {
            return ends_early(failure, PACKING_LZ4);
        }
        if (!unpack_lz4_block(in->bytes, block, out, failure)) {
            return false;
        }
        input_skip(in, block);
    }
    return true;
}

static bool unpack_stream(enum packing packing, struct input *in, struct buffer *out,
                          struct failure *failure)
{
    switch (packing) {
    case PACKING_GZIP:
        return unpack_gzip(in, out, failure);
    case PACKING_XZ:
    case PACKING_LZMA:
        return unpack_lzma(packing, in, out, failure);
    case PACKING_ZSTD:
        return unpack_zstd(in, out, failure);
    case PACKING_LZ4:
        return unpack_lz4(in, out, failure);
    default:
        return refuse(failure,
                      "it is packed with %s, which Pinion does not read (gzip, xz, lzma, zstd and "
                      "lz4's legacy format are)",
                      packing_name(packing));
    }
}

bool unpack(enum packing packing, const uint8_t *bytes, size_t size, struct buffer *out,
            struct failure *failure)
{
    struct input in = {bytes, size};

    if (size > UNPACK_MAX) {
        return refuse(failure, "it is bigger than %llu MiB", UNPACK_MAX >> 20);
    }
    do {
        skip_frames(&in);
        if (!unpack_stream(packing, &in, out, failure)) {
            return false;
        }
        while (in.size && !*in.bytes) {
            input_skip(&in, 1);
        }
    } while (packing_of(in.bytes, in.size) == packing);
    return true;
}
