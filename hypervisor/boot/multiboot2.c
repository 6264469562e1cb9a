/* SPDX-License-Identifier: MIT */
/* Reading what a Multiboot 2 boot loader reports: a list of tags. */
#include "hypervisor/boot/multiboot2.h"
#include "hypervisor/boot/multiboot_magic.h"
#include "lib/string.h"

enum tag_type {
    TAG_END = 0,
    TAG_COMMAND_LINE = 1,
    TAG_MODULE = 3,
    TAG_MEMORY_MAP = MULTIBOOT2_MAP,
    TAG_SCREEN = 8,
    TAG_EFI64 = 12, /* the address of EFI's system table */
    TAG_POINTER_OLD = MULTIBOOT2_POINTER_OLD,
    TAG_POINTER_NEW = MULTIBOOT2_POINTER_NEW,
    TAG_EFI_MAP = 17,
};

#define TAG_ALIGN      8u
#define SCREEN_COLOURS 24u /* the place of the colours in a screen's description */

struct info {
    u32 size, reserved;
};

struct tag {
    u32 type, size; /* bytes, with these two */
};

struct tag_module {
    struct tag tag;
    u32 start, end;
    char text[];
};

struct tag_map {
    struct tag tag;
    u32 entry_size, entry_version;
};

struct map_entry {
    u64 start, size;
    u32 type, reserved;
};

/* UEFI specification 2.10, section 7.2. */
struct efi_descriptor {
    u32 type, padding;
    u64 start, virtual_start, pages, attributes;
};

static const char *read_map(const struct tag_map *map, u64 size, struct loader *loader)
{
    const u8 *at = (const u8 *)(map + 1), *end = (const u8 *)map + size;

    if (size < sizeof *map || map->entry_size < sizeof(struct map_entry)) {
        return "the memory map of the boot loader is damaged";
    }
    while ((u64)(end - at) >= map->entry_size) {
        struct map_entry entry;

        memcpy(&entry, at, sizeof entry);
        if (!loader_add_range(loader, entry.start, entry.size, entry.type)) {
            return "the memory map of the boot loader has too many ranges";
        }
        at += map->entry_size;
    }
    return NULL;
}

/* A map that is damaged counts as absent: no memory is taken by it. */
static void read_efi_map(const struct tag_map *map, u64 size, struct loader *loader)
{
    const u8 *at = (const u8 *)(map + 1), *end = (const u8 *)map + size;

    if (size < sizeof *map || map->entry_size < sizeof(struct efi_descriptor)) {
        return;
    }
    while ((u64)(end - at) >= map->entry_size) {
        struct efi_descriptor range;

        memcpy(&range, at, sizeof range);
        loader_add_efi_range(loader, range.start, range.pages, range.attributes, range.type);
        at += map->entry_size;
    }
}

static const char *read_module(const struct tag_module *module, u64 size, struct loader *loader)
{
    if (size < sizeof *module) {
        return "the boot loader's list of modules is damaged";
    }
    if (loader->module_count == 0) {
        loader_copy_text(loader->module_text, module->text, size - sizeof *module, false);
    }
    return loader_add_module(loader, module->start, module->end)
               ? NULL
               : "the boot loader gave too many modules, or a damaged one";
}

/* Keeps the root pointer of the higher revision, in any order of the tags. */
static void read_pointer(const struct tag *tag, struct loader *loader)
{
    u32 size = tag->size - (u32)sizeof *tag;

    if (tag->type == TAG_POINTER_OLD && loader->root_pointer_size) {
        return;
    }
    loader->root_pointer_size = size < LOADER_POINTER_MAX ? size : LOADER_POINTER_MAX;
    memcpy(loader->root_pointer, tag + 1, loader->root_pointer_size);
}

static const char *read_tag(const struct tag *tag, struct loader *loader)
{
    const char *text = (const char *)(tag + 1);

    switch (tag->type) {
    case TAG_COMMAND_LINE:
        loader_copy_text(loader->command_line, text, tag->size - sizeof *tag, false);
        return NULL;
    case TAG_MODULE:
        return read_module((const struct tag_module *)tag, tag->size, loader);
    case TAG_MEMORY_MAP:
        return read_map((const struct tag_map *)tag, tag->size, loader);
    case TAG_SCREEN:
        loader_read_screen(loader, text, tag->size - sizeof *tag, SCREEN_COLOURS);
        return NULL;
    case TAG_EFI64:
        if (tag->size >= sizeof *tag + sizeof loader->efi_system_table) {
            memcpy(&loader->efi_system_table, text, sizeof loader->efi_system_table);
        }
        return NULL;
    case TAG_EFI_MAP:
        read_efi_map((const struct tag_map *)tag, tag->size, loader);
        return NULL;
    case TAG_POINTER_OLD:
    case TAG_POINTER_NEW:
        read_pointer(tag, loader);
        return NULL;
    default:
        return NULL;
    }
}

const char *multiboot2_read(const u8 *info, u64 size, struct loader *loader)
{
    const struct info *head = (const struct info *)info;
    u64 at = sizeof *head, end;

    if (size < sizeof *head || head->size > size) {
        return "the boot loader's information is damaged";
    }
    end = head->size;
    while (at + sizeof(struct tag) <= end) {
        const struct tag *tag = (const struct tag *)(info + at);
        const char *wrong;

        if (tag->size < sizeof *tag || tag->size > end - at) {
            return "the boot loader's information is damaged";
        }
        if (tag->type == TAG_END) {
            break;
        }
        wrong = read_tag(tag, loader);
        if (wrong) {
            return wrong;
        }
        at += (tag->size + TAG_ALIGN - 1) & ~(u64)(TAG_ALIGN - 1);
    }
    return loader->range_count ? NULL : "the boot loader gave no memory map";
}
