/* SPDX-License-Identifier: MIT */
/* Virtual CPUs: the number of the running one, and starting others. */
#include "guest/error.h"
#include "guest/kernel.h"
#include "guest/lock.h"
#include "guest/page.h"
#include "guest/pv/cpu_offsets.h"
#include "guest/pv/startup.h"
#include "guest/space.h"
#include "lib/string.h"

#define STACK_PAGES 4u /* size of a stack. A CPU has two: for traps, and for its function */
#define STACK_BYTES (STACK_PAGES * PAGE_SIZE)

/* Bytes above the frame of a trap from user mode. user_enter keeps a pointer in the first word. */
#define TRAP_ROOM 16u

/* The kernel's GS base points to the struct of the running CPU. entry.S reads its first two words.
 */
static struct cpu {
    u64 number;
    u64 *trap_stack_top; /* where the frame of a trap from user mode ends */
    void (*function)(void);
} cpus[CPUS];

_Static_assert(offsetof(struct cpu, number) == CPU_NUMBER &&
                   offsetof(struct cpu, trap_stack_top) == CPU_TRAP_STACK_TOP,
               "as the entry code has them");

static u8 first_trap_stack[STACK_BYTES] __attribute__((aligned(16)));
/* The state in which cpu_run starts a CPU, under context_lock. */
static struct vcpu_guest_context context;
static struct lock context_lock = {.rank = 3};

unsigned cpu_number(void)
{
    u64 number;

    __asm__("mov %%gs:%c1, %0" : "=r"(number) : "i"(CPU_NUMBER));
    return (unsigned)number;
}

void cpu_relax(void)
{
    sched_op(SCHEDOP_yield, NULL);
}

/* Makes the STACK_BYTES at `stack` a CPU's stack for traps. */
static void set_trap_stack(struct cpu *cpu, u8 *stack)
{
    cpu->trap_stack_top = (u64 *)(void *)(stack + STACK_BYTES - TRAP_ROOM);
}

void cpu_start(void)
{
    set_trap_stack(&cpus[0], first_trap_stack);
    if (hypercall(__HYPERVISOR_set_segment_base, SEGBASE_GS_KERNEL, address(&cpus[0]), 0) ||
        hypercall(__HYPERVISOR_stack_switch, GUEST_SS, address(cpus[0].trap_stack_top), 0)) {
        panic("Start-up: the stack for traps was refused");
    }
}

/* The first C function on a CPU that cpu_run has started. */
static void cpu_main(void)
{
    unsigned number = cpu_number();

    cpus[number].function();
    vcpu_op(VCPUOP_down, number, NULL);
    panic("CPU %u does not go down", number);
}

/* Fills in the state in which a CPU starts, with `stack_top` as the end of its function's stack. */
static void fill_context(const struct cpu *cpu, u64 stack_top)
{
    memset(&context, 0, sizeof context);
    context.flags =
        VGCF_in_kernel | VGCF_online | VGCF_syscall_disables_events | VGCF_failsafe_disables_events;
    context.user_regs.rip = (u64)(uintptr_t)cpu_main;
    context.user_regs.rsp = stack_top - 8;
    context.user_regs.cs = FLAT_KERNEL_CS;
    context.user_regs.ss = FLAT_KERNEL_SS;
    trap_table(context.trap_ctxt);
    /* trap_table has made a list; in the context the entry of vector N must be at index N. */
    for (unsigned i = TRAP_ENTRIES; i-- > 0;) {
        struct trap_info entry = context.trap_ctxt[i];

        context.trap_ctxt[i] = (struct trap_info){.vector = (u8)i};
        context.trap_ctxt[entry.vector] = entry;
    }
    context.kernel_ss = GUEST_SS;
    context.kernel_sp = address(cpu->trap_stack_top);
    context.ctrlreg[3] = pfn_to_mfn(address_pfn(kernel_space.root)).n << PAGE_SHIFT;
    context.event_callback_eip = address(event_entry);
    context.failsafe_callback_eip = address(failsafe_entry);
    context.syscall_callback_eip = address(syscall_entry);
    context.gs_base_kernel = address(cpu);
}

int cpu_run(unsigned number, void (*function)(void))
{
    struct cpu *cpu = &cpus[number];
    struct page *stacks;

    if (!number || number >= CPUS || vcpu_op(VCPUOP_is_up, number, NULL) < 0) {
        return -XEN_ENOENT;
    }
    if (!cpu->trap_stack_top) { /* first start: the CPU keeps both stacks for later starts */
        stacks = page_take_range(2 * STACK_PAGES);
        if (!stacks) {
            return -XEN_ENOMEM;
        }
        cpu->number = number;
        set_trap_stack(cpu, page_address(stacks));
    }
    cpu->function = function;
    guest_lock(&context_lock);
    fill_context(cpu, address(cpu->trap_stack_top) + TRAP_ROOM + STACK_BYTES);
    shared_info->vcpu_info[number].evtchn_upcall_mask = 1;
    long result = vcpu_op(VCPUOP_initialise, number, &context);
    if (result == -XEN_EEXIST) { /* started before: the CPU continues after its VCPUOP_down */
        result = 0;
    }
    guest_unlock(&context_lock);
    return result ? (int)result : (int)vcpu_op(VCPUOP_up, number, NULL);
}
