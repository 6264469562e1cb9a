/* SPDX-License-Identifier: MIT */
/* Finds the ELF image inside a kernel file. Source: Linux, Documentation/x86/boot.rst. */
#include "tools/kernel.h"

#include <string.h>

#include "tools/unpack.h"

/* Offsets of the fields of the bzImage header that lead to the payload. */
#define BZ_SETUP_SECTORS  0x1f1
#define BZ_BOOT_FLAG      0x1fe
#define BZ_MAGIC          0x202
#define BZ_PROTOCOL       0x206
#define BZ_PAYLOAD_OFFSET 0x248
#define BZ_PAYLOAD_SIZE   0x24c
#define BZ_HEADER_END     0x250
#define BZ_PROTOCOL_MIN   0x208 /* the first version with a payload field */
#define BZ_SECTOR         512u

static uint64_t number_at(const struct buffer *file, size_t offset, unsigned size)
{
    uint64_t number = 0;

    while (size--) {
        number = number << 8 | file->bytes[offset + size];
    }
    return number;
}

static bool is_elf(const uint8_t *bytes, size_t size)
{
    return size >= 4 && !memcmp(bytes, "\177ELF", 4);
}

static bool is_bzimage(const struct buffer *file)
{
    return file->size >= BZ_PROTOCOL + 2 && number_at(file, BZ_BOOT_FLAG, 2) == 0xaa55 &&
           !memcmp(file->bytes + BZ_MAGIC, "HdrS", 4);
}

/* Unpacks `size` bytes at `bytes` into `elf`. trailed: the last four bytes of a payload that is not
 * packed with gzip, which has a size of its own, are the size of the unpacked data. */
static bool unpack_elf(const char *path, const uint8_t *bytes, size_t size, bool trailed,
                       struct buffer *elf, struct failure *failure)
{
    enum packing packing = packing_of(bytes, size);
    struct failure reason;
    uint32_t wanted = 0;

    if (is_elf(bytes, size)) {
        buffer_append(elf, bytes, size);
        return true;
    }
    if (!size) {
        return refuse(failure, "%s: not a kernel: its header describes no payload", path);
    }
    if (packing == PACKING_NONE) {
        return refuse(failure, "%s: not a kernel: its payload is packed in no known way", path);
    }
    if (trailed) {
        if (size < 8) {
            return refuse(failure, "%s: truncated: its payload has %zu bytes", path, size);
        }
        memcpy(&wanted, bytes + size - 4, 4);
        if (packing != PACKING_GZIP) {
            size -= 4;
        }
    }
    if (!unpack(packing, bytes, size, elf, &reason)) {
        return refuse(failure, "%s: %.600s", path, reason.sentence);
    }
    if (trailed && packing != PACKING_GZIP && elf->size != wanted) {
        return refuse(failure, "%s: its %s data is damaged: %zu bytes come out, not %u", path,
                      packing_name(packing), elf->size, wanted);
    }
    if (!is_elf(elf->bytes, elf->size)) {
        return refuse(failure, "%s: not a kernel: no ELF image inside", path);
    }
    return true;
}

static bool unpack_bzimage(const char *path, const struct buffer *file, struct buffer *elf,
                           struct failure *failure)
{
    uint64_t size;

    if (file->size < BZ_HEADER_END) {
        return refuse(failure, "%s: truncated: the file ends inside its header", path);
    }
    if (number_at(file, BZ_PROTOCOL, 2) < BZ_PROTOCOL_MIN) {
        return refuse(failure,
                      "%s: a bzImage from before Linux 2.6.26, without a payload to unpack", path);
    }
    uint64_t sectors = number_at(file, BZ_SETUP_SECTORS, 1);
    uint64_t offset =
        ((sectors ? sectors : 4) + 1) * BZ_SECTOR + number_at(file, BZ_PAYLOAD_OFFSET, 4);
    size = number_at(file, BZ_PAYLOAD_SIZE, 4);
    if (offset > file->size || size > file->size - offset) {
        return refuse(failure, "%s: truncated: its payload ends at byte %llu, the file at %zu",
                      path, (unsigned long long)(offset + size), file->size);
    }
    return unpack_elf(path, file->bytes + offset, size, true, elf, failure);
}

bool kernel_unpack(const char *path, struct buffer *file, struct kernel *kernel,
                   struct failure *failure)
{
    enum pvimage_error error;
    bool well = true;

    *kernel = (struct kernel){0};
    if (is_elf(file->bytes, file->size)) {
        kernel->elf = *file;
        *file = (struct buffer){0};
    } else if (is_bzimage(file)) {
        well = unpack_bzimage(path, file, &kernel->elf, failure);
    } else if (packing_of(file->bytes, file->size) != PACKING_NONE) {
        well = unpack_elf(path, file->bytes, file->size, false, &kernel->elf, failure);
    } else {
        well = refuse(failure, "%s: not a kernel: neither a bzImage nor an ELF image", path);
    }
    buffer_free(file);
    if (well) {
        error = pvimage_read(kernel->elf.bytes, kernel->elf.size, &kernel->image);
        if (error) {
            well = refuse(failure, "%s: not a kernel that Pinion can run: %s%s%s", path,
                          pvimage_sentence(error), error == PVIMAGE_LACKING ? ": " : "",
                          error == PVIMAGE_LACKING ? kernel->image.lacking : "");
        }
    }
    if (!well) {
        kernel_free(kernel);
    }
    return well;
}

bool kernel_read(const char *path, struct kernel *kernel, struct failure *failure)
{
    struct buffer file = {0};

    if (buffer_read_file(&file, path, failure)) {
        return kernel_unpack(path, &file, kernel, failure);
    }
    buffer_free(&file);
    return false;
}

void kernel_free(struct kernel *kernel)
{
    buffer_free(&kernel->elf);
}
