/* SPDX-License-Identifier: MIT */
/* Proves that packed data is read as the tools that make it define it: streams that follow each
 * other, empty ones, padding, frames that describe nothing, windows and dictionaries of any size;
 * and that data which cannot be unpacked is not called damaged when it is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <lz4.h>
#include <lzma.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "tools/unpack.h"

static const char first[] = "the first of the two parts, the first of the two parts; ";
static const char second[] = "the second";

/* ---- packing -------------------------------------------------------------------------------- */

static void pack_gzip(struct buffer *out, const char *text)
{
    z_stream stream = {0};

    deflateInit2(&stream, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
    buffer_reserve(out, 1000);
    stream.next_in = (Bytef *)(uintptr_t)text;
    stream.avail_in = (uInt)strlen(text);
    stream.next_out = out->bytes + out->size;
    stream.avail_out = 1000;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    out->size += stream.total_out;
    deflateEnd(&stream);
}

static void pack_xz(struct buffer *out, const char *text)
{
    buffer_reserve(out, 1000);
    assert_int_equal(lzma_easy_buffer_encode(1, LZMA_CHECK_CRC32, NULL, (const uint8_t *)text,
                                             strlen(text), out->bytes, &out->size, out->room),
                     LZMA_OK);
}

static void pack_lzma(struct buffer *out, const char *text)
{
    lzma_stream stream = LZMA_STREAM_INIT;
    lzma_options_lzma options;

    lzma_lzma_preset(&options, 0);
    options.dict_size = 1u << 16;
    buffer_reserve(out, 1000);
    assert_int_equal(lzma_alone_encoder(&stream, &options), LZMA_OK);
    stream.next_in = (const uint8_t *)text;
    stream.avail_in = strlen(text);
    stream.next_out = out->bytes + out->size;
    stream.avail_out = 1000;
    assert_int_equal(lzma_code(&stream, LZMA_FINISH), LZMA_STREAM_END);
    out->size += stream.total_out;
    lzma_end(&stream);
}

static void pack_zstd(struct buffer *out, const char *text)
{
    buffer_reserve(out, 1000);
    size_t size = ZSTD_compress(out->bytes + out->size, 1000, text, strlen(text), 3);
    assert_false(ZSTD_isError(size));
    out->size += size;
}

static void append_word(struct buffer *out, uint32_t word)
{
    buffer_append(out, &word, sizeof(word));
}

static void pack_lz4(struct buffer *out, const char *text)
{
    char block[1000];
    int size = LZ4_compress_default(text, block, (int)strlen(text), sizeof(block));

    append_word(out, 0x184c2102);
    if (*text) {
        append_word(out, (uint32_t)size);
        buffer_append(out, block, (size_t)size);
    }
}

static const struct {
    enum packing packing;
    void (*pack)(struct buffer *out, const char *text);
    bool ended; /* the format marks the end of a stream */
} packers[] = {{PACKING_GZIP, pack_gzip, true},
               {PACKING_XZ, pack_xz, true},
               {PACKING_LZMA, pack_lzma, true},
               {PACKING_ZSTD, pack_zstd, true},
               {PACKING_LZ4, pack_lz4, false}};
#define PACKERS (sizeof(packers) / sizeof(packers[0]))

/* A frame that describes nothing, with `size` bytes in it. */
static void append_skippable(struct buffer *out, uint32_t number, uint32_t size)
{
    append_word(out, 0x184d2a50 + number);
    append_word(out, size);
    for (uint32_t i = 0; i < size; i++) {
        buffer_append(out, "\x28", 1);
    }
}

/* ---- checks --------------------------------------------------------------------------------- */

/* Asserts that the packed bytes become `text`, and empties the buffer. */
static void expect(struct buffer *packed, enum packing packing, const char *text)
{
    struct failure failure = {""};
    struct buffer out = {0};

    assert_int_equal(packing_of(packed->bytes, packed->size), packing);
    if (!unpack(packing, packed->bytes, packed->size, &out, &failure)) {
        fail_msg("%s: %s", packing_name(packing), failure.sentence);
    }
    assert_int_equal(out.size, strlen(text));
    assert_memory_equal(out.bytes, text, out.size);
    buffer_free(&out);
    buffer_free(packed);
}

/* Asserts that the packed bytes are refused with this sentence, and empties the buffer. */
static void expect_failure(struct buffer *packed, const char *sentence)
{
    enum packing packing = packing_of(packed->bytes, packed->size);
    struct failure failure = {""};
    struct buffer out = {0};

    assert_false(unpack(packing, packed->bytes, packed->size, &out, &failure));
    assert_string_equal(failure.sentence, sentence);
    buffer_free(&out);
    buffer_free(packed);
}

static void streams_follow_each_other(void **state)
{
    char both[sizeof(first) + sizeof(second)];

    (void)state;
    snprintf(both, sizeof(both), "%s%s", first, second);
    for (unsigned i = 0; i < PACKERS; i++) {
        struct buffer packed = {0};

        packers[i].pack(&packed, first);
        packers[i].pack(&packed, second);
        expect(&packed, packers[i].packing, both);
        packers[i].pack(&packed, "");
        packers[i].pack(&packed, first);
        packers[i].pack(&packed, "");
        packers[i].pack(&packed, second);
        packers[i].pack(&packed, "");
        expect(&packed, packers[i].packing, both);
        packers[i].pack(&packed, "");
        expect(&packed, packers[i].packing, "");
    }
}

static void padding_and_other_bytes(void **state)
{
    char both[sizeof(first) + sizeof(second)];

    (void)state;
    snprintf(both, sizeof(both), "%s%s", first, second);
    for (unsigned i = 0; i < PACKERS; i++) {
        struct buffer packed = {0};

        packers[i].pack(&packed, first);
        buffer_append(&packed, "\0\0\0\0\0\0\0\0", 8);
        expect(&packed, packers[i].packing, first);
        packers[i].pack(&packed, first);
        buffer_append(&packed, "\0\0\0\0\0\0\0\0", 8);
        packers[i].pack(&packed, second);
        expect(&packed, packers[i].packing, both);
        if (packers[i].ended) {
            packers[i].pack(&packed, first);
            buffer_append(&packed, "other bytes", 11);
            expect(&packed, packers[i].packing, first);
        }
    }
}

static void a_second_stream_that_ends_early(void **state)
{
    (void)state;
    for (unsigned i = 0; i < PACKERS; i++) {
        struct buffer packed = {0};
        char sentence[80];

        packers[i].pack(&packed, first);
        packers[i].pack(&packed, first);
        packed.size -= 3;
        snprintf(sentence, sizeof(sentence), "its %s data ends too early",
                 packing_name(packers[i].packing));
        expect_failure(&packed, sentence);
    }
}

/* pzstd, for example, writes one before each frame. */
static void frames_that_describe_nothing(void **state)
{
    char both[sizeof(first) + sizeof(second)];
    struct buffer packed = {0};

    (void)state;
    snprintf(both, sizeof(both), "%s%s", first, second);
    append_skippable(&packed, 0, 4);
    append_skippable(&packed, 15, 0);
    pack_zstd(&packed, first);
    append_skippable(&packed, 3, 100);
    pack_zstd(&packed, second);
    append_skippable(&packed, 0, 4);
    expect(&packed, PACKING_ZSTD, both);
    append_skippable(&packed, 0, 9);
    assert_int_equal(packing_of(packed.bytes, packed.size), PACKING_NONE);
    assert_int_equal(packing_of(packed.bytes, packed.size - 1), PACKING_NONE);
    assert_int_equal(packing_of(packed.bytes, 7), PACKING_NONE);
    buffer_free(&packed);
}

/* A frame with one block, and nothing in its header but a window of 2^log bytes. */
static void append_window(struct buffer *out, unsigned log)
{
    uint8_t head[] = {0x28, 0xb5, 0x2f, 0xfd, 0, (uint8_t)((log - 10) << 3), 5 << 3 | 1, 0, 0};

    buffer_append(out, head, sizeof(head));
    buffer_append(out, "hello", 5);
}

static void zstd_windows(void **state)
{
    static const unsigned logs[] = {10, 28, UNPACK_WINDOW_LOG};
    struct buffer packed = {0};

    (void)state;
    for (unsigned i = 0; i < sizeof(logs) / sizeof(logs[0]); i++) {
        append_window(&packed, logs[i]);
        expect(&packed, PACKING_ZSTD, "hello");
    }
    append_window(&packed, UNPACK_WINDOW_LOG + 1);
    expect_failure(&packed, "its zstd data has a window of more than 2048 MiB");
    append_window(&packed, 41);
    expect_failure(&packed, "its zstd data has a window of more than 2048 MiB");
    /* A frame for a dictionary. */
    buffer_append(&packed, "\x28\xb5\x2f\xfd\x21\x07\x05\x29\0\0hello", 15);
    expect_failure(&packed, "its zstd data needs a dictionary, which is not in the file");
}

/* A stream's header declares the size of its dictionary, however small the data is. */
static void xz_dictionaries(void **state)
{
    struct buffer packed = {0};

    (void)state;
    pack_lzma(&packed, first);
    memcpy(packed.bytes + 1, &(uint32_t){1u << 30}, 4);
    expect(&packed, PACKING_LZMA, first);
    /* In xz data, the header of a block has the size as a code, and a checksum. */
    pack_xz(&packed, first);
    uint8_t *header = packed.bytes + 12;
    size_t size = header[0] * 4u;
    uint8_t *filter = memmem(header, size, "\x21\1", 2); /* LZMA2, whose options have one byte */
    assert_non_null(filter);
    filter[2] = 36; /* 1 GiB */
    memcpy(header + size, &(uint32_t){lzma_crc32(header, size, 0)}, 4);
    expect(&packed, PACKING_XZ, first);
}

static void packings_that_are_not_read(void **state)
{
    static const struct {
        const char *bytes;
        const char *name;
    } others[] = {{"BZh91AY&SY", "bzip2"},
                  {"\x89LZO\0\r\n\x1a\n.", "lzo"},
                  {"\x04\x22\x4d\x18\x64\x40\xa7\0\0\0", "lz4's frame format"}};

    (void)state;
    for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct buffer packed = {0};
        char sentence[200];

        buffer_append(&packed, others[i].bytes, 10);
        snprintf(sentence, sizeof(sentence),
                 "it is packed with %s, which Pinion does not read (gzip, xz, lzma, zstd and "
                 "lz4's legacy format are)",
                 others[i].name);
        expect_failure(&packed, sentence);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_follow_each_other),
        cmocka_unit_test(padding_and_other_bytes),
        cmocka_unit_test(a_second_stream_that_ends_early),
        cmocka_unit_test(frames_that_describe_nothing),
        cmocka_unit_test(zstd_windows),
        cmocka_unit_test(xz_dictionaries),
        cmocka_unit_test(packings_that_are_not_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
