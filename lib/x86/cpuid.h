/* SPDX-License-Identifier: MIT */
/* What CPUID says of a processor's features: leaf, register, bit (AMD64 manual, volume 3, appendix
 * E; Intel SDM, volume 2, CPUID). */
#ifndef X86_CPUID_H
#define X86_CPUID_H

#include "lib/x86/constant.h"

#define CPUID_1_ECX_PCID         BIT_U32(17)
#define CPUID_1_ECX_X2APIC       BIT_U32(21)
#define CPUID_1_ECX_TSC_DEADLINE BIT_U32(24)
#define CPUID_1_ECX_XSAVE        BIT_U32(26)
#define CPUID_1_ECX_OSXSAVE      BIT_U32(27)
#define CPUID_1_ECX_HYPERVISOR   BIT_U32(31)
#define CPUID_1_EDX_APIC         BIT_U32(9)
#define CPUID_1_EDX_SEP          BIT_U32(11) /* SYSENTER */
#define CPUID_1_EDX_PAT          BIT_U32(16)
#define CPUID_1_EDX_HTT          BIT_U32(28) /* several CPUs, or threads, a package */
#define CPUID_7_EBX_SMEP         BIT_U32(7)
#define CPUID_7_EBX_INVPCID      BIT_U32(10)
#define CPUID_7_EDX_CAPABILITIES BIT_U32(29) /* the MSR ARCH_CAPABILITIES exists */

#define CPUID_80000001_EDX_SYSCALL BIT_U32(11)
#define CPUID_80000001_EDX_NX      20 /* numbers of bits, for BT */
#define CPUID_80000001_EDX_LM      29

#endif
