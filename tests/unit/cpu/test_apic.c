/* SPDX-License-Identifier: MIT */
/* Proves that hypervisor/cpu/apic sets a local APIC up by value, from every state
 * that firmware leaves: as
 * an xAPIC or an x2APIC, switched off, with a running timer and open entries of its LVT of any
 * number, with interrupts in service, with a deadline in the future. The model of an x2APIC refuses
 * what a processor answers with #GP. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/unit/time/host/hypervisor/cpu/asm.h"

#include "hypervisor/cpu/apic.h"
#include "hypervisor/irq/vector.h"
#include "hypervisor/log/log.h"
#include "hypervisor/memory/map.h"
#include "lib/x86/cpuid.h"

#define REGISTERS 0x550
#define MASKED    0x10000u
#define PAGE_AT   0xfee00000ull

enum { ID = 0x20, VERSION = 0x30, PRIORITY = 0x80, END = 0xb0, SPURIOUS = 0xf0, SERVICE = 0x100 };
enum { CMCI = 0x2f0, COMMAND = 0x300, TARGET = 0x310, TIMER = 0x320, THERMAL = 0x330 };
enum { COUNTERS = 0x340, LINT0 = 0x350, LINT1 = 0x360, ERROR = 0x370, INITIAL = 0x380 };
enum { DIVIDE = 0x3e0, EXTENDED = 0x400, MORE = 0x500 };

/* ---- the fake machine: these functions replace the processor's instructions ---- */

static struct {
    struct cpuid features;
    u64 base, deadline, command;
    u32 at[REGISTERS / 4]; /* by offset; of an xAPIC the page */
    u32 ended;
    const char *sentence;
    jmp_buf panics;
} machine;

struct cpuid read_cpuid(u32 leaf, u32 subleaf)
{
    assert_int_equal(leaf, 1);
    assert_int_equal(subleaf, 0);
    return machine.features;
}

static u32 last_entry(void)
{
    return machine.at[VERSION / 4] >> 16 & 0xff;
}

static bool is_entry(u32 offset)
{
    u32 more = machine.at[EXTENDED / 4] >> 16 & 0xff;

    return (offset >= LINT0 && offset <= ERROR) || offset == TIMER ||
           (offset == COUNTERS && last_entry() >= 4) || (offset == THERMAL && last_entry() >= 5) ||
           (offset == CMCI && last_entry() >= 6) || (offset >= MORE && offset < MORE + 0x10 * more);
}

static void end_one(void)
{
    for (u32 i = 8; i-- > 0;) {
        u32 *word = &machine.at[(SERVICE + 0x10 * i) / 4];

        if (*word) {
            *word &= ~(1u << (31 - __builtin_clz(*word)));
            machine.ended++;
            return;
        }
    }
}

static void write_offset(u32 offset, u64 value)
{
    if (offset == COMMAND) {
        machine.command = value;
        return;
    }
    assert_int_equal(value >> 32, 0);
    if (offset == END) {
        assert_int_equal(value, 0);
        end_one();
        return;
    }
    assert_true(is_entry(offset) || offset == PRIORITY || offset == SPURIOUS || offset == INITIAL ||
                offset == DIVIDE);
    if (is_entry(offset) && !(machine.at[SPURIOUS / 4] & 0x100)) {
        value |= MASKED; /* while it is switched off by software */
    }
    machine.at[offset / 4] = (u32)value;
}

u64 read_msr(u32 index)
{
    if (index == MSR_APIC_BASE) {
        return machine.base;
    }
    assert_true(machine.base & APIC_BASE_X2APIC);
    assert_in_range(index, MSR_X2APIC, MSR_X2APIC + REGISTERS / 16 - 1);
    return machine.at[(index - MSR_X2APIC) * 4];
}

void write_msr(u32 index, u64 value)
{
    const u64 mode = APIC_BASE_ENABLED | APIC_BASE_X2APIC;

    if (index == MSR_APIC_BASE) {
        assert_false((value & mode) == APIC_BASE_X2APIC);
        assert_false(!(machine.base & mode) && (value & mode) == mode);
        assert_false((machine.base & mode) == mode && (value & mode) == APIC_BASE_ENABLED);
        assert_int_equal(value & ~mode, machine.base & ~mode);
        machine.base = value;
    } else if (index == MSR_TSC_DEADLINE) {
        machine.deadline = value;
    } else {
        assert_true(machine.base & APIC_BASE_X2APIC);
        assert_in_range(index, MSR_X2APIC, MSR_X2APIC + REGISTERS / 16 - 1);
        write_offset((index - MSR_X2APIC) * 16, value);
    }
}

void *device_map(maddr_t at)
{
    assert_int_equal(at.a, PAGE_AT);
    return machine.at;
}

_Noreturn void panic(const char *format, ...)
{
    machine.sentence = format;
    longjmp(machine.panics, 1);
}

/* ---- the firmware ---- */

/* An APIC in use: entries open, a periodic timer, interrupts in service. */
static void leave(u64 base, u32 ecx, u32 last)
{
    memset(&machine, 0, sizeof machine);
    machine.features.ecx = ecx;
    machine.features.edx = CPUID_1_EDX_APIC;
    machine.base = PAGE_AT | base;
    machine.at[VERSION / 4] = last << 16 | 0x15;
    machine.at[ID / 4] = 3;
    machine.at[SPURIOUS / 4] = 0x10f;
    machine.at[PRIORITY / 4] = 0x20;
    for (u32 offset = 0; offset < REGISTERS; offset += 16) {
        if (is_entry(offset)) {
            machine.at[offset / 4] = 0x20020;
        }
    }
    machine.at[INITIAL / 4] = 1000;
    machine.at[(SERVICE + 0x10) / 4] = 1;
    machine.at[(SERVICE + 0x70) / 4] = 0x80000001;
    machine.deadline = 1;
}

static void check_set_up(void)
{
    assert_int_equal(machine.at[SPURIOUS / 4], 0x100 | VECTOR_APIC_SPURIOUS);
    assert_int_equal(machine.at[PRIORITY / 4], 0);
    assert_int_equal(machine.at[LINT0 / 4] & MASKED, MASKED);
    assert_int_equal(machine.at[LINT1 / 4], 0x400);
    assert_int_equal(machine.at[ERROR / 4], VECTOR_APIC_ERROR);
    assert_int_equal(machine.at[TIMER / 4] & 0x100ff, VECTOR_APIC_TIMER);
    assert_int_equal(machine.at[INITIAL / 4], 0);
    if (last_entry() >= 4) {
        assert_true(machine.at[COUNTERS / 4] & MASKED);
    }
    if (last_entry() >= 5) {
        assert_true(machine.at[THERMAL / 4] & MASKED);
    }
    if (last_entry() >= 6) {
        assert_true(machine.at[CMCI / 4] & MASKED);
    }
    apic_accept_pic();
    assert_int_equal(machine.at[LINT0 / 4], 0x700);
}

/* ---- claims, in their order: the first apic_start of a process decides which kind of APIC the
 * CPUs have ---- */

static void a_cpu_without_an_apic(void **state)
{
    (void)state;
    leave(APIC_BASE_ENABLED, 0, 5);
    machine.features.edx = 0;
    if (!setjmp(machine.panics)) {
        apic_start();
        fail_msg("it was found");
    }
    assert_string_equal(machine.sentence, "this CPU has no local APIC");
}

/* The firmware has left x2APIC mode on, and CPUID does not name it. */
static void an_x2apic_that_cpuid_hides(void **state)
{
    (void)state;
    leave(APIC_BASE_ENABLED | APIC_BASE_X2APIC | APIC_BASE_BOOT_CPU, CPUID_1_ECX_TSC_DEADLINE, 6);
    apic_start();
    check_set_up();
    assert_int_equal(machine.ended, 3);
    assert_int_equal(machine.deadline, 0);
    assert_int_equal(machine.at[TIMER / 4], 2u << 17 | VECTOR_APIC_TIMER);
    assert_int_equal(apic_id(), 3);
    apic_send(0x12345, 0xf1);
    assert_int_equal(machine.command, 0x12345ull << 32 | 0x40f1);
    assert_true(apic_can_send_to(0x12345));
}

/* Another CPU: switched off, or an xAPIC still; with fewer entries, or with AMD's. */
static void an_x2apic_that_was_off(void **state)
{
    (void)state;
    leave(0, CPUID_1_ECX_X2APIC, 3);
    apic_start();
    check_set_up();
    assert_int_equal(machine.base, PAGE_AT | APIC_BASE_ENABLED | APIC_BASE_X2APIC);
    leave(APIC_BASE_ENABLED, CPUID_1_ECX_X2APIC, 5);
    machine.at[VERSION / 4] |= 1u << 31;
    machine.at[EXTENDED / 4] = 4u << 16;
    apic_start();
    check_set_up();
    for (u32 i = 0; i < 4; i++) {
        assert_true(machine.at[MORE / 4 + 4 * i] & MASKED);
    }
    assert_int_equal(machine.at[MORE / 4 + 16], 0);
    leave(APIC_BASE_ENABLED, CPUID_1_ECX_X2APIC, 5);
    machine.at[SPURIOUS / 4] = 0xff; /* switched off by software */
    apic_start();
    check_set_up();
}

/* The page of registers is plain memory here, so that only the last value of each counts. */
static void an_xapic(void **state)
{
    (void)state;
    leave(APIC_BASE_BOOT_CPU, 0, 5);
    apic_start();
    check_set_up();
    assert_int_equal(machine.base, PAGE_AT | APIC_BASE_BOOT_CPU | APIC_BASE_ENABLED);
    assert_int_equal(machine.at[CMCI / 4], 0); /* there is none */
    machine.at[ID / 4] = 5u << 24;
    assert_int_equal(apic_id(), 5);
    apic_send(7, 0xf1);
    assert_int_equal(machine.at[TARGET / 4], 7u << 24);
    assert_int_equal(machine.at[COMMAND / 4], 0x40f1);
    assert_false(apic_can_send_to(0xff));
    assert_int_equal(machine.deadline, 1); /* not touched: there is no such MSR */
}

int main(void)
{
    const struct CMUnitTest page_tests[] = {cmocka_unit_test(an_xapic)};
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cpu_without_an_apic),
        cmocka_unit_test(an_x2apic_that_cpuid_hides),
        cmocka_unit_test(an_x2apic_that_was_off),
    };

    int status = 1;
    if (fork() == 0) {
        return cmocka_run_group_tests(page_tests, NULL, NULL);
    }
    wait(&status);
    return cmocka_run_group_tests(tests, NULL, NULL) || status;
}
