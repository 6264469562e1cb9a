/* SPDX-License-Identifier: MIT */
/* Engine and oracle in step: the operations. */
#include "tests/model/world.h"

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/machine/cpu.h"
#include "tests/machine/update.h"
#include "tests/model/compare.h"
#include "tests/model/lessened.h"

#define HISTORY 48u

struct past {
    struct model_op op;
    enum vmmu_result result;
};

struct world world;

static struct past history[HISTORY];
static bool clean_exit;

static const char *const op_name[OP_KINDS] = {
#define X(name) #name,
    MODEL_OPS(X)
#undef X
};

/* ---- reports -------------------------------------------------------------------------------- */

void world_print_operation(const struct model_op *op, enum vmmu_result result)
{
    printf("%-14s vcpu %u dom %u/%u cpu %u at %#llx value %#llx expected %#llx number %u entries "
           "%u list %u %u %u %u stop %u/%u -> %s\n",
           op_name[op->kind], op->vcpu, op->domain, op->other, op->cpu, (unsigned long long)op->at,
           (unsigned long long)op->value, (unsigned long long)op->expected, op->number, op->entries,
           op->list[0], op->list[1], op->list[2], op->list[3], op->stop_at, op->stop_each,
           vmmu_result_name(result));
}

void world_print_history(void)
{
    const u64 first = world.operations > HISTORY ? world.operations - HISTORY : 0;
    printf("%s, %llu operations; the last of them:\n", world.story ? world.story : "",
           (unsigned long long)world.operations);
    for (u64 i = first; i < world.operations; i++) {
        printf("%8llu ", (unsigned long long)i);
        world_print_operation(&history[i % HISTORY].op, history[i % HISTORY].result);
    }
}

/* Prints the report when a check of the fake machine ends the program. */
static void at_exit(void)
{
    if (!clean_exit) {
        clean_exit = true;
        world_print_history();
        compare_print();
        fflush(stdout);
    }
}

static void on_abort(int signal_number)
{
    (void)signal_number;
    at_exit();
    _Exit(1);
}

/* ---- beginning and end ---------------------------------------------------------------------- */

/* Says whether a domain's roots have slots of its own. */
static bool is_isolated(u32 id)
{
    return id % 2;
}

static void start_domain(u32 id)
{
    world_do(&(struct model_op){
        .kind = OP_DOMAIN_START, .domain = id, .number = world.oracle.frames / 2 + 2});
}

static enum vmmu_access device_access(u16 id, mfn_t m)
{
    return oracle_access(&world.oracle, id, m.n);
}

void world_start(u32 frames, bool l1tf)
{
    static bool registered;

    if (!registered) {
        registered = true;
        setvbuf(stdout, NULL, _IOLBF, 0);
        atexit(at_exit);
        signal(SIGABRT, on_abort);
    }
    clean_exit = false;
    machine_start(frames, l1tf);
    oracle_start(&world.oracle, frames, l1tf);
    for (u32 id = 1; id < ORACLE_DOMAINS; id++) {
        for (u32 i = 0; i < 16; i++) {
            u64(*slots)[16] = world.oracle.hypervisor_slot[id];

            slots[0][i] =
                is_isolated(id) ? machine_slot_of((u16)id, i, false) : machine_hypervisor_slot(i);
            slots[1][i] = is_isolated(id) ? machine_slot_of((u16)id, i, true) : slots[0][i];
        }
    }
    vmmu_own_device(mfn(0));
    vmmu_show(mfn(1));
    memset(machine_words(mfn(1)), 0, PAGE_SIZE);
    machine.device_access = device_access;
    for (u32 i = 0; i < MACHINE_CPUS; i++) {
        world.vcpu_of_cpu[i] = ORACLE_NONE;
        world.accesses[i] = 0;
    }
    start_domain(1);
    start_domain(2);
}

u32 world_free_frames(void)
{
    u32 n = 0;
    for (u32 m = 2; m < world.oracle.frames; m++) {
        n += !world.oracle.frame[m].owner;
    }
    return n;
}

bool world_domain_is_gone(u32 domain)
{
    for (u32 m = 2; m < world.oracle.frames; m++) {
        if (world.oracle.frame[m].owner == domain) {
            return false;
        }
    }
    return true;
}

u32 world_cpu_of(u32 vcpu)
{
    for (u32 i = 0; i < MACHINE_CPUS; i++) {
        if (world.vcpu_of_cpu[i] == vcpu) {
            return i;
        }
    }
    return ORACLE_NONE;
}

/* Drops the hypervisor's own holds and references on frame `m`. */
static void let_go(u32 m)
{
    struct oracle_frame *f = &world.oracle.frame[m];
    while (f->held) {
        world_do(&(struct model_op){.kind = OP_UNHOLD, .at = m});
    }
    while (f->looked) {
        world_do(&(struct model_op){.kind = OP_UNREFERENCE, .at = m});
    }
    if (f->type == VMMU_TYPE_SHARED && f->allocated) {
        world_do(&(struct model_op){.kind = OP_UNSHARE, .at = m});
    }
}

void world_let_go(void)
{
    for (u32 m = 2; m < world.oracle.frames; m++) {
        let_go(m);
    }
}

void world_end(void)
{
    for (u32 v = 0; v < ORACLE_VCPUS; v++) {
        const struct model_op op = {.kind = OP_VCPU_STOP, .vcpu = v};
        while (world.oracle.vcpu[v].domain && world_do(&op) == VMMU_AGAIN) {
        }
    }
    for (u32 d = 1; d < ORACLE_DOMAINS; d++) {
        const struct model_op op = {.kind = OP_DOMAIN_STOP, .domain = d};
        while (world.oracle.domain[d].started && world_do(&op) == VMMU_AGAIN) {
        }
    }
    world_let_go();
    if (world_free_frames() != world.oracle.frames - 2) {
        compare_fail("frames left at the end", 0, 0, world_free_frames());
    }
    machine_end();
    clean_exit = true;
}

/* ---- the machine's own operations ----------------------------------------------------------- */

static void load_root(u32 cpu, u32 root)
{
    cpu_load_root(cpu, root == ORACLE_NONE ? MFN_NONE : mfn(root));
    if (!machine.pcid) { /* otherwise the TLB keeps what it has */
        world.accesses[cpu] = 0;
    }
}

static void unload(u32 vcpu)
{
    const u32 cpu = world_cpu_of(vcpu);
    if (cpu != ORACLE_NONE) {
        load_root(cpu, ORACLE_NONE);
        world.vcpu_of_cpu[cpu] = ORACLE_NONE;
    }
}

static void schedule(u32 vcpu, u32 cpu)
{
    unload(vcpu);
    world.vcpu_of_cpu[cpu] = vcpu;
    atomic_fetch_or(&world.vcpu[vcpu].domain->cpus, 1ull << cpu);
    load_root(cpu, world.oracle.vcpu[vcpu].kernel_root);
}

static enum vmmu_result machine_only(const struct model_op *op)
{
    const u32 vcpu = world.vcpu_of_cpu[op->cpu];
    u64 value;
    bool stored = false;
    if (op->kind == OP_SCHEDULE) {
        schedule(op->vcpu, op->cpu);
        return VMMU_DONE;
    }
    if (op->kind == OP_FLUSH || ++world.accesses[op->cpu] > 80) {
        cpu_flush(op->cpu);
        world.accesses[op->cpu] = 0;
    }
    if (op->kind == OP_FLUSH || vcpu == ORACLE_NONE) {
        return VMMU_DONE;
    }
    const bool user = op->number && world.oracle.vcpu[vcpu].user_root != ORACLE_NONE;
    if (user) {
        load_root(op->cpu, world.oracle.vcpu[vcpu].user_root);
    }
    if (op->kind == OP_STORE) {
        stored = cpu_store(op->cpu, vaddr(op->at), op->value);
    } else {
        cpu_load(op->cpu, vaddr(op->at), &value);
    }
    if (user) {
        load_root(op->cpu, world.oracle.vcpu[vcpu].kernel_root);
    }
    compare_access(op, world.vcpu[vcpu].domain->id, stored);
    return VMMU_DONE;
}

/* ---- the engine's operations ---------------------------------------------------------------- */

static void restart_domain(const struct model_op *op)
{
    struct vmmu_domain *d = &world.domain[op->domain];
    memset(d, 0, sizeof(*d));
    vmmu_domain_start(d, (u16)op->domain, op->number);
    if (is_isolated(op->domain)) {
        machine_give_slots(d);
    }
    machine_register((u16)op->domain, d);
    for (u32 i = 0; i < 2; i++) {
        struct vmmu_vcpu *v = &world.vcpu[(op->domain - 1) * 2 + i];
        memset(v, 0, sizeof(*v));
        vmmu_vcpu_start(v, d);
    }
}

/* What the engine takes as the owner that an operation names. */
static struct vmmu_domain *owner_of(u32 owner)
{
    return owner == ORACLE_DEVICES      ? vmmu_special_owner(VMMU_OWNER_DEVICE)
           : owner == ORACLE_HYPERVISOR ? vmmu_special_owner(VMMU_OWNER_HYPERVISOR)
                                        : &world.domain[owner];
}

static enum vmmu_result of_domain(const struct model_op *op)
{
    struct vmmu_domain *d = owner_of(op->domain);
    const mfn_t m = mfn(op->at);
    switch (op->kind) {
    case OP_GIVE:
        return vmmu_give(d, m, pfn(op->value));
    case OP_TAKE:
        return vmmu_take(d, m);
    case OP_TAKE_UNUSED:
        return vmmu_take_unused(d, m);
    case OP_SHARE:
        vmmu_share(d, m, op->number);
        return VMMU_DONE;
    case OP_UNSHARE:
        vmmu_unshare(m);
        return VMMU_DONE;
    case OP_HOLD:
        return vmmu_hold(d, m);
    case OP_UNHOLD:
        vmmu_unhold(m);
        return VMMU_DONE;
    case OP_REFERENCE:
        return vmmu_reference(d, m);
    case OP_UNREFERENCE:
        vmmu_unreference(m);
        return VMMU_DONE;
    case OP_SET_M2P:
        return vmmu_set_m2p(d, m, op->value);
    case OP_HIDE_M2P:
        atomic_store(&d->hides_m2p, op->number);
        return VMMU_DONE;
    case OP_DEVICE_RIGHT:
        return VMMU_DONE; /* device_access asks the oracle */
    case OP_DOMAIN_START:
        restart_domain(op);
        return VMMU_DONE;
    default:
        return vmmu_domain_stop(d);
    }
}

static enum vmmu_result of_stores(const struct model_op *op, u64 *answer)
{
    struct vmmu_vcpu *v = &world.vcpu[op->vcpu];
    enum vmmu_result result = VMMU_DONE;
    bool swapped = false;
    switch (op->kind) {
    case OP_EMULATED_WRITE:
        result =
            vmmu_emulated_write(v, vaddr(op->at), op->number, op->expected, op->value, &swapped);
        break;
    case OP_EMULATED_AT:
        result =
            vmmu_emulated_write_at(v, maddr(op->at), op->number, op->expected, op->value, &swapped);
        break;
    case OP_IS_L1_WRITE:
        swapped = vmmu_is_l1_write(v, vaddr(op->at));
        break;
    default:
        *answer = vmmu_find_device(v, vaddr(op->at)).n;
        return VMMU_DONE;
    }
    *answer = swapped;
    return result;
}

static enum vmmu_result of_entries(const struct model_op *op)
{
    struct vmmu_vcpu *v = &world.vcpu[op->vcpu];
    struct vmmu_domain *owner = owner_of(op->domain), *other = owner_of(op->other);
    switch (op->kind) {
    case OP_UPDATE:
        /* Each of the two ways for about half of the operations. */
        return ((op->at ^ op->value >> 9) >> 3 & 1 ? update_entry : vmmu_update)(
            v, owner, other, maddr(op->at), op->value, (enum vmmu_update_kind)op->number);
    case OP_UPDATE_VA:
        return vmmu_update_va(v, other, vaddr(op->at), op->value);
    case OP_MAP_AT:
        return vmmu_map_at(v, other, maddr(op->at), op->value);
    case OP_UNMAP_AT:
        return vmmu_unmap_at(v, maddr(op->at), mfn(op->value), op->number);
    case OP_UNMAP_VA:
        return vmmu_unmap_va(v, vaddr(op->at), mfn(op->value), op->number);
    case OP_REPLACE_VA:
        return vmmu_replace_va(v, vaddr(op->at), vaddr(op->expected), mfn(op->value), op->number);
    case OP_PIN:
        return vmmu_pin(v, owner, mfn(op->at), op->number);
    default:
        return vmmu_unpin(v, owner, mfn(op->at));
    }
}

static enum vmmu_result set_gdt(struct vmmu_vcpu *v, const struct model_op *op)
{
    mfn_t frames[VMMU_GDT_FRAMES + 2];
    for (u32 i = 0; i < ARRAY_LENGTH(frames); i++) {
        frames[i] = mfn(op->list[i < 3 ? i : 3]);
    }
    return vmmu_set_gdt(v, frames, op->number, op->entries);
}

static enum vmmu_result of_vcpu(const struct model_op *op)
{
    struct vmmu_vcpu *v = &world.vcpu[op->vcpu];
    enum vmmu_result result;
    switch (op->kind) {
    case OP_KERNEL_ROOT:
        result = vmmu_set_kernel_root(v, mfn(op->at));
        if (result == VMMU_DONE && world_cpu_of(op->vcpu) != ORACLE_NONE) {
            cpu_load_root(world_cpu_of(op->vcpu), v->kernel_root);
        }
        return result;
    case OP_USER_ROOT:
        return vmmu_set_user_root(v, mfn(op->at));
    case OP_FINISH:
        return vmmu_finish(v);
    case OP_SET_GDT:
        return set_gdt(v, op);
    case OP_SET_LDT:
        return vmmu_set_ldt(v, vaddr(op->at), op->entries);
    case OP_LDT_FAULT:
        return vmmu_ldt_fault(v, op->number);
    case OP_LDT_DROP:
        vmmu_ldt_drop(v);
        return VMMU_DONE;
    case OP_DESCRIPTOR:
        return vmmu_update_descriptor(v, maddr(op->at), op->value);
    default:
        unload(op->vcpu);
        return vmmu_vcpu_stop(v);
    }
}

static enum vmmu_result ask_engine(const struct model_op *op, u64 *answer)
{
    machine.asks = 0;
    machine.stop_at = op->stop_at;
    machine.stop_each = op->stop_each;
    machine_run_on(op->cpu);
    if (op->kind >= OP_EMULATED_WRITE && op->kind <= OP_EMULATED_AT) {
        return of_stores(op, answer);
    }
    if (op->kind >= OP_UPDATE && op->kind <= OP_UNPIN) {
        return of_entries(op);
    }
    if (op->kind >= OP_KERNEL_ROOT && op->kind <= OP_VCPU_STOP) {
        return of_vcpu(op);
    }
    return of_domain(op);
}

enum vmmu_result world_do(const struct model_op *asked)
{
    struct model_op op = *asked;
    struct past *past = &history[world.operations++ % HISTORY];
    u64 answer = 0;

    if ((op.kind == OP_GIVE || op.kind == OP_SHARE) && op.at == ORACLE_NONE) {
        op.at = machine_allocate().n;
    }
    *past = (struct past){op, VMMU_RESULTS};
    if (op.kind >= OP_STORE) {
        past->result = machine_only(&op);
    } else {
        lessened_look();
        const enum vmmu_result expected = oracle_predict(&world.oracle, &op);
        past->result = ask_engine(&op, &answer);
        compare_answer(&op, expected, past->result, answer);
        lessened_compare();
        if (op.kind == OP_GIVE && past->result != VMMU_DONE && op.at < world.oracle.frames) {
            machine_free(mfn(op.at));
        }
    }
    compare_all(world.operations);
    world.by_kind[op.kind]++;
    world.done_by_kind[op.kind] += past->result == VMMU_DONE;
    world.by_rule[past->result]++;
    world.done += past->result == VMMU_DONE;
    world.again += past->result == VMMU_AGAIN;
    world.refused += past->result > VMMU_AGAIN;
    return past->result;
}
