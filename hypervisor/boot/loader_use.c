/* SPDX-License-Identifier: MIT */
/* Reading what the boot loader says, by its protocol, and what is done with it. */
#include "hypervisor/boot/loader.h"
#include "hypervisor/boot/multiboot.h"
#include "hypervisor/boot/multiboot2.h"
#include "hypervisor/boot/multiboot_magic.h"
#include "hypervisor/log/log.h"
#include "hypervisor/memory/boot_memory.h"
#include "hypervisor/memory/map.h"

const char *loader_read(u32 magic, u32 at, struct loader *loader)
{
    const char *wrong = magic == MULTIBOOT_LOADED
                            ? multiboot_read(at, loader)
                            : multiboot2_read(direct(maddr(at)), LOADER_END - at, loader);

    loader_check_screen(loader);
    return wrong;
}

/* Reports what the loader says of the memory to those who need it. Where ranges overlap, what is
 * said to be no RAM is none. */
static void use_map(const struct loader *loader)
{
    for (u32 i = 0; i < loader->range_count; i++) {
        const struct machine_range *range = &loader->range[i];

        machine_map_add(range->start, range->size, range->type);
        if (range->type == MACHINE_RAM) {
            boot_memory_add(range->start, machine_range_end(range));
        }
    }
    for (u32 i = 0; i < loader->range_count; i++) {
        if (loader->range[i].type != MACHINE_RAM) {
            boot_memory_remove(loader->range[i].start, machine_range_end(&loader->range[i]));
        }
    }
    if (boot_memory_unused()) {
        log_line("%llu MiB of memory are not used: they are above %llu GiB",
                 (unsigned long long)(boot_memory_unused() >> 20),
                 (unsigned long long)(LAYOUT_DIRECT_SIZE >> 30));
    }
}

u8 loader_use(const struct loader *loader, struct handoff *handoff)
{
    u8 page;

    use_map(loader);
    /* With what is left of the image's 2 MiB: QEMU puts its command lines there, and this memory
     * would not be clean. */
    boot_memory_reserve(LAYOUT_IMAGE_LOAD, LAYOUT_IMAGE_LOAD + LAYOUT_IMAGE_SIZE);
    for (u32 i = 0; i < loader->module_count; i++) {
        const struct loader_module *module = &loader->module[i];

        handoff->module[i].start = maddr(module->start);
        handoff->module[i].size = module->end - module->start;
        boot_memory_reserve(module->start, module->end);
    }
    handoff->module_count = loader->module_count;
    page = boot_memory_take_low();
    boot_memory_reserve(0, BOOT_MEMORY_LOW);
    return page;
}
