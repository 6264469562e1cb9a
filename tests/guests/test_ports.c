/* SPDX-License-Identifier: MIT */
/* Ports that the kernel permits to user mode, by a bitmap of its own or by the privilege level.
 *
 * A set bit refuses its port, and so does a port beyond the bitmap's length. The hypervisor reads
 * the bits in the kernel's memory when an instruction needs them: a change takes effect without a
 * call, and a bitmap whose page is gone permits nothing. No guest owns a port, so that a permitted
 * read gives all ones, also of a port that the hypervisor itself uses, and a write changes
 * nothing. Each vCPU has a bitmap of its own. What the kernel may use, it uses with no other
 * register or flag changed. Vcpus: 2 */
#include "tests/guests/common/smp.h"
#include "tests/guests/common/user.h"

#include <xen/physdev.h>

#define PORTS      65536u
#define PORT       0x1234u /* a port that no machine has; bit 4 of its byte */
#define USER_CS32  FLAT_RING3_CS32
#define ALL_ONES_8 0xffu

static u8 bitmap[3 * PAGE_SIZE] __attribute__((aligned(4096)));
static struct user_space space;
static struct trap_frame frame;

static long set_bitmap(u64 at, u32 ports)
{
    struct physdev_set_iobitmap ask = {.nr_ports = ports};

    set_xen_guest_handle(ask.bitmap, (u8 *)at);
    return hypercall(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iobitmap, address(&ask), 0);
}

static long set_level(u32 level)
{
    struct physdev_set_iopl ask = {.iopl = level};

    return hypercall(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iopl, address(&ask), 0);
}

/* Refuses all ports but `count` from `first`. */
static void permit_only(u32 first, u32 count)
{
    memset(bitmap, 0xff, sizeof bitmap);
    for (u32 port = first; port < first + count; port++) {
        bitmap[port / 8] &= (u8) ~(1u << port % 8);
    }
}

/* ---- user code: each piece executes one port instruction and then INT 0x80 ---- */

#define USER_CODE_BYTES(name, text)                                                                \
    extern const u8 name[], name##_end[];                                                          \
    __asm__(".pushsection .rodata\n" #name ": " text "; int $0x80\n" #name "_end:\n.popsection\n")

USER_CODE_BYTES(in_8, "in %dx, %al");
USER_CODE_BYTES(in_16, "in %dx, %ax");
USER_CODE_BYTES(in_32, "in %dx, %eax");
USER_CODE_BYTES(in_immediate, "in $0x80, %al");
USER_CODE_BYTES(out_8, "out %al, %dx");
USER_CODE_BYTES(out_32, "out %eax, %dx");
USER_CODE_BYTES(ins_8, "rep insb");
USER_CODE_BYTES(ins_16, "rep insw");
USER_CODE_BYTES(ins_32, "insl");
USER_CODE_BYTES(outs_8, "rep outsb");
USER_CODE_BYTES(outs_32, "outsl");
USER_CODE_BYTES(user_cli, "cli");

#define RAX_BEFORE 0x1122334455667700ull

/* Runs a piece of user code with rdx = port, rdi = rsi = at, rcx = count; returns the vector. */
static u64 run(const u8 *from, const u8 *to, u64 cs, u32 port, u64 at, u64 count)
{
    memcpy(space.code, from, (size_t)(to - from));
    memset(&frame, 0, sizeof frame);
    frame.rip = USER_CODE;
    frame.rsp = USER_STACK - 8;
    frame.cs = cs;
    frame.rflags = RFLAGS_IF;
    frame.rax = RAX_BEFORE;
    frame.rdx = port;
    frame.rdi = frame.rsi = at;
    frame.rcx = count;
    user_run(&frame, 0);
    return frame.vector;
}
#define RUN(name, port)                   run(name, name##_end, 0, port, 0, 0)
#define RUN_32(name, port)                run(name, name##_end, USER_CS32, port, 0, 0)
#define RUN_STRING(name, port, at, count) run(name, name##_end, 0, port, at, count)

#define expect_done(code, port, ...)  check_equal(RUN(code, port), VECTOR_INT80, __VA_ARGS__)
#define expect_fault(code, port, ...) check_equal(RUN(code, port), VECTOR_GP, __VA_ARGS__)

/* ---- claims ---- */

static void check_refused_calls(void)
{
    check_equal(set_bitmap(address(bitmap), PORTS + 1), -XEN_EINVAL, "more ports than there are");
    check_equal(hypercall(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iobitmap, 0x1000, 0), -XEN_EFAULT,
                "no structure");
    expect_fault(in_8, PORT, "a port without a bitmap");
    check_equal(frame.error, 0, "the error code");
    check_equal(frame.rip, USER_CODE, "rip");
}

static void check_bits(void)
{
    permit_only(PORT, 1);
    check_equal(set_bitmap(address(bitmap), PORTS), 0, "set_iobitmap");
    expect_done(in_8, PORT, "in");
    check_equal(frame.rax, RAX_BEFORE | ALL_ONES_8, "what it read");
    check_equal(frame.rip, USER_CODE + in_8_end - in_8, "rip");
    expect_done(out_8, PORT, "out");
    check_equal(frame.rax, RAX_BEFORE, "rax after out");
    expect_fault(in_8, PORT - 1, "the port below");
    expect_fault(out_8, PORT + 1, "the port above");
    expect_fault(in_16, PORT, "two ports of which one is permitted");
    expect_fault(in_16, PORT - 1, "two ports of which the second is permitted");
    expect_fault(user_cli, PORT, "cli, which the bitmap does not permit");
    bitmap[PORT / 8] = 0xff;
    expect_fault(in_8, PORT, "in after a change of the bit, without a call");
    bitmap[PORT / 8] = 0;
    expect_done(in_8, PORT, "in after another change");
    bitmap[0x80 / 8] = 0xfe;
    expect_done(in_immediate, PORT, "in by an immediate");
}

static void check_widths(void)
{
    for (u32 first = PORT; first < PORT + 8; first++) {
        permit_only(first, 4);
        expect_done(in_32, first, "four ports from %x", first);
        check(frame.rax == 0xffffffff || is_initial_domain(), "what in read: %lx", frame.rax);
        expect_done(out_32, first, "out to four ports from %x", first);
        expect_done(in_16, first + 2, "the last two from %x", first);
        check(frame.rax == (RAX_BEFORE | 0xffff) || is_initial_domain(), "what in read: %lx",
              frame.rax);
        expect_fault(in_32, first + 1, "three of four from %x", first + 1);
        expect_fault(out_32, first - 1, "three of four from %x", first - 1);
        expect_fault(in_16, first + 3, "one of two from %x", first + 3);
    }
}

static void check_length(void)
{
    permit_only(0, PORTS);
    expect_done(in_8, PORTS - 1, "the last port");
    expect_done(in_16, PORTS - 2, "the last two");
    expect_fault(in_16, PORTS - 1, "beyond the last");
    expect_fault(in_32, PORTS - 3, "four from the last but two");
    expect_done(in_8, 0, "port 0");
    check_equal(set_bitmap(address(bitmap), PORT), 0, "a bitmap that ends before the port");
    expect_fault(in_8, PORT, "the port");
    check_equal(set_bitmap(address(bitmap), PORT + 1), 0, "a bitmap that ends behind the port");
    expect_done(in_8, PORT, "the port");
    expect_fault(in_16, PORT, "the port and the next");
    check_equal(set_bitmap(address(bitmap), 0), 0, "no bitmap");
    expect_fault(in_8, PORT, "the port");
}

/* A bitmap whose pages come and go, and one that no guest can have. */
static void check_memory(void)
{
    static const struct {
        u64 at;
        long result; /* Xen checks the first byte only */
    } nowhere[] = {{0x1000, 0},
                   {(1ull << 47) - PAGE_SIZE, 0},
                   {HYPERVISOR_VIRT_END - PAGE_SIZE, -XEN_EINVAL},
                   {HYPERVISOR_VIRT_START, -XEN_EINVAL},
                   {HYPERVISOR_VIRT_START - PAGE_SIZE, -XEN_EINVAL},
                   {1ull << 62, -XEN_EINVAL},
                   {~0ull, 0}};
    u8 *page = bitmap + PAGE_SIZE;

    permit_only(0, PORTS);
    check_equal(set_bitmap(address(bitmap), PORTS), 0, "set_iobitmap");
    check_equal(update_va_mapping(address(page), 0, UVMF_INVLPG), 0, "unmapping");
    expect_done(in_8, PORT, "a port of the first page");
    expect_fault(in_8, 0x9234, "a port of the second page, which is gone");
    expect_fault(in_16, PAGE_SIZE * 8 - 1, "a port of each page");
    if (!is_initial_domain()) { /* Xen always reads two bytes, which are not there */
        expect_done(in_8, PAGE_SIZE * 8 - 1, "the last port of the first page");
        expect_done(in_32, PAGE_SIZE * 8 - 4, "the last four of the first page");
    }
    check_equal(update_va_mapping(address(page), entry_for(page, PTE_RO), UVMF_INVLPG), 0,
                "mapping it again");
    expect_done(in_8, 0x9234, "a port of the second page");
    expect_done(in_16, PAGE_SIZE * 8 - 1, "across the two pages");
    check_equal(update_va_mapping(address(page), entry_for(page, PTE_RW), UVMF_INVLPG), 0,
                "writable again");
    for (unsigned i = 0; i < ARRAY_LENGTH(nowhere); i++) {
        check_equal(set_bitmap(0, 0), 0, "no bitmap");
        check_equal(set_bitmap(nowhere[i].at, 0), nowhere[i].result, "none at %lx", nowhere[i].at);
        check_equal(set_bitmap(nowhere[i].at, PORTS), nowhere[i].result, "a bitmap at %lx",
                    nowhere[i].at);
        expect_fault(in_8, PORT, "a port with a bitmap at %lx", nowhere[i].at);
    }
}

static void check_strings(void)
{
    u8 *data = space.data;

    permit_only(PORT, 4);
    check_equal(set_bitmap(address(bitmap), PORTS), 0, "set_iobitmap");
    memset(data, 0, 64);
    check_equal(RUN_STRING(ins_8, PORT, USER_DATA + 8, 5), VECTOR_INT80, "rep insb");
    check(!data[7] && data[8] == 0xff && data[12] == 0xff && !data[13], "what it wrote");
    check_equal(frame.rdi, USER_DATA + 13, "rdi");
    check_equal(frame.rcx, 0, "rcx");
    check_equal(RUN_STRING(ins_32, PORT, USER_DATA + 16, 0), VECTOR_INT80, "insl");
    check(data[16] == 0xff && data[19] == 0xff && !data[20], "what it wrote");
    check_equal(RUN_STRING(ins_16, PORT + 3, USER_DATA, 1), VECTOR_GP, "insw of one port");
    check_equal(RUN_STRING(outs_8, PORT, USER_DATA, 3), VECTOR_INT80, "rep outsb");
    check_equal(frame.rsi, USER_DATA + 3, "rsi");
    check_equal(RUN_STRING(outs_32, PORT + 1, USER_DATA, 0), VECTOR_GP, "outsl of three ports");
    check_equal(RUN_STRING(ins_8, PORT, USER_STACK - 2, 5), VECTOR_PF, "insb beyond the page");
    check_equal(trap_caught_cr2, USER_STACK, "cr2");
    check_equal(frame.error, PF_WRITE | PF_USER, "error code");
    check_equal(frame.rcx, 3, "rcx");
    check_equal(frame.rip, USER_CODE, "rip");
    check_equal(RUN_STRING(ins_32, PORT, USER_STACK - 2, 0), VECTOR_PF, "insl across the end");
    check_equal(trap_caught_cr2, USER_STACK, "cr2");
    check_equal(RUN_STRING(ins_8, PORT, USER_CODE, 1), VECTOR_PF, "insb to read-only memory");
    check_equal(trap_caught_cr2, USER_CODE, "cr2");
    check(frame.error == (PF_PRESENT | PF_WRITE | PF_USER) || is_initial_domain(), "error code %lx",
          frame.error);
    check_equal(RUN_STRING(outs_32, PORT, USER_STACK - 2, 0), VECTOR_PF, "outsl across the end");
    check_equal(trap_caught_cr2, USER_STACK, "cr2");
    check_equal(frame.error, PF_USER, "error code");
    if (!is_initial_domain()) { /* Xen does not say that a page is present, and raises #GP here */
        check_equal(RUN_STRING(ins_8, PORT, HYPERVISOR_VIRT_START, 1), VECTOR_PF,
                    "insb to the hypervisor");
    }
    check_equal(RUN_STRING(ins_8, PORT, address(bitmap), 1), VECTOR_PF, "insb to the kernel");
    check_equal(RUN_STRING(ins_8, PORT, 1ull << 62, 1), VECTOR_GP, "insb to nowhere");
}

static void check_level(void)
{
    check_equal(set_bitmap(0, 0), 0, "no bitmap");
    for (u32 level = 0; level < 3; level++) {
        check_equal(set_level(level), 0, "set_iopl %u", level);
        expect_fault(in_8, PORT, "level %u", level);
    }
    check_equal(set_level(3), 0, "set_iopl 3");
    expect_done(in_8, PORT, "level 3");
    check_equal(frame.rax, RAX_BEFORE | ALL_ONES_8, "what it read");
    check_equal(frame.rflags & RFLAGS_IOPL, 0, "the level in the frame's flags");
    expect_done(out_32, PORTS - 4, "any port");
    expect_done(user_cli, PORT, "cli");
    check(frame.rflags & RFLAGS_IF, "interrupts are really off");
    check_equal(set_level(0), 0, "set_iopl 0");
    expect_fault(in_8, PORT, "level 0 again");
}

/* In 32-bit code, and in the kernel. */
static void in_kernel(void *value)
{
    __asm__ volatile("inb %%dx, %%al" : "+a"(*(u64 *)value) : "d"(PORT));
}

static void check_code(void)
{
    u64 value = RAX_BEFORE;

    permit_only(PORT, 2);
    check_equal(set_bitmap(address(bitmap), PORTS), 0, "set_iobitmap");
    check_equal(RUN_32(in_8, PORT), VECTOR_INT80, "in of 32-bit code");
    check_equal(frame.rax & 0xff, ALL_ONES_8, "what it read");
    check_equal(RUN_32(in_16, PORT), VECTOR_INT80, "in of two bytes");
    check_equal(RUN_32(in_32, PORT), VECTOR_GP, "in of four bytes");
    check_equal(RUN_32(out_8, PORT + 2), VECTOR_GP, "another port");
    check(!trap_catch(in_kernel, &value), "the kernel, by its bitmap: trap %lu",
          trap_caught.vector);
    check_equal(value & 0xff, ALL_ONES_8, "what it read");
    check_equal(set_bitmap(0, 0), 0, "no bitmap");
    check_traps(VECTOR_GP, in_kernel, &value, "the kernel without it");
}

/* ---- the kernel by its level: what else an instruction changes than RAX ---- */

#define REGISTERS    15u /* in the order of KERNEL_CODE */
#define FLAGS_LOADED (RFLAGS_CF | RFLAGS_DF)
#define KERNEL_PORT  0x9au /* a port that no machine has, as DX and as an immediate */

u64 kernel_registers[REGISTERS], kernel_flags;

/* A function that loads registers and flags, executes `text`, and stores both. */
#define KERNEL_CODE(name, text)                                                                    \
    void name(void);                                                                               \
    __asm__(".pushsection .text\n" #name ":\n"                                                     \
            "push %rbx; push %rbp; push %r12; push %r13; push %r14; push %r15\n"                   \
            "pushq kernel_flags(%rip); popfq\n"                                                    \
            ".set at, 0\n"                                                                         \
            ".irp register, rax, rdx, rcx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, "  \
            "r15\n"                                                                                \
            "mov kernel_registers + at(%rip), %\\register\n"                                       \
            ".set at, at + 8\n.endr\n" text "\n.set at, 0\n"                                       \
            ".irp register, rax, rdx, rcx, rbx, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, "  \
            "r15\n"                                                                                \
            "mov %\\register, kernel_registers + at(%rip)\n"                                       \
            ".set at, at + 8\n.endr\n"                                                             \
            "pushfq; popq kernel_flags(%rip); cld\n"                                               \
            "pop %r15; pop %r14; pop %r13; pop %r12; pop %rbp; pop %rbx; ret\n"                    \
            ".popsection\n")

KERNEL_CODE(kernel_in_8, "in %dx, %al");
KERNEL_CODE(kernel_in_16, "in %dx, %ax");
KERNEL_CODE(kernel_in_32, "in %dx, %eax");
KERNEL_CODE(kernel_in_8_immediate, "in $0x9a, %al");
KERNEL_CODE(kernel_in_32_immediate, "in $0x9a, %eax");
KERNEL_CODE(kernel_out_8, "out %al, %dx");
KERNEL_CODE(kernel_out_16, "out %ax, %dx");
KERNEL_CODE(kernel_out_32, "out %eax, %dx");
KERNEL_CODE(kernel_out_8_immediate, "out %al, $0x9a");
KERNEL_CODE(kernel_out_32_immediate, "out %eax, $0x9a");
KERNEL_CODE(kernel_cli, "cli");
KERNEL_CODE(kernel_sti, "sti");

static void check_kernel(void)
{
    static const struct {
        void (*execute)(void);
        const char *name;
        u64 keeps, sets; /* the bits of RAX */
    } cases[] = {
        {kernel_in_8, "in %dx, %al", ~0xffull, 0xff},
        {kernel_in_16, "in %dx, %ax", ~0xffffull, 0xffff},
        {kernel_in_32, "in %dx, %eax", 0, 0xffffffff},
        {kernel_in_8_immediate, "in $0x9a, %al", ~0xffull, 0xff},
        {kernel_in_32_immediate, "in $0x9a, %eax", 0, 0xffffffff},
        {kernel_out_8, "out %al, %dx", ~0ull, 0},
        {kernel_out_16, "out %ax, %dx", ~0ull, 0},
        {kernel_out_32, "out %eax, %dx", ~0ull, 0},
        {kernel_out_8_immediate, "out %al, $0x9a", ~0ull, 0},
        {kernel_out_32_immediate, "out %eax, $0x9a", ~0ull, 0},
        {kernel_cli, "cli", ~0ull, 0},
        {kernel_sti, "sti", ~0ull, 0},
    };
    u64 expected[REGISTERS];

    check_equal(set_level(1), 0, "set_iopl 1");
    for (unsigned i = 0; i < ARRAY_LENGTH(cases); i++) {
        for (u64 r = 0; r < REGISTERS; r++) {
            expected[r] = kernel_registers[r] = 0x1234567890abcd00 * (r + 1) + r;
        }
        expected[1] = kernel_registers[1] = 0x5555555555550000 + KERNEL_PORT;
        expected[0] = (expected[0] & cases[i].keeps) | cases[i].sets;
        kernel_flags = RFLAGS_FIXED | RFLAGS_IF | FLAGS_LOADED;
        cases[i].execute();
        check_equal(kernel_flags & (RFLAGS_ARITHMETIC | RFLAGS_DF | RFLAGS_IF),
                    RFLAGS_IF | FLAGS_LOADED, "the flags behind %s", cases[i].name);
        for (unsigned r = 0; r < REGISTERS; r++) {
            check_equal(kernel_registers[r], expected[r], "register %u behind %s", r,
                        cases[i].name);
        }
    }
    check_equal(set_level(0), 0, "set_iopl 0");
}

/* What the hypervisor itself uses: interrupt controllers, the timer's control port, the clock, the
 * console, PCI's configuration, the port that switches the emulator off. */
static void check_machine(void)
{
    static const u16 ports[] = {0x20, 0xa0, 0x43, 0x61, 0x70, 0x71, 0x3f8, 0x3fd, 0xcf8, 0xf4};

    permit_only(0, PORTS);
    check_equal(set_bitmap(address(bitmap), PORTS), 0, "set_iobitmap");
    for (unsigned i = 0; i < ARRAY_LENGTH(ports); i++) {
        expect_done(out_8, ports[i], "out to %x", ports[i]);
        expect_done(in_8, ports[i], "in from %x", ports[i]);
        check_equal(frame.rax, RAX_BEFORE | ALL_ONES_8, "port %x", ports[i]);
    }
}

/* A vCPU begins without a bitmap, also if the other vCPU has one. */
static unsigned refusals;

static trap_handler count_refusal;

static void count_refusal(struct trap_frame *f)
{
    refusals++;
    f->rip++; /* over IN */
}

static void other_vcpu(unsigned self)
{
    u64 value = 0;

    if (self != 1) {
        return;
    }
    traps_start(); /* vCPU 0 raises no trap meanwhile */
    trap_take(VECTOR_GP, count_refusal);
    in_kernel(&value);
    check_equal(refusals, 1, "a port of the other vCPU's bitmap");
    check_equal(set_bitmap(address(bitmap), PORTS), 0, "set_iobitmap of the second vCPU");
    in_kernel(&value);
    check_equal(refusals, 1, "a port of its own bitmap");
    check_equal(value & 0xff, ALL_ONES_8, "what it read");
    trap_take(VECTOR_GP, NULL);
}

static void check_vcpus(void)
{
    permit_only(PORT, 1);
    check_equal(set_bitmap(address(bitmap), PORTS), 0, "set_iobitmap of the first vCPU");
    smp_start(2);
    smp_run(other_vcpu);
}

void test_main(void)
{
    user_space_make(&space);
    check_refused_calls();
    check_bits();
    check_widths();
    check_length();
    check_memory();
    check_strings();
    check_level();
    check_code();
    check_kernel();
    if (!is_initial_domain()) {
        check_machine();
        check_vcpus();
    }
}
