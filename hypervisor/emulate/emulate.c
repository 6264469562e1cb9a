/* SPDX-License-Identifier: MIT */
/* Executing privileged instructions for guests. */
#include "hypervisor/emulate/emulate.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/log/log.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/cpu/flush.h"
#include "hypervisor/cpu/segments.h"
#include "hypervisor/vcpu/control.h"
#include "hypervisor/vcpu/cpuid.h"
#include "hypervisor/vcpu/debug.h"
#include "hypervisor/vcpu/fpu.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/rights.h"
#include "hypervisor/vcpu/deliver.h"
#include "hypervisor/emulate/execute.h"
#include "hypervisor/emulate/fetch.h"
#include "hypervisor/emulate/machine_port.h"
#include "hypervisor/emulate/port.h"
#include "hypervisor/vcpu/msr.h"
#include "lib/x86/descriptor.h"
#include "lib/string.h"

#define SIZE_OF(in) ((in)->operand_size)

static void set_pair(struct registers *r, u64 value)
{
    r->rax = (u32)value;
    r->rdx = value >> 32;
}

static enum emulated emulate_nothing(struct vcpu *vcpu, const struct instruction *in)
{
    (void)vcpu;
    (void)in;
    return EMULATED_DONE;
}

/* Memory is coherent for everybody but devices that do not read the caches. */
static enum emulated emulate_wbinvd(struct vcpu *vcpu, const struct instruction *in)
{
    (void)in;
    if (rights_machine(vcpu->domain)) {
        flush_caches();
    }
    return EMULATED_DONE;
}

/* ---- control and debug registers ----------------------------------------------------------- */

static enum emulated emulate_clts(struct vcpu *vcpu, const struct instruction *in)
{
    (void)in;
    fpu_set_task_switched(vcpu, false);
    return EMULATED_DONE;
}

static enum emulated emulate_read_cr(struct vcpu *vcpu, const struct instruction *in)
{
    u64 value;

    if (!control_read(vcpu, in->reg, &value)) {
        return EMULATED_NOT;
    }
    register_write(&vcpu->registers, in->general, SIZE_OF(in), value);
    return EMULATED_DONE;
}

static enum emulated emulate_write_cr(struct vcpu *vcpu, const struct instruction *in)
{
    u64 value = register_read(&vcpu->registers, in->general, SIZE_OF(in));

    s64 result = control_write(vcpu, in->reg, value);

    if (result == -XEN_EAGAIN) {
        return EMULATED_RETRY;
    }
    return result ? EMULATED_NOT : EMULATED_DONE;
}

static enum emulated emulate_read_dr(struct vcpu *vcpu, const struct instruction *in)
{
    if (!debug_exists(vcpu, in->reg)) {
        deliver_trap(vcpu, VECTOR_UD, 0);
        return EMULATED_FAULT;
    }
    register_write(&vcpu->registers, in->general, SIZE_OF(in), debug_get(vcpu, in->reg));
    return EMULATED_DONE;
}

static enum emulated emulate_write_dr(struct vcpu *vcpu, const struct instruction *in)
{
    u64 value = register_read(&vcpu->registers, in->general, SIZE_OF(in));

    if (!debug_exists(vcpu, in->reg)) {
        deliver_trap(vcpu, VECTOR_UD, 0);
        return EMULATED_FAULT;
    }
    return debug_set(vcpu, in->reg, value) ? EMULATED_NOT : EMULATED_DONE;
}

static enum emulated emulate_xsetbv(struct vcpu *vcpu, const struct instruction *in)
{
    const struct registers *r = &vcpu->registers;

    (void)in;
    return control_set_xcr(vcpu, (u32)r->rcx, (u64)(u32)r->rdx << 32 | (u32)r->rax) ? EMULATED_DONE
                                                                                    : EMULATED_NOT;
}

/* ---- model-specific registers, time, CPUID -------------------------------------------------- */

static enum emulated emulate_rdmsr(struct vcpu *vcpu, const struct instruction *in)
{
    u32 index = (u32)vcpu->registers.rcx;
    u64 value;

    (void)in;
    if (!guest_read_msr(vcpu, index, &value)) {
        log_limited(vcpu->domain->place, vcpu->domain->id,
                    "d%u: reads MSR %#x, which it does not have", vcpu->domain->id, index);
        if (vcpu->trap[VECTOR_GP].address) {
            return EMULATED_NOT;
        }
        value = 0; /* the guest has no #GP handler yet: the read returns 0 */
    }
    set_pair(&vcpu->registers, value);
    return EMULATED_DONE;
}

static enum emulated emulate_wrmsr(struct vcpu *vcpu, const struct instruction *in)
{
    const struct registers *r = &vcpu->registers;
    u64 value = (u64)(u32)r->rdx << 32 | (u32)r->rax;

    (void)in;
    if (guest_write_msr(vcpu, (u32)r->rcx, value)) {
        return EMULATED_DONE;
    }
    log_limited(vcpu->domain->place, vcpu->domain->id,
                "d%u: writes %#llx to MSR %#x, which it may not", vcpu->domain->id,
                (unsigned long long)value, (u32)r->rcx);
    return EMULATED_NOT;
}

static enum emulated emulate_rdtsc(struct vcpu *vcpu, const struct instruction *in)
{
    u64 aux = 0;

    if (in->operation == OPERATION_RDTSCP) {
        if (!guest_read_msr(vcpu, MSR_TSC_AUX, &aux)) {
            return EMULATED_NOT;
        }
        vcpu->registers.rcx = aux;
    }
    set_pair(&vcpu->registers, read_tsc());
    return EMULATED_DONE;
}

static enum emulated emulate_cpuid(struct vcpu *vcpu, const struct instruction *in)
{
    struct registers *r = &vcpu->registers;
    struct cpuid leaf = guest_cpuid(vcpu, (u32)r->rax, (u32)r->rcx);

    (void)in;
    r->rax = leaf.eax;
    r->rbx = leaf.ebx;
    r->rcx = leaf.ecx;
    r->rdx = leaf.edx;
    return EMULATED_DONE;
}

/* ---- INT n --------------------------------------------------------------------------------- */

/* The ring that the guest believes to run in: user mode 3, kernel mode 1, or 0 with
 * VMASST_TYPE_architectural_iopl. */
static u32 virtual_ring(const struct vcpu *vcpu)
{
    if (!vcpu->in_kernel) {
        return 3;
    }
    return vcpu->domain->vm_assist & 1u << VMASST_TYPE_architectural_iopl ? 0 : 1;
}

static enum emulated emulate_int(struct vcpu *vcpu, const struct instruction *in)
{
    u32 vector = (u32)in->immediate;

    if (vcpu->trap[vector].dpl < virtual_ring(vcpu) || !vcpu->trap[vector].address) {
        deliver_trap(vcpu, VECTOR_GP, vector << 3 | SELECTOR_ERROR_IDT);
        return EMULATED_FAULT;
    }
    instruction_advance(in, &vcpu->registers);
    deliver_trap(vcpu, vector, 0);
    return EMULATED_FAULT;
}

/* ---- which function serves which instruction */

/* OPERATION(name, function, who may execute it) */
#define PRIVILEGED                                                                                 \
    OPERATION(IN, port_in, WITH_PORTS)                                                             \
    OPERATION(OUT, port_out, WITH_PORTS)                                                           \
    OPERATION(INS, port_ins, WITH_PORTS)                                                           \
    OPERATION(OUTS, port_outs, WITH_PORTS)                                                         \
    OPERATION(CLI, emulate_nothing, WITH_LEVEL)                                                    \
    OPERATION(STI, emulate_nothing, WITH_LEVEL)                                                    \
    OPERATION(CLTS, emulate_clts, KERNEL)                                                          \
    OPERATION(WBINVD, emulate_wbinvd, KERNEL)                                                      \
    OPERATION(READ_CR, emulate_read_cr, KERNEL)                                                    \
    OPERATION(WRITE_CR, emulate_write_cr, KERNEL)                                                  \
    OPERATION(READ_DR, emulate_read_dr, KERNEL)                                                    \
    OPERATION(WRITE_DR, emulate_write_dr, KERNEL)                                                  \
    OPERATION(RDMSR, emulate_rdmsr, KERNEL)                                                        \
    OPERATION(WRMSR, emulate_wrmsr, KERNEL)                                                        \
    OPERATION(RDTSC, emulate_rdtsc, KERNEL)                                                        \
    OPERATION(RDTSCP, emulate_rdtsc, KERNEL)                                                       \
    OPERATION(XSETBV, emulate_xsetbv, KERNEL)                                                      \
    OPERATION(CPUID, emulate_cpuid, ANYBODY)                                                       \
    OPERATION(INT, emulate_int, ANYBODY)

/* WITH_LEVEL: a mode that the virtual I/O privilege level permits. WITH_PORTS: also one that the
 * I/O bitmap permits the ports of the instruction. */
enum who { NOBODY, KERNEL, WITH_LEVEL, WITH_PORTS, ANYBODY };

static const u8 who_may[OPERATIONS] = {
#define OPERATION(name, function, who) [OPERATION_##name] = who,
    PRIVILEGED
#undef OPERATION
};

static bool may(struct vcpu *vcpu, const struct instruction *in)
{
    switch (who_may[in->operation]) {
    case KERNEL:
        return vcpu->in_kernel;
    case WITH_LEVEL:
        return vcpu->iopl >= virtual_ring(vcpu);
    case WITH_PORTS:
        return vcpu->iopl >= virtual_ring(vcpu) || port_in_bitmap(vcpu, in);
    case ANYBODY:
        return true;
    default:
        return false;
    }
}

static enum emulated emulate(struct vcpu *vcpu, const struct instruction *in)
{
    switch (in->operation) {
#define OPERATION(name, function, who)                                                             \
    case OPERATION_##name:                                                                         \
        return function(vcpu, in);
        PRIVILEGED
#undef OPERATION
    default:
        return EMULATED_NOT;
    }
}

enum emulated emulate_privileged(struct vcpu *vcpu)
{
    const struct instruction *in = instruction_fetch(vcpu);
    enum emulated result;

    if (!in || !may(vcpu, in)) {
        return EMULATED_NOT;
    }
    result = emulate(vcpu, in);
    if (result == EMULATED_DONE) {
        instruction_finish(vcpu, in);
    }
    return result;
}

/* ---- the most frequent ones without the decoder */

#define OPCODE_CLI 0xfau
#define OPCODE_STI 0xfbu

/* IN and OUT are 0xe4 to 0xe7 and 0xec to 0xef: OPCODE_PORT with any of the bits behind it. */
#define OPCODE_PORT      0xe4u /* IN of 1 byte from the port that the next byte names */
#define OPCODE_PORT_32   0x01u /* 4 bytes */
#define OPCODE_PORT_OUT  0x02u
#define OPCODE_PORT_DX   0x08u /* DX names the port */
#define OPCODE_PORT_BITS (OPCODE_PORT_32 | OPCODE_PORT_OUT | OPCODE_PORT_DX)

/* Executes IN or OUT. Returns the length of the instruction. */
static inline u32 port_quick(struct vcpu *vcpu, const union fetched_bytes *bytes)
{
    const u8 opcode = bytes->byte[0];
    const u16 port = opcode & OPCODE_PORT_DX ? (u16)vcpu->registers.rdx : bytes->byte[1];
    const u32 size = opcode & OPCODE_PORT_32 ? 4 : 1;

    if (opcode & OPCODE_PORT_OUT) {
        const u32 value = (u32)register_read(&vcpu->registers, REGISTER_RAX, size);
        machine_port_write(vcpu->domain, port, size, value);
    } else {
        const u32 value = machine_port_read(vcpu->domain, port, size);
        register_write(&vcpu->registers, REGISTER_RAX, size, value);
    }
    return opcode & OPCODE_PORT_DX ? 1 : 2;
}

struct vcpu *emulate_privileged_quick(struct vcpu *vcpu)
{
    struct registers *r = &vcpu->registers;
    union fetched_bytes bytes;
    u32 length = 1;

    if ((u16)r->cs != SELECTOR_USER_CS64 || (u16)r->ss != SELECTOR_USER_DS ||
        (r->rflags & RFLAGS_TF) || vcpu->iopl < virtual_ring(vcpu) ||
        !copy_pair_from_kernel(bytes.word, r->rip)) {
        return NULL;
    }
    if ((bytes.byte[0] & ~OPCODE_PORT_BITS) == OPCODE_PORT) {
        length = port_quick(vcpu, &bytes);
    } else if (bytes.byte[0] != OPCODE_CLI && bytes.byte[0] != OPCODE_STI) {
        return NULL;
    }
    r->rip += length;
    r->rflags &= ~RFLAGS_RF;
    return vcpu;
}

enum emulated emulate_forced_cpuid(struct vcpu *vcpu)
{
    static const u8 expected[] = {0x0f, 0x0b, 'x', 'e', 'n', 0x0f, 0xa2};
    struct instruction in = {.operation = OPERATION_CPUID, .length = sizeof expected};
    u8 bytes[sizeof expected];

    if (!copy_from_guest(bytes, vcpu->registers.rip, sizeof bytes) ||
        memcmp(bytes, expected, sizeof expected) != 0) {
        return EMULATED_NOT;
    }
    in.long_mode = vcpu->registers.rip >> 32 != 0;
    emulate_cpuid(vcpu, &in);
    instruction_finish(vcpu, &in);
    return EMULATED_DONE;
}
