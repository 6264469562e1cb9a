/* SPDX-License-Identifier: MIT */
/* physdev_op: interrupts of the machine, for the privileged domain. */
#include "hypervisor/call/physdev.h"
#include "hypervisor/domain/rights.h"
#include "hypervisor/irq/ioapic.h"
#include "hypervisor/irq/message.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/pci/config.h"
#include "hypervisor/pirq/pirq.h"

/* Of a redirection entry, as PHYSDEVOP_apic_write gives it. */
#define ENTRY_LOW   0x2000u
#define ENTRY_LEVEL 0x8000u

#define BUS_MASK      0xff
#define SEGMENT_SHIFT 16

/* Checks the domain for which interrupts are mapped: interrupts of devices are not given to other
 * domains than the caller. */
static s64 check_domain(struct domain *domain, u16 id)
{
    s64 error = 0;
    struct domain *target = rights_target(domain, RIGHT_PORTS, id, &error);

    if (!target) {
        return error;
    }
    return target == domain ? 0 : -XEN_EPERM;
}

/* ---- map and unmap ---- */

/* How many messages the caller asks for, and of which kind; 0: the numbers are not valid. */
static u32 count_messages(const struct physdev_map_pirq *ask)
{
    if (ask->type != MAP_PIRQ_TYPE_MULTI_MSI) {
        return ask->entry_nr < 0 || (ask->table_base && ask->entry_nr >= (int)MSIX_ENTRIES_MAX) ? 0
                                                                                                : 1;
    }
    return ask->entry_nr < 1 || ask->entry_nr > (int)MSI_MESSAGES_MAX || ask->table_base
               ? 0
               : (u32)ask->entry_nr;
}

static s64 map_messages(struct domain *domain, struct physdev_map_pirq *ask)
{
    u32 count = count_messages(ask);
    u32 segment = ask->type == MAP_PIRQ_TYPE_MSI ? 0 : (u32)ask->bus >> SEGMENT_SHIFT;
    bool extended = ask->table_base != 0;

    if (!count || ((u32)ask->bus & 0xffff) > BUS_MASK || ask->devfn < 0 || ask->devfn > 0xff) {
        return -XEN_EINVAL;
    }
    if (segment) {
        return -XEN_ENODEV;
    }
    return pirq_map_messages(domain, PCI_FUNCTION(ask->bus, ask->devfn), extended,
                             extended ? (u32)ask->entry_nr : 0, count, &ask->pirq);
}

s64 physdev_map_pirq(struct domain *domain, u64 at)
{
    struct physdev_map_pirq ask;

    if (!GET_GUEST(&ask, at)) {
        return -XEN_EFAULT;
    }
    s64 error = check_domain(domain, ask.domid);
    if (error) {
        return error;
    }
    if (!PUT_GUEST(at, &ask)) { /* before anything is mapped */
        return -XEN_EFAULT;
    }
    switch (ask.type) {
    case MAP_PIRQ_TYPE_GSI:
        error = ask.index < 0 ? -XEN_EINVAL : pirq_map_pin(domain, (u32)ask.index, &ask.pirq);
        break;
    case MAP_PIRQ_TYPE_MSI:
    case MAP_PIRQ_TYPE_MSI_SEG:
    case MAP_PIRQ_TYPE_MULTI_MSI:
        error = map_messages(domain, &ask);
        break;
    default:
        return -XEN_EINVAL;
    }
    if (error) {
        return error;
    }
    return PUT_GUEST(at, &ask) ? 0 : -XEN_EFAULT;
}

s64 physdev_unmap_pirq(struct domain *domain, u64 at)
{
    struct physdev_unmap_pirq ask;

    if (!GET_GUEST(&ask, at)) {
        return -XEN_EFAULT;
    }
    s64 error = check_domain(domain, ask.domid);
    if (error) {
        return error;
    }
    return ask.pirq < 0 ? -XEN_EINVAL : pirq_unmap(domain, (u32)ask.pirq);
}

s64 physdev_get_free_pirq(struct domain *domain, u64 at)
{
    struct physdev_get_free_pirq ask;

    if (!GET_GUEST(&ask, at)) {
        return -XEN_EFAULT;
    }
    if (ask.type != MAP_PIRQ_TYPE_GSI && ask.type != MAP_PIRQ_TYPE_MSI) {
        return -XEN_EINVAL;
    }
    s64 error = pirq_reserve(domain, &ask.pirq);
    if (error) {
        return error;
    }
    if (PUT_GUEST(at, &ask)) {
        return 0;
    }
    pirq_unmap(domain, ask.pirq);
    return -XEN_EFAULT;
}

/* ---- state ---- */

/* Returns the vector, which the guest has no use for: it programs no IO-APIC. */
s64 physdev_alloc_irq_vector(struct domain *domain, u64 at)
{
    struct physdev_irq ask;

    if (!GET_GUEST(&ask, at)) {
        return -XEN_EFAULT;
    }
    if (!ioapic_has_pin(ask.irq)) {
        return -XEN_EINVAL;
    }
    ask.vector = pirq_vector(domain, ask.irq);
    return PUT_GUEST(at, &ask) ? 0 : -XEN_EFAULT;
}

/* Any pirq may need PHYSDEVOP_eoi, since too many interrupts mask any line. */
s64 physdev_irq_status_query(struct domain *domain, u64 at)
{
    struct physdev_irq_status_query ask;

    if (!GET_GUEST(&ask, at)) {
        return -XEN_EFAULT;
    }
    if (ask.irq >= PIRQS_MAX) {
        return -XEN_EINVAL;
    }
    ask.flags = pirq_vector(domain, ask.irq) ? XENIRQSTAT_needs_eoi : 0;
    return PUT_GUEST(at, &ask) ? 0 : -XEN_EFAULT;
}

s64 physdev_setup_gsi(struct domain *domain, u64 at)
{
    struct physdev_setup_gsi ask;

    if (!GET_GUEST(&ask, at)) {
        return -XEN_EFAULT;
    }
    if (ask.gsi < 0 || ask.triggering > 1 || ask.polarity > 1) {
        return -XEN_EINVAL;
    }
    return pirq_set_form(domain, (u32)ask.gsi, ask.triggering, ask.polarity);
}

s64 physdev_eoi(struct domain *domain, u64 at)
{
    struct physdev_eoi ask;

    if (!GET_GUEST(&ask, at)) {
        return -XEN_EFAULT;
    }
    return pirq_end(domain, ask.irq);
}

s64 physdev_pirq_eoi_gmfn(struct domain *domain, u64 at, bool unmasks, bool *again)
{
    struct physdev_pirq_eoi_gmfn ask;

    if (!GET_GUEST(&ask, at)) {
        return -XEN_EFAULT;
    }
    return pirq_share_page(domain, ask.gmfn, unmasks, again);
}

/* ---- registers of the IO-APICs ---- */

s64 physdev_apic_read(u64 at)
{
    struct physdev_apic ask;

    if (!GET_GUEST(&ask, at)) {
        return -XEN_EFAULT;
    }
    if (!ioapic_read(ask.apic_physbase, ask.reg, &ask.value)) {
        return -XEN_EINVAL;
    }
    return PUT_GUEST(at, &ask) ? 0 : -XEN_EFAULT;
}

/* Of what a guest writes to a redirection entry, only how the pin is triggered has an effect:
 * vector, target and mask are the hypervisor's. */
s64 physdev_apic_write(struct domain *domain, u64 at)
{
    struct physdev_apic ask;
    u32 gsi;
    bool high;

    if (!GET_GUEST(&ask, at)) {
        return -XEN_EFAULT;
    }
    if (!ioapic_find_pin(ask.apic_physbase, ask.reg, &gsi, &high)) {
        return -XEN_EINVAL;
    }
    return high ? 0 : pirq_set_form(domain, gsi, ask.value & ENTRY_LEVEL, ask.value & ENTRY_LOW);
}
