/* SPDX-License-Identifier: MIT */
/* The page that older kernels call through.
 *
 * A kernel with a HYPERCALL_PAGE note names a page of its own image; the builder fills it with 128
 * stubs of 32 bytes, stub number N making hypercall N. All other guests here have no such note and
 * use a bare `syscall`: both ways must work, in one guest too. */
#include "tests/guests/common/guest.h"

extern u8 hypercall_page[PAGE_SIZE];

__asm__(".pushsection .text.hypercall_page, \"ax\"\n"
        ".balign 4096\n"
        "hypercall_page: .skip 4096\n"
        ".popsection\n"
        ".pushsection .note.Xen, \"a\", @note\n"
        ".balign 4\n"
        ".long 4, 8, 2\n"
        ".asciz \"Xen\"\n"
        ".quad hypercall_page\n"
        ".popsection\n");
_Static_assert(XEN_ELFNOTE_HYPERCALL_PAGE == 2, "the note above");

static long call_stub(unsigned number, u64 a, u64 b, u64 c, u64 *rcx_after, u64 *r11_after)
{
    u64 result = (u64)(uintptr_t)(hypercall_page + number * 32);
    register u64 rcx __asm__("rcx") = 0x1111;
    register u64 r11 __asm__("r11") = 0x2222;

    __asm__ volatile("call *%%rax"
                     : "+a"(result), "+D"(a), "+S"(b), "+d"(c), "+r"(rcx), "+r"(r11)
                     :
                     : "r8", "r9", "r10", "memory");
    *rcx_after = rcx;
    *r11_after = r11;
    return (long)result;
}

void test_main(void)
{
    static const char words[] = "These words came through a stub of the hypercall page.\n";
    u64 rcx, r11;
    long version;

    check(hypercall_page[0], "the page was not filled");
    for (unsigned i = 1; i < 64; i++) {
        check(hypercall_page[i * 32], "stub %u is empty", i);
    }

    version = call_stub(__HYPERVISOR_xen_version, XENVER_version, 0, 0, &rcx, &r11);
    check_equal(version, xen_version(XENVER_version, NULL), "the version by the stub");
    check(rcx == 0x1111 && r11 == 0x2222, "the stub lost rcx (%lx) or r11 (%lx)", rcx, r11);

    check_equal(call_stub(63, 0, 0, 0, &rcx, &r11), -XEN_ENOSYS, "stub 63");
    check_equal(call_stub(__HYPERVISOR_event_channel_op, 999, 0, 0, &rcx, &r11), -XEN_ENOSYS,
                "event_channel_op 999");
    if (is_initial_domain()) {
        call_stub(__HYPERVISOR_console_io, CONSOLEIO_write, sizeof words - 1, address(words), &rcx,
                  &r11);
    }

    /* The page is ordinary memory, which the guest may change. */
    check(!write_traps(&hypercall_page[4096 - 8], 0), "the page is not the guest's");
}
