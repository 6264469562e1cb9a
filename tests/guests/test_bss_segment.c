/* SPDX-License-Identifier: MIT */
/* A segment without bytes in the file is loaded, wherever its header says that they are.
 *
 * This kernel's .bss has a segment of its own. Its file size is 0, and the linker gave it an offset
 * beyond the end of the file. The kernel must boot, its memory must be 0, and the file's last
 * bytes must be where they belong. */
#include "tests/guests/common/guest.h"

#define PAGES 16

static u8 zeroed[PAGES * PAGE_SIZE];
static u64 initialised[2] = {0x1122334455667788, 0x99aabbccddeeff00};

void test_main(void)
{
    volatile u8 *byte = zeroed;
    volatile u64 *number = initialised;
    u64 others = 0;

    for (u64 i = 0; i < sizeof(zeroed); i++) {
        others += byte[i] != 0;
    }
    check_equal(others, 0, "bytes of .bss that are not 0");
    byte[sizeof(zeroed) - 1] = 7;
    check_equal(byte[sizeof(zeroed) - 1], 7, "the last byte, after it was written");
    check_equal(number[0], 0x1122334455667788, "initialised data");
    check_equal(number[1], 0x99aabbccddeeff00, "initialised data");
}
