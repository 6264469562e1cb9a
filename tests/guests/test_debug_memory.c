/* SPDX-License-Identifier: MIT */
/* Watchpoints on memory that the hypervisor reads and writes for the guest.
 *
 * A guest watches its own addresses: the stack on which the hypervisor builds frames, the frame of
 * an iret, the arguments of hypercalls, the code that is emulated. The watchpoint then fires in the
 * hypervisor, on any of its paths. The operation must be done as if nothing was watched, and the
 * guest's DR6 must not report it. No guest has DEBUGCTL or the records of branches. */
#include "tests/guests/common/user.h"

#define WATCH_ACCESS (3u << 16 | 2u << 18 | 3) /* DR7: accesses to the eight bytes at DR0 */
#define WATCH_WRITE  (1u << 16 | 2u << 18 | 3)

static struct user_space space;
static u8 entry_stack[PAGE_SIZE] __attribute__((aligned(64)));
static unsigned debugs;

static void count_debug(struct trap_frame *frame)
{
    (void)frame;
    debugs++;
}

static void watch(u64 at, u64 how)
{
    check_equal(hypercall(__HYPERVISOR_set_debugreg, 7, 0, 0), 0, "dr7 off");
    check_equal(hypercall(__HYPERVISOR_set_debugreg, 6, 0, 0), 0, "dr6");
    check_equal(hypercall(__HYPERVISOR_set_debugreg, 0, at, 0), 0, "dr0");
    check_equal(hypercall(__HYPERVISOR_set_debugreg, 7, how, 0), 0, "dr7");
    debugs = 0;
}

static void check_nothing_reported(const char *what)
{
    u64 dr6 = (u64)hypercall(__HYPERVISOR_get_debugreg, 6, 0, 0);

    check_equal(debugs, 0, "%s: #DB in the guest", what);
    check_equal(dr6 & 0xe00f, 0, "%s: dr6", what);
    watch(0, 0);
}

static void check_arguments(void)
{
    static struct multicall_entry list[2] = {
        {.op = __HYPERVISOR_xen_version, .args = {XENVER_version}},
        {.op = __HYPERVISOR_xen_version, .args = {XENVER_version}}};
    static xen_extraversion_t text;
    long version = xen_version(XENVER_version, NULL);

    list[0].result = list[1].result = 0;
    watch(address(&list[1].op), WATCH_ACCESS);
    check_equal(hypercall(__HYPERVISOR_multicall, address(list), 2, 0), 0, "a watched multicall");
    check_nothing_reported("multicall");
    check_equal((long)list[1].result, version, "its result");
    watch(address(text), WATCH_WRITE);
    check_equal(hypercall(__HYPERVISOR_xen_version, XENVER_extraversion, address(text), 0), 0,
                "a watched result");
    check_nothing_reported("xen_version");
    check(text[0] == '.', "its result: %s", text);
}

static u64 emulated;

static void emulate(void *unused)
{
    (void)unused;
    __asm__ volatile("1: rdmsr" : "=a"(emulated) : "c"(0xc0000080) : "edx");
}

static void check_fetch(void)
{
    watch(address(emulate) & ~7ull, WATCH_ACCESS);
    check(!trap_catch(emulate, NULL), "an emulated instruction raises %lu", trap_caught.vector);
    check_nothing_reported("an emulated instruction");
    check(emulated & 1, "its result: %lx", emulated);
}

/* One entry from user mode whose frame is watched at `word` words below the stack's end. */
static void check_frame(const u8 *code, unsigned size, u64 vector, unsigned word)
{
    struct trap_frame frame = {.rip = USER_CODE,
                               .rsp = USER_STACK - 64,
                               .rflags = RFLAGS_IF | RFLAGS_DF | RFLAGS_AC,
                               .rdi = 0x1234,
                               .r11 = 0x5678};

    memcpy(space.code, code, size);
    watch(address(entry_stack + sizeof entry_stack) - 8 * word, WATCH_WRITE);
    user_run(&frame, 0);
    watch(0, 0); /* the kernel's own writes to the frame were reported */
    check(vector == frame.vector || vector == 0, "word %u: trap %lu", word, frame.vector);
    check_equal(frame.rip, USER_CODE + (vector == VECTOR_PF ? 0 : size), "word %u: rip", word);
    check_equal(frame.rsp, USER_STACK - 64, "word %u: rsp", word);
    check_equal(frame.rdi, 0x1234, "word %u: rdi", word);
    check_equal(frame.rflags & (RFLAGS_DF | RFLAGS_AC), RFLAGS_DF | RFLAGS_AC, "word %u: flags",
                word);
}

static void check_entries(void)
{
    static const u8 syscall[] = {0x0f, 0x05}, int80[] = {0xcd, 0x80}, load[] = {0x8b, 0x07};

    for (unsigned word = 1; word <= 8; word++) {
        check_frame(syscall, sizeof syscall, 0, word);
        check_frame(int80, sizeof int80, VECTOR_INT80, word);
        check_frame(load, sizeof load, VECTOR_PF, word);
    }
}

/* The frame of the iret that enters user mode; the kernel itself writes and reads it, too. */
static void check_iret(void)
{
    static const u8 int80[] = {0xcd, 0x80};
    static struct trap_frame frame;

    for (unsigned word = 0; word < 5; word++) {
        memset(&frame, 0, sizeof frame);
        memcpy(space.code, int80, sizeof int80);
        frame.rip = USER_CODE;
        frame.rsp = USER_STACK;
        frame.rflags = RFLAGS_IF;
        frame.rbx = 77;
        frame.cs = FLAT_USER_CS64;
        frame.ss = FLAT_USER_SS64;
        watch(address(&frame.rip) + 8 * word, WATCH_ACCESS);
        user_run(&frame, 0);
        watch(0, 0);
        check_equal(frame.vector, VECTOR_INT80, "iret, word %u", word);
        check_equal(frame.rip, USER_CODE + 2, "iret, word %u: rip", word);
        check_equal(frame.rbx, 77, "iret, word %u: rbx", word);
    }
}

static u32 msr;

static void read_msr(void *unused)
{
    (void)unused;
    __asm__ volatile("rdmsr" ::"c"(msr) : "eax", "edx");
}

static void write_msr(void *unused)
{
    (void)unused;
    __asm__ volatile("wrmsr" ::"c"(msr), "a"(3), "d"(0)); /* LBR and BTF */
}

static void check_branch_records(void)
{
    static const u32 msrs[] = {0x1d9, 0x1c8, 0x1c9, 0x1db, 0x1dc, 0x40, 0x680, 0x6c0, 0x14ce};

    for (unsigned i = 0; i < ARRAY_LENGTH(msrs); i++) {
        msr = msrs[i];
        check_traps(VECTOR_GP, read_msr, NULL, "rdmsr %x", msr);
        check_traps(VECTOR_GP, write_msr, NULL, "wrmsr %x", msr);
    }
}

void test_main(void)
{
    user_space_make(&space);
    trap_take(VECTOR_DB, count_debug);
    check_equal(stack_switch(address(entry_stack + sizeof entry_stack)), 0, "stack_switch");
    check_arguments();
    check_fetch();
    check_entries();
    check_iret();
    check_branch_records();
}
