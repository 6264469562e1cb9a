/* SPDX-License-Identifier: MIT */
/* domctl: the vector registers and the MSRs of vCPUs, as a toolstack saves and restores them. */
#include "hypervisor/call/domctl/domctl.h"
#include "hypervisor/cpu/processor.h"
#include "hypervisor/cpu/xsave.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/vcpu/control.h"
#include "hypervisor/vcpu/fpu.h"
#include "lib/string.h"
#include "lib/x86/msr.h"

/* What precedes the area in the format of XSAVE. */
struct extended_header {
    u64 xcr0;
    u64 used; /* the parts that may be in the area */
};

#define LEGACY_BYTES 512u /* of the area; then its header of 64 bytes, of which the first word */
#define HEADER_BYTES 64u  /* says which parts are there and the others must be 0 */
#define MXCSR        24u

/* The size of a saved state: the header, and the area with all parts that guests may use. */
static u64 extended_size(void)
{
    return xsave_xcr0() ? sizeof(struct extended_header) + xsave_area_size() : 0;
}

s64 domctl_getvcpuextstate(struct domctl *d)
{
    struct xen_domctl_vcpuextstate *ask = &d->op.u.vcpuextstate;
    struct vcpu *vcpu;
    const s64 error = domctl_stopped_vcpu(d, ask->vcpu, &vcpu);
    const u64 to = (u64)ask->buffer.p;

    if (error || !vcpu) {
        return error;
    }
    if (!ask->size && !ask->xfeature_mask) {
        ask->xfeature_mask = xsave_xcr0();
        ask->size = extended_size();
        d->answers = true;
        return 0;
    }
    if (ask->size != extended_size() || ask->xfeature_mask != xsave_xcr0()) {
        return -XEN_EINVAL;
    }
    const struct extended_header header = {
        .xcr0 = vcpu->xcr0,
        .used = vcpu->xcr0 | *(const u64 *)((const u8 *)vcpu->fpu_area + LEGACY_BYTES)};
    return PUT_GUEST(to, &header) &&
                   copy_to_guest(to + sizeof header, vcpu->fpu_area, ask->size - sizeof header)
               ? 0
               : -XEN_EFAULT;
}

/* True when the processor would load the area, and the area has only parts in `used`. */
static bool area_ok(const u8 *area, u64 used)
{
    const u64 *header = (const u64 *)(area + LEGACY_BYTES);

    for (u32 i = 1; i < HEADER_BYTES / sizeof *header; i++) {
        if (header[i]) {
            return false;
        }
    }
    return !(header[0] & ~used) && !(*(const u32 *)(area + MXCSR) & ~fpu_mxcsr_mask());
}

s64 domctl_setvcpuextstate(struct domctl *d)
{
    const struct xen_domctl_vcpuextstate *ask = &d->op.u.vcpuextstate;
    const u64 from = (u64)ask->buffer.p;
    struct extended_header header;
    struct vcpu *vcpu;
    s64 error = domctl_stopped_vcpu(d, ask->vcpu, &vcpu);

    if (error || !vcpu) {
        return error;
    }
    if (!xsave_xcr0() || ask->size < sizeof header + LEGACY_BYTES + HEADER_BYTES ||
        ask->size > extended_size()) {
        return -XEN_EINVAL;
    }
    if (!GET_GUEST(&header, from)) {
        return -XEN_EFAULT;
    }
    if (!control_xcr0_ok(header.xcr0) || header.used & ~xsave_xcr0() ||
        header.xcr0 & ~header.used) {
        return -XEN_EINVAL;
    }
    u8 *area = page_alloc(0); /* zeroes: what the buffer does not have */
    if (!area) {
        return -XEN_ENOMEM;
    }
    if (!copy_from_guest(area, from + sizeof header, ask->size - sizeof header)) {
        error = -XEN_EFAULT;
    } else if (!area_ok(area, header.used)) {
        error = -XEN_EINVAL;
    } else {
        memcpy(vcpu->fpu_area, area, xsave_area_size());
        vcpu->xcr0 = header.xcr0;
    }
    page_free(area, 0);
    return error;
}

s64 domctl_get_vcpu_msrs(struct domctl *d)
{
    struct xen_domctl_vcpu_msrs *ask = &d->op.u.vcpu_msrs;
    struct vcpu *vcpu;
    const s64 error = domctl_stopped_vcpu(d, ask->vcpu, &vcpu);

    if (error || !vcpu) {
        return error;
    }
    d->answers = true;
    if (!ask->msrs.p) {
        ask->msr_count = 1;
        return 0;
    }
    const struct xen_domctl_vcpu_msr entry = {.index = MSR_TSC_AUX, .value = vcpu->tsc_aux};
    const u32 room = ask->msr_count;
    ask->msr_count = processor_has_tsc_aux() && entry.value;
    if (room < ask->msr_count) {
        return -XEN_ENOBUFS;
    }
    return !ask->msr_count || PUT_GUEST((u64)ask->msrs.p, &entry) ? 0 : -XEN_EFAULT;
}

s64 domctl_set_vcpu_msrs(struct domctl *d)
{
    struct xen_domctl_vcpu_msrs *ask = &d->op.u.vcpu_msrs;
    struct xen_domctl_vcpu_msr entry;
    struct vcpu *vcpu;
    const s64 error = domctl_stopped_vcpu(d, ask->vcpu, &vcpu);

    if (error || !vcpu) {
        return error;
    }
    if (!ask->msrs.p) {
        ask->msr_count = 1;
        d->answers = true;
        return 0;
    }
    if (!ask->msr_count) {
        return 0;
    }
    if (!GET_GUEST(&entry, (u64)ask->msrs.p)) {
        return -XEN_EFAULT;
    }
    const bool ok = entry.index == MSR_TSC_AUX && processor_has_tsc_aux() && !entry.reserved &&
                    !(entry.value >> 32);
    if (!ok || ask->msr_count > 1) { /* the number of the one that is refused */
        ask->msr_count = ok;
        d->answers = true;
        return -XEN_EINVAL;
    }
    vcpu->tsc_aux = entry.value;
    return 0;
}
