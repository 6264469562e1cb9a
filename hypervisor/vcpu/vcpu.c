/* SPDX-License-Identifier: MIT */
/* A virtual CPU: creation, the guest's two modes, and the switch between vCPUs. */
#include "hypervisor/vcpu/vcpu.h"
#include "lib/x86/debug_register.h"
#include "hypervisor/log/log.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/vcpu/control.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/vcpu/cpuid.h"
#include "hypervisor/vcpu/debug.h"
#include "hypervisor/vcpu/fpu.h"
#include "hypervisor/cpu/segments.h"
#include "hypervisor/cpu/speculation.h"
#include "hypervisor/memory/space.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/isolation.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/memory/map.h"
#include "hypervisor/ranks.h"
#include "hypervisor/sched/sched.h"
#include "hypervisor/trace/trace.h"
#include "hypervisor/vcpu/deliver.h"
#include "hypervisor/cpu/entry.h"
#include "hypervisor/cpu/processor.h"
#include "hypervisor/vcpu/clock_page.h"

/* Asserts that a constant of cpu/vcpu_offsets.h, which the entry code uses, is the offset of
 * `member` in `type`. */
#define ASSERT_OFFSET(type, member, offset)                                                        \
    _Static_assert(offsetof(type, member) == (offset), "as the entry code has it")
ASSERT_OFFSET(struct vcpu, registers, VCPU_REGISTERS);
ASSERT_OFFSET(struct vcpu, stack, VCPU_STACK);
ASSERT_OFFSET(struct vcpu, cpu, VCPU_CPU);
ASSERT_OFFSET(struct vcpu, frame_top, VCPU_FRAME_TOP);
ASSERT_OFFSET(struct vcpu, fast_entry, VCPU_FAST_ENTRY);
ASSERT_OFFSET(struct vcpu, fast_fault, VCPU_FAST_FAULT);
ASSERT_OFFSET(struct vcpu, kernel_cr3, VCPU_KERNEL_CR3);
ASSERT_OFFSET(struct vcpu, user_cr3, VCPU_USER_CR3);
ASSERT_OFFSET(struct vcpu, info, VCPU_INFO);
ASSERT_OFFSET(struct vcpu, in_kernel, VCPU_IN_KERNEL);
ASSERT_OFFSET(struct vcpu, fast_masks, VCPU_FAST_MASKS);
ASSERT_OFFSET(struct vcpu, fast_fault_masks, VCPU_FAST_FAULT_MASKS);
ASSERT_OFFSET(struct vcpu, nmi_masked, VCPU_SLOW_IRET);
ASSERT_OFFSET(struct vcpu, shown_iopl, VCPU_SLOW_IRET + 1);
ASSERT_OFFSET(struct vcpu, nmi_pending, VCPU_SLOW_EXIT);
ASSERT_OFFSET(struct vcpu, runstate_stale, VCPU_SLOW_EXIT + 1);
ASSERT_OFFSET(struct vcpu_info, evtchn_upcall_pending, INFO_PENDING);
ASSERT_OFFSET(struct vcpu_info, evtchn_upcall_mask, INFO_MASK);
ASSERT_OFFSET(struct vcpu_info, arch.cr2, INFO_CR2);
ASSERT_OFFSET(struct iret_context, rax, IRET_RAX);
ASSERT_OFFSET(struct iret_context, r11, IRET_R11);
ASSERT_OFFSET(struct iret_context, rcx, IRET_RCX);
ASSERT_OFFSET(struct iret_context, flags, IRET_FLAGS);
ASSERT_OFFSET(struct iret_context, rip, IRET_RIP);
ASSERT_OFFSET(struct iret_context, cs, IRET_CS);
ASSERT_OFFSET(struct iret_context, rflags, IRET_RFLAGS);
ASSERT_OFFSET(struct iret_context, rsp, IRET_RSP);
ASSERT_OFFSET(struct iret_context, ss, IRET_SS);
#undef ASSERT_OFFSET
_Static_assert(sizeof(struct iret_context) == IRET_SIZE, "as the entry code has it");
_Static_assert(IRET_IN_SYSCALL == VGCF_in_syscall && CALL_IRET == __HYPERVISOR_iret,
               "as the entry code has it");

/* Words of an IRET's frame; a page fault's has one less, a system call's two. */
#define FRAME_WORDS 9u

static struct {
    _Atomic u64 taken[WINDOWS_MAX / 64]; /* one bit for each descriptor window */
} windows;

struct vcpu *current_vcpu(void)
{
    return this_cpu()->current;
}

/* Takes a free descriptor window, but none of the last VMMU_CPUS_MAX: each CPU has one of those for
 * the GDT that it uses until it runs its first vCPU (cpu/start.c). False: none is free. */
static bool window_take(u32 *window)
{
    for (u32 i = 0; i + VMMU_CPUS_MAX < WINDOWS_MAX; i++) {
        u64 bit = 1ull << (i & 63);

        if (!(atomic_fetch_or_explicit(&windows.taken[i / 64], bit, memory_order_acq_rel) & bit)) {
            *window = i;
            return true;
        }
    }
    return false;
}

/* The frame of an address in the hypervisor's image. */
static mfn_t image_frame(const void *at)
{
    return mfn(((u64)at - LAYOUT_IMAGE + LAYOUT_IMAGE_LOAD) >> PAGE_SHIFT);
}

bool window_map(const struct vcpu *vcpu, u32 page, mfn_t m)
{
    u64 at = window_address(vcpu->window) + page * PAGE_SIZE, flags = PTE_NX;

    if (!mfn_is_none(m)) {
        flags |= PTE_WRITABLE; /* the processor sets the accessed bits of descriptors */
    } else if (page < GDT_RESERVED_PAGE) {
        m = image_frame(segments_zero_page());
    }
    return isolation_map_window(vcpu->domain, at, m, flags) && map_page(at, m, flags);
}

/* Fills a new window: the reserved page, zeroes in the rest of the GDT half, nothing in the LDT
 * half. All page tables of the window are allocated here, so that a later change of the window
 * needs no memory. False: no memory. */
static bool window_fill(const struct vcpu *vcpu)
{
    for (u32 page = 0; page < WINDOW_PAGES; page++) {
        bool reserved = page == GDT_RESERVED_PAGE;

        if (!window_map(vcpu, page, reserved ? image_frame(segments_reserved_page()) : MFN_NONE)) {
            return false;
        }
    }
    return true;
}

struct vcpu *vcpu_create(struct domain *domain, u32 id)
{
    struct vcpu *vcpu = page_alloc(VCPU_ORDER);

    _Static_assert(sizeof *vcpu <= PAGE_SIZE << VCPU_ORDER, "a vCPU fits its pages");
    if (!vcpu) {
        return NULL;
    }
    vcpu->domain = domain;
    vcpu->id = id;
    vcpu->info_frame = MFN_NONE;
    vcpu->hard_affinity = vcpu->soft_affinity = ~0ull;
    vcpu->initialise_lock.rank = RANK_INITIALISE;
    vcpu->in_kernel = true;
    vcpu->runstate.state = RUNSTATE_offline;
    vcpu->singleshot = (struct timer){.kind = TIMER_SINGLESHOT, .vcpu = vcpu};
    vcpu->periodic = (struct timer){.kind = TIMER_PERIODIC, .vcpu = vcpu};
    vcpu->poll_timer = (struct timer){.kind = TIMER_POLL, .vcpu = vcpu};
    vcpu->debug[6] = 0xffff0ff0;
    vcpu->debug[7] = DR7_FIXED;
    vcpu->cr4 = control_guest_cr4(0);
    fetched_start(vcpu);
    if (!fpu_create(vcpu, (PAGE_SIZE << VCPU_ORDER) - sizeof *vcpu) ||
        !window_take(&vcpu->window)) {
        fpu_destroy(vcpu);
        page_free(vcpu, VCPU_ORDER);
        return NULL;
    }
    vmmu_vcpu_start(&vcpu->mmu, &domain->mmu);
    vcpu->mmu.user = vcpu;
    if (!window_fill(vcpu) || !isolation_add_vcpu(vcpu)) {
        vcpu_destroy(vcpu);
        return NULL;
    }
    vcpu->info = (struct vcpu_info *)&domain->shared->vcpu_info[id];
    return vcpu;
}

void vcpu_destroy(struct vcpu *vcpu)
{
    fpu_destroy(vcpu);
    atomic_fetch_and_explicit(&windows.taken[vcpu->window / 64], ~(1ull << (vcpu->window & 63)),
                              memory_order_acq_rel);
    page_free(vcpu, VCPU_ORDER);
}

mfn_t vcpu_root(const struct vcpu *vcpu)
{
    return vcpu->in_kernel ? vcpu->mmu.kernel_root : vcpu->mmu.user_root;
}

static inline void use_roots(struct vcpu *vcpu, struct space_roots roots)
{
    vcpu->kernel_cr3 = roots.kernel;
    vcpu->user_cr3 = roots.user;
}

/* A function of its own, so that vcpu_refresh_roots saves no registers where translations are not
 * kept. */
static __attribute__((noinline)) void keep_roots(struct vcpu *vcpu)
{
    use_roots(vcpu,
              space_roots_kept(&vcpu->domain->mmu, vcpu->mmu.kernel_root, vcpu->mmu.user_root));
}

void vcpu_refresh_roots(struct vcpu *vcpu)
{
    if (space_keeps) {
        keep_roots(vcpu);
    } else {
        use_roots(vcpu, space_roots_dropped(vcpu->mmu.kernel_root, vcpu->mmu.user_root));
    }
}

void vcpu_refresh_fast(struct vcpu *vcpu)
{
    const struct entry_point *entry = &vcpu->callback[CALLBACK_SYSCALL];
    const struct entry_point *fault = &vcpu->trap[VECTOR_PF];
    u64 top = vcpu->kernel_sp & ~15ull, size = FRAME_WORDS * sizeof(u64);
    bool fast = guest_range_ok(top - size, size) && !vcpu->shown_iopl;

    vcpu->frame_top = fast ? top : 0;
    vcpu->fast_entry = fast ? entry->address : 0;
    vcpu->fast_fault = fast ? fault->address : 0;
    vcpu->fast_masks = entry->mask_events;
    vcpu->fast_fault_masks = fault->mask_events;
}

void vcpu_set_kernel_stack(struct vcpu *vcpu, u64 ss, u64 sp)
{
    vcpu->kernel_ss = ss | 3;
    vcpu->kernel_sp = sp;
    vcpu_refresh_fast(vcpu);
}

void vcpu_refresh_iopl(struct vcpu *vcpu)
{
    bool wanted = vcpu->domain->vm_assist & 1u << VMASST_TYPE_architectural_iopl;
    u8 shown = wanted ? (u8)(vcpu->iopl << (RFLAGS_IOPL_SHIFT - 8)) : 0;

    if (vcpu->shown_iopl != shown) {
        vcpu->shown_iopl = shown;
        vcpu_refresh_fast(vcpu);
    }
}

/* The CR3 of the vCPU's present mode. */
static u64 root_cr3(const struct vcpu *vcpu)
{
    return vcpu->in_kernel ? vcpu->kernel_cr3 : vcpu->user_cr3;
}

void vcpu_return_root(struct vcpu *vcpu)
{
    space_return(root_cr3(vcpu));
}

void vcpu_load_root(struct vcpu *vcpu)
{
    space_load_root(root_cr3(vcpu));
}

void vcpu_toggle_mode(struct vcpu *vcpu)
{
    vcpu->in_kernel = !vcpu->in_kernel;
    __asm__ volatile("swapgs");
    vcpu_load_root(vcpu);
}

void vcpu_save_selectors(struct vcpu *vcpu)
{
    __asm__ volatile("mov %%ds, %0" : "=r"(vcpu->ds));
    __asm__ volatile("mov %%es, %0" : "=r"(vcpu->es));
    __asm__ volatile("mov %%fs, %0" : "=r"(vcpu->fs));
    __asm__ volatile("mov %%gs, %0" : "=r"(vcpu->gs));
}

/* Saves the processor state of this CPU in the vCPU, which is current. */
static void save(struct vcpu *vcpu)
{
    vcpu_save_selectors(vcpu);
    vcpu->fs_base = read_msr(MSR_FS_BASE);
    vcpu->gs_base = read_msr(MSR_GS_BASE);
    vcpu->gs_base_inactive = read_msr(MSR_KERNEL_GS_BASE);
    if (processor_has_tsc_aux()) {
        vcpu->tsc_aux = read_msr(MSR_TSC_AUX);
    }
    fpu_save(vcpu);
}

/* Loads the vCPU's processor state. Selectors come before bases, because loading FS or GS also sets
 * its base. If a selector is not valid, the guest gets its failsafe callback. */
static void load(struct vcpu *vcpu)
{
    bool good;

    segments_load_ldt(window_address(vcpu->window), vcpu->mmu.ldt_entries);
    good = load_ds(vcpu->ds);
    good = load_es(vcpu->es) && good;
    good = load_fs(vcpu->fs) && good;
    good = load_gs(vcpu->gs) && good;
    write_msr(MSR_FS_BASE, vcpu->fs_base);
    write_msr(MSR_GS_BASE, vcpu->gs_base);
    write_msr(MSR_KERNEL_GS_BASE, vcpu->gs_base_inactive);
    if (processor_has_tsc_aux()) {
        write_msr(MSR_TSC_AUX, vcpu->tsc_aux);
    }
    fpu_load(vcpu);
    control_load(vcpu);
    debug_load(vcpu);
    clock_page_update(vcpu);
    if (!good) {
        deliver_failsafe(vcpu);
    }
}

/* Flushes this CPU's translations of the vCPU's descriptor window. Another CPU may have changed the
 * window since this CPU ran the vCPU, and a load of CR3 does not flush these translations, which
 * are global. */
static void forget_window(const struct vcpu *vcpu)
{
    for (u32 page = 0; page < WINDOW_PAGES; page++) {
        invalidate_page(window_address(vcpu->window) + page * PAGE_SIZE);
    }
}

/* Makes the vCPU current on this CPU: entries from the guest now save registers in its register
 * block, and its GDT window is loaded. */
static void attach(struct cpu *cpu, struct vcpu *vcpu)
{
    u64 top = (u64)&vcpu->registers + REGISTERS_SIZE;

    cpu->current = vcpu;
    cpu->syscall_top = top;
    cpu->tss.rsp[0] = top;
    vcpu->cpu = cpu;
    vcpu->stack = ((u64)cpu - CPU_STATE) + CPU_STACK_END;
    segments_load(window_address(vcpu->window));
}

/* Loads the root of `to`, or the idle root if `to` is NULL. What else the entry code needs of `to`
 * is still in place if it is parked here. */
static void change_root(struct cpu *cpu, struct vcpu *to)
{
    if (!to) {
        cpu->current = NULL;
        space_load_idle();
        return;
    }
    if (to == cpu->parked) {
        cpu->current = to;
    } else {
        if (to->cpu != cpu) {
            forget_window(to);
        }
        speculation_switch(&cpu->last_domain, to->domain->id);
        attach(cpu, to);
        vcpu_refresh_fast(to);
    }
    space_enter(&to->domain->mmu);
    if (to != cpu->parked || space_keeps) { /* the roots of a parked vCPU are those of before */
        vcpu_refresh_roots(to);
    }
    vcpu_refresh_iopl(to);
    space_load(root_cr3(to));
}

void vcpu_unpark(void)
{
    struct cpu *cpu = this_cpu();
    struct vcpu *vcpu = cpu->parked;

    if (vcpu) {
        save(vcpu);
        cpu->parked = NULL;
        sched_left(vcpu);
    }
}

/* The second half of vcpu_switch, on stacks of the domain of `to`. As a function of its own it
 * would save the registers again that vcpu_switch has saved. */
static inline __attribute__((always_inline)) void load_next(struct cpu *cpu, struct vcpu *from,
                                                            struct vcpu *to, bool parks)
{
    struct domain *old = from ? from->domain : NULL, *new = to ? to->domain : NULL;
    const bool wakes = to && to == cpu->parked;

    if (new &&new != old) {
        atomic_fetch_or_explicit(&new->mmu.cpus, 1ull << cpu->number, memory_order_seq_cst);
    }
    change_root(cpu, to);
    if (old && new != old) {
        atomic_fetch_and_explicit(&old->mmu.cpus, ~(1ull << cpu->number), memory_order_seq_cst);
    }
    cpu->parked = parks ? from : NULL;
    if (from && !parks) {
        sched_left(from);
    }
    if (to && !wakes) {
        load(to);
    }
    if (trace_is_on()) {
        trace_run(to ? new->id : TRACE_NOBODY, to ? to->id : TRACE_NOBODY);
    }
}

bool vcpu_switch(struct vcpu *from, struct vcpu *to)
{
    struct cpu *cpu = this_cpu();
    const bool parks = from && !to && sched_may_park(from);

    if (from && to) {
        space_own(); /* the root of `from` maps neither `to` nor its descriptor window */
    }
    if (!from && to != cpu->parked) {
        vcpu_unpark();
    }
    if (from && !parks) {
        save(from);
    }
    if (to && isolation_turns(cpu, to->domain)) {
        cpu->turning.from = from;
        cpu->turning.to = to;
        return false;
    }
    load_next(cpu, from, to, parks);
    return true;
}

void vcpu_switch_turned(void)
{
    struct cpu *cpu = this_cpu();

    isolation_show(cpu, cpu->turning.to->domain);
    load_next(cpu, cpu->turning.from, cpu->turning.to, false);
}
