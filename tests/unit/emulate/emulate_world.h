/* SPDX-License-Identifier: MIT */
/* The fake memory, virtual MMU and trap delivery for test_emulate.c. */
#ifndef UNIT_EMULATE_EMULATE_WORLD_H
#define UNIT_EMULATE_EMULATE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/cpu/flush.h"
#include "hypervisor/log/log.h"
#include "hypervisor/vcpu/control.h"
#include "hypervisor/vcpu/cpuid.h"
#include "hypervisor/vcpu/debug.h"
#include "hypervisor/vcpu/fpu.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/vcpu/deliver.h"
#include "hypervisor/emulate/decode.h"
#include "hypervisor/emulate/emulate.h"
#include "hypervisor/emulate/port.h"
#include "hypervisor/emulate/raw_port.h"
#include "hypervisor/pci/guest.h"
#include "hypervisor/pci/window.h"
#include "hypervisor/vcpu/msr.h"

#define MEMORY      0x10000u /* the readable guest addresses: MEMORY_SIZE bytes from here */
#define MEMORY_SIZE 0x2000u
#define KERNEL_ONLY 0x20000u /* one page that only the kernel root maps */
#define CODE        (MEMORY + 0x100)
#define TABLE       (MEMORY + 0x1000)
#define CS64        0xe033
#define CS32        0xe023

struct test {
    struct domain domain;
    struct vcpu vcpu;
    u8 memory[MEMORY_SIZE];
    u8 kernel_only[0x1000];
    int delivered; /* the vector that was delivered, or -1 */
    u32 error_code;
    u64 fault_address;
    u64 read_only; /* an address that walks find mapped, though copies to it fail */
    enum vmmu_result write_result;
    u32 races; /* how many of the next writes another CPU precedes with one of its own */
    u32 writes;
    mfn_t stored_frame; /* of the last store to a device */
    u32 stored_offset, stored_size;
    u64 stored;
    u32 caches_written;            /* how often the caches of all CPUs were written back */
    u32 toggles;                   /* how many switches between the two modes */
    u32 port_value;                /* what each port of the machine reads as */
    u32 ports_read, ports_written; /* accesses to the machine's ports */
    u16 last_port;
    u32 last_size, last_written;
    u32 touched; /* how many calls changed or returned privileged state */
};

extern struct test test;

u8 *guest(u64 address, u64 size);

#endif
