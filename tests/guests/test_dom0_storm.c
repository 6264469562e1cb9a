/* SPDX-License-Identifier: MIT */
/* An interrupt storm of one device does not stop the others. A device holds its pin and is never
 * quietened, with and without the guest's word that its interrupt has ended, or has no port at all;
 * or it sends messages without pause and nobody takes them. Meanwhile the clock's ticks come, by a
 * pin, and each message of a second device; and the storm itself is cut off, so that what is spent
 * on it has an end.
 * Runs as: dom0 Vcpus: 2 Cpus: 1 2
 * Machine: -device edu -device edu */
#include "tests/guests/common/event.h"
#include "tests/guests/common/machine.h"
#include "tests/guests/common/smp.h"

#define GSI_CLOCK 8
#define TICKS     15u

#define CMOS_INDEX    0x70
#define CMOS_DATA     0x71
#define CMOS_A        0x0a
#define CMOS_B        0x0b
#define CMOS_C        0x0c
#define CMOS_PERIODIC 0x40

#define EDU_VENDOR 0x1234
#define EDU_DEVICE 0x11e8
#define EDU_RAISE  (0x60 / 4)
#define EDU_ACK    (0x64 / 4)

#define PCI_COMMAND 0x04
#define COMMAND_ON  0x06u /* memory, and being a master */
#define MSI         0x05
#define MSI_ENABLE  0x01u

struct edu {
    u32 function;
    volatile u32 *registers;
    int pirq;
    evtchn_port_t port;
};

static u64 eoi_page[PAGE_SIZE / 8] __attribute__((aligned(4096)));
static struct edu storm, other;
static evtchn_port_t clock_port;
static _Atomic bool over;

static bool needs_end(int pirq)
{
    return __atomic_load_n(&eoi_page[pirq / 64], __ATOMIC_SEQ_CST) >> pirq % 64 & 1;
}

/* ---- devices ---- */

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

static void start_clock(void)
{
    int pirq = GSI_CLOCK;

    check_equal(map_gsi(GSI_CLOCK, &pirq), 0, "map of the clock");
    check_equal(bind_pirq(pirq, &clock_port), 0, "bind of the clock");
    open_port(clock_port);
    cmos_write(CMOS_A, 0x2a); /* 64 a second */
    cmos_write(CMOS_B, cmos_read(CMOS_B) | CMOS_PERIODIC);
    (void)cmos_read(CMOS_C);
}

/* Counts a tick that has come; an event may have no cause left. */
static u32 tick(void)
{
    return cmos_read(CMOS_C) & CMOS_PERIODIC ? 1 : 0;
}

static void check_ticks(const char *when)
{
    for (u32 ticks = 0; ticks < TICKS && !anything_failed(); ticks += tick()) {
        check(take_event(clock_port), "tick %u does not come %s", ticks, when);
    }
}

static struct edu find_edu(u32 from)
{
    struct edu edu = {.function = from, .pirq = -1};
    struct physdev_pci_device_add add = {0};

    while (pci_read(edu.function, 0) != (EDU_DEVICE << 16 | EDU_VENDOR)) {
        edu.function += 8;
        if (edu.function > 0xff) {
            error("no such device");
        }
    }
    add.devfn = (u8)edu.function;
    check_equal(physdev_op(PHYSDEVOP_pci_device_add, &add), 0, "device_add");
    pci_write16(edu.function, PCI_COMMAND, COMMAND_ON);
    edu.registers = map_device(pci_read(edu.function, 0x10) & ~0xful, 1, true);
    return edu;
}

static void open_message(struct edu *edu)
{
    u32 control = pci_capability(edu->function, MSI) + 2;

    edu->pirq = -1;
    check_equal(map_message(edu->function, 0, 0, &edu->pirq), 0, "map of a message");
    pci_write16(edu->function, control, pci_read16(edu->function, control) | MSI_ENABLE);
    check_equal(bind_pirq(edu->pirq, &edu->port), 0, "bind of a message");
    open_port(edu->port);
}

static void close_edu(struct edu *edu)
{
    edu->registers[EDU_ACK] = ~0u;
    check_equal(port_close(edu->port), 0, "close");
    check_equal(unmap_pirq(edu->pirq), 0, "unmap");
}

static void check_other(const char *when)
{
    for (u32 i = 0; i < TICKS; i++) {
        other.registers[EDU_RAISE] = 1;
        check(take_event(other.port), "message %u does not come %s", i, when);
        other.registers[EDU_ACK] = ~0u;
    }
}

static void check_all(const char *when)
{
    check_ticks(when);
    check_other(when);
}

/* ---- storms ---- */

/* The device holds its pin from the beginning to the end. */
static void check_pin(void)
{
    u32 gsi = pci_read(storm.function, 0x3c) & 0xff;
    struct physdev_setup_gsi form = {.gsi = (int)gsi, .triggering = 1, .polarity = 1};
    u32 ends = 0;

    storm.pirq = -1;
    check_equal(map_gsi(gsi, &storm.pirq), 0, "map of the pin");
    check_equal(physdev_op(PHYSDEVOP_setup_gsi, &form), 0, "setup_gsi");
    storm.registers[EDU_RAISE] = 1;
    check_all("while a pin that nobody handles is held");
    check_equal(bind_pirq(storm.pirq, &storm.port), 0, "bind of the pin");
    open_port(storm.port);
    check(take_event(storm.port), "the pin's interrupt does not come");
    check_all("while a pin is held");
    check(!port_is_pending(storm.port), "the pin's interrupt comes without an end");
    for (u32 ticks = 0; ticks < TICKS && !anything_failed(); ends++) {
        check_equal(end_of_interrupt(storm.pirq), 0, "end");
        check(take_event(storm.port), "a pin that is held does not interrupt again");
        if (ends % 64 == 0) {
            check(take_event(clock_port), "tick %u does not come between ends", ticks);
            ticks += tick();
        }
    }
    check_other("after ends");
    check_equal(port_close(storm.port), 0, "close");
    check_all("while a pin is held whose port is closed");
    storm.registers[EDU_ACK] = ~0u;
    check_equal(unmap_pirq(storm.pirq), 0, "unmap");
}

/* vCPU 1 makes the device send messages without pause; vCPU 0 sees to the others. */
static void send_and_watch(unsigned self)
{
    if (self == 1) {
        while (!atomic_load(&over)) {
            storm.registers[EDU_RAISE] = 1;
        }
        return;
    }
    check_all("in a storm of messages");
    for (u64 end = smp_now() + PATIENCE; !needs_end(storm.pirq) && smp_now() < end;) {
        sched_op(SCHEDOP_yield, NULL);
    }
    check(needs_end(storm.pirq), "the storm is not cut off");
    check(take_event(storm.port), "the storm's event");
    check_all("after a storm is cut off");
    check(!port_is_pending(storm.port), "the storm goes on");
    atomic_store(&over, true);
}

static void check_messages(void)
{
    open_message(&storm);
    smp_run(send_and_watch);
    storm.registers[EDU_ACK] = ~0u;
    check_equal(end_of_interrupt(storm.pirq), 0, "end");
    check(take_event(storm.port), "no event for what the mask may have lost");
    storm.registers[EDU_RAISE] = 1;
    check(take_event(storm.port), "no message after the storm");
    close_edu(&storm);
}

void test_main(void)
{
    struct physdev_pirq_eoi_gmfn page = {.gmfn = mfn_of(eoi_page)};

    machine_start();
    smp_start(2);
    check_equal(physdev_op(PHYSDEVOP_pirq_eoi_gmfn_v2, &page), 0, "the page");
    storm = find_edu(0);
    other = find_edu(storm.function + 8);
    start_clock();
    open_message(&other);
    check_pin();
    check_messages();
    close_edu(&other);
}
