/* SPDX-License-Identifier: MIT */
/* hypervisor/boot/multiboot2 reads arbitrary bytes as a boot loader's information, and
 * hypervisor/boot/efi the same bytes as the machine's memory, in which EFI's tables may lie. Proves
 * that nothing outside is read, and what the two promise of what they accept. */
#include <stdlib.h>

#include "hypervisor/boot/efi.h"
#include "hypervisor/boot/multiboot2.h"
#include "hypervisor/log/log.h"
#include "hypervisor/memory/direct.h"
#include "tests/fuzz/input.h"

static struct loader loader;
static struct efi efi;

void *direct(maddr_t at)
{
    (void)at;
    abort();
}

void log_line(const char *format, ...)
{
    (void)format;
}

static void claim(bool true_of_it)
{
    if (!true_of_it) {
        abort();
    }
}

static bool ends(const char *text)
{
    return memchr(text, 0, COMMAND_LINE_MAX) != NULL;
}

static void check_loader(void)
{
    claim(ends(loader.command_line) && ends(loader.module_text));
    claim(loader.module_count <= HANDOFF_MODULES_MAX);
    for (u32 i = 0; i < loader.module_count; i++) {
        claim(loader.module[i].start <= loader.module[i].end);
        claim(loader.module[i].end <= LOADER_END);
    }
    claim(loader.range_count >= 1 && loader.range_count <= MACHINE_RANGES_MAX);
    claim(loader.root_pointer_size <= LOADER_POINTER_MAX);
    claim(loader.efi_range_count <= EFI_RANGES_MAX);
    for (u32 i = 0; i < loader.efi_range_count; i++) {
        const struct efi_range *range = &loader.efi_range[i];

        claim(range->size && range->start + range->size > range->start);
    }
}

int LLVMFuzzerTestOneInput(const u8 *bytes, size_t size)
{
    const char *wrong;

    memset(&loader, 0, sizeof loader);
    wrong = multiboot2_read(bytes, size, &loader);
    if (wrong) {
        return 0;
    }
    check_loader();
    wrong = efi_read(&loader, bytes, size, &efi);
    claim(!wrong || !efi.found);
    claim(!efi.found || (efi.table_count && efi.tables + efi.table_count * 24 <= size));
    claim(efi.vendor[EFI_VENDOR_MAX - 1] == 0);
    return 0;
}
