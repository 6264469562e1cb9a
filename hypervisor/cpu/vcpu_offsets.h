/* SPDX-License-Identifier: MIT */
/* Offsets in bytes that the entry code uses, in struct vcpu and in structures of the ABI. Each is
 * asserted in vcpu/vcpu.c. */
#ifndef CPU_VCPU_OFFSETS_H
#define CPU_VCPU_OFFSETS_H

#include "hypervisor/cpu/registers.h"

/* struct vcpu: the register block, then the members that the entry code reads and writes. */
#define VCPU_REGISTERS        0
#define VCPU_STACK            REGISTERS_SIZE
#define VCPU_CPU              (VCPU_STACK + 8)
#define VCPU_FRAME_TOP        (VCPU_STACK + 16)
#define VCPU_FAST_ENTRY       (VCPU_STACK + 24)
#define VCPU_FAST_FAULT       (VCPU_STACK + 32)
#define VCPU_KERNEL_CR3       (VCPU_STACK + 40)
#define VCPU_USER_CR3         (VCPU_STACK + 48)
#define VCPU_INFO             (VCPU_STACK + 56)
#define VCPU_IN_KERNEL        (VCPU_STACK + 64)
#define VCPU_FAST_MASKS       (VCPU_STACK + 65)
#define VCPU_FAST_FAULT_MASKS (VCPU_STACK + 66)
#define VCPU_SLOW_IRET        (VCPU_STACK + 67) /* nmi_masked and shown_iopl, one byte each */
#define VCPU_SLOW_EXIT        (VCPU_STACK + 69) /* nmi_pending and runstate_stale, likewise */

/* struct vcpu_info of the ABI: evtchn_upcall_pending, evtchn_upcall_mask, arch.cr2. */
#define INFO_PENDING 0
#define INFO_MASK    1
#define INFO_CR2     16

/* struct iret_context of the ABI, which lies on the guest kernel's stack at hypercall iret. */
#define IRET_RAX    0
#define IRET_R11    8
#define IRET_RCX    16
#define IRET_FLAGS  24
#define IRET_RIP    32
#define IRET_CS     40
#define IRET_RFLAGS 48
#define IRET_RSP    56
#define IRET_SS     64
#define IRET_SIZE   72

#define IRET_IN_SYSCALL 0x100 /* in `flags`: VGCF_in_syscall */
#define CALL_IRET       23    /* __HYPERVISOR_iret */

#endif
