/* SPDX-License-Identifier: MIT */
/* Descriptor tables and user mode on the bare machine. */
#include "guest/trap.h"
#include "guest/native/native.h"
#include "guest/native/selectors.h"
#include "lib/x86/descriptor.h"
#include "lib/x86/msr.h"
#include "lib/x86/tss.h"

extern const u64 trap_entries[33]; /* entry points: vectors 0..31, then INT 0x80 */
extern char syscall_entry[], trap_stack_top[];
void user_enter(struct trap_frame *frame);

static struct gate idt[VECTOR_INT80 + 1] __attribute__((aligned(16)));
static u64 gdt[7] = {0, DESCRIPTOR_FLAT_CODE64, DESCRIPTOR_FLAT_DATA,
                     DESCRIPTOR_FLAT_DATA | DESCRIPTOR_RING,
                     DESCRIPTOR_FLAT_CODE64 | DESCRIPTOR_RING};
static struct tss tss __attribute__((aligned(16)));

static u64 address(const void *pointer)
{
    return (u64)(uintptr_t)pointer;
}

static void set_gate(unsigned vector, u64 entry, bool user_may)
{
    idt[vector] = (struct gate){.offset_low = (u16)entry,
                                .selector = KERNEL_CS,
                                .type = (u16)(GATE_INTERRUPT | (user_may ? GATE_RING_3 : 0)),
                                .offset_middle = (u16)(entry >> 16),
                                .offset_high = (u32)(entry >> 32)};
}

static void write_msr(u32 number, u64 value)
{
    __asm__ volatile("wrmsr" : : "c"(number), "a"((u32)value), "d"((u32)(value >> 32)));
}

/* Sets up the TSS, which holds the stack pointer for a trap from user mode, and its descriptor. */
static void start_tss(void)
{
    tss.rsp[0] = address(trap_stack_top);
    tss.io_map = sizeof tss; /* no port for ring 3 */
    gdt[5] = descriptor_system(DESCRIPTOR_TSS, address(&tss), sizeof tss - 1);
    gdt[6] = address(&tss) >> 32;
}

void trap_start(void)
{
    struct table_pointer gdt_pointer = {sizeof gdt - 1, address(gdt)};
    struct table_pointer idt_pointer = {sizeof idt - 1, address(idt)};

    start_tss();
    for (unsigned i = 0; i < 32; i++) {
        set_gate(i, trap_entries[i], i == VECTOR_BP || i == VECTOR_OF);
    }
    set_gate(VECTOR_INT80, trap_entries[32], true);
    __asm__ volatile("lgdt %0" : : "m"(gdt_pointer));
    __asm__ volatile("lidt %0" : : "m"(idt_pointer));
    __asm__ volatile("ltr %0" : : "r"((u16)TSS_SELECTOR));
    write_msr(MSR_STAR, (u64)KERNEL_SS << 48 | (u64)KERNEL_CS << 32);
    write_msr(MSR_LSTAR, address(syscall_entry));
    write_msr(MSR_SYSCALL_MASK, RFLAGS_IF | RFLAGS_TF | RFLAGS_DF | RFLAGS_AC | RFLAGS_NT);
}

u64 trap_address(void)
{
    u64 value;

    __asm__ volatile("mov %%cr2, %0" : "=r"(value));
    return value;
}

void user_run(struct trap_frame *frame)
{
    if (!frame->cs) {
        frame->cs = USER_CS;
        frame->ss = USER_SS;
    }
    /* A frame that a system call filled returns by SYSRET (error != 0), any other by IRETQ. SYSRET
     * faults in kernel mode if rip is not canonical, so an rip outside the user half needs IRETQ.
     */
    frame->error = frame->vector == VECTOR_SYSCALL && !(frame->rip >> 47);
    user_enter(frame);
}
