/* SPDX-License-Identifier: MIT */
/* Proves that the unpacker finds the ELF image in every kind of kernel file and every compression,
 * and that it takes no truncated or damaged file for a whole one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <lz4.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include "tests/unit/synthetic_elf.h"
#include "tools/kernel.h"
#include "tools/unpack.h"

#define SETUP_SECTORS 3u
#define PAYLOAD_AT    ((SETUP_SECTORS + 1) * 512 + 100) /* the header's payload offset is 100 */

/* ---- packing -------------------------------------------------------------------------------- */

static void pack_gzip(const struct buffer *in, struct buffer *out)
{
    z_stream stream = {0};

    deflateInit2(&stream, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
    buffer_reserve(out, in->size + 1000);
    stream.next_in = in->bytes;
    stream.avail_in = (uInt)in->size;
    stream.next_out = out->bytes;
    stream.avail_out = (uInt)out->room;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    out->size = stream.total_out;
    deflateEnd(&stream);
}

/* As the kernel's build calls xz: CRC32 and the x86 filter. */
static void pack_xz(const struct buffer *in, struct buffer *out)
{
    lzma_options_lzma options;
    lzma_filter filters[] = {
        {LZMA_FILTER_X86, NULL}, {LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, NULL}};

    lzma_lzma_preset(&options, 0);
    options.dict_size = 1u << 18; /* to make each of many streams takes little time */
    buffer_reserve(out, in->size + 1000);
    assert_int_equal(lzma_stream_buffer_encode(filters, LZMA_CHECK_CRC32, NULL, in->bytes, in->size,
                                               out->bytes, &out->size, out->room),
                     LZMA_OK);
}

static void pack_zstd(const struct buffer *in, struct buffer *out)
{
    ZSTD_CCtx *context = ZSTD_createCCtx();

    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1); /* as the zstd command does */
    buffer_reserve(out, in->size + 1000);
    out->size = ZSTD_compress2(context, out->bytes, out->room, in->bytes, in->size);
    assert_false(ZSTD_isError(out->size));
    ZSTD_freeCCtx(context);
}

static void append_word(struct buffer *out, uint32_t word)
{
    buffer_append(out, &word, sizeof(word));
}

/* A frame of the legacy format, with small blocks, so that there are several. */
static void pack_lz4(const struct buffer *in, struct buffer *out)
{
    char block[20000];
    size_t at;

    append_word(out, 0x184c2102);
    for (at = 0; at < in->size; at += 10000) {
        int part = in->size - at < 10000 ? (int)(in->size - at) : 10000;
        int size = LZ4_compress_default((char *)in->bytes + at, block, part, sizeof(block));

        append_word(out, (uint32_t)size);
        buffer_append(out, block, (size_t)size);
    }
}

static const struct {
    enum packing packing;
    void (*pack)(const struct buffer *in, struct buffer *out);
    bool checked; /* the format has a checksum */
} packers[] = {
    {PACKING_GZIP, pack_gzip, true},
    {PACKING_XZ, pack_xz, true},
    {PACKING_ZSTD, pack_zstd, true},
    {PACKING_LZ4, pack_lz4, false},
};
#define PACKERS (sizeof(packers) / sizeof(packers[0]))

/* Makes a bzImage with this payload. */
static void make_bzimage(struct buffer *out, const struct buffer *payload)
{
    uint8_t header[PAYLOAD_AT] = {0};

    header[0x1f1] = SETUP_SECTORS;
    header[0x1fe] = 0x55;
    header[0x1ff] = 0xaa;
    memcpy(header + 0x202, "HdrS", 4);
    header[0x206] = 0x0f;
    header[0x207] = 0x02;
    header[0x248] = 100;
    memcpy(header + 0x24c, &(uint32_t){(uint32_t)payload->size}, 4);
    buffer_append(out, header, sizeof(header));
    buffer_append(out, payload->bytes, payload->size);
    buffer_append(out, "behind the payload", 18);
}

static struct buffer kernel_elf(uint32_t body)
{
    struct buffer elf = {0};

    elf.bytes = synthetic_kernel(body, &elf.size);
    elf.room = elf.size;
    return elf;
}

/* A bzImage of `elf`, compressed with `packer` as the kernel's build does it. */
static struct buffer packed_bzimage(unsigned packer, const struct buffer *elf)
{
    struct buffer payload = {0}, file = {0};

    packers[packer].pack(elf, &payload);
    if (packers[packer].packing != PACKING_GZIP) {
        append_word(&payload, (uint32_t)elf->size);
    }
    make_bzimage(&file, &payload);
    buffer_free(&payload);
    return file;
}

/* ---- checks --------------------------------------------------------------------------------- */

/* Asserts that `file` unpacks to the kernel `elf`; frees `file`. */
static void expect_kernel(struct buffer *file, const struct buffer *elf)
{
    struct failure failure = {""};
    struct kernel kernel;

    if (!kernel_unpack("k", file, &kernel, &failure)) {
        fail_msg("%s", failure.sentence);
    }
    assert_int_equal(kernel.elf.size, elf->size);
    assert_memory_equal(kernel.elf.bytes, elf->bytes, elf->size);
    kernel_free(&kernel);
}

/* Asserts that `file` is refused with a sentence that contains `what`; frees `file`. */
static void expect_refusal(struct buffer *file, const char *what)
{
    struct failure failure = {""};
    struct kernel kernel;

    if (kernel_unpack("the-path", file, &kernel, &failure)) {
        fail_msg("accepted; expected %s", what);
    }
    if (strncmp(failure.sentence, "the-path: ", 10) || !strstr(failure.sentence, what)) {
        fail_msg("\"%s\" lacks \"%s\"", failure.sentence, what);
    }
}

static void every_packing(void **state)
{
    struct buffer elf = kernel_elf(100000);
    unsigned i;

    (void)state;
    for (i = 0; i < PACKERS; i++) {
        struct buffer file = packed_bzimage(i, &elf), bare = {0};

        expect_kernel(&file, &elf);
        /* A compressed ELF file without a bzImage around it, such as vmlinux.gz. */
        packers[i].pack(&elf, &bare);
        expect_kernel(&bare, &elf);
    }
    buffer_free(&elf);
}

static void unpacked_images(void **state)
{
    struct buffer elf = kernel_elf(1000), file = {0}, copy = {0};

    (void)state;
    buffer_append(&copy, elf.bytes, elf.size);
    expect_kernel(&copy, &elf);
    make_bzimage(&file, &elf); /* a kernel built without compression */
    expect_kernel(&file, &elf);
    buffer_free(&elf);
}

/* A file that is cut at any place before the end of its payload is refused. */
static void every_cut(void **state)
{
    struct buffer elf = kernel_elf(3000);
    unsigned i;

    (void)state;
    for (i = 0; i < PACKERS; i++) {
        struct buffer file = packed_bzimage(i, &elf);
        size_t size;

        for (size = 0; size < file.size - 18; size += size < 600 ? 1 : 7) {
            struct buffer cut = {0};

            buffer_append(&cut, file.bytes, size);
            expect_refusal(&cut, size < 0x208 ? "not a kernel" : "truncated");
        }
        buffer_free(&file);
    }
    buffer_free(&elf);
}

/* A payload that ends early, although the header says that it is whole, is refused. */
static void every_short_payload(void **state)
{
    struct buffer elf = kernel_elf(3000);
    unsigned i;

    (void)state;
    for (i = 0; i < PACKERS; i++) {
        struct buffer payload = {0};
        size_t size;

        packers[i].pack(&elf, &payload);
        for (size = 0; size < payload.size; size += 3) {
            struct buffer part = {0}, file = {0};

            buffer_append(&part, payload.bytes, size);
            append_word(&part, (uint32_t)elf.size);
            make_bzimage(&file, &part);
            expect_refusal(&file, size < 6 ? "" : "data");
            buffer_free(&part);
        }
        buffer_free(&payload);
    }
    buffer_free(&elf);
}

/* A change of one byte, anywhere, is refused or has no effect. A format without a checksum may not
 * notice it; then at least the size is right, and nothing outside the file was read. */
static void every_damaged_byte(void **state)
{
    struct buffer elf = kernel_elf(2000);
    unsigned i;

    (void)state;
    for (i = 0; i < PACKERS; i++) {
        struct buffer file = packed_bzimage(i, &elf);
        size_t at;

        for (at = PAYLOAD_AT; at < file.size - 18; at++) {
            struct failure failure = {""};
            struct buffer damaged = {0};
            struct kernel kernel;

            buffer_append(&damaged, file.bytes, file.size);
            damaged.bytes[at] ^= (uint8_t)(1u << at % 8);
            if (!kernel_unpack("k", &damaged, &kernel, &failure)) {
                assert_string_not_equal(failure.sentence, "");
                continue;
            }
            assert_int_equal(kernel.elf.size, elf.size);
            if (packers[i].checked) {
                assert_memory_equal(kernel.elf.bytes, elf.bytes, elf.size);
            }
            kernel_free(&kernel);
        }
        buffer_free(&file);
    }
    buffer_free(&elf);
}

static void a_wrong_size_behind_the_payload(void **state)
{
    struct buffer elf = kernel_elf(2000), payload = {0}, file = {0};

    (void)state;
    pack_xz(&elf, &payload);
    append_word(&payload, (uint32_t)elf.size + 1);
    make_bzimage(&file, &payload);
    expect_refusal(&file, "bytes come out");
    buffer_free(&payload);
    buffer_free(&elf);
}

static void packings_that_are_not_read(void **state)
{
    static const struct {
        uint8_t bytes[12];
        const char *name;
    } others[] = {
        {"BZh91AY&SY", "bzip2"},
        {{0x89, 'L', 'Z', 'O', 0, 0x0d, 0x0a, 0x1a, 0x0a}, "lzo"},
        {"whatever it", "packed in no known way"},
    };
    unsigned i;

    (void)state;
    for (i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        struct buffer payload = {0}, file = {0};

        buffer_append(&payload, others[i].bytes, sizeof(others[i].bytes));
        make_bzimage(&file, &payload);
        expect_refusal(&file, others[i].name);
        buffer_free(&payload);
    }
}

/* Fields of the header that say that there is no payload, or where it begins by default. */
static void headers_without_a_payload(void **state)
{
    struct buffer elf = kernel_elf(1000), file = {0}, empty = {0}, late = {0};

    (void)state;
    make_bzimage(&file, &empty);
    expect_refusal(&file, "its header describes no payload");
    make_bzimage(&file, &elf);
    memset(file.bytes + 0x248, 0, 8);
    expect_refusal(&file, "its header describes no payload");
    make_bzimage(&file, &elf);
    uint32_t end = (uint32_t)file.size - (SETUP_SECTORS + 1) * 512;
    memset(file.bytes + 0x24c, 0, 4);
    memcpy(file.bytes + 0x248, &end, 4); /* at the end of the file */
    expect_refusal(&file, "its header describes no payload");
    /* No number of sectors means 4. */
    make_bzimage(&file, &elf);
    buffer_append(&late, file.bytes, PAYLOAD_AT);
    buffer_append(&late, elf.bytes, 5 * 512 - PAYLOAD_AT);
    buffer_append(&late, elf.bytes, elf.size);
    late.bytes[0x1f1] = 0;
    memset(late.bytes + 0x248, 0, 4);
    expect_kernel(&late, &elf);
    buffer_free(&file);
    buffer_free(&elf);
}

static void things_that_are_no_kernels(void **state)
{
    struct buffer file = {0}, text = {0}, packed = {0};
    struct synthetic elf;

    (void)state;
    expect_refusal(&file, "not a kernel");
    buffer_append(&file, "#!/bin/sh\necho hello\n", 21);
    expect_refusal(&file, "neither a bzImage nor an ELF image");
    buffer_append(&text, "no ELF image at all, but packed well", 36);
    pack_gzip(&text, &packed);
    expect_refusal(&packed, "no ELF image inside");
    packed = (struct buffer){0};
    packers[1].pack(&text, &packed);
    append_word(&packed, (uint32_t)text.size);
    make_bzimage(&file, &packed);
    expect_refusal(&file, "no ELF image inside");
    make_bzimage(&file, &text);
    file.bytes[0x206] = 7; /* an old version of the boot protocol */
    expect_refusal(&file, "before Linux 2.6.26");
    synthetic_start(&elf, 1000);
    file.bytes = synthetic_file(&elf, &file.size);
    expect_refusal(&file, "built without CONFIG_XEN_PV");
    buffer_free(&packed);
    buffer_free(&text);
}

static void files_that_cannot_be_read(void **state)
{
    struct failure failure;
    struct kernel kernel;

    (void)state;
    assert_false(kernel_read("/nowhere/at/all", &kernel, &failure));
    assert_non_null(strstr(failure.sentence, "/nowhere/at/all: cannot be read: No such file"));
    assert_false(kernel_read("/tmp", &kernel, &failure));
    assert_string_equal(failure.sentence, "/tmp: cannot be read: it is a folder");
    assert_false(kernel_read("/dev/zero", &kernel, &failure));
    assert_non_null(strstr(failure.sentence, "not a regular file"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_packing),
        cmocka_unit_test(unpacked_images),
        cmocka_unit_test(every_cut),
        cmocka_unit_test(every_short_payload),
        cmocka_unit_test(every_damaged_byte),
        cmocka_unit_test(a_wrong_size_behind_the_payload),
        cmocka_unit_test(packings_that_are_not_read),
        cmocka_unit_test(headers_without_a_payload),
        cmocka_unit_test(things_that_are_no_kernels),
        cmocka_unit_test(files_that_cannot_be_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
