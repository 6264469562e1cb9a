/* SPDX-License-Identifier: MIT */
/* Reading what a Multiboot 1 boot loader reports. */
#include "hypervisor/boot/multiboot.h"
#include "hypervisor/memory/map.h"
#include "lib/string.h"

#define FLAG_COMMAND_LINE (1u << 2)
#define FLAG_MODULES      (1u << 3)
#define FLAG_MEMORY_MAP   (1u << 6)
#define FLAG_LOADER_NAME  (1u << 9)
#define FLAG_SCREEN       (1u << 12)

#define SCREEN_COLOURS 22u /* the place of the colours in a screen's description */

struct multiboot_info {
    u32 flags, memory_lower, memory_upper, boot_device, command_line;
    u32 module_count, modules;
    u32 symbols[4];
    u32 map_length, map;
    u32 drives_length, drives, configuration, loader_name;
    u32 power_management, video[4];
    u8 screen[28];
};
_Static_assert(offsetof(struct multiboot_info, screen) == 88, "as the specification has it");

struct multiboot_module {
    u32 start, end, text, reserved;
};

struct multiboot_range {
    u32 size; /* bytes of this structure after `size` */
    u64 start, length;
    u32 type;
} __attribute__((packed));

/* Loaders before GRUB 2, and QEMU, put a file's name before the words of a command line. */
static bool names_files(const struct multiboot_info *info)
{
    static const char grub2[] = "GRUB 2";

    return !(info->flags & FLAG_LOADER_NAME) ||
           memcmp(direct(maddr(info->loader_name)), grub2, sizeof grub2 - 1) != 0;
}

static const char *read_memory(const struct multiboot_info *info, struct loader *loader)
{
    u64 at = info->map, end = at + info->map_length;

    if (!(info->flags & FLAG_MEMORY_MAP)) {
        return "the boot loader gave no memory map";
    }
    while (at + sizeof(struct multiboot_range) <= end) {
        const struct multiboot_range *range = direct(maddr(at));

        if (!loader_add_range(loader, range->start, range->length, range->type)) {
            return "the memory map of the boot loader has too many ranges";
        }
        at += range->size + sizeof range->size;
    }
    return NULL;
}

static const char *read_modules(const struct multiboot_info *info, struct loader *loader)
{
    const struct multiboot_module *module = direct(maddr(info->modules));

    if (!(info->flags & FLAG_MODULES)) {
        return NULL;
    }
    if (info->module_count && module[0].text) {
        loader_copy_text(loader->module_text, direct(maddr(module[0].text)), COMMAND_LINE_MAX,
                         names_files(info));
    }
    for (u32 i = 0; i < info->module_count; i++) {
        if (!loader_add_module(loader, module[i].start, module[i].end)) {
            return "the boot loader gave too many modules";
        }
    }
    return NULL;
}

const char *multiboot_read(u32 at, struct loader *loader)
{
    const struct multiboot_info *info = direct(maddr(at));
    const char *wrong = read_memory(info, loader);

    if (info->flags & FLAG_COMMAND_LINE) {
        loader_copy_text(loader->command_line, direct(maddr(info->command_line)), COMMAND_LINE_MAX,
                         names_files(info));
    }
    if (info->flags & FLAG_SCREEN) {
        loader_read_screen(loader, info->screen, sizeof info->screen, SCREEN_COLOURS);
    }
    return wrong ? wrong : read_modules(info, loader);
}
