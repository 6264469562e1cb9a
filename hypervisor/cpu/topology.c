/* SPDX-License-Identifier: MIT */
/* How the machine's CPUs are grouped to cores and sockets. */
#include "hypervisor/cpu/topology.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/cpu/cpu.h"
#include "hypervisor/cpu/processor.h"
#include "lib/x86/cpuid.h"

#define LEAF_TOPOLOGY 0xbu
#define LEVEL_THREADS 1u /* the kind of the level of a core's threads */
#define LEVELS_MOST   8u /* subleaves that are read */

/* The numbers of low bits of an APIC id that number the threads of a core, and the threads of a
 * socket. */
struct widths {
    u32 thread, socket;
};

/* The number of bits that number `count` things. */
static u32 bits_for(u32 count)
{
    return count > 1 ? 32 - (u32)__builtin_clz(count - 1) : 0;
}

/* Returns what leaf 0xb says; *found: whether it says anything. Each subleaf describes a level by
 * its kind and by the number of APIC id bits below the next level. The kind decides, not the place
 * of the subleaf: where no core has two threads, the first one may be that of cores. */
static struct widths extended_widths(bool *found)
{
    struct widths widths = {0};

    *found = false;
    for (u32 i = 0; i < LEVELS_MOST; i++) {
        const struct cpuid level = read_cpuid(LEAF_TOPOLOGY, i);
        const u32 kind = level.ecx >> 8 & 0xff, bits = level.eax & 31;

        if (!level.ebx || !kind) {
            break;
        }
        if (kind == LEVEL_THREADS) {
            widths.thread = bits;
        }
        widths.socket = bits > widths.socket ? bits : widths.socket;
        *found = true;
    }
    return widths;
}

static bool is_amd(void)
{
    return processor_vendor_is("AuthenticAMD") || processor_vendor_is("HygonGenuine");
}

static struct widths widths(void)
{
    const struct cpuid one = read_cpuid(1, 0);
    const u32 last = processor_last_leaf(0);

    if (last >= LEAF_TOPOLOGY) {
        bool found;
        const struct widths extended = extended_widths(&found);

        if (found) {
            return extended;
        }
    }
    if (!(one.edx & CPUID_1_EDX_HTT)) {
        return (struct widths){0, 0};
    }
    const u32 socket = bits_for(one.ebx >> 16 & 0xff);
    const u32 cores = is_amd()    ? socket /* without leaf 0xb: one thread a core */
                      : last >= 4 ? bits_for((read_cpuid(4, 0).eax >> 26) + 1)
                                  : 0;
    return (struct widths){socket > cores ? socket - cores : 0, socket};
}

u32 topology_this_thread(void)
{
    const u32 id = processor_last_leaf(0) >= LEAF_TOPOLOGY && read_cpuid(LEAF_TOPOLOGY, 0).ebx
                       ? read_cpuid(LEAF_TOPOLOGY, 0).edx
                       : read_cpuid(1, 0).ebx >> 24;

    return id & ((1u << widths().thread) - 1);
}

struct topology topology_of(u32 cpu)
{
    const struct widths width = widths();
    const u32 id = cpu_at(cpu)->apic_id;
    const u32 in_socket = id & ((1u << width.socket) - 1);

    return (struct topology){.core = in_socket >> width.thread, .socket = id >> width.socket};
}

u32 topology_threads_a_core(void)
{
    const struct topology first = topology_of(0);
    u32 count = 0;

    for (u32 i = 0; i < cpu_count(); i++) {
        const struct topology other = topology_of(i);

        count += other.core == first.core && other.socket == first.socket;
    }
    return count;
}

u32 topology_cores_a_socket(void)
{
    const struct topology first = topology_of(0);
    u32 count = 0;

    for (u32 i = 0; i < cpu_count(); i++) {
        count += topology_of(i).socket == first.socket;
    }
    return count / topology_threads_a_core();
}
