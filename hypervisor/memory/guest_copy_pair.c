/* SPDX-License-Identifier: MIT */
/* Reading two words of the guest's kernel (contract: memory/guest_copy.h). In a file of its own,
 * because tests replace it by one that knows their guest's memory. */
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/memory/layout.h"

bool copy_pair_from_kernel(u64 pair[2], u64 from)
{
    u64 low, high;

    if (from > -2 * sizeof(u64)) {
        return false;
    }
    /* CMOVB is for speculation, which may not wait for the branch: no address below LAYOUT_END. */
    __asm__ goto volatile("cmp %[first], %[at]\n\t"
                          "jb %l[fault]\n\t"
                          "cmovb %[first], %[at]\n"
                          "1:\tmov (%[at]), %[low]\n"
                          "2:\tmov 8(%[at]), %[high]\n\t"
                          ".pushsection .extable, \"a\"\n\t"
                          ".quad 1b, %l[fault], 2b, %l[fault]\n\t"
                          ".popsection"
                          : [low] "=&r"(low), [high] "=&r"(high), [at] "+&r"(from)
                          : [first] "r"(LAYOUT_END)
                          : "cc", "memory"
                          : fault);
    pair[0] = low;
    pair[1] = high;
    return true;
fault:
    return false;
}
