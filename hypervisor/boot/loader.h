/* SPDX-License-Identifier: MIT */
/* What the boot loader says of the machine and of the modules that it has loaded, in the same form
 * for each protocol. All texts and numbers are copies, so that the loader's own structures, which
 * may lie anywhere in free memory, are not needed afterwards. */
#ifndef BOOT_LOADER_H
#define BOOT_LOADER_H

#include "hypervisor/boot/efi.h"
#include "hypervisor/boot/handoff.h"
#include "hypervisor/boot/options.h"
#include "hypervisor/memory/machine_map.h"
#include "hypervisor/screen/mode.h"

#define LOADER_END         0x100000000ull /* loaders use the memory below 4 GiB, which head.S maps */
#define LOADER_POINTER_MAX 36u            /* bytes of ACPI's root pointer, revision 2 */

struct loader_module {
    u64 start, end; /* machine addresses; `start` is at a page boundary */
};

struct loader {
    char command_line[COMMAND_LINE_MAX]; /* without the image's file name */
    char module_text[COMMAND_LINE_MAX];  /* the first module's text, without its file name */
    u32 module_count;
    struct loader_module module[HANDOFF_MODULES_MAX];
    u32 range_count;
    struct machine_range range[MACHINE_RANGES_MAX];
    u8 root_pointer[LOADER_POINTER_MAX]; /* a copy of ACPI's root pointer, unchecked */
    u32 root_pointer_size;               /* its bytes; 0: the loader gave none */
    u64 efi_system_table;                /* machine address; 0: not started from EFI */
    u32 efi_range_count;
    u32 efi_ranges_left_out; /* for which there is no room */
    struct efi_range efi_range[EFI_RANGES_MAX];
    struct screen_mode screen; /* the loader's frame buffer, unchecked */
};

/* Reads what the loader left at machine address `at`, below 4 GiB; `magic` is what it left in EAX.
 * *loader: all zero before. Returns NULL, or what is wrong as a sentence for the log. The first
 * 4 GiB are mapped. */
const char *loader_read(u32 magic, u32 at, struct loader *loader);

/* Hands the memory map to memory/machine_map.h, gives the RAM to boot memory, and takes from it
 * what must not be overwritten: the image, the modules, and the first MiB. Lists the modules in
 * *handoff. Returns the number of a page below 1 MiB that nothing else uses, for the code by which
 * other CPUs start (smp_start); 0: there is none. */
u8 loader_use(const struct loader *loader, struct handoff *handoff);

/* For the readers of the single protocols. */

/* Adds a module. False: there are too many, or its bounds are not in order and below
 * 4 GiB. An empty one counts. */
bool loader_add_module(struct loader *loader, u64 start, u64 end);

/* Adds a range of the memory map, unless it is empty. False: there are too many. */
bool loader_add_range(struct loader *loader, u64 start, u64 size, u32 type);

/* Adds a range of EFI's memory map: `pages` pages of 4 KiB. One without pages, not at a page
 * boundary, or whose end no address has is ignored; one too many is counted as left out. */
void loader_add_efi_range(struct loader *loader, u64 start, u64 pages, u64 attributes, u32 type);

/* Reads a description of the screen, which has the same form in both protocols but for the place of
 * its colours: `size` bytes, in which the colours are at byte `colours`. Only a frame buffer whose
 * pixels hold colours is recorded. */
void loader_read_screen(struct loader *loader, const void *bytes, u64 size, u32 colours);

/* True when a part of [start, end) is RAM by the memory map. */
bool loader_has_ram(const struct loader *loader, u64 start, u64 end);

/* Call it when all has been read: who set the mode of the screen; and one whose frame buffer would
 * lie in RAM is none. */
void loader_check_screen(struct loader *loader);

/* Copies `text`, of at most `size` bytes or up to its 0, to `to`, of COMMAND_LINE_MAX bytes; cut if
 * it does not fit. named: the text begins with a file's name, which is left out. */
void loader_copy_text(char *to, const char *text, u64 size, bool named);

#endif
