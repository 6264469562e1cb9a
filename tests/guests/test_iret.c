/* SPDX-License-Identifier: MIT */
/* Leaving the guest kernel: the iret hypercall.
 *
 * The guest kernel runs in ring 3 like its users, so it cannot return by itself: it puts a frame on
 * its stack and makes a hypercall. The frame decides everything: kernel or user mode by the code
 * selector, the event mask by IF, whether rcx and r11 come from the frame. What the frame may not
 * change is ignored: the I/O privilege level, and the processor's interrupt flag. */
#include "tests/guests/common/user.h"

static struct user_space space;

extern const u8 user_syscall[], user_syscall_end[], user_pushf[], user_pushf_end[];
__asm__(".pushsection .rodata\n"
        "user_syscall: syscall\n"
        "user_syscall_end:\n"
        "user_pushf: pushf; pop %rax; int $0x80\n"
        "user_pushf_end:\n"
        ".popsection\n");

/* Registers travel through iret and come back in the frame of the syscall. */
static void check_registers(void)
{
    struct trap_frame frame = {0};

    memcpy(space.code, user_syscall, (size_t)(user_syscall_end - user_syscall));
    frame.rip = USER_CODE;
    frame.rsp = USER_STACK - 64;
    frame.rflags = RFLAGS_IF | RFLAGS_CF;
    frame.rax = 1;
    frame.rbx = 2;
    frame.rdx = 4;
    frame.rsi = 5;
    frame.rdi = 6;
    frame.rbp = 7;
    frame.r8 = 8;
    frame.r15 = 15;
    user_run(&frame, 0);
    check_equal(frame.vector, VECTOR_SYSCALL, "the way back");
    check_equal(frame.rip, USER_CODE + 2, "rip: behind the syscall");
    check_equal(frame.rcx, USER_CODE + 2, "rcx: the same, by the processor");
    check_equal(frame.r11 & RFLAGS_CF, RFLAGS_CF, "r11: the flags, by the processor");
    check_equal(frame.rsp, USER_STACK - 64, "rsp");
    check_equal(frame.cs & 0xffff, USER_CS, "cs");
    check_equal(frame.ss & 0xffff, FLAT_USER_SS, "ss");
    check(frame.rax == 1 && frame.rbx == 2 && frame.rdx == 4 && frame.rsi == 5 && frame.rdi == 6 &&
              frame.rbp == 7 && frame.r8 == 8 && frame.r15 == 15,
          "a register is lost");
    check(frame.rflags & RFLAGS_CF, "CF is lost: %lx", frame.rflags);
    check(frame.rflags & RFLAGS_IF, "IF is lost: %lx", frame.rflags);
}

/* rcx and r11: from the frame, unless the frame says that a syscall is being answered. */
static void check_in_syscall(void)
{
    struct trap_frame frame;

    for (unsigned i = 0; i < 2; i++) {
        memset(&frame, 0, sizeof frame);
        memcpy(space.code, user_pushf, (size_t)(user_pushf_end - user_pushf));
        frame.rip = USER_CODE;
        frame.rsp = USER_STACK;
        frame.rflags = RFLAGS_IF;
        frame.rcx = 0x3333;
        frame.r11 = 0xbbbb;
        user_run(&frame, i ? VGCF_in_syscall : 0);
        check_equal(frame.vector, VECTOR_INT80, "the way back");
        check_equal(frame.rip, USER_CODE + 4, "rip");
        check_equal(frame.rax & (RFLAGS_IF | RFLAGS_IOPL), RFLAGS_IF, "flags in user mode");
        if (!i) {
            check(frame.rcx == 0x3333 && frame.r11 == 0xbbbb, "rcx %lx, r11 %lx", frame.rcx,
                  frame.r11);
        } else {
            check_equal(frame.rcx, USER_CODE, "rcx by sysret");
        }
    }
}

/* User mode must not get these flags. */
static void check_flags(void)
{
    struct trap_frame frame = {0};

    memcpy(space.code, user_pushf, (size_t)(user_pushf_end - user_pushf));
    frame.rip = USER_CODE;
    frame.rsp = USER_STACK;
    frame.rflags = RFLAGS_IOPL | RFLAGS_CF;
    user_run(&frame, 0);
    check(frame.rax & RFLAGS_IF, "interrupts are really off in user mode: %lx", frame.rax);
    check(!(frame.rax & RFLAGS_IOPL), "IOPL in user mode: %lx", frame.rax);
    check(frame.rax & RFLAGS_CF, "CF is lost: %lx", frame.rax);
    check(!(frame.rflags & RFLAGS_IF), "IF in the frame though events were masked: %lx",
          frame.rflags);
}

/* From kernel to kernel: IF becomes the event mask immediately. */
static u64 flags_inside;
static u8 mask_inside;

static void set_frame_flags(struct trap_frame *frame)
{
    frame->rip += 2;
    frame->rflags = flags_inside;
}

static void check_kernel(void)
{
    trap_take(VECTOR_UD, set_frame_flags);
    flags_inside = RFLAGS_IF | RFLAGS_IOPL | RFLAGS_CF;
    vcpu_info()->evtchn_upcall_mask = 1;
    __asm__ volatile("ud2; setc %0" : "=q"(mask_inside));
    check_equal(vcpu_info()->evtchn_upcall_mask, 0, "the event mask after iret with IF");
    check_equal(mask_inside, 1, "CF after iret");
    check(!(read_flags() & RFLAGS_IOPL), "IOPL after iret: %lx", read_flags());
    flags_inside = 0;
    __asm__ volatile("ud2" ::: "cc");
    check_equal(vcpu_info()->evtchn_upcall_mask, 1, "the event mask after iret without IF");
    check(read_flags() & RFLAGS_IF, "interrupts are really off: %lx", read_flags());
    trap_take(VECTOR_UD, NULL);
}

/* An iret whose frame cannot be read would crash the domain. So only returns that fault are tried:
 * to a non-canonical address, in kernel and in user mode. */
static void set_bad_rip(struct trap_frame *frame)
{
    frame->rip = 1ull << 63;
}

static void do_ud(void *unused)
{
    (void)unused;
    __asm__ volatile("ud2");
}

static void check_bad_rip(void)
{
    struct trap_frame frame = {0};

    trap_take(VECTOR_UD, set_bad_rip);
    check(trap_catch(do_ud, NULL), "iret to a non-canonical address of the kernel");
    print("Note: iret to rip 2^63, kernel: vector %lu, rip %lx\n", trap_caught.vector,
          trap_caught.rip);
    trap_take(VECTOR_UD, NULL);
    for (unsigned i = 0; i < 2; i++) {
        memset(&frame, 0, sizeof frame);
        frame.rip = 1ull << 47;
        frame.rsp = USER_STACK;
        frame.rflags = RFLAGS_IF;
        user_run(&frame, i ? VGCF_in_syscall : 0);
        print("Note: iret to rip 2^47, user: vector %lu, rip %lx\n", frame.vector, frame.rip);
        check(frame.vector == VECTOR_GP || frame.vector == VECTOR_PF ||
                  frame.vector == VECTOR_FAILSAFE,
              "vector %lu", frame.vector);
    }
}

void test_main(void)
{
    user_space_make(&space);
    if (set_callback(CALLBACKTYPE_failsafe, 0, address(failsafe_entry))) {
        error("the failsafe callback was refused");
    }
    check_registers();
    check_in_syscall();
    check_flags();
    check_kernel();
    check_bad_rip();
}
