/* SPDX-License-Identifier: MIT */
/* One physical CPU. */
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/cpu/fpu.h"
#include "hypervisor/cpu/segments.h"
#include "hypervisor/domain/vcpu.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/memory/map.h"
#include "hypervisor/sched/sched.h"
#include "hypervisor/trap/entry.h"
#include "lib/string.h"

/* WB, WT, UC-, UC, WC, WP, UC, UC: what the ABI promises. */
#define PAT 0x0000050100070406ull

#define TIMERS_LOCK_RANK 10u

static bool map_region_page(u64 region, u64 offset, u64 flags, const void *content, u64 size)
{
    void *page = page_alloc(0);

    if (!page)
        return false;
    if (content)
        memcpy(page, content, size);
    return map_page(region + offset, frame_of_view(page), flags);
}

/* The GDT of a CPU that has no vCPU: only the reserved page of a window of its own. */
static u64 idle_window(u32 number)
{
    return window_address(WINDOWS_MAX - 1 - number);
}

static bool map_idle_window(u32 number)
{
    u64 image = LAYOUT_IMAGE - LAYOUT_IMAGE_LOAD;

    return map_page(idle_window(number) + GDT_RESERVED_PAGE * PAGE_SIZE,
                    mfn(((u64)segments_reserved_page() - image) >> PAGE_SHIFT), MAP_NX | MAP_WRITE);
}

static bool map_region(u64 region)
{
    u64 stub_size = (u64)(syscall_template_end - syscall_template);
    bool good = map_region_page(region, 0, 0, syscall_template, stub_size) &&
                map_region_page(region, CPU_STATE, MAP_NX | MAP_WRITE, NULL, 0);

    for (u32 ist = IST_DF; ist < ISTS && good; ist++)
        good = map_region_page(region, CPU_IST_FIRST + (ist - 1) * CPU_IST_STRIDE,
                               MAP_NX | MAP_WRITE, NULL, 0);
    for (u64 page = CPU_STACK; page < CPU_STACK_END && good; page += PAGE_SIZE)
        good = map_region_page(region, page, MAP_NX | MAP_WRITE, NULL, 0);
    return good;
}

struct cpu *cpu_build(u32 number)
{
    struct cpu *cpu = cpu_at(number);
    u64 region = (u64)cpu - CPU_STATE;

    _Static_assert(sizeof *cpu <= PAGE_SIZE, "struct cpu is one page");
    if (!map_region(region) || !map_idle_window(number))
        return NULL;
    for (u32 ist = IST_DF; ist < ISTS; ist++)
        cpu->tss.ist[ist - 1] = region + CPU_IST_FIRST + (ist - 1) * CPU_IST_STRIDE + PAGE_SIZE;
    cpu->number = number;
    sched_start_cpu(cpu);
    cpu->timers.lock.rank = TIMERS_LOCK_RANK;
    cpu->tss.io_map = sizeof cpu->tss; /* no port for ring 3 */
    cpu->tss.rsp[0] = region + CPU_STACK_END;
    return cpu;
}

static void load_tables(struct cpu *cpu)
{
    segments_load(idle_window(cpu->number));
    load_hypervisor_segments();
    segments_load_tss(cpu->number, &cpu->tss);
    idt_load();
}

static void start_syscalls(struct cpu *cpu)
{
    u64 stub = (u64)cpu - CPU_STATE;

    cpu->syscall_go = (u64)entry_syscall;
    cpu->syscall32_go = cpu->sysenter_go = (u64)entry_common;
    write_msr(MSR_STAR, (u64)(SELECTOR_USER_CS32) << 48 | (u64)SELECTOR_CODE << 32);
    write_msr(MSR_LSTAR, stub);
    write_msr(MSR_CSTAR, stub + (u64)(syscall32_template - syscall_template));
    write_msr(MSR_SYSCALL_MASK, RFLAGS_TF | RFLAGS_IF | RFLAGS_DF | RFLAGS_IOPL | RFLAGS_NT |
                                    RFLAGS_RF | RFLAGS_VM | RFLAGS_AC);
    if (read_cpuid(1, 0).edx & 1u << 11) {
        write_msr(MSR_SYSENTER_CS, SELECTOR_CODE);
        write_msr(MSR_SYSENTER_ESP, stub + CPU_STACK_END);
        write_msr(MSR_SYSENTER_EIP, stub + (u64)(sysenter_template - syscall_template));
    }
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
    if (read_cpuid(7, 0).ebx & 1u << 7)
        cr4 |= CR4_SMEP;
    write_cr4(cr4);
    if (read_cpuid(1, 0).edx & 1u << 16)
        write_msr(MSR_PAT, PAT);
    return fpu_start();
}

void cpu_attach(struct cpu *cpu, struct vcpu *vcpu)
{
    u64 top = (u64)&vcpu->registers + REGISTERS_SIZE;

    cpu->current = vcpu;
    cpu->syscall_top = top;
    cpu->tss.rsp[0] = top;
    vcpu->cpu = cpu;
    vcpu->stack = ((u64)cpu - CPU_STATE) + CPU_STACK_END;
    segments_load(window_address(vcpu->window));
}

void cpu_enter_stack(struct cpu *cpu, void (*then)(void))
{
    __asm__ volatile("mov %0, %%rsp\n\txor %%ebp, %%ebp\n\tcall *%1\n\tud2"
                     :
                     : "r"((u64)cpu - CPU_STATE + CPU_STACK_END), "r"(then)
                     : "memory");
    __builtin_unreachable();
}
