/* SPDX-License-Identifier: MIT */
/* What the privileged domain gets at its start.
 *
 * dom0 learns from its start page that it drives the machine: two flags, and in the place of a
 * console ring a description of the screen, if there is one. Its id is 0. It may ask for the
 * machine's memory map.
 * On a machine that EFI started it learns where EFI's tables lie, may map them, and finds ACPI's
 * root pointer there; on another it learns that there are none (tests/system/test_grub.sh).
 * Runs as: dom0 Cpus: 1 2 */
#include "tests/guests/common/guest.h"
#include "tests/guests/common/machine.h"

#include <xen/platform.h>

#define RANGES        64u
#define CONFIGURATION 24u                   /* bytes of an entry of EFI's configuration table */
#define ACPI_20       0x11d3e4f18868e871ull /* the first half of ACPI's GUID in it */

struct range {
    u64 start, size;
    u32 type;
} __attribute__((packed));

static struct range range[RANGES];

static void check_start_page(void)
{
    const struct start_info *si = start_info;
    const struct dom0_vga_console_info *screen =
        (const void *)((const u8 *)si + si->console.dom0.info_off);

    check_equal(si->flags & (SIF_PRIVILEGED | SIF_INITDOMAIN), SIF_PRIVILEGED | SIF_INITDOMAIN,
                "the flags of dom0");
    check_equal(si->store_mfn, 0, "dom0 makes its own xenstore page");
    check_equal(si->console.dom0.info_off, sizeof *si,
                "the place of the description of the screen");
    if (!si->console.dom0.info_size) {
        print("screen: none\n");
        return;
    }
    check_equal(si->console.dom0.info_size, sizeof *screen, "its size");
    if (screen->video_type == XEN_VGATYPE_TEXT_MODE_3) {
        check_equal(screen->u.text_mode_3.columns, 80, "its columns");
        check_equal(screen->u.text_mode_3.rows, 25, "its lines");
        print("screen: text\n");
        return;
    }
    check_equal(screen->video_type, XEN_VGATYPE_EFI_LFB, "the screen's mode");
    check(screen->u.vesa_lfb.lfb_base, "the frame buffer is nowhere");
    print("screen: %u by %u pixels of %u bits\n", screen->u.vesa_lfb.width,
          screen->u.vesa_lfb.height, screen->u.vesa_lfb.bits_per_pixel);
}

static void check_memory_map(void)
{
    struct xen_memory_map map = {.nr_entries = RANGES, .buffer = {range}};
    u64 ram = 0;

    check_equal(memory_op(XENMEM_machine_memory_map, &map), 0, "machine_memory_map");
    check(map.nr_entries > 1 && map.nr_entries < RANGES, "%u ranges", map.nr_entries);
    for (u32 i = 0; i < map.nr_entries; i++) {
        ram += range[i].type == 1 ? range[i].size : 0;
        check(i == 0 || range[i].start >= range[i - 1].start + range[i - 1].size,
              "range %u overlaps the one before", i);
    }
    check(ram > start_info->nr_pages * PAGE_SIZE, "the machine has %lu bytes of RAM", ram);
    map.nr_entries = 1;
    check_equal(memory_op(XENMEM_machine_memory_map, &map), -XEN_EINVAL,
                "machine_memory_map without room");
    set_xen_guest_handle(map.buffer, (void *)8);
    map.nr_entries = RANGES;
    check_equal(memory_op(XENMEM_machine_memory_map, &map), -XEN_EFAULT,
                "machine_memory_map to nowhere");
}

static long ask_efi(struct xen_platform_op *op, u32 index)
{
    op->cmd = XENPF_firmware_info;
    op->interface_version = XENPF_INTERFACE_VERSION;
    op->u.firmware_info.type = XEN_FW_EFI_INFO;
    op->u.firmware_info.index = index;
    return hypercall(__HYPERVISOR_platform_op, address(op), 0, 0);
}

/* Maps the page at machine address `at` and the next one; returns where `at` is. */
static const u8 *map_tables(u64 at)
{
    return (const u8 *)map_device(at & ~(PAGE_SIZE - 1), 2, false) + at % PAGE_SIZE;
}

static void check_efi(void)
{
    struct xen_platform_op op = {.cmd = 0};
    union xenpf_efi_info *info = &op.u.firmware_info.u.efi_info;
    long result = ask_efi(&op, XEN_FW_EFI_CONFIG_TABLE);
    const u8 *table;
    u32 count;

    if (result == -XEN_ENOSYS) {
        print("EFI: none\n");
        return;
    }
    check_equal(result, 0, "the place of EFI's configuration table");
    count = info->cfg.nent;
    table = map_tables(info->cfg.addr);
    info->mem.addr = info->cfg.addr;
    info->mem.size = ~0ull - info->mem.addr;
    check_equal(ask_efi(&op, XEN_FW_EFI_MEM_INFO), 0, "what EFI says of this memory");
    check(info->mem.type == 6 || info->mem.type == 9, "memory of type %u", info->mem.type);
    for (u32 i = 0; i < count; i++, table += CONFIGURATION) {
        const u64 *entry = (const u64 *)table;

        if (entry[0] == ACPI_20) {
            const u8 *pointer = map_tables(entry[2]);

            check(*(const u64 *)pointer == 0x2052545020445352, "no root pointer at %#lx", entry[2]);
            print("EFI: %u tables, ACPI's root pointer by one of them\n", count);
        }
    }
}

void test_main(void)
{
    check(is_initial_domain(), "this is not dom0");
    check_start_page();
    check_memory_map();
    check_efi();
}
