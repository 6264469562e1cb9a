/* SPDX-License-Identifier: MIT */
/* What user mode can read of the machine-to-physical map (M2P).
 *
 * The M2P gives away where in the machine the pages of all guests are, so user mode should not see
 * it. A kernel that uses two roots gets that by itself: the M2P is only in roots that the kernel
 * has used. A kernel that uses one root for both modes asks for it with VMASST_TYPE_m2p_strict: a
 * root that user mode uses no longer has the M2P. */
#include "tests/guests/common/user.h"

#define M2P_SLOT table_index(MACH2PHYS_VIRT_START, 4)

extern const u8 load_m2p[], load_m2p_end[];
__asm__(".pushsection .rodata\n"
        "load_m2p: movabs $0xffff800000000000, %rdi; mov (%rdi), %rax; int $0x80\n"
        "load_m2p_end:\n"
        ".popsection\n");

static struct user_space space;

/* The guest's own list of frames: the kernel may be without the M2P. */
static u64 frame_of_root(const u64 *root)
{
    return ((const u64 *)(uintptr_t)start_info->mfn_list)[pfn_of(root)];
}

static void use(unsigned command, const u64 *root)
{
    check_equal(mmuext(command, frame_of_root(root), 0), 0, "loading a root");
}

#define USE_AS_USER(root)   use(MMUEXT_NEW_USER_BASEPTR, root)
#define USE_AS_KERNEL(root) use(MMUEXT_NEW_BASEPTR, root)

static void set_strict(unsigned command)
{
    check_equal(hypercall(__HYPERVISOR_vm_assist, command, VMASST_TYPE_m2p_strict, 0), 0,
                "m2p_strict, command %u", command);
}

/* Claims whether the present user root, `root`, shows the M2P to user mode. */
#define check_user(root, shown, ...) check_user_at(__LINE__, root, shown, __VA_ARGS__)

static void check_user_at(int line, const volatile u64 *root, bool shown, const char *what)
{
    struct trap_frame frame;

    user_run_code(&space, load_m2p, load_m2p_end, &frame);
    report_unequal(line, frame.vector, shown ? VECTOR_INT80 : VECTOR_PF, "user mode: %s", what);
    if (!shown) {
        report_unequal(line, (s64)frame.error, PF_USER, "error code: %s", what);
    }
    report_unequal(line, root[M2P_SLOT] & PTE_PRESENT, shown, "the root's slot: %s", what);
}

static bool kernel_reads(void)
{
    return !read_traps((const void *)MACH2PHYS_VIRT_START);
}

/* Returns a root that maps the kernel and the user's code. */
static u64 *root_for_both(void)
{
    u64 *root = root_make();

    check_equal(mmu_update(slot_machine(root, 0), entry_for(space.l3, PTE_TABLE)), 0,
                "the user's tables");
    return root;
}

static void check_without(void)
{
    u64 *both = root_for_both();

    check_user(space.root, false, "a root that only user mode uses");
    check(kernel_reads(), "the kernel cannot read it");
    USE_AS_USER(both);
    check_user(both, false, "a root that the kernel has not used yet");
    USE_AS_KERNEL(both);
    check_user(both, true, "a root that the kernel uses, too");
    check(kernel_reads(), "the kernel cannot read it in a root for both");
    USE_AS_KERNEL(root_first());
    check_user(both, true, "a root that the kernel has used");
    USE_AS_USER(space.root);
    check_user(space.root, false, "the root of user mode alone");
}

static void check_strict(void)
{
    u64 *early = root_for_both(), *late;

    USE_AS_KERNEL(early);
    USE_AS_USER(early);
    set_strict(VMASST_CMD_enable);
    check_user(early, true, "the mode alone changes no root");
    USE_AS_USER(space.root);
    check_user(space.root, false, "a root that never showed it");
    check(kernel_reads(), "the kernel's root has lost it");
    USE_AS_USER(early);
    check_user(early, false, "a root that is used again");
    check(!kernel_reads(), "the same root still shows it to the kernel");
    USE_AS_KERNEL(root_first());
    check(kernel_reads(), "the kernel's root is without it");

    late = root_for_both();
    check(late[M2P_SLOT] & PTE_PRESENT, "a new root is without it: %lx", late[M2P_SLOT]);
    USE_AS_KERNEL(late);
    check(kernel_reads(), "the kernel cannot read it in a new root");
    USE_AS_USER(late);
    check_user(late, false, "a new root for both");
    USE_AS_KERNEL(root_first());

    set_strict(VMASST_CMD_disable);
    check_user(late, false, "the mode alone changes no root back");
    USE_AS_KERNEL(late);
    check_user(late, true, "the kernel has it back in a root for both");
    USE_AS_USER(space.root);
    check_user(space.root, false, "the root of user mode alone, at the end");
    USE_AS_KERNEL(root_first());
}

void test_main(void)
{
    user_space_make(&space);
    check_without();
    check_strict();
}
