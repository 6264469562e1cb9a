/* SPDX-License-Identifier: MIT */
/* Interrupts by messages, as the privileged domain gets them: MSI of a device that cannot mask
 * them, MSI of one that can, and MSI-X. The hypervisor programs them; a guest that writes to their
 * registers, by ports or through the window in memory, or to the table, changes nothing (XSA-128 to
 * XSA-131, XSA-337). One that interrupts faster than the guest takes it is masked until then.
 */
/* Runs as: dom0 Cpus: 1 2 Machine: -M q35 -device edu -device nvme,serial=1 -device ioh3420 */
#include "tests/guests/common/event.h"
#include "tests/guests/common/machine.h"

#include <xen/event_channel.h>

#define PCI_COMMAND      0x04
#define COMMAND_ON       0x06u /* memory, and being a master */
#define COMMAND_INTX_OFF 0x400u
#define MSI              0x05
#define MSIX             0x11
#define MSI_ENABLE       0x01u
#define MSIX_ENABLE      0x8000u

#define EDU_RAISE (0x60 / 4)
#define EDU_ACK   (0x64 / 4)
#define STORM     200u

static u64 eoi_page[PAGE_SIZE / 8] __attribute__((aligned(4096)));

static bool needs_end(int pirq)
{
    return __atomic_load_n(&eoi_page[pirq / 64], __ATOMIC_SEQ_CST) >> pirq % 64 & 1;
}

static u32 find(u32 vendor, u32 device)
{
    u32 function = pci_find(vendor, device);
    struct physdev_pci_device_add add = {.bus = (u8)(function >> 8), .devfn = (u8)function};

    if (function == PCI_NONE) {
        error("no device %04x:%04x", vendor, device);
    }
    pci_write16(function, PCI_COMMAND, COMMAND_ON);
    check_equal(physdev_op(PHYSDEVOP_pci_device_add, &add), 0, "device_add");
    return function;
}

/* ---- MSI ---- */

/* The function's MSI registers: what the guest writes there changes nothing. */
static void check_registers(u32 function, u32 msi)
{
    for (u32 at = msi + 4; at < msi + 16; at += 4) {
        u32 before = pci_read(function, at);

        pci_write(function, at, 0xfee01000);
        check_equal(pci_read(function, at), before, "register %#x after a write", at - msi);
        pci_write16(function, at, 0x1234);
        check_equal(pci_read(function, at), before, "register %#x after a half write", at - msi);
    }
}

static void check_storm(u32 edu, volatile u32 *registers, int pirq, evtchn_port_t port)
{
    for (u32 i = 0; i < STORM; i++) {
        registers[EDU_RAISE] = 1;
    }
    check(needs_end(pirq), "a storm does not need an end");
    check(take_event(port), "a storm's event");
    u32 msi = pci_capability(edu, MSI);
    check(pci_read16(edu, msi + 2) & MSI_ENABLE, "MSI looks off");
    check(pci_read16(edu, PCI_COMMAND) & COMMAND_INTX_OFF, "the pin is not off in a storm");
    for (u32 i = 0; i < STORM; i++) {
        registers[EDU_RAISE] = 1;
    }
    check(!port_is_pending(port), "the storm goes on");
    registers[EDU_ACK] = ~0u;
    check_equal(end_of_interrupt(pirq), 0, "end");
    check(!needs_end(pirq), "an end after the end");
    check(take_event(port), "no event for what the mask may have lost");
    check(!(pci_read16(edu, PCI_COMMAND) & COMMAND_INTX_OFF), "the pin stays off");
    registers[EDU_RAISE] = 1;
    check(take_event(port), "no interrupt after a storm");
    registers[EDU_ACK] = ~0u;
}

static void check_msi(void)
{
    u32 edu = find(0x1234, 0x11e8), msi = pci_capability(edu, MSI);
    volatile u32 *registers = map_device(pci_read(edu, 0x10) & ~0xful, 1, true);
    int pirq = -1, second = -1;
    evtchn_port_t port;

    pci_write16(edu, msi + 2, MSI_ENABLE);
    check(!(pci_read16(edu, msi + 2) & MSI_ENABLE), "MSI is on without an interrupt");
    check_registers(edu, msi);
    check_equal(map_message(edu, 0, 0, &pirq), 0, "map");
    check_equal(map_message(edu, 0, 0, &second), -XEN_EBUSY, "map again");
    check_registers(edu, msi);
    pci_write16(edu, msi + 2, pci_read16(edu, msi + 2) | MSI_ENABLE | 0x70);
    check(pci_read16(edu, msi + 2) & MSI_ENABLE, "MSI is not on");
    check(!(pci_read16(edu, msi + 2) & 0x70), "more than one message");
    registers[EDU_RAISE] = 1; /* nobody handles it yet */
    check_equal(bind_pirq(pirq, &port), 0, "bind");
    open_port(port);
    for (u32 i = 0; i < 20; i++) {
        registers[EDU_RAISE] = 1;
        check(take_event(port), "message %u does not come", i);
        registers[EDU_ACK] = ~0u;
    }
    check_storm(edu, registers, pirq, port);
    check_equal(unmap_pirq(pirq), -XEN_EBUSY, "unmap while bound");
    check_equal(port_close(port), 0, "close");
    check_equal(unmap_pirq(pirq), 0, "unmap");
    check(!(pci_read16(edu, msi + 2) & MSI_ENABLE), "MSI stays on");
}

/* Several messages of a device that has a mask bit for each. */
static void check_several(void)
{
    u32 port_function = find(0x8086, 0x3420), msi = pci_capability(port_function, MSI);
    struct physdev_map_pirq ask = {.domid = DOMID_SELF,
                                   .type = MAP_PIRQ_TYPE_MULTI_MSI,
                                   .pirq = -1,
                                   .devfn = (int)(port_function & 0xff),
                                   .entry_nr = 2};
    evtchn_port_t port;

    ask.entry_nr = 33;
    check_equal(physdev_op(PHYSDEVOP_map_pirq, &ask), -XEN_EINVAL, "too many messages");
    ask.entry_nr = 4;
    check_equal(physdev_op(PHYSDEVOP_map_pirq, &ask), -XEN_EINVAL, "more than it has");
    ask.entry_nr = 2;
    check_equal(physdev_op(PHYSDEVOP_map_pirq, &ask), 0, "two messages");
    check_equal(pci_read16(port_function, msi + 2) >> 4 & 7, 1, "the logarithm of their number");
    u32 masks =
        pci_capability(port_function, MSI) + (pci_read16(port_function, msi + 2) & 0x80 ? 16 : 12);
    check_equal(pci_read(port_function, masks) & 3, 3, "masks before they are bound");
    check_equal(bind_pirq(ask.pirq + 1, &port), 0, "bind of the second");
    check_equal(pci_read(port_function, masks) & 3, 1, "masks");
    pci_write(port_function, masks, 0);
    check_equal(pci_read(port_function, masks) & 3, 1, "masks after a write");
    check_equal(unmap_pirq(ask.pirq + 1), -XEN_EINVAL, "unmap of the second");
    check_equal(unmap_pirq(ask.pirq), -XEN_EBUSY, "unmap while the second is bound");
    check_equal(port_close(port), 0, "close");
    check_equal(unmap_pirq(ask.pirq), 0, "unmap");
    check_equal(bind_pirq(ask.pirq + 1, &port), -XEN_EINVAL, "bind of the second after that");
}

/* ---- MSI-X ---- */

/* Registers of an NVMe controller. */
#define NVME_CC   (0x14 / 4)
#define NVME_CSTS (0x1c / 4)
#define NVME_AQA  (0x24 / 4)
#define NVME_ASQ  (0x28 / 4)
#define NVME_ACQ  (0x30 / 4)
#define NVME_BELL (0x1000 / 4)

static u32 submissions[PAGE_SIZE / 4] __attribute__((aligned(4096)));
static u32 completions[PAGE_SIZE / 4] __attribute__((aligned(4096)));

static void start_nvme(volatile u32 *registers)
{
    registers[NVME_CC] = 0; /* firmware may have used it */
    while (registers[NVME_CSTS] & 1) {
        cpu_relax();
    }
    registers[NVME_AQA] = 15u << 16 | 15;
    registers[NVME_ASQ] = (u32)(mfn_of(submissions) * PAGE_SIZE);
    registers[NVME_ASQ + 1] = (u32)(mfn_of(submissions) * PAGE_SIZE >> 32);
    registers[NVME_ACQ] = (u32)(mfn_of(completions) * PAGE_SIZE);
    registers[NVME_ACQ + 1] = (u32)(mfn_of(completions) * PAGE_SIZE >> 32);
    registers[NVME_CC] = 4u << 20 | 6u << 16 | 1;
    while (!(registers[NVME_CSTS] & 1)) {
        cpu_relax();
    }
}

/* Sends admin command number `number`, of no valid kind, which the controller completes with an
 * error and an interrupt. */
static void send_command(volatile u32 *registers, u32 number)
{
    submissions[number * 16] = 0x7f | number << 16;
    registers[NVME_BELL] = number + 1;
}

/* The table, which the guest asked to map writable, can only be read: a store has no effect. */
static void check_table(u64 table)
{
    volatile u32 *entries = map_device(table, 1, true);
    u32 before = entries[0];

    check(entries[3] & 1, "an entry is not masked from the beginning");
    entries[0] = ~before;
    entries[3] = 0;
    check_equal(entries[0], before, "an address after a store");
    check(entries[3] & 1, "an entry is not masked after a store");
}

static void check_msix(void)
{
    u32 nvme = find(0x1b36, 0x0010), msix = pci_capability(nvme, MSIX);
    u64 bar = (pci_read(nvme, 0x10) & ~0xfu) | (u64)pci_read(nvme, 0x14) << 32;
    volatile u32 *registers = map_device(bar, 2, true);
    int pirq = -1, second = -1;
    evtchn_port_t port;

    check_equal(map_message(nvme, 0, 0, &pirq), -XEN_ENODEV, "MSI of a device that has MSI-X");
    check_equal(map_message(nvme, bar, 2047, &pirq), -XEN_EINVAL, "an entry that it has not");
    check_equal(map_message(nvme, bar, 2048, &pirq), -XEN_EINVAL, "an entry that none has");
    check_table(bar + (pci_read(nvme, msix + 4) & ~7u));
    pci_write16(nvme, msix + 2, MSIX_ENABLE);
    check(pci_read16(nvme, msix + 2) & MSIX_ENABLE, "MSI-X is not on");
    check_equal(map_message(nvme, bar, 0, &pirq), 0, "map");
    check_equal(map_message(nvme, bar, 0, &second), -XEN_EBUSY, "map again");
    check_equal(map_message(nvme, bar, 1, &second), 0, "map of another entry");
    start_nvme(registers);
    send_command(registers, 0); /* nobody handles it yet, and the device keeps it */
    check_equal(bind_pirq(pirq, &port), 0, "bind");
    open_port(port);
    for (u32 i = 0; i < 10; i++) {
        check(take_event(port), "message %u does not come", i);
        check_equal(completions[i * 4 + 3] & 0xffff, i, "the command completed");
        registers[NVME_BELL + 1] = i + 1;
        send_command(registers, i + 1);
    }
    check_equal(unmap_pirq(second), 0, "unmap of the other");
    check_equal(port_close(port), 0, "close");
    check_equal(unmap_pirq(pirq), 0, "unmap");
}

/* ---- the window in memory on configuration space ---- */

#define BRIDGE_WINDOW 0x60 /* of the host bridge: where the window is */
#define LINE          0x3c
#define AER_SEVERITY  0x10c /* of the root port: an extended register */

static volatile u32 *window_page(u32 function)
{
    return map_device((pci_read(0, BRIDGE_WINDOW) & 0xfc000000) + function * PAGE_SIZE, 1, true);
}

/* What a store through the window changes is what a write to the ports changes. */
static void check_window_stores(void)
{
    u32 edu = find(0x1234, 0x11e8), msi = pci_capability(edu, MSI);
    u32 nvme = find(0x1b36, 0x0010), msix = pci_capability(nvme, MSIX);
    u32 root = find(0x8086, 0x3420);
    volatile u32 *page = window_page(edu), *nvme_page = window_page(nvme),
                 *root_page = window_page(root);

    check_equal(page[0], pci_read(edu, 0), "the numbers of the device");
    for (u32 at = msi + 4; at < msi + 16; at += 4) {
        u32 before = pci_read(edu, at);

        page[at / 4] = 0xfee01000;
        check_equal(pci_read(edu, at), before, "register %#x after a store", at - msi);
        ((volatile u64 *)page)[at / 8] = ~0ul;
        check_equal(pci_read(edu, at), before, "register %#x after a wide store", at - msi);
    }
    ((volatile u16 *)page)[msi / 2 + 1] = MSI_ENABLE;
    check(!(pci_read16(edu, msi + 2) & MSI_ENABLE), "a store switches MSI on");
    ((volatile u8 *)page)[LINE] = 0x5a;
    check_equal(pci_read(edu, LINE) & 0xff, 0x5a, "an ordinary register after a store");
    ((volatile u16 *)nvme_page)[msix / 2 + 1] |= MSIX_ENABLE;
    check(pci_read16(nvme, msix + 2) & MSIX_ENABLE, "MSI-X is not on");
    ((volatile u16 *)nvme_page)[msix / 2 + 1] &= (u16)~MSIX_ENABLE;
    check(!(pci_read16(nvme, msix + 2) & MSIX_ENABLE), "MSI-X is not off");
    u32 severity = root_page[AER_SEVERITY / 4];
    root_page[AER_SEVERITY / 4] = severity ^ 0x10;
    check_equal(root_page[AER_SEVERITY / 4], severity ^ 0x10, "an extended register after a store");
    root_page[AER_SEVERITY / 4] = severity;
}

static void check_window(void)
{
    struct physdev_pci_mmcfg_reserved ask = {.address = pci_read(0, BRIDGE_WINDOW) & 0xfc000000,
                                             .end_bus = 255,
                                             .flags = XEN_PCI_MMCFG_RESERVED};

    check_equal(physdev_op(PHYSDEVOP_pci_mmcfg_reserved, &ask), 0, "the window");
    ask.start_bus = 2;
    ask.end_bus = 1;
    check_equal(physdev_op(PHYSDEVOP_pci_mmcfg_reserved, &ask), -XEN_EINVAL, "no buses");
    ask.end_bus = 255;
    ask.address += 1u << 28;
    check_equal(physdev_op(PHYSDEVOP_pci_mmcfg_reserved, &ask), -XEN_ENODEV, "another window");
    check_window_stores();
}

/* A table that was mapped for writing before its device was added cannot be written to afterwards:
 * the entry that maps it loses the right. */
static void check_table_taken_away(void)
{
    u32 nvme = pci_find(0x1b36, 0x0010), msix = pci_capability(nvme, MSIX);
    u64 bar = (pci_read(nvme, 0x10) & ~0xfu) | (u64)pci_read(nvme, 0x14) << 32;

    pci_write16(nvme, PCI_COMMAND, COMMAND_ON);
    volatile u32 *table = map_device(bar + (pci_read(nvme, msix + 4) & ~7u), 1, true);
    table[0] = 0xfee00000;
    check_equal(table[0], 0xfee00000, "the table before its device is added");
    find(0x1b36, 0x0010);
    table[0] = 0xfee01000;
    check_equal(table[0], 0xfee00000, "the table after that");
}

static void check_refusals(void)
{
    int pirq = -1;
    struct physdev_map_pirq ask = {
        .domid = DOMID_SELF, .type = MAP_PIRQ_TYPE_MSI_SEG, .index = -1, .pirq = -1};

    check_equal(map_message(0xff, 0, 0, &pirq), -XEN_ENODEV, "a device that is none");
    ask.bus = 1 << 16;
    check_equal(physdev_op(PHYSDEVOP_map_pirq, &ask), -XEN_ENODEV, "another segment");
    ask.bus = 0x100;
    check_equal(physdev_op(PHYSDEVOP_map_pirq, &ask), -XEN_EINVAL, "no bus");
    ask.bus = 0;
    ask.devfn = 0x100;
    check_equal(physdev_op(PHYSDEVOP_map_pirq, &ask), -XEN_EINVAL, "no device number");
    ask.devfn = 0;
    ask.entry_nr = -1;
    check_equal(physdev_op(PHYSDEVOP_map_pirq, &ask), -XEN_EINVAL, "no entry");
    struct physdev_pci_device device = {.seg = 1};
    check_equal(physdev_op(PHYSDEVOP_prepare_msix, &device), -XEN_ENODEV, "a segment that is none");
    device.seg = 0;
    check_equal(physdev_op(PHYSDEVOP_release_msix, &device), 0, "release_msix");
    check_equal(physdev_op(PHYSDEVOP_restore_msi_ext, &device), -XEN_EINVAL, "nothing to restore");
}

void test_main(void)
{
    struct physdev_pirq_eoi_gmfn page = {.gmfn = mfn_of(eoi_page)};

    machine_start();
    check_equal(physdev_op(PHYSDEVOP_pirq_eoi_gmfn_v2, &page), 0, "the page");
    check_refusals();
    check_table_taken_away();
    check_window();
    check_msi();
    check_several();
    check_msix();
}
