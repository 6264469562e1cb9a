/* SPDX-License-Identifier: MIT */
/* The fake hypervisor's hypercalls. */
#include <string.h>

#include "tests/unit/guest/fake.h"
#include "tests/unit/guest/fake_tables.h"

#define HARDWARE_BITS (PTE_ACCESSED | PTE_DIRTY)

/* Every request calls this: whether the test wants it to be refused. */
static bool is_refused(void)
{
    if (!fake.refuse_after) {
        return fake.refuse_after = ~0ull, true;
    }
    if (fake.refuse_after != ~0ull) {
        fake.refuse_after--;
    }
    return false;
}

static long update(const struct mmu_update *request)
{
    u64 command = request->ptr & 3, n = tables_pfn(request->ptr >> PAGE_SHIFT), *word;
    u64 value = request->val;

    fake.updates++;
    if (is_refused() || n == ~0ull) {
        return -XEN_EINVAL;
    }
    word = (u64 *)((char *)pfn_address(pfn(n)) + (request->ptr & 0xff8));
    if (fake.set_before && *word & PTE_PRESENT) {
        tables_write(word, *word | fake.set_before);
    }
    if (command == MMU_PT_UPDATE_PRESERVE_AD) {
        value |= *word & HARDWARE_BITS;
    }
    return tables_write(word, value) ? 0 : -XEN_EINVAL;
}

static long extended(const struct mmuext_op *op)
{
    bool good = true;

    fake.extended++;
    if (is_refused()) {
        return -XEN_EINVAL;
    }
    if (op->cmd <= MMUEXT_PIN_L4_TABLE) {
        good = tables_pin(op->arg1.mfn, op->cmd - MMUEXT_PIN_L1_TABLE + 1);
        fake.pins += good;
    } else if (op->cmd == MMUEXT_UNPIN_TABLE) {
        good = tables_pin(op->arg1.mfn, 0);
        fake.pins -= good;
    } else if (op->cmd == MMUEXT_NEW_BASEPTR) {
        good = tables_use(op->arg1.mfn, tables_user_root());
    } else if (op->cmd == MMUEXT_NEW_USER_BASEPTR) {
        good = tables_use(tables_kernel_root(), op->arg1.mfn);
    } else {
        fake.flushes++;
    }
    return good ? 0 : -XEN_EINVAL;
}

static long mapping(u64 va, u64 value)
{
    bool in_arena = va - page_direct_base < 2 * FAKE_PAGES * PAGE_SIZE;
    u64 kernel = pfn_to_mfn(address_pfn((void *)(uintptr_t)start_info->pt_base)).n;
    u64 *word = tables_walk(in_arena ? kernel : tables_kernel_root(), va, 1);

    fake.mappings++;
    if (is_refused() || !word) {
        return -XEN_EINVAL;
    }
    return tables_write(word, value) ? 0 : -XEN_EINVAL;
}

/* ---- memory ---- */

static long decrease(const struct xen_memory_reservation *request)
{
    u64 frame = request->extent_start.p[0];

    if (is_refused() || tables_pfn(frame) == ~0ull) {
        return 0;
    }
    tables_set_m2p(frame, ~0ull);
    return 1;
}

static long populate(struct xen_memory_reservation *request)
{
    u64 frame = tables_unowned(1);

    if (is_refused() || frame == ~0ull) {
        return 0;
    }
    tables_set_m2p(frame, request->extent_start.p[0]);
    request->extent_start.p[0] = frame;
    return 1;
}

static long exchange(struct xen_memory_exchange *request)
{
    u64 first = tables_unowned(request->in.nr_extents), place = request->out.extent_start.p[0];

    if (is_refused() || first == ~0ull) {
        return -XEN_ENOMEM;
    }
    for (u64 i = 0; i < request->in.nr_extents; i++) {
        tables_set_m2p(request->in.extent_start.p[i], ~0ull);
        tables_set_m2p(first + i, place + i);
    }
    request->out.extent_start.p[0] = first;
    request->nr_exchanged = request->in.nr_extents;
    return 0;
}

static long memory(u64 command, void *argument)
{
    if (command == XENMEM_decrease_reservation) {
        return decrease(argument);
    }
    if (command == XENMEM_populate_physmap) {
        return populate(argument);
    }
    if (command == XENMEM_exchange) {
        return exchange(argument);
    }
    return -XEN_ENOSYS;
}

/* ---- the entry of hypercalls ---- */

static long many_updates(const struct mmu_update *requests, u64 count, u32 *done)
{
    long result = 0;
    u64 i;

    for (i = 0; i < count && !result; i++) {
        result = update(&requests[i]);
    }
    if (done) {
        *done = (u32)(result ? i - 1 : i);
    }
    return result;
}

static long many_extended(const struct mmuext_op *ops, u64 count, u32 *done)
{
    long result = 0;
    u64 i;

    for (i = 0; i < count && !result; i++) {
        result = extended(&ops[i]);
    }
    if (done) {
        *done = (u32)(result ? i - 1 : i);
    }
    return result;
}

static long dispatch(u64 number, const u64 *arguments)
{
    void *pointer = (void *)(uintptr_t)arguments[0];

    if (number == __HYPERVISOR_mmu_update) {
        return many_updates(pointer, arguments[1], (u32 *)(uintptr_t)arguments[2]);
    }
    if (number == __HYPERVISOR_mmuext_op) {
        return many_extended(pointer, arguments[1], (u32 *)(uintptr_t)arguments[2]);
    }
    if (number == __HYPERVISOR_update_va_mapping) {
        return mapping(arguments[0], arguments[1]);
    }
    if (number == __HYPERVISOR_memory_op) {
        return memory(arguments[0], (void *)(uintptr_t)arguments[1]);
    }
    return -XEN_ENOSYS;
}

long hypercall6(u64 number, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f)
{
    const u64 arguments[6] = {a, b, c, d, e, f};
    multicall_entry_t *entries = (multicall_entry_t *)(uintptr_t)a;

    fake.calls++;
    if (number != __HYPERVISOR_multicall) {
        return dispatch(number, arguments);
    }
    fake.multicalls++;
    for (u64 i = 0; i < b; i++) {
        u64 copy[6];

        for (unsigned k = 0; k < 6; k++) {
            copy[k] = entries[i].args[k];
        }
        entries[i].result = (u64)dispatch(entries[i].op, copy);
    }
    return 0;
}

u64 fake_kernel_root(void)
{
    return tables_kernel_root();
}

u64 fake_user_root(void)
{
    return tables_user_root();
}
