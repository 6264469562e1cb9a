/* SPDX-License-Identifier: MIT */
/* The local APIC of this CPU: its timer, and interrupts between CPUs. */
#include "hypervisor/log/log.h"
#include "hypervisor/cpu/apic.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/memory/map.h"
#include "hypervisor/irq/vector.h"
#include "lib/x86/cpuid.h"

#define REGISTER_ID       0x020
#define REGISTER_VERSION  0x030
#define REGISTER_PRIORITY 0x080
#define REGISTER_END      0x0b0
#define REGISTER_SPURIOUS 0x0f0
#define REGISTER_SERVICE  0x100 /* 8 registers, 0x10 apart: the vectors in service */
#define REGISTER_CMCI     0x2f0
#define REGISTER_COMMAND  0x300
#define REGISTER_TARGET   0x310
#define REGISTER_TIMER    0x320
#define REGISTER_THERMAL  0x330
#define REGISTER_COUNTERS 0x340 /* performance counters */
#define REGISTER_LINT0    0x350
#define REGISTER_LINT1    0x360
#define REGISTER_ERROR    0x370
#define REGISTER_INITIAL  0x380
#define REGISTER_CURRENT  0x390
#define REGISTER_DIVIDE   0x3e0
#define REGISTER_EXTENDED 0x400 /* AMD: how many more entries there are */
#define REGISTER_MORE     0x500 /* AMD: these, 0x10 apart */
#define STRIDE            0x10
#define SERVICE_REGISTERS 8

#define SPURIOUS_ENABLE (1u << 8)
#define VERSION_LAST    16 /* shift of the number of the last entry of the LVT; 8 bits */
#define VERSION_MORE    (1u << 31)
#define EXTENDED_COUNT  16 /* shift; 8 bits */
#define LVT_MASKED      (1u << 16)
#define LVT_NMI         0x400u
#define LVT_EXTINT      0x700u
#define LVT_DEADLINE    (2u << 17)
#define DIVIDE_BY_1     0x0bu
#define COMMAND_BUSY    (1u << 12)
#define COMMAND_ASSERT  (1u << 14)
#define COMMAND_NMI     (4u << 8)
#define COMMAND_INIT    (5u << 8)
#define COMMAND_START   (6u << 8)
#define COMMAND_OTHERS  (3u << 18) /* all other CPUs; the target register is ignored */
#define ID_MOST         0xfeu      /* the highest id that an xAPIC can send to */

/* The entries of the LVT that not every APIC has, in the order in which processors got them: the
 * number of the last entry, by the version register, says which there are (Intel SDM, volume 3,
 * 11.4.8; timer, LINT0, LINT1 and error are entries 0 to 3). */
static const u16 later_entries[] = {REGISTER_COUNTERS, REGISTER_THERMAL, REGISTER_CMCI};
#define FIRST_LATER 4u

static struct {
    volatile u32 *page; /* xAPIC: the registers; NULL: an x2APIC, reached by MSRs */
    bool deadline;
    bool started;
} apic;

static u32 read_register(u32 at)
{
    return apic.page ? apic.page[at / 4] : (u32)read_msr(MSR_X2APIC + at / 16);
}

static void write_register(u32 at, u32 value)
{
    if (apic.page) {
        apic.page[at / 4] = value;
    } else {
        write_msr(MSR_X2APIC + at / 16, value);
    }
}

/* Finds the APIC, in the mode of this CPU: an x2APIC if the firmware made it one, or if it can be
 * one. */
static void find(u64 base)
{
    struct cpuid features = read_cpuid(1, 0);

    if (!(features.edx & CPUID_1_EDX_APIC)) {
        panic("this CPU has no local APIC");
    }
    apic.deadline = features.ecx & CPUID_1_ECX_TSC_DEADLINE;
    if (!(features.ecx & CPUID_1_ECX_X2APIC) && !(base & APIC_BASE_X2APIC)) {
        apic.page = device_map(maddr(base & APIC_BASE_ADDRESS));
        if (!apic.page) {
            panic("no memory to map the local APIC");
        }
    }
    apic.started = true;
}

static void timer_reset(void)
{
    write_register(REGISTER_INITIAL, 0);
    write_register(REGISTER_TIMER, VECTOR_APIC_TIMER | (apic.deadline ? LVT_DEADLINE : 0));
    if (apic.deadline) {
        /* The store to the page must be done before the MSR is written (Intel SDM, volume 3,
         * 11.5.4.1). */
        __asm__ volatile("mfence" : : : "memory");
        apic_timer_deadline(0);
    }
}

/* Masks all entries of the LVT, as the firmware may have left them open. The vector is one of ours:
 * an APIC does not take one below 16. */
static void mask_all(void)
{
    static const u16 entries[] = {REGISTER_TIMER, REGISTER_LINT0, REGISTER_LINT1, REGISTER_ERROR};
    const u32 masked = LVT_MASKED | VECTOR_APIC_SPURIOUS, version = read_register(REGISTER_VERSION);
    u32 last = version >> VERSION_LAST & 0xff;

    for (u32 i = 0; i < ARRAY_LENGTH(entries); i++) {
        write_register(entries[i], masked);
    }
    for (u32 i = 0; i < ARRAY_LENGTH(later_entries) && FIRST_LATER + i <= last; i++) {
        write_register(later_entries[i], masked);
    }
    if (version & VERSION_MORE) {
        u32 more = read_register(REGISTER_EXTENDED) >> EXTENDED_COUNT & 0xff;

        for (u32 i = 0; i < more; i++) {
            write_register(REGISTER_MORE + i * STRIDE, masked);
        }
    }
}

/* Ends the interrupts that what ran before had not served to their ends: others of their priority
 * would not come. Each EOI ends the one of the highest vector. */
static void end_service(void)
{
    u32 count = 0;

    for (u32 i = 0; i < SERVICE_REGISTERS; i++) {
        for (u32 bits = read_register(REGISTER_SERVICE + i * STRIDE); bits; bits &= bits - 1) {
            count++;
        }
    }
    while (count--) {
        write_register(REGISTER_END, 0);
    }
}

void apic_start(void)
{
    u64 base = read_msr(MSR_APIC_BASE);

    if (!apic.started) {
        find(base);
    }
    if (!(base & APIC_BASE_ENABLED)) {
        write_msr(MSR_APIC_BASE, base |= APIC_BASE_ENABLED);
    }
    if (!apic.page && !(base & APIC_BASE_X2APIC)) {
        write_msr(MSR_APIC_BASE, base |= APIC_BASE_X2APIC);
    }
    mask_all();
    write_register(REGISTER_SPURIOUS, SPURIOUS_ENABLE | VECTOR_APIC_SPURIOUS);
    write_register(REGISTER_PRIORITY, 0);
    end_service();
    write_register(REGISTER_ERROR, VECTOR_APIC_ERROR);
    write_register(REGISTER_LINT1, LVT_NMI);
    write_register(REGISTER_DIVIDE, DIVIDE_BY_1);
    timer_reset();
}

void apic_accept_pic(void)
{
    write_register(REGISTER_LINT0, LVT_EXTINT);
}

u32 apic_id(void)
{
    u32 id = read_register(REGISTER_ID);
    return apic.page ? id >> 24 : id;
}

void apic_acknowledge(void)
{
    write_register(REGISTER_END, 0);
}

static void command(u32 id, u32 what)
{
    if (!apic.page) {
        /* The write of this MSR, unlike a store to the page, is not ordered after earlier stores,
         * which the target CPU must see. */
        __asm__ volatile("mfence; lfence" : : : "memory");
        write_msr(MSR_X2APIC + REGISTER_COMMAND / 16, (u64)id << 32 | COMMAND_ASSERT | what);
        return;
    }
    while (read_register(REGISTER_COMMAND) & COMMAND_BUSY) {
        __builtin_ia32_pause();
    }
    write_register(REGISTER_TARGET, id << 24);
    write_register(REGISTER_COMMAND, COMMAND_ASSERT | what);
}

void apic_send(u32 id, u32 vector)
{
    command(id, vector);
}

void apic_send_nmi_to_others(void)
{
    command(0, COMMAND_OTHERS | COMMAND_NMI);
}

void apic_send_init(u32 id)
{
    command(id, COMMAND_INIT);
}

void apic_send_start(u32 id, u32 page)
{
    command(id, COMMAND_START | page);
}

bool apic_can_send_to(u32 id)
{
    return !apic.page || id <= ID_MOST;
}

void apic_timer_set(u32 ticks)
{
    write_register(REGISTER_INITIAL, ticks);
}

u32 apic_timer_left(void)
{
    return read_register(REGISTER_CURRENT);
}

bool apic_timer_has_deadline(void)
{
    return apic.deadline;
}

void apic_timer_deadline(u64 tsc)
{
    write_msr(MSR_TSC_DEADLINE, tsc);
}

void apic_measure_start(void)
{
    write_register(REGISTER_TIMER, VECTOR_APIC_TIMER | LVT_MASKED);
    write_register(REGISTER_INITIAL, ~0u);
}

void apic_measure_end(void)
{
    timer_reset();
}
