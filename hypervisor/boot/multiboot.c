/* SPDX-License-Identifier: MIT */
/* Reads the memory map and the modules that a Multiboot 1 boot loader reports, into boot memory and
 * the boot hand-off. */
#include "hypervisor/boot/multiboot.h"
#include "hypervisor/log/log.h"
#include "hypervisor/memory/boot_memory.h"
#include "hypervisor/memory/machine_map.h"
#include "hypervisor/memory/map.h"
#include "lib/print.h"

#define FLAG_COMMAND_LINE (1u << 2)
#define FLAG_MODULES      (1u << 3)
#define FLAG_MEMORY_MAP   (1u << 6)
#define LOW_MEMORY        0x100000ull

struct multiboot_info {
    u32 flags, memory_lower, memory_upper, boot_device, command_line;
    u32 module_count, modules;
    u32 symbols[4];
    u32 map_length, map;
};

struct multiboot_module {
    u32 start, end, string, reserved;
};

struct multiboot_range {
    u32 size; /* bytes of this structure after `size` */
    u64 start, length;
    u32 type;
} __attribute__((packed));

static void read_memory(const struct multiboot_info *info)
{
    u32 at = info->map, end = info->map + info->map_length;

    if (!(info->flags & FLAG_MEMORY_MAP)) {
        panic("the boot loader gave no memory map");
    }
    while (at < end) {
        const struct multiboot_range *range = direct(maddr(at));

        machine_map_add(range->start, range->length, range->type);
        if (range->type == MACHINE_RAM) {
            boot_memory_add(range->start, range->start + range->length);
        }
        at += range->size + sizeof range->size;
    }
}

/* Copies the text at machine address `at`, and cuts it if it does not fit. */
static void copy_text(u32 at, char *to, u64 size)
{
    print_to(to, size, "%s", (const char *)direct(maddr(at)));
}

void multiboot_read(u32 at, struct handoff *handoff, char *command_line)
{
    const struct multiboot_info *info = direct(maddr(at));
    const struct multiboot_module *module = direct(maddr(info->modules));

    read_memory(info);
    if (info->flags & FLAG_COMMAND_LINE) {
        copy_text(info->command_line, command_line, COMMAND_LINE_MAX);
    }
    boot_memory_reserve(0, LOW_MEMORY);
    boot_memory_reserve(LAYOUT_IMAGE_LOAD, LAYOUT_IMAGE_LOAD + LAYOUT_IMAGE_SIZE);
    if (!(info->flags & FLAG_MODULES)) {
        return;
    }
    if (info->module_count && module[0].string) {
        copy_text(module[0].string, handoff->module_text, sizeof handoff->module_text);
    }
    for (u32 i = 0; i < info->module_count; i++) {
        if (i == HANDOFF_MODULES_MAX) {
            panic("more than %u boot modules", HANDOFF_MODULES_MAX);
        }
        handoff->module[i].start = maddr(module[i].start);
        handoff->module[i].size = module[i].end - module[i].start;
        boot_memory_reserve(module[i].start, module[i].end);
    }
    handoff->module_count = info->module_count;
}
