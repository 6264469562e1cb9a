/* SPDX-License-Identifier: MIT */
/* Finds the payload of a bzImage. */
#include "hypervisor/boot/payload.h"
#include "lib/string.h"

/* Offsets in the header. */
#define SETUP_SECTORS  0x1f1u
#define MAGIC          0x202u
#define PROTOCOL       0x206u
#define PAYLOAD_OFFSET 0x248u
#define PAYLOAD_SIZE   0x24cu
#define HEADER_END     0x250u

#define PROTOCOL_MIN  0x208u /* the first version that names a payload */
#define SECTOR        512u
#define SETUP_DEFAULT 4u /* sectors, if the header says 0 */
#define UNPACKED_MAX  (1ull << 30)

static const struct {
    const char *name;
    u8 magic[6];
    u8 size;
} packings[] = {
    {"gzip", {0x1f, 0x8b, 0x08}, 3},
    {"xz", {0xfd, '7', 'z', 'X', 'Z', 0}, 6},
    {"zstd", {0x28, 0xb5, 0x2f, 0xfd}, 4},
    {"lz4", {0x02, 0x21, 0x4c, 0x18}, 4},
    {"lzma", {0x5d, 0, 0}, 3},
};

static u32 word_at(const u8 *bytes)
{
    u32 word;

    memcpy(&word, bytes, sizeof word);
    return word;
}

static const char *name_of(const u8 *bytes, u64 size)
{
    for (u32 i = 0; i < ARRAY_LENGTH(packings); i++) {
        if (size >= packings[i].size && memcmp(bytes, packings[i].magic, packings[i].size) == 0) {
            return packings[i].name;
        }
    }
    return NULL;
}

const char *payload_find(const u8 *file, u64 size, struct payload *payload)
{
    u64 sectors, start;

    if (size < HEADER_END || memcmp(file + MAGIC, "HdrS", 4) != 0) {
        return "it is neither an ELF image nor a bzImage";
    }
    if ((word_at(file + PROTOCOL) & 0xffff) < PROTOCOL_MIN) {
        return "it is a bzImage from before Linux 2.6.26, without a payload to unpack";
    }
    sectors = file[SETUP_SECTORS] ? file[SETUP_SECTORS] : SETUP_DEFAULT;
    start = (sectors + 1) * SECTOR + word_at(file + PAYLOAD_OFFSET);
    payload->size = word_at(file + PAYLOAD_SIZE);
    if (start > size || payload->size > size - start || payload->size < 8) {
        return "it is truncated: its payload does not end within the file";
    }
    payload->bytes = file + start;
    payload->packing = name_of(payload->bytes, payload->size);
    if (!payload->packing) {
        return "its payload is packed in no known way";
    }
    payload->unpacked_size = word_at(payload->bytes + payload->size - 4);
    if (payload->unpacked_size == 0 || payload->unpacked_size > UNPACKED_MAX) {
        return "the size of its unpacked payload is not plausible";
    }
    /* For gzip the word is the last of the format itself. */
    payload->size -= payload->packing[0] == 'g' ? 0 : 4;
    return NULL;
}
