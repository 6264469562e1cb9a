/* SPDX-License-Identifier: MIT */
/* What each trap means. */
#include "hypervisor/call/call.h"
#include "hypervisor/log/log.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/vcpu/fpu.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/trap/run.h"
#include "hypervisor/trap/traced.h"
#include "hypervisor/memory/layout.h"
#include "hypervisor/memory/space.h"
#include "hypervisor/vcpu/deliver.h"
#include "hypervisor/emulate/emulate.h"
#include "hypervisor/cpu/entry.h"
#include "hypervisor/cpu/extable.h"
#include "hypervisor/trap/fault.h"
#include "hypervisor/irq/interrupt.h"
#include "hypervisor/trace/trace.h"
#include "hypervisor/trap/stale_code.h"
#include "hypervisor/cpu/halt.h"
#include "hypervisor/cpu/segments.h"
#include "lib/x86/debug_register.h"
#include "lib/x86/descriptor.h"

#define SYSCALL_LENGTH 2

/* Serves a system call instruction, except SYSCALL in 64-bit code of the guest's kernel, which is a
 * hypercall. In guest user mode its callback is delivered, if one is registered. Otherwise, and in
 * guest kernel mode, the guest gets #UD, or #GP for SYSENTER. */
static __attribute__((noinline)) void syscall_from_guest(struct vcpu *vcpu, struct registers *r)
{
    static const u8 callback_of[] = {CALLBACK_SYSCALL, CALLBACK_SYSCALL32, CALLBACK_SYSENTER};
    u64 entry = r->vector - ENTRY_SYSCALL;

    if (!vcpu->in_kernel && vcpu->callback[callback_of[entry]].address) {
        if (r->vector ==
            ENTRY_SYSENTER) { /* SYSENTER saves no return address, so the ABI's frame holds 0 */
            r->rip = r->rsp = 0;
        }
        deliver_callback(vcpu, callback_of[entry]);
        return;
    }
    if (r->vector == ENTRY_SYSENTER) {
        deliver_trap(vcpu, VECTOR_GP, 0);
        return;
    }
    r->rip -= SYSCALL_LENGTH;
    deliver_trap(vcpu, VECTOR_UD, 0);
}

static void debug_from_guest(struct vcpu *vcpu)
{
    if (domain_is_over(vcpu->domain)) { /* frame_lost crashed it */
        return;
    }
    vcpu->debug[6] = (vcpu->debug[6] & ~DR6_HITS) | read_dr6();
    write_dr6(DR6_FIXED);
    deliver_trap(vcpu, VECTOR_DB, 0);
}

/* Serves any exception but a page fault. */
static __attribute__((noinline)) void exception_from_guest(struct vcpu *vcpu, struct registers *r)
{
    switch (r->vector) {
    case VECTOR_GP:
        if (emulate_privileged(vcpu) != EMULATED_NOT) {
            return;
        }
        break;
    case VECTOR_UD:
        if (emulate_forced_cpuid(vcpu) != EMULATED_NOT) {
            return;
        }
        break;
    case VECTOR_NM:
        fpu_set_task_switched(vcpu, false);
        break;
    case VECTOR_DB:
        debug_from_guest(vcpu);
        return;
    case VECTOR_BP:
        stale_code_refresh(vcpu);
        break;
    }
    deliver_trap(vcpu, (u32)r->vector, (u32)r->error_code);
}

static __attribute__((noinline)) void interrupt_from_guest(struct vcpu *vcpu, struct registers *r)
{
    if (r->vector != VECTOR_INT80) {
        interrupt_handle((u32)r->vector);
    } else if (vcpu->trap[VECTOR_INT80].address &&
               (vcpu->in_kernel || vcpu->trap[VECTOR_INT80].dpl == 3)) {
        deliver_trap(vcpu, VECTOR_INT80, 0);
    } else {
        r->rip -= 2;
        deliver_trap(vcpu, VECTOR_GP, VECTOR_INT80 << 3 | SELECTOR_ERROR_IDT);
    }
}

static inline void page_fault_from_guest(struct vcpu *vcpu, const struct registers *r)
{
    if (trace_is_on()) {
        traced_fault(vcpu, read_cr2(), (u32)r->error_code);
    } else {
        fault_from_guest(vcpu, read_cr2(), (u32)r->error_code);
    }
}

void trap_from_guest(struct registers *r)
{
    struct vcpu *vcpu = current_vcpu();

    if (r->vector == ENTRY_SYSCALL && vcpu->in_kernel) {
        call_from_guest(vcpu);
    } else if (r->vector == VECTOR_PF) {
        page_fault_from_guest(vcpu, r);
    } else {
        if (trace_is_on()) {
            trace_trap_begins();
        }
        if (r->vector >= ENTRY_SYSCALL) {
            syscall_from_guest(vcpu, r);
        } else if (r->vector < VECTOR_FIRST_INTERRUPT) {
            exception_from_guest(vcpu, r);
        } else {
            interrupt_from_guest(vcpu, r);
        }
        if (trace_is_on()) {
            traced_trap(vcpu, r->vector, (u32)r->error_code);
        }
    }
    run();
}

/* An IRETQ to the guest has faulted because its CS, SS or RIP is invalid. Restores the vCPU's
 * registers and delivers the failsafe callback. The general registers are those at the fault; the
 * others are in the frame that IRETQ did not take. */
static _Noreturn void bad_return(const struct registers *r)
{
    struct vcpu *vcpu = current_vcpu();
    const u64 *frame = (const u64 *)r->rsp;

    vcpu->registers = *r;
    vcpu->registers.rip = frame[0];
    vcpu->registers.cs = frame[1];
    vcpu->registers.rflags = frame[2];
    vcpu->registers.rsp = frame[3];
    vcpu->registers.ss = frame[4];

    vcpu_save_selectors(vcpu);
    deliver_failsafe(vcpu);
    run();
}

void trap_in_hypervisor(struct registers *r)
{
    u64 fixup;

    if (r->vector >= VECTOR_FIRST_INTERRUPT) {
        interrupt_handle((u32)r->vector);
        return;
    }
    if (r->vector == VECTOR_PF) {
        struct vcpu *vcpu = this_cpu()->current;
        u64 address = read_cr2();

        if (vcpu && space_fault(address, vcpu_root(vcpu))) {
            return;
        }
        if (vcpu && address >= LAYOUT_WINDOWS && address < WINDOWS_END &&
            fault_in_window(vcpu, address)) {
            return;
        }
        if (vcpu && extable_fixup(r->rip) && fault_was_stale(vcpu, address, (u32)r->error_code)) {
            return;
        }
    }
    if (r->rip == (u64)enter_guest_iret || r->rip == (u64)fast_iret) {
        bad_return(r);
    }
    fixup = extable_fixup(r->rip);
    if (!fixup) {
        panic("trap %llu, error code %#llx, at %#llx in the hypervisor, cr2 %#llx, rsp %#llx",
              (unsigned long long)r->vector, (unsigned long long)r->error_code,
              (unsigned long long)r->rip, (unsigned long long)read_cr2(),
              (unsigned long long)r->rsp);
    }
    r->rip = fixup;
}

/* Handles a #DB that arrived while the code of another was still on the interrupt stack: its frame
 * has overwritten the other's, so that nobody knows where the guest was. A processor reports what
 * one instruction raises together, as a rule; an emulator may not. Ends the domain, where returning
 * to the frame would loop for ever. Returns as trap_on_ist. */
static bool frame_lost(struct vcpu *vcpu)
{
    domain_crash(vcpu->domain, "a second debug exception before the first was saved");
    vcpu->registers.vector = VECTOR_DB;
    return true;
}

static bool on_debug_stack(u64 rsp)
{
    u64 top = this_cpu()->tss.ist[IST_DB - 1];

    return rsp <= top && rsp > top - PAGE_SIZE;
}

/* Serves a #DB on its interrupt stack. Returns as trap_on_ist. */
static bool debug_on_ist(struct vcpu *vcpu, struct registers *r)
{
    u64 sysenter_stub = (u64)this_cpu() - CPU_STATE + (u64)(sysenter_template - syscall_template);

    if (r->cs & 3 && vcpu) {
        vcpu->registers = *r;
        return true;
    }
    write_dr6(DR6_FIXED); /* the guest's watchpoint or single step took effect in the hypervisor,
                             which is not reported to it */
    if (vcpu && on_debug_stack(r->rsp)) {
        return frame_lost(vcpu);
    }
    if (r->rip == sysenter_stub) {
        /* SYSENTER does not clear TF, so that a step of it ends here. The stub has saved nothing
         * yet, least of all TF: make the block that it would have made of these registers. */
        r->vector = ENTRY_SYSENTER;
        r->rip = r->rsp = 0;
        r->cs = SELECTOR_USER_CS32;
        r->ss = SELECTOR_USER_DS;
        r->rflags |= RFLAGS_IF;
        vcpu->registers = *r;
        return true;
    }
    r->rflags &= ~RFLAGS_TF;
    return false;
}

bool trap_on_ist(struct registers *r)
{
    struct vcpu *vcpu = this_cpu()->current;

    if (r->rflags & RFLAGS_VM) { /* QEMU lets a guest's IRET enter virtual-8086 mode, where CS does
                                    not hold the ring: set both to what they are for a guest */
        r->rflags &= ~RFLAGS_VM;
        r->cs |= 3;
    }
    if (r->vector == VECTOR_DB) {
        return debug_on_ist(vcpu, r);
    }
    if (r->vector == VECTOR_NMI) {
        halt_nmi();
        return false;
    }
    panic("%s at %#llx, rsp %#llx, cr2 %#llx",
          r->vector == VECTOR_DF ? "double fault" : "machine check", (unsigned long long)r->rip,
          (unsigned long long)r->rsp, (unsigned long long)read_cr2());
}
