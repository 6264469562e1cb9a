/* SPDX-License-Identifier: MIT */
/* A kernel whose notes say that it cannot be dom0, like a Linux without CONFIG_XEN_DOM0. For
 * tests/system/test_failures.sh. */
#include "tests/guests/common/guest.h"

#include <xen/elfnote.h>
#include <xen/features.h>

__asm__(".pushsection .note.Xen, \"a\", @note\n\t"
        ".long 4, 4, 17\n\t" /* XEN_ELFNOTE_SUPPORTED_FEATURES */
        ".asciz \"Xen\"\n\t"
        ".long 1\n\t" /* writable page tables alone */
        ".popsection");

_Static_assert(XEN_ELFNOTE_SUPPORTED_FEATURES == 17 && XENFEAT_writable_page_tables == 0,
               "the numbers above");

void test_main(void)
{
    error("this is dom0");
}
