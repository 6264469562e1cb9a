/* SPDX-License-Identifier: MIT */
/* The world of an emulated instruction, played for test_emulate.c: memory, the virtual MMU,
 * delivery. */
#ifndef UNIT_EMULATE_EMULATE_WORLD_H
#define UNIT_EMULATE_EMULATE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/log/log.h"
#include "hypervisor/vcpu/control.h"
#include "hypervisor/vcpu/cpuid.h"
#include "hypervisor/vcpu/debug.h"
#include "hypervisor/vcpu/fpu.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/vcpu/deliver.h"
#include "hypervisor/emulate/decode.h"
#include "hypervisor/emulate/emulate.h"
#include "hypervisor/vcpu/msr.h"

#define MEMORY      0x10000u /* the only readable guest address, and on for MEMORY_SIZE */
#define MEMORY_SIZE 0x2000u
#define CODE        (MEMORY + 0x100)
#define TABLE       (MEMORY + 0x1000)
#define CS64        0xe033
#define CS32        0xe023

struct test {
    struct domain domain;
    struct vcpu vcpu;
    u8 memory[MEMORY_SIZE];
    int delivered; /* vector, or -1 */
    u32 error_code;
    u64 fault_address;
    enum vmmu_result write_result;
    u32 races; /* how many writes lose against another CPU first */
    u32 writes;
    u32 touched; /* calls that change or show privileged state */
};

extern struct test test;

u8 *guest(u64 address, u64 size);

#endif
