/* SPDX-License-Identifier: MIT */
/* The processor's instructions as functions, for a process that may execute none of them: comes
 * before hypervisor/cpu/asm.h in the include path. */
#ifndef CPU_ASM_H
#define CPU_ASM_H

#include "lib/types.h"
#include "lib/x86/control.h"
#include "lib/x86/cpuid.h"
#include "lib/x86/msr.h"

#define DEFINE_CONTROL(name)                                                                       \
    static inline u64 read_##name(void)                                                            \
    {                                                                                              \
        return 0;                                                                                  \
    }                                                                                              \
    static inline void write_##name(u64 value)                                                     \
    {                                                                                              \
        (void)value;                                                                               \
    }
DEFINE_CONTROL(cr3)
DEFINE_CONTROL(cr4)
DEFINE_CONTROL(dr0)
DEFINE_CONTROL(dr1)
DEFINE_CONTROL(dr2)
DEFINE_CONTROL(dr3)
DEFINE_CONTROL(dr6)
DEFINE_CONTROL(dr7)
#undef DEFINE_CONTROL

struct cpuid {
    u32 eax, ebx, ecx, edx;
};

struct cpuid read_cpuid(u32 leaf, u32 subleaf); /* of an invented processor */

static inline u64 read_msr(u32 index)
{
    (void)index;
    return 0;
}

static inline void write_msr(u32 index, u64 value)
{
    (void)index;
    (void)value;
}

static inline void invalidate_page(u64 address)
{
    (void)address;
}

static inline void invalidate_context(u64 type, u64 number, u64 address)
{
    (void)type;
    (void)number;
    (void)address;
}

#endif
