/* SPDX-License-Identifier: MIT */
/* Page faults of guests. */
#include "hypervisor/trap/fault.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/vcpu/vcpu.h"
#include "hypervisor/vcpu/deliver.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/rights.h"
#include "hypervisor/emulate/emulate.h"
#include "hypervisor/memory/layout.h"
#include "lib/x86/pte.h"

bool fault_was_stale(struct vcpu *vcpu, u64 address, u32 error_code)
{
    struct vmmu_walk walk;
    u64 needed = PTE_PRESENT | PTE_USER | (error_code & PF_WRITE ? PTE_WRITABLE : 0);

    if (error_code & PF_RESERVED || (address >= LAYOUT_START && address < LAYOUT_END)) {
        return false;
    }
    vmmu_walk(vcpu_root(vcpu), vaddr(address), &walk);
    if (!walk.present) {
        return false;
    }
    for (u32 level = 4; level >= walk.depth; level--) {
        if ((walk.entry[level] & needed) != needed) {
            return false;
        }
        if (error_code & PF_FETCH && walk.entry[level] & PTE_NX) {
            return false;
        }
    }
    invalidate_page(address);
    return true;
}

bool fault_in_window(struct vcpu *vcpu, u64 address)
{
    u64 window = window_address(vcpu->window);
    u64 page = (address - window) >> PAGE_SHIFT;
    enum vmmu_result result;

    if (address < window + WINDOW_LDT * PAGE_SIZE || address >= window + WINDOW_SIZE) {
        return false;
    }
    do {
        result = vmmu_ldt_fault(&vcpu->mmu, (u32)page - WINDOW_LDT);
    } while (result == VMMU_AGAIN);
    return result == VMMU_DONE;
}

/* Says whether a store of the privileged domain's kernel that faulted at `address` was executed,
 * checked or without effect, because nobody may write to the registers there: its entry looks
 * writable to the kernel that asked for it, so it expects no fault. */
static __attribute__((noinline)) bool store_to_device(struct vcpu *vcpu, u64 address)
{
    const mfn_t m = vmmu_find_device(&vcpu->mmu, vaddr(address));

    return !mfn_is_none(m) && rights_frame(vcpu->domain, m) == VMMU_ACCESS_READ &&
           emulate_device_store(vcpu, address, m) != EMULATED_NOT;
}

__attribute__((noinline)) void fault_from_guest(struct vcpu *vcpu, u64 address, u32 error_code)
{
    maddr_t where;

    if (address >= LAYOUT_WINDOWS && address < WINDOWS_END) {
        u64 window = window_address(vcpu->window);
        u64 offset = address - window - WINDOW_LDT * PAGE_SIZE;

        if (!(error_code & PF_USER)) { /* the processor's own access to a descriptor */
            if (fault_in_window(vcpu, address)) {
                return;
            }
            if (offset < WINDOW_SIZE / 2) {
                address =
                    vcpu->mmu.ldt_base.a + offset; /* the address at which the guest has its LDT */
            }
        }
    } else if (vcpu->in_kernel &&
               (error_code & (PF_WRITE | PF_PRESENT | PF_RESERVED)) == (PF_WRITE | PF_PRESENT) &&
               vmmu_find_l1_write(&vcpu->mmu, vaddr(address), &where)) {
        enum emulated result = emulate_table_write(vcpu, address, where);

        if (result != EMULATED_NOT) {
            return;
        }
    }
    if (vcpu->in_kernel) {
        error_code &= ~PF_USER;
        if (vcpu->domain->privileged && (error_code & PF_WRITE) && store_to_device(vcpu, address)) {
            return;
        }
    }
    deliver_page_fault(vcpu, address, error_code);
}
