/* SPDX-License-Identifier: MIT */
/* The machine's devices, for a test that runs as dom0. */
#include "tests/guests/common/machine.h"
#include "tests/guests/common/event.h"
#include "tests/guests/common/time.h"

#include <xen/event_channel.h>
#include <xen/sched.h>

#define PCI_ADDRESS 0xcf8
#define PCI_DATA    0xcfc
#define PCI_ENABLE  0x80000000u

#define DEVICE_PAGES 16u

long physdev_op(unsigned operation, void *argument)
{
    return hypercall(__HYPERVISOR_physdev_op, operation, address(argument), 0);
}

void machine_start(void)
{
    struct physdev_set_iopl level = {.iopl = 1};

    check_equal(physdev_op(PHYSDEVOP_set_iopl, &level), 0, "set_iopl");
}

/* ---- PCI ---- */

static u16 select(u32 function, u32 offset)
{
    out32(PCI_ADDRESS, PCI_ENABLE | function << 8 | (offset & ~3u));
    return (u16)(PCI_DATA + (offset & 3));
}

u32 pci_read(u32 function, u32 offset)
{
    return in32(select(function, offset));
}

void pci_write(u32 function, u32 offset, u32 value)
{
    out32(select(function, offset), value);
}

u32 pci_read16(u32 function, u32 offset)
{
    u16 value, port = select(function, offset);

    __asm__ volatile("in %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

void pci_write16(u32 function, u32 offset, u32 value)
{
    u16 port = select(function, offset);

    __asm__ volatile("out %0, %1" : : "a"((u16)value), "Nd"(port));
}

u32 pci_find(u32 vendor, u32 device)
{
    for (u32 function = 0; function < 0x100; function++) {
        if (pci_read(function, 0) == (device << 16 | vendor)) {
            return function;
        }
    }
    return PCI_NONE;
}

u32 pci_capability(u32 function, u32 number)
{
    u32 at = pci_read(function, 0x34) & 0xfc;

    while (at && (pci_read(function, at) & 0xff) != number) {
        at = pci_read(function, at) >> 8 & 0xfc;
    }
    return at;
}

volatile u32 *map_device(u64 at, u32 pages, bool writable)
{
    static u8 room[DEVICE_PAGES * PAGE_SIZE] __attribute__((aligned(4096)));
    static u32 used;
    u8 *view = room + used * PAGE_SIZE;

    for (u32 i = 0; i < pages; i++, used++) {
        u64 entry = (at & ~(PAGE_SIZE - 1)) + i * PAGE_SIZE;

        entry |= PTE_RO | PTE_PCD | PTE_PWT | (writable ? PTE_WRITABLE : 0);
        if (used == DEVICE_PAGES ||
            update_va_mapping(address(view + i * PAGE_SIZE), entry, UVMF_INVLPG | UVMF_ALL)) {
            error("device memory at %#llx cannot be mapped", (unsigned long long)at);
        }
    }
    return (volatile u32 *)(view + at % PAGE_SIZE);
}

/* ---- interrupts ---- */

long map_gsi(u32 gsi, int *pirq)
{
    struct physdev_map_pirq ask = {
        .domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_GSI, .index = (int)gsi, .pirq = *pirq};
    long result = physdev_op(PHYSDEVOP_map_pirq, &ask);

    *pirq = ask.pirq;
    return result;
}

long map_message(u32 function, u64 table, u32 entry, int *pirq)
{
    struct physdev_map_pirq ask = {.domid = DOMID_SELF,
                                   .type = MAP_PIRQ_TYPE_MSI_SEG,
                                   .index = -1,
                                   .pirq = *pirq,
                                   .bus = (int)(function >> 8),
                                   .devfn = (int)(function & 0xff),
                                   .entry_nr = (int)entry,
                                   .table_base = table};
    long result = physdev_op(PHYSDEVOP_map_pirq, &ask);

    *pirq = ask.pirq;
    return result;
}

long unmap_pirq(int pirq)
{
    struct physdev_unmap_pirq ask = {.domid = DOMID_SELF, .pirq = pirq};

    return physdev_op(PHYSDEVOP_unmap_pirq, &ask);
}

long bind_pirq(int pirq, evtchn_port_t *port)
{
    struct evtchn_bind_pirq ask = {.pirq = (u32)pirq, .flags = BIND_PIRQ__WILL_SHARE};
    long result = event_channel_op(EVTCHNOP_bind_pirq, &ask);

    *port = ask.port;
    return result;
}

long end_of_interrupt(int pirq)
{
    struct physdev_eoi ask = {.irq = (u32)pirq};

    return physdev_op(PHYSDEVOP_eoi, &ask);
}

void open_port(evtchn_port_t port)
{
    check_equal(port_unmask(port), 0, "unmask of port %u", port);
}

bool port_is_pending(evtchn_port_t port)
{
    return __atomic_load_n(&shared_info->evtchn_pending[port / 64], __ATOMIC_SEQ_CST) >> port % 64 &
           1;
}

bool take_event(evtchn_port_t port)
{
    const volatile struct vcpu_time_info *time = &shared_info->vcpu_info[0].time;
    u64 until = time_of(time) + PATIENCE;

    while (!port_is_pending(port)) {
        struct sched_poll poll = {.nr_ports = 1, .timeout = time_of(time) + MILLISECOND};

        if (time_of(time) > until) {
            return false;
        }
        set_xen_guest_handle(poll.ports, &port);
        (void)hypercall(__HYPERVISOR_sched_op, SCHEDOP_poll, address(&poll), 0);
    }
    __atomic_fetch_and(&shared_info->evtchn_pending[port / 64], ~(1ul << port % 64),
                       __ATOMIC_SEQ_CST);
    return true;
}
