/* SPDX-License-Identifier: MIT */
/* A kernel whose notes require a feature that Pinion lacks. For tests/system/test_failures.sh and
 * test_bad_input.sh. */
#include "tests/guests/common/guest.h"

#include <xen/elfnote.h>

__asm__(".pushsection .note.Xen, \"a\", @note\n\t"
        ".long 4, 2f - 1f, 10\n\t" /* XEN_ELFNOTE_FEATURES */
        ".asciz \"Xen\"\n\t"
        "1: .asciz \"!writable_page_tables|!supervisor_mode_kernel\"\n\t"
        "2: .balign 4\n\t"
        ".popsection");

_Static_assert(XEN_ELFNOTE_FEATURES == 10, "the number above");

void test_main(void)
{
    error("this runs");
}
