/* SPDX-License-Identifier: MIT */
/* Proves that hypervisor/cpu/topology finds, by each form in which CPUID describes it, which CPUs
 * are threads of one core: leaf 0xb with and without a level of threads, leaf 1 with leaf 4 of
 * Intel, leaf 1 alone of AMD and of the first Intel processors with two threads. Where it is wrong,
 * cores are taken for threads and left out, or a thread for a core and may leak. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "tests/unit/time/host/hypervisor/cpu/asm.h"

#include "hypervisor/cpu/cpu.h"
#include "hypervisor/cpu/topology.h"

#define CPUS   8
#define LEVELS 3
#define INTEL                                                                                      \
    {                                                                                              \
        0, 0x756e6547, 0x6c65746e, 0x49656e69                                                      \
    }
#define AMD                                                                                        \
    {                                                                                              \
        0, 0x68747541, 0x444d4163, 0x69746e65                                                      \
    }
#define THREADS(bits)                                                                              \
    {                                                                                              \
        bits, 1, 1 << 8, 0                                                                         \
    }
#define CORES(bits)                                                                                \
    {                                                                                              \
        bits, 1, 2 << 8, 0                                                                         \
    }

/* ---- the fake machine: these functions replace the processor's instructions ---- */

static struct {
    struct cpuid vendor;
    u32 last;    /* the last leaf */
    u32 logical; /* of leaf 1: APIC ids of a socket; 0: no HTT */
    u32 cores;   /* of leaf 4: core ids of a socket */
    struct cpuid level[LEVELS];
    u32 here; /* APIC id of the CPU that executes */
    struct cpu cpu[CPUS];
} machine;

struct cpuid read_cpuid(u32 leaf, u32 subleaf)
{
    assert_in_range(leaf, 0, machine.last);
    switch (leaf) {
    case 0:
        return (struct cpuid){machine.last, machine.vendor.ebx, machine.vendor.ecx,
                              machine.vendor.edx};
    case 1:
        return (struct cpuid){0, machine.here << 24 | machine.logical << 16, 0,
                              machine.logical ? 1u << 28 : 0};
    case 4:
        return (struct cpuid){(machine.cores - 1) << 26, 0, 0, 0};
    case 0xb: {
        struct cpuid level = subleaf < LEVELS ? machine.level[subleaf] : (struct cpuid){0};

        level.ecx |= subleaf;
        level.edx = machine.here;
        return level;
    }
    default:
        return (struct cpuid){0};
    }
}

u64 read_msr(u32 index)
{
    fail_msg("MSR %#x is read", index);
    return 0;
}

u32 cpu_count(void)
{
    return CPUS;
}

struct cpu *cpu_at(u32 number)
{
    machine.cpu[number].apic_id = number;
    return &machine.cpu[number];
}

/* ---- claims ---- */

static const struct {
    const char *what;
    struct cpuid vendor;
    u32 last, logical, cores;
    struct cpuid level[LEVELS];
    u32 threads_a_core, cores_a_socket;
} rows[] = {
    {"2 threads a core", INTEL, 0xb, 16, 8, {THREADS(1), CORES(4)}, 2, 4},
    {"a level of threads, 1 a core", INTEL, 0xb, 16, 8, {THREADS(0), CORES(3)}, 1, 8},
    {"no level of threads", INTEL, 0xb, 16, 8, {CORES(2)}, 1, 4},
    {"the first level is of cores", INTEL, 0xb, 16, 8, {CORES(4), THREADS(1)}, 2, 4},
    {"leaf 0xb is empty", INTEL, 0xb, 4, 2, {{0}}, 2, 2},
    {"leaf 0xb is empty, no HTT", INTEL, 0xb, 0, 1, {{0}}, 1, 1},
    {"leaf 4, 1 thread a core", INTEL, 4, 4, 4, {{0}}, 1, 4},
    {"leaf 4, 2 threads a core", INTEL, 4, 8, 4, {{0}}, 2, 4},
    {"no leaf 4", INTEL, 2, 2, 0, {{0}}, 2, 1},
    {"AMD without leaf 0xb", AMD, 5, 4, 0, {{0}}, 1, 4},
    {"AMD with leaf 0xb", AMD, 0xd, 16, 0, {THREADS(1), CORES(3)}, 2, 4},
};

static void each_form_is_read(void **unused)
{
    (void)unused;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        memset(&machine, 0, sizeof machine);
        machine.vendor = rows[i].vendor;
        machine.last = rows[i].last;
        machine.logical = rows[i].logical;
        machine.cores = rows[i].cores;
        memcpy(machine.level, rows[i].level, sizeof machine.level);
        print_message("%s\n", rows[i].what);
        assert_int_equal(topology_threads_a_core(), rows[i].threads_a_core);
        assert_int_equal(topology_cores_a_socket(), rows[i].cores_a_socket);
        for (u32 cpu = 0; cpu < CPUS; cpu++) {
            machine.here = cpu;
            assert_int_equal(topology_this_thread(), cpu % rows[i].threads_a_core);
            assert_int_equal(topology_of(cpu).socket,
                             cpu / (rows[i].threads_a_core * rows[i].cores_a_socket));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_form_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
