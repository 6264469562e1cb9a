/* SPDX-License-Identifier: MIT */
/* User mode and kernel mode have different roots and different rights.
 *
 * Kernel and user both run in ring 3, so what protects the kernel from a process is the second
 * root, which does not map the kernel. The code here runs in an address space of two pages. It must
 * not access the kernel, make hypercalls or execute privileged instructions; and each of its
 * exceptions must be delivered to the kernel, on the kernel's stack, as one of user mode.
 * Isolated: 1 */
#include "tests/guests/common/user.h"

static struct user_space space;

#define USER_CODE_BYTES(name, text)                                                                \
    extern const u8 name[], name##_end[];                                                          \
    __asm__(".pushsection .rodata\n" #name ": " text "\n" #name "_end:\n.popsection\n")

USER_CODE_BYTES(user_load, "mov (%rdi), %rax; int $0x80");
USER_CODE_BYTES(user_store, "mov %rsi, (%rdi); int $0x80");
USER_CODE_BYTES(user_jump, "jmp *%rdi");
USER_CODE_BYTES(user_ud2, "ud2");
USER_CODE_BYTES(user_int3, "int3");
USER_CODE_BYTES(user_divide, "div %rdi");
USER_CODE_BYTES(user_hlt, "hlt");
USER_CODE_BYTES(user_cli, "cli");
USER_CODE_BYTES(user_cr3, "mov %cr3, %rax");
USER_CODE_BYTES(user_clts, "clts");
USER_CODE_BYTES(user_rdmsr, "mov $0xc0000080, %ecx; rdmsr");
USER_CODE_BYTES(user_in, "in $0x80, %al");
USER_CODE_BYTES(user_lgdt, "lgdt (%rsp)");
USER_CODE_BYTES(user_invlpg, "invlpg (%rsp)");
USER_CODE_BYTES(user_popf, "push $0x3202; popf; pushf; pop %rax; int $0x80");
USER_CODE_BYTES(user_syscall_version, "mov $17, %eax; xor %edi, %edi; syscall; int $0x80");
USER_CODE_BYTES(user_flags, "push %rdi; popf; syscall");
USER_CODE_BYTES(user_gs, "mov %gs:0, %rax; int $0x80");

/* Runs a piece of user code with rdi and rsi. */
static u64 run(const u8 *from, const u8 *to, u64 rdi, u64 rsi, struct trap_frame *frame)
{
    memcpy(space.code, from, (size_t)(to - from));
    memset(frame, 0, sizeof *frame);
    frame->rip = USER_CODE;
    frame->rsp = USER_STACK - 8;
    frame->rflags = RFLAGS_IF;
    frame->rdi = rdi;
    frame->rsi = rsi;
    frame->rcx = 0x1111;
    frame->r11 = 0x2222;
    user_run(frame, 0);
    return frame->vector;
}
#define RUN(name, rdi, rsi) run(name, name##_end, rdi, rsi, &frame)

static void check_own_memory(void)
{
    struct trap_frame frame;

    *(volatile u64 *)space.data = 0x1122334455667788;
    check_equal(RUN(user_load, USER_DATA, 0), VECTOR_INT80, "loading from its own page");
    check_equal(frame.rax, 0x1122334455667788, "what it loaded");
    check_equal(RUN(user_store, USER_DATA + 8, 42), VECTOR_INT80, "storing to its own page");
    check_equal(((volatile u64 *)space.data)[1], 42, "what it stored");
    check_equal(RUN(user_store, USER_CODE, 42), VECTOR_PF, "storing to its code");
    check_equal(frame.error, PF_PRESENT | PF_WRITE | PF_USER, "error code");
    check_equal(trap_caught_cr2, USER_CODE, "cr2");
    check_equal(frame.rip, USER_CODE, "rip");
    check_equal(frame.cs & 3, 3, "the privilege in cs");
    check(read_traps((void *)USER_DATA), "the kernel root shows the user's page");
    check_equal(trap_caught.error, 0, "error code of the kernel");
}

static void check_kernel_memory(void)
{
    struct trap_frame frame;

    check_equal(RUN(user_load, address(&space), 0), VECTOR_PF, "loading from the kernel");
    check_equal(frame.error, PF_USER, "error code");
    check_equal(trap_caught_cr2, address(&space), "cr2");
    check_equal(RUN(user_store, address(&space), 0), VECTOR_PF, "storing to the kernel");
    check_equal(frame.error, PF_USER | PF_WRITE, "error code");
    check_equal(RUN(user_jump, address(test_main), 0), VECTOR_PF, "jumping to the kernel");
    check_equal(frame.error & ~PF_FETCH, PF_USER, "error code");
    check_equal(frame.rip, address(test_main), "rip");
    check_equal(RUN(user_load, HYPERVISOR_VIRT_END - PAGE_SIZE, 0), VECTOR_PF,
                "loading from Xen's space");
    check(frame.error & PF_USER, "error code %lx", frame.error);
    check_equal(RUN(user_store, MACH2PHYS_VIRT_START, 0), VECTOR_PF, "storing to the m2p");
    check_equal(RUN(user_load, 1ull << 63, 0), VECTOR_GP, "loading from nowhere");
}

static void check_exceptions(void)
{
    struct trap_frame frame;

    check_equal(RUN(user_ud2, 0, 0), VECTOR_UD, "ud2");
    check_equal(RUN(user_int3, 0, 0), VECTOR_BP, "int3");
    check_equal(frame.rip, USER_CODE + 1, "rip of int3");
    check_equal(RUN(user_divide, 0, 0), VECTOR_DE, "division by 0");
    check_equal(RUN(user_hlt, 0, 0), VECTOR_GP, "hlt");
    check_equal(RUN(user_cli, 0, 0), VECTOR_GP, "cli");
    check_equal(RUN(user_cr3, 0, 0), VECTOR_GP, "mov from cr3");
    check_equal(RUN(user_clts, 0, 0), VECTOR_GP, "clts");
    check_equal(RUN(user_rdmsr, 0, 0), VECTOR_GP, "rdmsr");
    check_equal(RUN(user_in, 0, 0), VECTOR_GP, "in");
    check_equal(RUN(user_lgdt, 0, 0), VECTOR_GP, "lgdt");
    check_equal(RUN(user_invlpg, 0, 0), VECTOR_GP, "invlpg");
    check_equal(frame.error, 0, "its error code");
    check_equal(frame.rip, USER_CODE, "its rip");
    check_equal(RUN(user_popf, 0, 0), VECTOR_INT80, "popf");
    check_equal(frame.rax & (RFLAGS_IF | RFLAGS_IOPL), RFLAGS_IF, "popf of IOPL 3");
}

/* A syscall in user mode is delivered to the kernel, with any number. */
static u8 mask_in_handler;
static trap_handler keep_mask;

static void keep_mask(struct trap_frame *frame)
{
    mask_in_handler = vcpu_info()->evtchn_upcall_mask;
    frame->rax = 0x7777;
    trap_take(VECTOR_SYSCALL, NULL);
}

/* Continues after the three bytes of user_load's access. */
static trap_handler skip_load;

static void skip_load(struct trap_frame *frame)
{
    mask_in_handler = vcpu_info()->evtchn_upcall_mask;
    frame->rip += 3;
    trap_take(VECTOR_PF, NULL);
}

static void check_syscall(void)
{
    struct trap_frame frame;

    check_equal(RUN(user_syscall_version, 0, 0), VECTOR_SYSCALL, "a syscall");
    check_equal(frame.rax, 17, "rax of the syscall");

    trap_take(VECTOR_SYSCALL, keep_mask);
    check_equal(RUN(user_syscall_version, 0, 0), VECTOR_INT80, "a syscall that returns");
    check_equal(frame.rax, 0x7777, "what it returned");
    check_equal(mask_in_handler, 0, "event mask in the syscall entry");

    check_equal(set_callback(CALLBACKTYPE_syscall, CALLBACKF_mask_events, address(syscall_entry)),
                0, "a masking syscall callback");
    trap_take(VECTOR_SYSCALL, keep_mask);
    check_equal(RUN(user_syscall_version, 0, 0), VECTOR_INT80, "a masked syscall that returns");
    check_equal(mask_in_handler, 1, "event mask in the masking syscall entry");
    check(frame.rflags & RFLAGS_IF, "events stay masked in user mode: %lx", frame.rflags);
    check_equal(set_callback(CALLBACKTYPE_syscall, 0, address(syscall_entry)), 0, "as before");
}

/* The frame of a fault records whether events were masked; the entry masks them if the handler was
 * registered so. */
static void check_fault_mask(void)
{
    struct trap_info table[2] = {trap_description(VECTOR_PF)};
    struct trap_frame frame;

    check_equal(RUN(user_load, address(&space), 0), VECTOR_PF, "loading from the kernel");
    check(frame.rflags & RFLAGS_IF, "events were not masked: %lx", frame.rflags);
    for (unsigned masks = 0; masks < 2; masks++) {
        table[0].flags = masks ? 4 : 0;
        check_equal(hypercall(__HYPERVISOR_set_trap_table, address(table), 0, 0), 0, "the table");
        mask_in_handler = 2;
        trap_take(VECTOR_PF, skip_load);
        check_equal(RUN(user_load, address(&space), 0), VECTOR_INT80, "a fault that is skipped");
        check_equal(mask_in_handler, masks, "event mask in the handler");
        check_equal(frame.rcx, 0x1111, "rcx");
        check_equal(frame.r11, 0x2222, "r11");
    }
    table[0].flags = 0;
    check_equal(hypercall(__HYPERVISOR_set_trap_table, address(table), 0, 0), 0, "as before");

    memset(&frame, 0, sizeof frame);
    frame.rip = USER_CODE;
    frame.rsp = USER_STACK - 8;
    frame.rdi = address(&space);
    user_run(&frame, 0);
    check_equal(frame.vector, VECTOR_PF, "loading from the kernel with events masked");
    check_equal(frame.rflags & RFLAGS_IF, 0, "events were masked");
    check_equal(trap_caught_cr2, address(&space), "cr2");
}

/* The kernel starts with its own flags, regardless of the user's, and has the user's in the
 * frame. */
static void check_flags(void)
{
    static const u64 flags[] = {RFLAGS_NT, RFLAGS_AC, RFLAGS_DF, RFLAGS_NT | RFLAGS_AC | RFLAGS_CF};
    struct trap_frame frame;

    for (unsigned i = 0; i < ARRAY_LENGTH(flags); i++) {
        check_equal(RUN(user_flags, flags[i] | RFLAGS_FIXED, 0), VECTOR_SYSCALL,
                    "a syscall, flags %lx", flags[i]);
        check_equal(frame.rflags & ~(RFLAGS_IF | 2ull), flags[i], "flags in the frame");
    }
}

/* Each mode has its own gs base. */
static void check_gs(void)
{
    struct trap_frame frame;
    static u64 mine = 0x6b65726e;
    u64 seen;

    *(volatile u64 *)space.data = 0x75736572;
    check_equal(hypercall(__HYPERVISOR_set_segment_base, SEGBASE_GS_USER, USER_DATA, 0), 0,
                "GS_USER");
    check_equal(hypercall(__HYPERVISOR_set_segment_base, SEGBASE_GS_KERNEL, address(&mine), 0), 0,
                "GS_KERNEL");
    check_equal(RUN(user_gs, 0, 0), VECTOR_INT80, "loading by gs");
    check_equal(frame.rax, 0x75736572, "the user's gs");
    __asm__ volatile("mov %%gs:0, %0" : "=r"(seen));
    check_equal(seen, mine, "the kernel's gs");
}

void test_main(void)
{
    user_space_make(&space);
    check_own_memory();
    check_kernel_memory();
    check_exceptions();
    check_syscall();
    check_fault_mask();
    check_flags();
    check_gs();
}
