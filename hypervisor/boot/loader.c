/* SPDX-License-Identifier: MIT */
/* What the readers of all boot protocols have in common. */
#include "hypervisor/boot/loader.h"
#include "lib/string.h"

#define SCREEN_COLOURED 1u /* the kind of a frame buffer whose pixels hold colours */

/* A screen in the loader's information (Multiboot2 specification 2.0, 3.6.12). */
struct loader_screen {
    u64 at;
    u32 pitch, width, height;
    u8 bits, kind;
} __attribute__((packed));

struct loader_colours {
    struct screen_part red, green, blue;
};

bool loader_add_module(struct loader *loader, u64 start, u64 end)
{
    if (loader->module_count == HANDOFF_MODULES_MAX || start > end || end > LOADER_END) {
        return false;
    }
    loader->module[loader->module_count++] = (struct loader_module){start, end};
    return true;
}

bool loader_add_range(struct loader *loader, u64 start, u64 size, u32 type)
{
    if (size == 0) {
        return true;
    }
    if (loader->range_count == MACHINE_RANGES_MAX) {
        return false;
    }
    loader->range[loader->range_count++] = (struct machine_range){start, size, type};
    return true;
}

void loader_add_efi_range(struct loader *loader, u64 start, u64 pages, u64 attributes, u32 type)
{
    if (page_offset(start) || pages == 0 || pages > (0 - PAGE_SIZE - start) >> PAGE_SHIFT) {
        return;
    }
    if (loader->efi_range_count == EFI_RANGES_MAX) {
        loader->efi_ranges_left_out++;
        return;
    }
    loader->efi_range[loader->efi_range_count++] =
        (struct efi_range){start, pages << PAGE_SHIFT, attributes, type};
}

void loader_copy_text(char *to, const char *text, u64 size, bool named)
{
    u64 from = 0, length = 0;

    while (named && from < size && text[from] && text[from] != ' ') {
        from++;
    }
    while (from < size && text[from] == ' ') {
        from++;
    }
    while (from < size && text[from] && length < COMMAND_LINE_MAX - 1) {
        to[length++] = text[from++];
    }
    to[length] = 0;
}

void loader_read_screen(struct loader *loader, const void *bytes, u64 size, u32 colours)
{
    struct loader_screen screen;
    struct loader_colours parts;

    if (size < colours + sizeof parts) {
        return;
    }
    memcpy(&screen, bytes, sizeof screen);
    memcpy(&parts, (const u8 *)bytes + colours, sizeof parts);
    if (screen.kind != SCREEN_COLOURED) {
        return;
    }
    loader->screen = (struct screen_mode){
        .kind = SCREEN_PIXELS,
        .at = screen.at,
        .pitch = screen.pitch,
        .width = screen.width,
        .height = screen.height,
        .bits = screen.bits,
        .red = parts.red,
        .green = parts.green,
        .blue = parts.blue,
    };
}

bool loader_has_ram(const struct loader *loader, u64 start, u64 end)
{
    for (u32 i = 0; i < loader->range_count; i++) {
        const struct machine_range *range = &loader->range[i];

        if (range->type == MACHINE_RAM && start < machine_range_end(range) && range->start < end) {
            return true;
        }
    }
    return false;
}

void loader_check_screen(struct loader *loader)
{
    struct screen_mode *screen = &loader->screen;
    u64 size = screen_mode_size(screen);

    screen->from_efi = loader->efi_system_table != 0;
    if (size > ~screen->at || loader_has_ram(loader, screen->at, screen->at + size)) {
        screen->kind = SCREEN_NONE;
    }
}
