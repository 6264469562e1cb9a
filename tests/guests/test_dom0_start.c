/* SPDX-License-Identifier: MIT */
/* What the privileged domain gets at its start.
 *
 * dom0 learns from its start page that it drives the machine: two flags, and in the place of a
 * console ring a description of the screen. Its id is 0. It may ask for the machine's memory map.
 * Runs as: dom0 Cpus: 1 2 */
#include "tests/guests/common/guest.h"

#define RANGES 64u

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
    check_equal(si->console.dom0.info_size, sizeof *screen, "its size");
    check_equal(screen->video_type, XEN_VGATYPE_TEXT_MODE_3, "the screen's mode");
    check_equal(screen->u.text_mode_3.columns, 80, "its columns");
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

void test_main(void)
{
    check(is_initial_domain(), "this is not dom0");
    check_start_page();
    check_memory_map();
}
