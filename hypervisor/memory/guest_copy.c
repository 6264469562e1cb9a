/* SPDX-License-Identifier: MIT */
/* Copies between the hypervisor and the current guest's memory. */
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/memory/layout.h"

/* In guest_copy.S: copy `count` bytes, and return how many were left when an access to guest memory
 * faulted; 0: none. These functions replace a guest address in the hypervisor's slots by 0, because
 * the processor may execute them speculatively before it knows that guest_range_ok has refused the
 * address. */
u64 copy_bytes_in(void *to, const void *from, u64 count);
u64 copy_bytes_out(void *to, const void *from, u64 count);

bool guest_range_ok(u64 address, u64 size)
{
    u64 last = address + (size ? size - 1 : 0);

    if (last < address) {
        return false;
    }
    return last < 1ull << 47 || address >= LAYOUT_END;
}

bool address_canonical(u64 address)
{
    return (u64)((s64)(address << 16) >> 16) == address;
}

bool copy_from_guest(void *to, u64 from, u64 size)
{
    return guest_range_ok(from, size) && copy_bytes_in(to, (const void *)from, size) == 0;
}

bool copy_to_guest(u64 to, const void *from, u64 size)
{
    return guest_range_ok(to, size) && copy_bytes_out((void *)to, from, size) == 0;
}

bool copy_pair_from_kernel(u64 pair[2], u64 from)
{
    u64 low, high;

    if (from < LAYOUT_END || from > -2 * sizeof(u64)) {
        return false;
    }
    /* For speculation, which may not wait for the comparison above: no address below LAYOUT_END. */
    __asm__ goto volatile("cmp %[first], %[at]\n\t"
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
