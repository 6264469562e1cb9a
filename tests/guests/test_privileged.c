/* SPDX-License-Identifier: MIT */
/* Instructions that only ring 0 may execute, from a kernel that is not in ring 0.
 *
 * The hypervisor emulates some for the guest (moves to cr0, rdmsr, in, wbinvd ...), with the
 * guest's view of the machine; all others raise #GP in the guest. CPUID does not fault, so the ABI
 * has a prefix for it, an invalid opcode that the hypervisor knows. */
#include "tests/guests/common/guest.h"

#include "lib/x86/control.h"
#include "lib/x86/msr.h"

#include <xen/arch-x86/cpuid.h>
#include <xen/physdev.h>

#define PORT_NOBODY 0x1234

struct cpuid {
    u32 a, b, c, d;
};

static struct cpuid cpuid(u32 leaf, u32 subleaf)
{
    struct cpuid r;

    __asm__ volatile(XEN_CPUID
                     : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d)
                     : "0"(leaf), "2"(subleaf));
    return r;
}

/* ---- CPUID ---- */

static void check_hypervisor_leaves(void)
{
    struct cpuid r = cpuid(0x40000000, 0);

    check(r.b == XEN_CPUID_SIGNATURE_EBX && r.c == XEN_CPUID_SIGNATURE_ECX &&
              r.d == XEN_CPUID_SIGNATURE_EDX,
          "the signature: %x %x %x", r.b, r.c, r.d);
    check(r.a >= 0x40000002 && r.a < 0x40000100, "the last leaf: %x", r.a);
    check_equal(cpuid(0x40000001, 0).a, xen_version(XENVER_version, NULL), "the version");
    r = cpuid(0x40000002, 0);
    check_equal(r.a, 1, "hypercall pages");
    check_equal(r.b, 0x40000000, "the MSR base");
    check(r.c & XEN_CPUID_FEAT1_MMU_PT_UPDATE_PRESERVE_AD, "features %x", r.c);
}

static void check_processor_leaves(void)
{
    struct cpuid r = cpuid(1, 0);

    check(r.c >> 31, "leaf 1: not under a hypervisor: %x", r.c);
    check(!(r.d & 1u << 3), "leaf 1: PSE");
    check(is_initial_domain() || !(r.d & 1u << 12), "leaf 1: MTRR");
    check(!(r.d & 1u << 13), "leaf 1: PGE");
    check(!(r.c & 1u << 5), "leaf 1: VMX");
    check(!(r.c & 1u << 17), "leaf 1: PCID");
    check(!(r.c & 1u << 21), "leaf 1: X2APIC");
    check(r.d & 1u << 6, "leaf 1: no PAE");
    check((r.d & 7u << 24) == 7u << 24, "leaf 1: FXSR, SSE, SSE2: %x", r.d);
    r = cpuid(7, 0);
    check(!(r.b & (1u << 7 | 1u << 20)), "leaf 7: SMEP or SMAP: %x", r.b);
    check(!(r.c & (1u << 2 | 1u << 3 | 1u << 16)), "leaf 7: UMIP, PKU or LA57: %x", r.c);
    r = cpuid(0x80000001, 0);
    check(r.d & 1u << 11 && r.d & 1u << 20 && r.d & 1u << 29, "SYSCALL, NX, LM: %x", r.d);
    check(!(r.d & 1u << 26), "1 GiB pages");
    check(!(r.c & 1u << 2), "SVM");
}

static void bare_prefix(void *unused)
{
    (void)unused;
    __asm__ volatile(XEN_EMULATE_PREFIX "nop");
}

static void broken_prefix(void *unused)
{
    (void)unused;
    __asm__ volatile(".byte 0x0f,0x0b,0x78,0x65,0x6f; cpuid" ::: "rax", "rbx", "rcx", "rdx");
}

/* ---- MSRs ---- */

static u32 msr_index;
static u64 msr_value;

static void read_msr(void *unused)
{
    u32 low, high;

    (void)unused;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(msr_index));
    msr_value = low | (u64)high << 32;
}

static void write_msr(void *unused)
{
    (void)unused;
    __asm__ volatile("wrmsr" ::"c"(msr_index), "a"((u32)msr_value), "d"((u32)(msr_value >> 32))
                     : "memory");
}

static bool read_msr_traps(u32 index)
{
    msr_index = index;
    return trap_catch(read_msr, NULL);
}

static void check_msrs(void)
{
    static const struct {
        u32 first, count;
    } ranges[] = {{0, 0x800},          {0x800, 0x100},      {0xc80, 0x80},      {0x40000000, 0x100},
                  {0xc0000000, 0x110}, {0xc0010000, 0x180}, {0xc0011000, 0x40}, {0xfffffff0, 16}};
    unsigned readable = 0;

    check(!read_msr_traps(MSR_EFER), "EFER cannot be read");
    check((msr_value & (EFER_SCE | EFER_LME | EFER_LMA)) == (EFER_SCE | EFER_LME | EFER_LMA),
          "EFER is %lx", msr_value);
    check(!trap_catch(write_msr, NULL), "EFER cannot be written as it is");
    msr_value &= ~(u64)EFER_LMA;
    check_traps(VECTOR_GP, write_msr, NULL, "EFER without LMA");
    msr_value = 0;
    check(read_msr_traps(0x606) && trap_caught.vector == VECTOR_GP, "a power MSR can be read");
    check(read_msr_traps(0x12345678) && trap_caught.vector == VECTOR_GP, "an MSR that nobody has");
    check_equal(trap_caught.error, 0, "its error code");
    msr_index = 0x12345678;
    check_traps(VECTOR_GP, write_msr, NULL, "writing an MSR that nobody has");
    msr_index = 0x174;
    msr_value = address(guest_start);
    trap_catch(write_msr, NULL);
    check(read_msr_traps(0x174) || msr_value != address(guest_start), "SYSENTER_CS was written");

    for (unsigned i = 0; i < ARRAY_LENGTH(ranges); i++) {
        for (u32 j = 0; j < ranges[i].count; j++) {
            if (!read_msr_traps(ranges[i].first + j)) {
                readable++;
            } else if (trap_caught.vector != VECTOR_GP) {
                check(false, "rdmsr %x raises %lu", ranges[i].first + j, trap_caught.vector);
            }
        }
    }
    print("Note: %u MSRs can be read\n", readable);
}

/* ---- control registers ---- */

#define READER(name, register)                                                                     \
    static u64 name(void)                                                                          \
    {                                                                                              \
        u64 value;                                                                                 \
        __asm__ volatile("mov %%" register ", %0" : "=r"(value));                                  \
        return value;                                                                              \
    }
#define WRITER(name, register)                                                                     \
    static void name(void *value)                                                                  \
    {                                                                                              \
        __asm__ volatile("mov %0, %%" register ::"r"(value) : "memory");                           \
    }
READER(read_cr0, "cr0")
READER(read_cr2, "cr2")
READER(read_cr4, "cr4")
WRITER(write_cr0, "cr0")
WRITER(write_cr2, "cr2")
WRITER(write_cr3, "cr3")
WRITER(write_cr4, "cr4")

static void check_control_registers(void)
{
    u64 cr0 = read_cr0();

    check((cr0 & (CR0_PE | CR0_PG | CR0_WP)) == (CR0_PE | CR0_PG | CR0_WP), "cr0 is %lx", cr0);
    check(!trap_catch(write_cr0, (void *)cr0), "cr0 cannot be written as it is");
    check_traps(VECTOR_GP, write_cr0, (void *)(cr0 & ~CR0_WP), "cr0 without WP");
    check_traps(VECTOR_GP, write_cr0, (void *)(cr0 & ~CR0_PG), "cr0 without PG");
    check_equal(read_cr0() & ~CR0_TS, cr0 & ~CR0_TS, "cr0 after refusals");
    check(!trap_catch(write_cr2, (void *)0x12345), "cr2 cannot be written");
    check_equal(read_cr2(), 0x12345, "cr2");
    check(read_cr4() & CR4_PAE, "cr4 is %lx", read_cr4());
    check(!trap_catch(write_cr4, (void *)read_cr4()), "cr4 cannot be written as it is");
    check(!trap_catch(write_cr3, (void *)read_cr3()), "cr3 cannot be written as it is");
    check_traps(VECTOR_GP, write_cr3, (void *)(mfn_of(page_take()) * PAGE_SIZE),
                "cr3 of a plain page");
}

/* ---- ports ---- */

static u32 port_value;

static void in_byte(void *unused)
{
    (void)unused;
    __asm__ volatile("inb %%dx, %%al" : "+a"(port_value) : "d"(PORT_NOBODY));
}

static void in_all(void *unused)
{
    u8 bytes[4] = {0};
    void *at = bytes;
    u64 count = 4;
    u32 a = 0;

    (void)unused;
    __asm__ volatile("inb %%dx, %%al" : "+a"(a) : "d"(PORT_NOBODY));
    check_equal(a, 0xff, "inb");
    __asm__ volatile("inw %%dx, %%ax" : "+a"(a) : "d"(PORT_NOBODY));
    check_equal(a, 0xffff, "inw");
    __asm__ volatile("inl %%dx, %%eax" : "+a"(a) : "d"(PORT_NOBODY));
    check_equal(a, 0xffffffff, "inl");
    __asm__ volatile("rep insb" : "+D"(at), "+c"(count) : "d"(PORT_NOBODY) : "memory");
    check(!count && at == bytes + 4, "rep insb left rcx %lx", count);
    check(bytes[0] == 0xff && bytes[3] == 0xff, "rep insb: %x", bytes[0]);
    __asm__ volatile("outb %%al, %%dx" ::"a"(0), "d"(PORT_NOBODY));
    __asm__ volatile("outl %%eax, %%dx" ::"a"(0), "d"(PORT_NOBODY));
}

static void do_cli_sti(void *unused)
{
    (void)unused;
    __asm__ volatile("cli; sti");
}

static void check_ports(void)
{
    struct physdev_set_iopl iopl = {.iopl = 1};
    long result;

    check_traps(VECTOR_GP, in_byte, NULL, "in without the privilege");
    check_traps(VECTOR_GP, do_cli_sti, NULL, "cli without the privilege");
    result = hypercall(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iopl, address(&iopl), 0);
    check_equal(result, 0, "set_iopl");
    check(!trap_catch(in_all, NULL), "in and out raise %lu at %lx", trap_caught.vector,
          trap_caught.rip);
    check(!trap_catch(do_cli_sti, NULL), "cli or sti raises %lu", trap_caught.vector);
    check(read_flags() & RFLAGS_IF, "interrupts are really off");
    check(!(read_flags() & RFLAGS_IOPL), "IOPL is really set: %lx", read_flags());
    iopl.iopl = 4;
    check_equal(hypercall(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iopl, address(&iopl), 0),
                -XEN_EINVAL, "set_iopl 4");
}

/* ---- the rest ---- */

#define INSTRUCTION(name, text)                                                                    \
    static void name(void *at)                                                                     \
    {                                                                                              \
        __asm__ volatile(text ::"r"(at) : "memory", "rax", "rdx", "rcx");                          \
    }
INSTRUCTION(do_wbinvd, "wbinvd # %0")
INSTRUCTION(do_clts, "clts # %0")
INSTRUCTION(do_rdtscp, "rdtscp # %0")
INSTRUCTION(do_hlt, "hlt # %0")
INSTRUCTION(do_invd, "invd # %0")
INSTRUCTION(do_invlpg, "invlpg (%0)")
INSTRUCTION(do_lgdt, "lgdt (%0)")
INSTRUCTION(do_lidt, "lidt (%0)")
INSTRUCTION(do_lldt, "xor %%eax, %%eax; lldt %%ax # %0")
INSTRUCTION(do_ltr, "mov $0xe040, %%eax; ltr %%ax # %0")
INSTRUCTION(do_lmsw, "mov $0x31, %%eax; lmsw %%ax # %0")
INSTRUCTION(do_rdpmc, "xor %%ecx, %%ecx; rdpmc # %0")
INSTRUCTION(do_read_cr8, "mov %%cr8, %%rax # %0")
INSTRUCTION(do_far_jump, "push $0xe008; push %0; lretq")
INSTRUCTION(do_iretq, "push $0xe010; push %0; push $0x202; push $0xe008; push %0; iretq")

static void check_others(void)
{
    static const struct {
        void (*function)(void *);
        const char *name;
    } refused[] = {{do_hlt, "hlt"},
                   {do_invlpg, "invlpg"},
                   {do_lgdt, "lgdt"},
                   {do_lidt, "lidt"},
                   {do_lldt, "lldt"},
                   {do_ltr, "ltr"},
                   {do_lmsw, "lmsw"},
                   {do_rdpmc, "rdpmc"},
                   {do_read_cr8, "mov cr8"},
                   {do_far_jump, "lret to ring 0"},
                   {do_iretq, "iret to ring 0"}};
    static const u64 zeros[2];
    u64 first, second;

    check(!trap_catch(do_wbinvd, NULL), "wbinvd raises %lu", trap_caught.vector);
    check(!trap_catch(do_clts, NULL), "clts raises %lu", trap_caught.vector);
    check(!trap_catch(do_rdtscp, NULL), "rdtscp raises %lu", trap_caught.vector);
    first = read_tsc();
    second = read_tsc();
    check(second > first, "the time-stamp counter stands: %lx, %lx", first, second);
    for (unsigned i = 0; i < ARRAY_LENGTH(refused); i++) {
        check_traps(VECTOR_GP, refused[i].function, (void *)zeros, "%s raises %ld", refused[i].name,
                    (s64)trap_caught.vector);
    }
    if (trap_catch(do_invd, NULL)) {
        check(trap_caught.vector == VECTOR_GP, "invd raises %lu", trap_caught.vector);
    } else {
        print("Emulator: INVD is not privileged\n"); /* QEMU 10.0 */
    }
    check_traps(VECTOR_UD, bare_prefix, NULL, "the prefix before nop");
    check_traps(VECTOR_UD, broken_prefix, NULL, "a broken prefix");
    __asm__ volatile("push $2; popf");
    check(read_flags() & RFLAGS_IF, "popf cleared IF");
}

/* Writes "clts; ret" across the end of the first of two new pages. Returns its address. */
static u8 *across_pages(void)
{
    u8 *first = page_take(), *second = page_take();

    check_equal(address(second), address(first) + PAGE_SIZE, "two pages in a row");
    first[PAGE_SIZE - 1] = 0x0f;
    second[0] = 0x06;
    second[1] = 0xc3;
    return first + PAGE_SIZE - 1;
}

/* An instruction may cross the end of a page, and the next page may not be mapped. Bochs executes
 * one that it has executed before even then (findings/bochs_keeps_split_instructions.sh): hence two
 * of them. */
static void check_page_end(void)
{
    u8 *whole = across_pages(), *half = across_pages();

    check(!trap_catch((void (*)(void *))(uintptr_t)whole, NULL),
          "clts across a page end raises %lu", trap_caught.vector);
    check_equal(update_va_mapping(address(half + 1), 0, UVMF_INVLPG), 0,
                "unmapping the second page");
    check_traps(VECTOR_PF, (void (*)(void *))(uintptr_t)half, NULL,
                "half an instruction raises %lu", trap_caught.vector);
    check_equal(trap_caught_cr2, address(half + 1), "cr2");
    check_equal(trap_caught.rip, address(half), "rip");
}

void test_main(void)
{
    check_hypervisor_leaves();
    check_processor_leaves();
    check_msrs();
    check_control_registers();
    check_ports();
    check_others();
    check_page_end();
}
