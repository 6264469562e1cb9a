/* SPDX-License-Identifier: MIT */
/* Interrupts by pins of the IO-APIC, as the privileged domain gets them: as events of a pirq. The
 * clock's, by an edge, come again and again without a word from the guest; a device that holds its
 * pin interrupts once, and again only after PHYSDEVOP_eoi. What the hypervisor owns is refused.
 * Runs as: dom0 Cpus: 1 2
 * Machine: -device edu */
#include "tests/guests/common/event.h"
#include "tests/guests/common/machine.h"

#include <xen/event_channel.h>

#define GSI_CLOCK 8
#define GSI_TIMER 2
#define GSI_COM1  4
#define TICKS     20

#define CMOS_INDEX    0x70
#define CMOS_DATA     0x71
#define CMOS_A        0x0a
#define CMOS_B        0x0b
#define CMOS_C        0x0c
#define CMOS_PERIODIC 0x40

#define EDU_VENDOR 0x1234
#define EDU_DEVICE 0x11e8
#define EDU_ID     0x010000ed
#define EDU_STATUS (0x24 / 4)
#define EDU_RAISE  (0x60 / 4)
#define EDU_ACK    (0x64 / 4)

#define IOAPIC 0xfec00000ul

static u8 cmos_read(u8 index)
{
    out8(CMOS_INDEX, index);
    return in8(CMOS_DATA);
}

static void cmos_write(u8 index, u8 value)
{
    out8(CMOS_INDEX, index);
    out8(CMOS_DATA, value);
}

static void check_clock(void)
{
    int pirq = GSI_CLOCK;
    evtchn_port_t port, second;
    struct evtchn_status status = {.dom = DOMID_SELF};

    check_equal(map_gsi(GSI_CLOCK, &pirq), 0, "map of the clock");
    check_equal(pirq, GSI_CLOCK, "the pirq");
    check_equal(bind_pirq(pirq, &port), 0, "bind");
    check_equal(bind_pirq(pirq, &second), -XEN_EEXIST, "bind again");
    check_equal(unmap_pirq(pirq), -XEN_EBUSY, "unmap while bound");
    status.port = port;
    check_equal(event_channel_op(EVTCHNOP_status, &status), 0, "status");
    check_equal(status.status, EVTCHNSTAT_pirq, "its kind");
    check_equal(status.u.pirq, pirq, "its pirq");
    check_equal(port_send(port), -XEN_EINVAL, "send to a pirq's port");
    open_port(port);

    u8 kept = cmos_read(CMOS_B);
    cmos_write(CMOS_A, 0x2a); /* 64 a second */
    cmos_write(CMOS_B, kept | CMOS_PERIODIC);
    (void)cmos_read(CMOS_C);
    /* An event may have no cause left: the clock ticked between the last event and its reading. */
    for (unsigned ticks = 0; ticks < TICKS && !anything_failed();) {
        check(take_event(port), "tick %u does not come", ticks);
        ticks += cmos_read(CMOS_C) & CMOS_PERIODIC ? 1 : 0;
    }
    cmos_write(CMOS_B, kept);
    (void)cmos_read(CMOS_C);
    check_equal(port_close(port), 0, "close");
    check_equal(unmap_pirq(pirq), 0, "unmap");
    check_equal(unmap_pirq(pirq), -XEN_EINVAL, "unmap again");
    check_equal(end_of_interrupt(pirq), -XEN_EINVAL, "end of an interrupt that is not mapped");
}

static void check_level(void)
{
    u32 edu = pci_find(EDU_VENDOR, EDU_DEVICE);

    if (edu == PCI_NONE) {
        error("no such device");
    }
    volatile u32 *registers = map_device(pci_read(edu, 0x10) & ~0xful, 1, true);
    check_equal(registers[0], EDU_ID, "the device's id");
    pci_write16(edu, 4, pci_read16(edu, 4) | 2);

    int pirq = -1;
    u32 gsi = pci_read(edu, 0x3c) & 0xff;
    evtchn_port_t port;
    check_equal(map_gsi(gsi, &pirq), 0, "map");
    check_equal(pirq, gsi, "the pirq");
    struct physdev_setup_gsi form = {.gsi = (int)gsi, .triggering = 1};
    check_equal(physdev_op(PHYSDEVOP_setup_gsi, &form), 0, "setup_gsi");
    check_equal(bind_pirq(pirq, &port), 0, "bind");
    open_port(port);
    form.polarity = 1;
    check_equal(physdev_op(PHYSDEVOP_setup_gsi, &form), -XEN_EBUSY, "setup_gsi while bound");

    for (unsigned i = 0; i < TICKS; i++) {
        registers[EDU_RAISE] = 1;
        check(take_event(port), "interrupt %u does not come", i);
        /* Still asserted: with the end it comes again, once. */
        check(!port_is_pending(port), "interrupt %u comes without an end", i);
        check_equal(end_of_interrupt(pirq), 0, "end");
        check(take_event(port), "interrupt %u does not come again", i);
        check_equal(registers[EDU_STATUS], 1, "the device's status");
        registers[EDU_ACK] = 1;
        check_equal(end_of_interrupt(pirq), 0, "end");
        check(!port_is_pending(port), "interrupt %u comes once too often", i);
    }
    check_equal(port_close(port), 0, "close");
    registers[EDU_RAISE] = 1; /* of which the hypervisor reports nothing: the pin is masked */
    check_equal(bind_pirq(pirq, &port), 0, "bind again");
    open_port(port);
    check(take_event(port), "an interrupt that waits does not come");
    registers[EDU_ACK] = 1;
    check_equal(port_close(port), 0, "close");
    check_equal(unmap_pirq(pirq), 0, "unmap");
}

static void check_refusals(void)
{
    int pirq = -1;
    evtchn_port_t port;

    check_equal(map_gsi(24, &pirq), -XEN_EINVAL, "map of a pin that is none");
    check_equal(map_gsi(~0u, &pirq), -XEN_EINVAL, "map of no number");
    pirq = 1 << 20;
    check_equal(map_gsi(1, &pirq), -XEN_EINVAL, "map as a pirq that is none");
    pirq = -2;
    check_equal(map_gsi(1, &pirq), -XEN_EINVAL, "map as a pirq that is none");
    pirq = 1;
    check_equal(map_gsi(1, &pirq), 0, "map");
    check_equal(map_gsi(1, &pirq), 0, "map again");
    check_equal(map_gsi(3, &pirq), -XEN_EEXIST, "map of another as the same");
    check_equal(unmap_pirq(1), 0, "unmap");
    check_equal(bind_pirq(1, &port), -XEN_EINVAL, "bind of what is not mapped");
    check_equal(bind_pirq(1 << 20, &port), -XEN_EINVAL, "bind of no pirq");
    check_equal(unmap_pirq(-1), -XEN_EINVAL, "unmap of no pirq");
    check_equal(end_of_interrupt(1 << 20), -XEN_EINVAL, "end of no pirq");

    pirq = GSI_COM1;
    check_equal(map_gsi(GSI_COM1, &pirq), 0, "map of COM1");
    check_equal(bind_pirq(pirq, &port), -XEN_EBUSY, "bind of COM1");
    pirq = GSI_TIMER;
    check_equal(map_gsi(GSI_TIMER, &pirq), 0, "map of the timer");
    check_equal(bind_pirq(pirq, &port), -XEN_EBUSY, "bind of the timer");

    struct physdev_map_pirq other = {.domid = 77, .type = MAP_PIRQ_TYPE_GSI, .index = 1, .pirq = 1};
    check_equal(physdev_op(PHYSDEVOP_map_pirq, &other), -XEN_ESRCH, "map for nobody");
    other.domid = DOMID_SELF;
    other.type = 99;
    check_equal(physdev_op(PHYSDEVOP_map_pirq, &other), -XEN_EINVAL, "map of no kind");
    check_equal(physdev_op(PHYSDEVOP_map_pirq, (void *)1), -XEN_EFAULT,
                "map of what is unreadable");
    check_equal(physdev_op(PHYSDEVOP_free_irq_vector, &other), -XEN_ENOSYS, "free_irq_vector");
}

static void check_state(void)
{
    struct physdev_irq_status_query query = {.irq = GSI_COM1};
    struct physdev_irq vector = {.irq = GSI_COM1};
    struct physdev_get_free_pirq reserved = {.type = MAP_PIRQ_TYPE_GSI};
    struct physdev_apic apic = {.apic_physbase = IOAPIC, .reg = 1};

    check_equal(physdev_op(PHYSDEVOP_irq_status_query, &query), 0, "status query");
    check_equal(query.flags, XENIRQSTAT_needs_eoi, "its answer");
    query.irq = 1 << 20;
    check_equal(physdev_op(PHYSDEVOP_irq_status_query, &query), -XEN_EINVAL, "of no pirq");
    check_equal(physdev_op(PHYSDEVOP_alloc_irq_vector, &vector), 0, "alloc_irq_vector");
    check(vector.vector >= 0x30, "vector %#x", vector.vector);
    vector.irq = 24;
    check_equal(physdev_op(PHYSDEVOP_alloc_irq_vector, &vector), -XEN_EINVAL, "of no pin");
    check_equal(physdev_op(PHYSDEVOP_get_free_pirq, &reserved), 0, "get_free_pirq");
    check_equal(bind_pirq((int)reserved.pirq, &(evtchn_port_t){0}), -XEN_EINVAL, "bind of it");
    check_equal(unmap_pirq((int)reserved.pirq), 0, "unmap of it");
    check_equal(physdev_op(PHYSDEVOP_apic_read, &apic), 0, "apic_read");
    check_equal(apic.value >> 16 & 0xff, 23, "the last pin");
    apic.reg = 0x40;
    check_equal(physdev_op(PHYSDEVOP_apic_read, &apic), -XEN_EINVAL, "of no register");
    apic.reg = 0x10;
    check_equal(physdev_op(PHYSDEVOP_apic_write, &apic), 0, "apic_write of a pin");
    apic.reg = 0;
    check_equal(physdev_op(PHYSDEVOP_apic_write, &apic), -XEN_EINVAL, "apic_write of the id");
    apic.apic_physbase += 0x1000;
    check_equal(physdev_op(PHYSDEVOP_apic_read, &apic), -XEN_EINVAL, "of no IO-APIC");
}

/* With the page of pirq_eoi_gmfn the guest sees which interrupts have an end to report. */
static void check_page(void)
{
    static u8 page[PAGE_SIZE] __attribute__((aligned(4096)));
    struct physdev_pirq_eoi_gmfn ask = {.gmfn = 1ull << 40};
    int pirq = 9;
    evtchn_port_t port;

    check_equal(physdev_op(PHYSDEVOP_pirq_eoi_gmfn_v2, &ask), -XEN_EINVAL, "a frame that is none");
    check_equal(map_gsi(9, &pirq), 0, "map");
    check_equal(bind_pirq(pirq, &port), 0, "bind");
    ask.gmfn = mfn_of(page);
    check_equal(physdev_op(PHYSDEVOP_pirq_eoi_gmfn_v2, &ask), 0, "the page");
    check_equal(physdev_op(PHYSDEVOP_pirq_eoi_gmfn_v1, &ask), -XEN_EBUSY, "a second page");
    check_equal(page[1], 2, "the bits of pirqs 8 to 15");
    check_equal(port_close(port), 0, "close");
    check_equal(page[1], 0, "its bit after the end");
}

void test_main(void)
{
    machine_start();
    check_refusals();
    check_state();
    check_clock();
    check_level();
    check_page();
}
