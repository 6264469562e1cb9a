/* SPDX-License-Identifier: MIT */
/* Setting up a CPU: its region, its control registers and its stack. */
#include "hypervisor/cpu/start.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/cpu/segments.h"
#include "hypervisor/cpu/speculation.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/memory/map.h"
#include "hypervisor/memory/space.h"
#include "hypervisor/ranks.h"
#include "hypervisor/cpu/entry.h"
#include "hypervisor/cpu/processor.h"
#include "hypervisor/cpu/registers.h"
#include "hypervisor/cpu/xsave.h"
#include "lib/string.h"
#include "lib/x86/cpuid.h"
#include "vmmu/vmmu.h"

/* Allocates and maps one page of a CPU's region. Returns its address in the direct map. NULL: no
 * memory. */
static char *map_region_page(u64 address, u64 flags)
{
    char *page = page_alloc(0);

    return page && map_page(address, frame_of_view(page), flags) ? page : NULL;
}

/* Makes a jump in a copy of the system call stubs lead to `target`. `copy`: the copy's address for
 * writing; `region`: the address at which it will execute; `end`: the end of the jump instruction
 * in syscall_template. */
static void aim_jump(char *copy, u64 region, const char *end, void (*target)(void))
{
    u64 offset = (u64)(end - syscall_template);
    s32 distance = (s32)((u64)target - region - offset);

    memcpy(copy + offset - sizeof distance, &distance, sizeof distance);
}

/* Copies the system call stubs to page 0 of a CPU's region. False: no memory. */
static bool map_stubs(u64 region)
{
    char *copy = map_region_page(region, 0);

    if (!copy) {
        return false;
    }
    memcpy(copy, syscall_template, (u64)(syscall_template_end - syscall_template));
    aim_jump(copy, region, syscall_jump_end, entry_syscall);
    aim_jump(copy, region, syscall32_jump_end, entry_common);
    aim_jump(copy, region, sysenter_jump_end, entry_common);
    aim_jump(copy, region, traced_jump_end, entry_syscall_traced);
    return true;
}

/* The address of the GDT that a CPU uses until it runs its first vCPU: a descriptor window of its
 * own, in which only the reserved page is mapped. */
static u64 idle_window(u32 number)
{
    return window_address(WINDOWS_MAX - 1 - number);
}

static bool map_idle_window(u32 number)
{
    u64 image = LAYOUT_IMAGE - LAYOUT_IMAGE_LOAD;

    return map_page(idle_window(number) + GDT_RESERVED_PAGE * PAGE_SIZE,
                    mfn(((u64)segments_reserved_page() - image) >> PAGE_SHIFT),
                    PTE_NX | PTE_WRITABLE);
}

static bool map_region(u64 region)
{
    const u64 data = PTE_NX | PTE_WRITABLE;
    bool good = map_stubs(region) && map_region_page(region + CPU_STATE, data);

    for (u32 ist = IST_DF; ist < ISTS && good; ist++) {
        good = map_region_page(region + CPU_IST_FIRST + (ist - 1) * CPU_IST_STRIDE, data);
    }
    for (u64 page = CPU_STACK; page < CPU_STACK_END && good; page += PAGE_SIZE) {
        good = map_region_page(region + page, data);
    }
    return good;
}

/* Makes the sets of stacks of the CPU; the first is what its region maps. False: no memory. */
static bool build_sets(struct cpu *cpu)
{
    const u64 first = (u64)cpu - CPU_STATE + CPU_IST_FIRST;

    for (u64 page = 0; page < CPU_SET_PAGES; page++) {
        u64 entry = map_entry(first + page * PAGE_SIZE, 1);

        cpu->set[0].entry[page] = entry;
        for (u32 i = 1; i < CPU_SETS && entry; i++) {
            char *own = page_alloc(0);

            if (!own) {
                return false;
            }
            cpu->set[i].entry[page] = (entry & ~(u64)PTE_ADDRESS) | frame_of_view(own).n
                                                                        << PAGE_SHIFT;
        }
    }
    cpu->stacks = &cpu->set[0];
    return true;
}

struct cpu *cpu_build(u32 number)
{
    struct cpu *cpu = cpu_at(number);
    u64 region = (u64)cpu - CPU_STATE;

    _Static_assert(sizeof *cpu <= PAGE_SIZE, "struct cpu is one page");
    _Static_assert(LAYOUT_CPUS + VMMU_CPUS_MAX * CPU_REGION - LAYOUT_IMAGE < 1ull << 31,
                   "a direct jump reaches the image");
    if (!map_region(region) || !map_idle_window(number) || !space_build_cpu(cpu) ||
        (space_isolates && !build_sets(cpu))) {
        return NULL;
    }
    for (u32 ist = IST_DF; ist < ISTS; ist++) {
        cpu->tss.ist[ist - 1] = region + CPU_IST_FIRST + (ist - 1) * CPU_IST_STRIDE + PAGE_SIZE;
    }
    cpu->number = number;
    cpu->timers.lock.rank = RANK_TIMERS;
    cpu->tss.io_map = sizeof cpu->tss; /* beyond the limit: ring 3 may use no I/O port */
    cpu->tss.rsp[0] = region + CPU_STACK_END;
    return cpu;
}

static void load_tables(struct cpu *cpu)
{
    segments_load(idle_window(cpu->number));
    load_hypervisor_segments();
    segments_load_tss(cpu->number, &cpu->tss);
    idt_load(false);
}

/* Where SYSENTER does not exist its selector is 0, which makes it a #GP on an emulated processor
 * that executes it all the same. */
static void start_sysenter(u64 stub)
{
    if (!(read_cpuid(1, 0).edx & CPUID_1_EDX_SEP)) {
        return;
    }
    if (!processor_has_sysenter()) {
        write_msr(MSR_SYSENTER_CS, 0);
        return;
    }
    write_msr(MSR_SYSENTER_CS, SELECTOR_CODE);
    write_msr(MSR_SYSENTER_ESP, stub + CPU_STACK_END);
    write_msr(MSR_SYSENTER_EIP, stub + (u64)(sysenter_template - syscall_template));
}

static void start_syscalls(struct cpu *cpu)
{
    u64 stub = (u64)cpu - CPU_STATE;

    write_msr(MSR_STAR, (u64)(SELECTOR_USER_CS32) << 48 | (u64)SELECTOR_CODE << 32);
    write_msr(MSR_LSTAR, stub);
    write_msr(MSR_CSTAR, stub + (u64)(syscall32_template - syscall_template));
    write_msr(MSR_SYSCALL_MASK, RFLAGS_TF | RFLAGS_IF | RFLAGS_DF | RFLAGS_IOPL | RFLAGS_NT |
                                    RFLAGS_RF | RFLAGS_VM | RFLAGS_AC);
    start_sysenter(stub);
}

void cpu_use_entries(bool traced)
{
    u64 stub = (u64)this_cpu() - CPU_STATE;

    write_msr(MSR_LSTAR, stub + (traced ? (u64)(traced_template - syscall_template) : 0));
    idt_load(traced);
}

void cpu_start_tables(void)
{
    segments_start();
    idt_start();
}

bool cpu_load(struct cpu *cpu)
{
    u64 cr4 = read_cr4() | CR4_DE | CR4_OSFXSR | CR4_OSXMMEXCPT | CR4_PGE;

    load_tables(cpu);
    start_syscalls(cpu);
    if (processor_last_leaf(0) >= 7 && read_cpuid(7, 0).ebx & CPUID_7_EBX_SMEP) {
        cr4 |= CR4_SMEP;
    }
    write_cr4(cr4);
    if (read_cpuid(1, 0).edx & CPUID_1_EDX_PAT) {
        write_msr(MSR_PAT, CPU_PAT);
    }
    speculation_start_cpu();
    return xsave_start() && space_start_cpu();
}

/* Assembly: a jump to operand 1, on an empty stack. It is a RET with a return address stored by
 * this code, not an indirect branch, whose predicted target a guest could influence. */
#define JUMP_TO_SECOND                                                                             \
    "push $0\n\t"                                                                                  \
    "call 1f\n"                                                                                    \
    "0:\tpause\n\t"                                                                                \
    "lfence\n\t"                                                                                   \
    "jmp 0b\n"                                                                                     \
    "1:\tmov %1, (%%rsp)\n\t"                                                                      \
    "ret"

void cpu_enter_stacks(struct cpu *cpu, void (*then)(void))
{
    const struct stacks *to = cpu->next_stacks;
    const u64 first = (u64)cpu - CPU_STATE + CPU_IST_FIRST;
    u64 *table = direct(maddr(map_entry(first, 2) & PTE_ADDRESS));

    /* RDX runs over the addresses of the stacks, to the end of the region, which is the top of the
     * main stack. No stack is used from the first change of an entry on. */
    __asm__ volatile("0:\tmov (%%rbx), %%rax\n\t"
                     "mov %%rax, (%%rdi)\n\t"
                     "invlpg (%%rdx)\n\t"
                     "add $8, %%rbx\n\t"
                     "add $8, %%rdi\n\t"
                     "add %2, %%rdx\n\t"
                     "test %3, %%edx\n\t"
                     "jnz 0b\n\t"
                     "mov %%rdx, %%rsp\n\t"
                     "xor %%eax, %%eax\n\t"
                     "xor %%ebx, %%ebx\n\t"
                     "xor %%ecx, %%ecx\n\t"
                     "xor %%edi, %%edi\n\t"
                     "xor %%ebp, %%ebp\n\t"
                     "xor %%r8d, %%r8d\n\t"
                     "xor %%r9d, %%r9d\n\t"
                     "xor %%r10d, %%r10d\n\t"
                     "xor %%r11d, %%r11d\n\t"
                     "xor %%r12d, %%r12d\n\t"
                     "xor %%r13d, %%r13d\n\t"
                     "xor %%r14d, %%r14d\n\t"
                     "xor %%r15d, %%r15d\n\t" JUMP_TO_SECOND
                     :
                     : "d"(first), "S"(then), "i"(PAGE_SIZE), "i"(CPU_REGION - 1), "b"(to->entry),
                       "D"(&table[first >> PAGE_SHIFT & 511])
                     : "memory");
    __builtin_unreachable();
}

void cpu_enter_stack(struct cpu *cpu, void (*then)(void))
{
    __asm__ volatile("mov %0, %%rsp\n\t"
                     "xor %%ebp, %%ebp\n\t" JUMP_TO_SECOND
                     :
                     : "r"((u64)cpu - CPU_STATE + CPU_STACK_END), "r"(then)
                     : "memory");
    __builtin_unreachable();
}
