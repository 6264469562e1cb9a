/* SPDX-License-Identifier: MIT */
/* platform_op: what the privileged domain asks of the machine and its firmware (platform.h). */
#include "hypervisor/call/call.h"
#include "hypervisor/call/firmware_info.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/cpu/machine.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/rights.h"
#include "hypervisor/log/log.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/time/clock.h"
#include "hypervisor/vcpu/clock_page.h"
#include "lib/string.h"
#include "lib/x86/cpuid.h"

#define STATE_OFF   5u /* S5 */
#define NS_A_SECOND 1000000000ull
#define SECONDS_MAX (1ull << 33)

/* Sets the wall clock: it was `seconds` and `nanoseconds` at system time `at`. */
static s64 set_time(u64 seconds, u32 nanoseconds, u64 at)
{
    if (nanoseconds >= NS_A_SECOND || seconds > SECONDS_MAX ||
        at > seconds * NS_A_SECOND + nanoseconds) {
        return -XEN_EINVAL;
    }
    clock_set_wall(seconds * NS_A_SECOND + nanoseconds - at);
    for (u32 place = 0; place < domain_count(); place++) {
        struct domain *domain = domain_at(place);

        if (domain && !domain_has_ended(domain)) {
            clock_page_update_wall(domain);
        }
    }
    return 0;
}

static s64 cpu_info(struct xenpf_pcpuinfo *info)
{
    info->max_present = cpu_count() - 1;
    if (info->xen_cpuid >= cpu_count()) {
        info->flags = XEN_PCPU_FLAGS_INVALID;
        return 0;
    }
    info->flags = XEN_PCPU_FLAGS_ONLINE;
    info->apic_id = cpu_at(info->xen_cpuid)->apic_id;
    info->acpi_id = info->apic_id;
    return 0;
}

static s64 cpu_version(struct xenpf_pcpu_version *version)
{
    struct cpuid vendor = read_cpuid(0, 0), signature = read_cpuid(1, 0);
    u32 family = signature.eax >> 8 & 15, model = signature.eax >> 4 & 15;

    version->max_present = cpu_count() - 1;
    if (version->xen_cpuid >= cpu_count()) {
        memset(version->vendor_id, 0, sizeof version->vendor_id);
        version->family = version->model = version->stepping = 0;
        return 0;
    }
    if (family == 6 || family == 15) {
        model |= signature.eax >> 12 & 0xf0;
    }
    if (family == 15) {
        family += signature.eax >> 20 & 0xff;
    }
    memcpy(version->vendor_id, &vendor.ebx, 4);
    memcpy(version->vendor_id + 4, &vendor.edx, 4);
    memcpy(version->vendor_id + 8, &vendor.ecx, 4);
    version->family = family;
    version->model = model;
    version->stepping = signature.eax & 15;
    return 0;
}

/* Only S5, switching off, is implemented, by the registers of ACPI before version 5. */
static s64 sleep(const struct xenpf_enter_acpi_sleep *sleep)
{
    if (sleep->flags & ~XENPF_ACPI_SLEEP_EXTENDED) {
        return -XEN_EINVAL;
    }
    if (sleep->sleep_state != STATE_OFF || sleep->flags) {
        return -XEN_EOPNOTSUPP;
    }
    log_line("dom0 switches the machine off");
    machine_power_off(sleep->val_a, sleep->val_b);
}

static s64 serve(struct xen_platform_op *op)
{
    switch (op->cmd) {
    case XENPF_settime32:
        return set_time(op->u.settime32.secs, op->u.settime32.nsecs, op->u.settime32.system_time);
    case XENPF_settime64:
        return op->u.settime64.mbz ? -XEN_EINVAL
                                   : set_time(op->u.settime64.secs, op->u.settime64.nsecs,
                                              op->u.settime64.system_time);
    case XENPF_firmware_info:
        return firmware_info(&op->u.firmware_info);
    case XENPF_get_cpuinfo:
        return cpu_info(&op->u.pcpu_info);
    case XENPF_get_cpu_version:
        return cpu_version(&op->u.pcpu_version);
    case XENPF_enter_acpi_sleep:
        return sleep(&op->u.enter_acpi_sleep);
    case XENPF_set_processor_pminfo: /* the processors' idle states and speeds stay as they are */
        return 0;
    }
    return -XEN_ENOSYS;
}

s64 call_platform_op(struct vcpu *vcpu, struct call *call)
{
    struct xen_platform_op op;
    s64 result;

    if (!GET_GUEST(&op, call->argument[0])) {
        return -XEN_EFAULT;
    }
    if (op.interface_version != XENPF_INTERFACE_VERSION) {
        return -XEN_EACCES;
    }
    if (!rights_machine(vcpu->domain)) {
        return -XEN_EPERM;
    }
    result = serve(&op);
    if (result == 0 && !PUT_GUEST(call->argument[0], &op)) {
        return -XEN_EFAULT;
    }
    return result;
}
