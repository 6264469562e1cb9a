/* SPDX-License-Identifier: MIT */
/* Numbers of model-specific registers (AMD64 manual, volume 2, appendix A; those for speculation,
 * TSC deadline and x2APIC: Intel SDM, volume 4). */
#ifndef X86_MSR_H
#define X86_MSR_H

#include "lib/x86/constant.h"

#define MSR_TSC            CONSTANT_U32(0x10)
#define MSR_APIC_BASE      CONSTANT_U32(0x1b)
#define MSR_SPEC_CTRL      CONSTANT_U32(0x48)
#define MSR_PRED_CMD       CONSTANT_U32(0x49)
#define MSR_CAPABILITIES   CONSTANT_U32(0x10a) /* ARCH_CAPABILITIES */
#define MSR_FLUSH_CMD      CONSTANT_U32(0x10b)
#define MSR_SYSENTER_CS    CONSTANT_U32(0x174)
#define MSR_SYSENTER_ESP   CONSTANT_U32(0x175)
#define MSR_SYSENTER_EIP   CONSTANT_U32(0x176)
#define MSR_PAT            CONSTANT_U32(0x277)
#define MSR_TSC_DEADLINE   CONSTANT_U32(0x6e0)
#define MSR_X2APIC         CONSTANT_U32(0x800) /* the first: one for each 16 bytes of the page */
#define MSR_EFER           CONSTANT_U32(0xc0000080)
#define MSR_STAR           CONSTANT_U32(0xc0000081)
#define MSR_LSTAR          CONSTANT_U32(0xc0000082)
#define MSR_CSTAR          CONSTANT_U32(0xc0000083)
#define MSR_SYSCALL_MASK   CONSTANT_U32(0xc0000084) /* SFMASK */
#define MSR_FS_BASE        CONSTANT_U32(0xc0000100)
#define MSR_GS_BASE        CONSTANT_U32(0xc0000101)
#define MSR_KERNEL_GS_BASE CONSTANT_U32(0xc0000102)
#define MSR_TSC_AUX        CONSTANT_U32(0xc0000103)

/* Speculation (AMD64 manual, volume 2, 3.2.9; Intel SDM, volume 4). */
#define SPEC_CTRL_IBRS  BIT_U64(0) /* branches of less privileged code predict none of ours */
#define SPEC_CTRL_STIBP BIT_U64(1) /* nor do those of the core's other thread */
#define PRED_CMD_IBPB   BIT_U64(0) /* drop all predictions of indirect branches */
#define FLUSH_CMD_L1D   BIT_U64(0) /* empty the level 1 data cache */

/* MSR_APIC_BASE (AMD64 manual, volume 2, 16.3.1). */
#define APIC_BASE_BOOT_CPU BIT_U64(8)
#define APIC_BASE_X2APIC   BIT_U64(10)
#define APIC_BASE_ENABLED  BIT_U64(11)
#define APIC_BASE_ADDRESS  CONSTANT_U64(0x000ffffffffff000)
#define APIC_BASE_RESET    CONSTANT_U64(0xfee00000) /* the address after a reset */

#endif
