/* SPDX-License-Identifier: MIT */
/* Expect: crash
 *
 * A trap needs a stack. A guest kernel whose stack cannot take the frame, because nothing is mapped
 * there, cannot get any trap: the domain ends, and nothing else does. */
#include "tests/guests/common/guest.h"

void test_main(void)
{
    print_verdict();
    __asm__ volatile("mov $0x2000, %%esp; ud2" ::: "memory");
}
