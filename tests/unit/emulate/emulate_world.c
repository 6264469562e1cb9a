/* SPDX-License-Identifier: MIT */
/* The fake memory, virtual MMU and trap delivery for test_emulate.c. */
#include "tests/unit/emulate/emulate_world.h"

struct test test;

/* ---- what the rest of the hypervisor does --------------------------------------------------- */

struct vcpu *current_vcpu(void)
{
    return NULL; /* this test has no real debug registers */
}

mfn_t vcpu_root(const struct vcpu *vcpu)
{
    return vcpu->mmu.kernel_root;
}

bool guest_range_ok(u64 address, u64 size)
{
    return address + size >= address &&
           (address + size <= 1ull << 47 || address >= 0xffff880000000000);
}

bool address_canonical(u64 address)
{
    return (u64)((s64)(address << 16) >> 16) == address;
}

void vcpu_toggle_mode(struct vcpu *vcpu)
{
    vcpu->in_kernel = !vcpu->in_kernel;
    test.toggles++;
}

void pci_window_store(mfn_t m, u32 offset, u32 size, u64 value)
{
    test.stored_frame = m;
    test.stored_offset = offset;
    test.stored_size = size;
    test.stored = value;
}

void flush_caches(void)
{
    test.caches_written++;
}

u8 *guest(u64 address, u64 size)
{
    if (test.vcpu.in_kernel && address >= KERNEL_ONLY && size <= sizeof test.kernel_only &&
        address - KERNEL_ONLY <= sizeof test.kernel_only - size) {
        return test.kernel_only + (address - KERNEL_ONLY);
    }
    if (address < MEMORY || size > MEMORY_SIZE || address - MEMORY > MEMORY_SIZE - size) {
        return NULL;
    }
    return test.memory + (address - MEMORY);
}

bool copy_from_guest(void *to, u64 from, u64 size)
{
    if (!guest(from, size)) {
        return false;
    }
    memcpy(to, guest(from, size), size);
    return true;
}

bool copy_pair_from_kernel(u64 pair[2], u64 from)
{
    return copy_from_guest(pair, from, 2 * sizeof(u64));
}

bool copy_to_guest(u64 to, const void *from, u64 size)
{
    if (!guest(to, size)) {
        return false;
    }
    memcpy(guest(to, size), from, size);
    return true;
}

void deliver_trap(struct vcpu *vcpu, u32 vector, u32 error_code)
{
    (void)vcpu;
    test.delivered = (int)vector;
    test.error_code = error_code;
}

void deliver_page_fault(struct vcpu *vcpu, u64 address, u32 error_code)
{
    deliver_trap(vcpu, VECTOR_PF, error_code);
    test.fault_address = address;
}

void log_limited(u32 place, u16 domain_id, const char *format, ...)
{
    (void)place;
    (void)domain_id;
    (void)format;
}

void fpu_set_task_switched(struct vcpu *vcpu, bool on)
{
    vcpu->fpu_task_switched = on;
    test.touched++;
}

bool control_read(const struct vcpu *vcpu, u32 number, u64 *value)
{
    (void)vcpu;
    test.touched++;
    *value = 0x1122334455667700 + number;
    return number != 8;
}

s64 control_write(struct vcpu *vcpu, u32 number, u64 value)
{
    (void)vcpu;
    test.touched++;
    if (number == 3 && value == 0x7000) {
        return -XEN_EAGAIN;
    }
    return number == 3 && value == 0x5000 ? 0 : -XEN_EINVAL;
}

bool control_set_xcr(struct vcpu *vcpu, u32 index, u64 value)
{
    (void)vcpu;
    test.touched++;
    return index == 0 && value == 7;
}

bool guest_read_msr(const struct vcpu *vcpu, u32 index, u64 *value)
{
    (void)vcpu;
    test.touched++;
    *value = 0x8877665544332211;
    return index == 0x10;
}

bool guest_write_msr(const struct vcpu *vcpu, u32 index, u64 value)
{
    (void)vcpu;
    test.touched++;
    return index == 0x10 && value == 0x500000006;
}

struct cpuid guest_cpuid(const struct vcpu *vcpu, u32 leaf, u32 subleaf)
{
    (void)vcpu;
    return (struct cpuid){leaf + 1, leaf + 2, subleaf + 3, 4};
}

void vmmu_walk(mfn_t root, vaddr_t va, struct vmmu_walk *walk)
{
    (void)root;
    memset(walk, 0, sizeof *walk);
    walk->present = va.a == test.read_only;
}

/* Returns false in a test with a refusal or a race, so that the store goes through
 * vmmu_emulated_write. */
bool vmmu_emulated_change_at(struct vmmu_vcpu *vcpu, maddr_t where, u64 keep, u64 flip, u64 *old)
{
    u64 new;

    (void)vcpu;
    if (test.write_result != VMMU_DONE || test.races) {
        return false;
    }
    test.writes++;
    memcpy(old, guest(where.a, sizeof *old), sizeof *old);
    new = (*old & keep) ^ flip;
    memcpy(guest(where.a, sizeof new), &new, sizeof new);
    return true;
}

enum vmmu_result vmmu_emulated_write_at(struct vmmu_vcpu *vcpu, maddr_t at, u32 bytes, u64 expected,
                                        u64 desired, bool *swapped)
{
    u64 now = 0;

    (void)vcpu;
    test.writes++;
    if (test.write_result != VMMU_DONE) {
        return test.write_result;
    }
    if (test.races) {
        test.races--;
        guest(at.a, bytes)[0] ^= 0x40; /* another CPU changes the word first */
    }
    memcpy(&now, guest(at.a, bytes), bytes);
    *swapped = now == expected;
    if (*swapped) {
        memcpy(guest(at.a, bytes), &desired, bytes);
    }
    return VMMU_DONE;
}

/* ---- the machine's ports ---- */

u32 raw_port_read(u16 port, u32 size)
{
    test.ports_read++;
    test.last_port = port;
    test.last_size = size;
    return test.port_value;
}

void raw_port_write(u16 port, u32 size, u32 value)
{
    test.ports_written++;
    test.last_port = port;
    test.last_size = size;
    test.last_written = value;
}

u32 pci_guest_read(u16 function, u32 offset, u32 size)
{
    return (u32)function << 16 | offset << 8 | size;
}

void pci_guest_write(u16 function, u32 offset, u32 size, u32 value)
{
    test.last_port = function;
    test.last_size = offset << 8 | size;
    test.last_written = value;
}
