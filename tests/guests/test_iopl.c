/* SPDX-License-Identifier: MIT */
/* The I/O privilege level in the flags, by VMASST_TYPE_architectural_iopl.
 *
 * A guest's real IOPL is 0; its virtual one is what PHYSDEVOP_set_iopl sets. With the assist, the
 * guest sees the virtual one in the flags of each frame, each iret sets it from the flags that it
 * loads, and the guest's kernel counts as level 0. Without it, frames show 0, iret leaves it as it
 * is, and the kernel counts as level 1. The frames are those of all ways into the kernel, fast and
 * slow. Vcpus: 2 Cpus: 1 2 */
#include "tests/guests/common/smp.h"
#include "tests/guests/common/user.h"

#include <xen/physdev.h>

#define PORT     0x1234u /* a port that no machine has */
#define OTHER_NS 30000000000ull
#define LEVEL(n) ((u64)(n) << RFLAGS_IOPL_SHIFT)

static struct user_space space;
static struct trap_frame frame;

#define USER_CODE_BYTES(name, text)                                                                \
    extern const u8 name[], name##_end[];                                                          \
    __asm__(".pushsection .rodata\n" #name ": " text "\n" #name "_end:\n.popsection\n")

USER_CODE_BYTES(user_in, "in %dx, %al; pushf; pop %rax; int $0x80");
USER_CODE_BYTES(user_cli, "cli; sti; int $0x80");
USER_CODE_BYTES(user_int, "pushf; pop %rax; int $0x80");
USER_CODE_BYTES(user_syscall, "syscall");
USER_CODE_BYTES(user_load, "mov 0, %rax");
USER_CODE_BYTES(user_ud2, "ud2");
USER_CODE_BYTES(user_syscalls, "syscall; in %dx, %al; int $0x80");
USER_CODE_BYTES(user_twice, "mov 0x10, %rax; in %dx, %al; int $0x80");

static long set_level(u32 level)
{
    struct physdev_set_iopl ask = {.iopl = level};

    return hypercall(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iopl, address(&ask), 0);
}

static long assist(bool on)
{
    return hypercall(__HYPERVISOR_vm_assist, on ? VMASST_CMD_enable : VMASST_CMD_disable,
                     VMASST_TYPE_architectural_iopl, 0);
}

/* Enters user mode by iret with these flags; returns the vector of what came back. */
static u64 run(const u8 *from, const u8 *to, u64 flags)
{
    memcpy(space.code, from, (size_t)(to - from));
    memset(&frame, 0, sizeof frame);
    frame.rip = USER_CODE;
    frame.rsp = USER_STACK - 8;
    frame.rflags = RFLAGS_IF | flags;
    frame.rdx = PORT;
    user_run(&frame, 0);
    return frame.vector;
}
#define RUN(name, flags) run(name, name##_end, flags)

/* The level in the frame of a trap of the kernel. */
static trap_handler skip_ud2;
static u64 kernel_flags, flags_to_load;
static bool load_flags;

static void skip_ud2(struct trap_frame *f)
{
    kernel_flags = f->rflags;
    f->rip += 2;
    if (load_flags) {
        f->rflags = (f->rflags & ~RFLAGS_IOPL) | flags_to_load;
    }
    trap_take(VECTOR_UD, NULL);
}

static u64 level_in_kernel(void)
{
    trap_take(VECTOR_UD, skip_ud2);
    __asm__ volatile("ud2" ::: "memory");
    return kernel_flags & RFLAGS_IOPL;
}

/* The kernel's iret loads this level. */
static void load_in_kernel(u32 level)
{
    load_flags = true;
    flags_to_load = LEVEL(level);
    level_in_kernel();
    load_flags = false;
}

static void in_port(void *unused)
{
    u8 value;

    (void)unused;
    __asm__ volatile("inb %%dx, %%al" : "=a"(value) : "d"(PORT));
}

/* ---- claims ---- */

static void check_without(void)
{
    for (u32 level = 0; level < 4; level++) {
        check_equal(set_level(level), 0, "set_iopl %u", level);
        check_equal(RUN(user_int, LEVEL(3 - level)), VECTOR_INT80, "int");
        check_equal(frame.rflags & RFLAGS_IOPL, 0, "IOPL in a frame of level %u", level);
        check_equal(level_in_kernel(), 0, "IOPL in a frame of the kernel");
        check_equal(RUN(user_in, LEVEL(3 - level)), level == 3 ? VECTOR_INT80 : VECTOR_GP,
                    "in at level %u", level);
        check_equal(trap_catch(in_port, NULL), level == 0, "in of the kernel at level %u", level);
    }
    check_equal(set_level(0), 0, "set_iopl 0");
}

static void check_frames(void)
{
    for (u32 level = 0; level < 4; level++) {
        u64 shown = LEVEL(level);

        check_equal(RUN(user_int, shown), VECTOR_INT80, "int");
        check_equal(frame.rflags & RFLAGS_IOPL, shown, "level %u, in the frame of int", level);
        check_equal(frame.rax & RFLAGS_IOPL, 0, "the real level");
        check_equal(RUN(user_syscall, shown), VECTOR_SYSCALL, "syscall");
        check_equal(frame.rflags & RFLAGS_IOPL, shown, "level %u, in the frame of syscall", level);
        check_equal(frame.r11 & RFLAGS_IOPL, 0, "and in r11");
        check_equal(RUN(user_load, shown), VECTOR_PF, "a page fault");
        check_equal(frame.rflags & RFLAGS_IOPL, shown, "level %u, in its frame", level);
        check_equal(RUN(user_ud2, shown), VECTOR_UD, "ud2");
        check_equal(frame.rflags & RFLAGS_IOPL, shown, "level %u, in its frame", level);
        check_equal(level_in_kernel(), shown, "level %u, in a frame of the kernel", level);
        check_equal(read_flags() & RFLAGS_IOPL, 0, "the real level");
    }
}

static void check_ports(void)
{
    for (u32 level = 0; level < 4; level++) {
        u64 in = level == 3 ? VECTOR_INT80 : VECTOR_GP;

        check_equal(RUN(user_in, LEVEL(level)), in, "in by iret to level %u", level);
        check_equal(RUN(user_cli, LEVEL(level)), in, "cli by iret to level %u", level);
        load_in_kernel(level);
        check_equal(level_in_kernel(), LEVEL(level), "iret to the kernel with level %u", level);
        check(!trap_catch(in_port, NULL), "in of the kernel at level %u", level);
        check_equal(set_level(level), 0, "set_iopl %u", level);
        check_equal(level_in_kernel(), LEVEL(level), "set_iopl %u", level);
    }
}

/* An iret between two events in user mode, with other flags. */
static trap_handler go_on;
static u64 going_on;

static void go_on(struct trap_frame *f)
{
    f->rflags = (f->rflags & ~RFLAGS_IOPL) | going_on;
    if (f->vector == VECTOR_PF) {
        f->rip += 8;
    }
    trap_take((unsigned)f->vector, NULL);
}

static void check_changes(void)
{
    for (u32 first = 0; first < 4; first++) {
        for (u32 second = 0; second < 4; second++) {
            u64 in = second == 3 ? VECTOR_INT80 : VECTOR_GP;

            going_on = LEVEL(second);
            trap_take(VECTOR_SYSCALL, go_on);
            check_equal(RUN(user_syscalls, LEVEL(first)), in, "syscall: %u, %u", first, second);
            check_equal(frame.rflags & RFLAGS_IOPL, going_on, "flags: %u, %u", first, second);
            trap_take(VECTOR_PF, go_on);
            check_equal(RUN(user_twice, LEVEL(first)), in, "page fault: %u, %u", first, second);
            check_equal(frame.rflags & RFLAGS_IOPL, going_on, "flags: %u, %u", first, second);
        }
    }
}

/* The assist is the domain's: the frames of another vCPU, which is running, show its level then. */
static _Atomic bool other_is_running, assist_is_on;

static void other_vcpu(unsigned self)
{
    if (self == 0) {
        while (!other_is_running) {
            cpu_relax();
        }
        check_equal(assist(true), 0, "the assist");
        assist_is_on = true;
    } else {
        u64 end = smp_now() + OTHER_NS;

        traps_start(); /* vCPU 0 raises no trap meanwhile */
        check_equal(set_level(2), 0, "set_iopl of the other vCPU");
        check_equal(level_in_kernel(), 0, "IOPL in its frame before");
        other_is_running = true;
        while (!assist_is_on) {
        }
        while (level_in_kernel() != LEVEL(2) && smp_now() < end) {
        }
        check_equal(level_in_kernel(), LEVEL(2), "IOPL in its frame");
    }
}

void test_main(void)
{
    user_space_make(&space);
    check_without();
    check_equal(set_level(2), 0, "set_iopl 2");
    check_equal(assist(true), 0, "the assist");
    check_equal(level_in_kernel(), LEVEL(2), "the level when it begins");
    check_frames();
    check_ports();
    check_changes();
    check_equal(set_level(2), 0, "set_iopl 2");
    check_equal(assist(false), 0, "no assist");
    check_equal(level_in_kernel(), 0, "IOPL in a frame");
    check_equal(assist(true), 0, "the assist again");
    check_equal(level_in_kernel(), LEVEL(2), "the level has not changed");
    check_equal(assist(false), 0, "no assist");
    check_without();
    if (!is_initial_domain()) { /* which has one vCPU on Xen */
        smp_start(2);
        smp_run(other_vcpu);
    }
}
