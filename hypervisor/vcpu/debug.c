/* SPDX-License-Identifier: MIT */
/* A vCPU's debug registers. */
#include "hypervisor/vcpu/debug.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/vcpu/vcpu.h"
#include "lib/x86/debug_register.h"

/* The bits of DR6 and DR7 that a guest may set. DR7: conditions and lengths of the breakpoints,
 * their enable bits, LE and GE. */
#define DR6_MAY (DR6_HITS | DR6_BD | DR6_BS | DR6_BT)
#define DR7_MAY 0xffff03ffull

/* Debug registers 4 and 5 are other names of 6 and 7, unless the guest's CR4.DE is set. */
static u32 resolve(const struct vcpu *vcpu, u32 reg)
{
    if ((reg == 4 || reg == 5) && !(vcpu->cr4 & CR4_DE)) {
        return reg + 2;
    }
    return reg;
}

bool debug_exists(const struct vcpu *vcpu, u32 reg)
{
    reg = resolve(vcpu, reg);
    return reg < DR_BREAKPOINTS || reg == 6 || reg == 7;
}

/* True when a guest may set DR7 to `dr7`: not with general detect, and not with an I/O breakpoint.
 */
static bool control_ok(u64 dr7)
{
    if (dr7 >> 32 || dr7 & DR7_GD) {
        return false;
    }
    for (u32 i = 0; i < DR_BREAKPOINTS; i++) {
        if (DR7_ENABLED(i, dr7) && DR7_KIND(i, dr7) == DR7_KIND_IO) {
            return false;
        }
    }
    return true;
}

void debug_load(const struct vcpu *vcpu)
{
    if (!(vcpu->debug[7] & DR7_ENABLE)) {
        if (read_dr7() & DR7_ENABLE) {
            write_dr7(DR7_FIXED);
        }
        return;
    }
    /* No breakpoint may fire while the registers hold addresses of two vCPUs. */
    write_dr7(DR7_FIXED);
    write_dr0(vcpu->debug[0]);
    write_dr1(vcpu->debug[1]);
    write_dr2(vcpu->debug[2]);
    write_dr3(vcpu->debug[3]);
    write_dr7(vcpu->debug[7]);
}

s64 debug_set(struct vcpu *vcpu, u32 reg, u64 value)
{
    reg = resolve(vcpu, reg);
    if (reg < DR_BREAKPOINTS) {
        if (!guest_range_ok(value, 1)) {
            return -XEN_EPERM;
        }
        vcpu->debug[reg] = value;
    } else if (reg == 6) {
        if (value >> 32) {
            return -XEN_EINVAL;
        }
        vcpu->debug[6] = (value & DR6_MAY) | DR6_FIXED;
        return 0; /* the processor's DR6 is not loaded: it only reports new hits */
    } else if (reg == 7) {
        if (value >> 32) {
            return -XEN_EINVAL;
        }
        if (!control_ok(value)) {
            return -XEN_EPERM;
        }
        vcpu->debug[7] = (value & DR7_MAY) | DR7_FIXED;
    } else {
        return -XEN_ENODEV;
    }
    if (vcpu == current_vcpu()) {
        debug_load(vcpu);
    }
    return 0;
}

u64 debug_get(const struct vcpu *vcpu, u32 reg)
{
    if (!debug_exists(vcpu, reg)) {
        return 0;
    }
    reg = resolve(vcpu, reg);
    if (reg == 6) {
        return (vcpu->debug[6] & DR6_MAY) | DR6_FIXED;
    }
    return vcpu->debug[reg] | (reg == 7 ? DR7_FIXED : 0);
}
