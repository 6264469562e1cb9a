/* SPDX-License-Identifier: MIT */
/* Port instructions of guests. */
#include "hypervisor/emulate/port.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/rights.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/vcpu/deliver.h"
#include "hypervisor/vcpu/vcpu.h"
#include "hypervisor/emulate/execute.h"
#include "hypervisor/emulate/fetch.h"
#include "hypervisor/emulate/machine_port.h"

#define NO_DEVICE (~0ull) /* what a read returns where no device answers */

static u16 port_of(const struct vcpu *vcpu, const struct instruction *in)
{
    return (u16)(in->source == SOURCE_IMMEDIATE ? in->immediate : vcpu->registers.rdx);
}

/* Copies from guest memory through the kernel root. User mode's root does not show the kernel's
 * memory. */
static bool copy_from_kernel(struct vcpu *vcpu, void *to, u64 from, u32 size)
{
    bool good, user = !vcpu->in_kernel;

    if (user) {
        vcpu_toggle_mode(vcpu);
    }
    good = copy_from_guest(to, from, size);
    if (user) {
        vcpu_toggle_mode(vcpu);
    }
    return good;
}

bool port_in_bitmap(struct vcpu *vcpu, const struct instruction *in)
{
    u32 port = port_of(vcpu, in), first = port % 8, last = first + in->operand_size - 1u;
    u32 wanted = ((1u << in->operand_size) - 1) << first;
    u16 refused = 0; /* a set bit refuses its port */

    if (port + in->operand_size > vcpu->io_bitmap_ports) {
        return false;
    }
    return copy_from_kernel(vcpu, &refused, vcpu->io_bitmap + port / 8, last / 8 + 1) &&
           !(refused & wanted);
}

/* ---- IN and OUT ---------------------------------------------------------------------------- */

enum emulated port_in(struct vcpu *vcpu, const struct instruction *in)
{
    u32 value = machine_port_read(vcpu->domain, port_of(vcpu, in), in->operand_size);

    register_write(&vcpu->registers, REGISTER_RAX, in->operand_size, value);
    return EMULATED_DONE;
}

enum emulated port_out(struct vcpu *vcpu, const struct instruction *in)
{
    u32 value = (u32)register_read(&vcpu->registers, REGISTER_RAX, in->operand_size);

    machine_port_write(vcpu->domain, port_of(vcpu, in), in->operand_size, value);
    return EMULATED_DONE;
}

/* ---- string instructions ------------------------------------------------------------------- */

/* Delivers the page fault of an access to `at` that failed. `write`: PF_WRITE or 0. An address that
 * is not canonical has none: the original fault, #GP, is what the access raises. */
static enum emulated fault_at(struct vcpu *vcpu, u64 at, u32 write)
{
    struct vmmu_walk walk;

    if (!address_canonical(at)) {
        return EMULATED_NOT;
    }
    vmmu_walk(vcpu_root(vcpu), vaddr(at), &walk);
    deliver_page_fault(vcpu, at,
                       write | (walk.present ? PF_PRESENT : 0) | (vcpu->in_kernel ? 0 : PF_USER));
    return EMULATED_FAULT;
}

/* How many of `size` bytes from `at` lie in the first page. */
static u32 part_in_page(u64 at, u32 size)
{
    u64 to_page_end = PAGE_SIZE - page_offset(at);

    return to_page_end < size ? (u32)to_page_end : size;
}

/* Stores the element that INS has read. Page by page, so that a fault has the address in the page
 * that is not accessible. */
static enum emulated store_element(struct vcpu *vcpu, u64 at, u64 value, u32 size)
{
    for (u32 done = 0, part; done < size; done += part) {
        part = part_in_page(at + done, size - done);
        if (!copy_to_guest(at + done, (const u8 *)&value + done, part)) {
            return fault_at(vcpu, at + done, PF_WRITE);
        }
    }
    return EMULATED_DONE;
}

enum emulated port_ins(struct vcpu *vcpu, const struct instruction *in)
{
    u64 at = instruction_address(in, &vcpu->registers, 0);
    u16 port = (u16)vcpu->registers.rdx;

    if (instruction_idle(in, &vcpu->registers)) {
        return EMULATED_DONE;
    }
    /* Stored to before the port is read: a device gives each datum once, and one that is read must
     * not be lost by a fault. */
    enum emulated result = store_element(vcpu, at, NO_DEVICE, in->operand_size);
    if (result == EMULATED_DONE && rights_port(vcpu->domain, port, in->operand_size)) {
        u32 value = machine_port_read(vcpu->domain, port, in->operand_size);
        result = store_element(vcpu, at, value, in->operand_size);
    }
    return result;
}

enum emulated port_outs(struct vcpu *vcpu, const struct instruction *in)
{
    u64 value = 0, at = instruction_source(in, &vcpu->registers, segment_base(in->source_segment));

    if (instruction_idle(in, &vcpu->registers)) {
        return EMULATED_DONE;
    }
    for (u32 done = 0, part; done < in->operand_size; done += part) {
        part = part_in_page(at + done, in->operand_size - done);
        if (!copy_from_guest((u8 *)&value + done, at + done, part)) {
            return fault_at(vcpu, at + done, 0);
        }
    }
    machine_port_write(vcpu->domain, (u16)vcpu->registers.rdx, in->operand_size, (u32)value);
    return EMULATED_DONE;
}
