/* SPDX-License-Identifier: MIT */
/* What the readers of all boot protocols have in common. */
#include "hypervisor/boot/loader.h"

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
