/* SPDX-License-Identifier: MIT */
/* The hypercall page. */
#include "hypervisor/domain/hypercall_page.h"
#include "hypervisor/xen.h"
#include "lib/string.h"
#include "lib/types.h"

#define STUB  32u
#define STUBS (4096u / STUB)

void hypercall_page_fill(void *page)
{
    /* The stub of every hypercall but iret: push rcx; push r11; mov $number, eax; syscall; pop r11;
     * pop rcx; ret */
    static const u8 call[] = {0x51, 0x41, 0x53, 0xb8, 0,    0,    0,
                              0,    0x0f, 0x05, 0x41, 0x5b, 0x59, 0xc3};
    /* The stub of iret: the kernel has pushed the frame from `flags` up (struct iret_context), and
     * the hypercall expects rax, r11 and rcx below it. push rcx; push r11; push rax; mov $number,
     * eax; syscall */
    static const u8 iret[] = {0x51, 0x41, 0x53, 0x50, 0xb8, 0, 0, 0, 0, 0x0f, 0x05};

    memset(page, 0xcc, STUB * STUBS);
    for (u32 number = 0; number < STUBS; number++) {
        u8 *stub = (u8 *)page + number * STUB;
        bool is_iret = number == __HYPERVISOR_iret;

        memcpy(stub, is_iret ? iret : call, is_iret ? sizeof iret : sizeof call);
        memcpy(stub + (is_iret ? 5 : 4), &number, sizeof number);
    }
}
