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

bool copy_record_to_guest(u64 to, const u64 record[RECORD_WORDS], u64 mark)
{
    u64 at, word;

    if (!guest_range_ok(to, RECORD_WORDS * sizeof(u64))) {
        return false;
    }
    /* First the macro KEEP_OUT of guest_copy.S, written out: `at` becomes `to`, or 0 if `to` lies
     * in the hypervisor's slots. The stores need no barrier: other CPUs see the stores of one CPU
     * in their order (AMD64 manual, volume 2, 7.2). */
    __asm__ goto volatile("mov %[to], %[at]\n\t"
                          "sar $43, %[at]\n\t"
                          "add $16, %[at]\n\t"
                          "neg %[at]\n\t"
                          "sbb %[at], %[at]\n\t"
                          "and %[to], %[at]\n\t"
                          "mov 8(%[record]), %[word]\n\t"
                          "or %[mark], %[word]\n"
                          "1:\tmov %[word], 8(%[at])\n\t"
                          "mov (%[record]), %[word]\n"
                          "2:\tmov %[word], (%[at])\n\t"
                          "mov 16(%[record]), %[word]\n"
                          "3:\tmov %[word], 16(%[at])\n\t"
                          "mov 24(%[record]), %[word]\n"
                          "4:\tmov %[word], 24(%[at])\n\t"
                          "mov 32(%[record]), %[word]\n"
                          "5:\tmov %[word], 32(%[at])\n\t"
                          "mov 40(%[record]), %[word]\n"
                          "6:\tmov %[word], 40(%[at])\n\t"
                          "mov 8(%[record]), %[word]\n"
                          "7:\tmov %[word], 8(%[at])\n\t"
                          ".pushsection .extable, \"a\"\n\t"
                          ".quad 1b, %l[fault], 2b, %l[fault], 3b, %l[fault], 4b, %l[fault]\n\t"
                          ".quad 5b, %l[fault], 6b, %l[fault], 7b, %l[fault]\n\t"
                          ".popsection"
                          : [at] "=&r"(at), [word] "=&r"(word)
                          : [to] "r"(to), [record] "r"(record), [mark] "r"(mark)
                          : "cc", "memory"
                          : fault);
    return true;
fault:
    return false;
}
