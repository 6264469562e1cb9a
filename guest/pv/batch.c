/* SPDX-License-Identifier: MIT */
/* The batch of each CPU. Its requests are merged into calls, and its calls into one multicall. */
#include "guest/batch.h"
#include "guest/backend.h"
#include "guest/entry.h"
#include "guest/kernel.h"
#include "guest/page.h"
#include "guest/pv/hypercall.h"
#include "guest/pv/request.h"
#include "guest/space.h"
#include "lib/string.h"

/* The most that a batch holds: calls, mmu_update requests, mmuext_op requests. */
#define CALLS   32u
#define UPDATES 256u
#define OPS     32u

enum kind {
    UPDATE,   /* mmu_update: changes of entries */
    EXTENDED, /* mmuext_op: pins, flushes, roots */
    MAPPING,  /* update_va_mapping: a change of one mapping */
};

/* One call: `count` requests of one kind. Updates and extended operations are in the batch's array
 * for their kind, from index `first` on; a mapping is in this struct. */
struct call {
    enum kind kind;
    u32 first, count;
    u32 done;             /* number of finished requests: made, or refused and reported */
    u32 made;             /* number of requests that the last hypercall reported as made */
    u64 va, entry, flags; /* arguments of a mapping */
};

static struct batch {
    unsigned depth;
    u32 call_count, update_count, op_count;
    int error; /* the first refusal since the caller last got the result; 0: none */
    struct call calls[CALLS];
    struct multicall_entry entries[CALLS];
    struct mmu_update updates[UPDATES];
    struct mmuext_op ops[OPS];
    /* Says which entries queued updates may change: the bit touch_bit(entry) is set. Different
     * entries of one table have different bits; entries of different tables may share one. */
    u64 touched[ENTRIES / 64];
    struct batch_counts counts;
} batches[CPUS];

/* Returns this CPU's batch. */
static struct batch *own(void)
{
    return &batches[cpu_number()];
}

/* ---- refusals ---- */

/* Returns the name of an mmuext_op command, for a refusal. */
static const char *extended_name(unsigned command)
{
    static const char *const names[] = {[MMUEXT_PIN_L1_TABLE] = "pin of level 1",
                                        [MMUEXT_PIN_L2_TABLE] = "pin of level 2",
                                        [MMUEXT_PIN_L3_TABLE] = "pin of level 3",
                                        [MMUEXT_PIN_L4_TABLE] = "pin of level 4",
                                        [MMUEXT_UNPIN_TABLE] = "unpin",
                                        [MMUEXT_NEW_BASEPTR] = "new root",
                                        [MMUEXT_NEW_USER_BASEPTR] = "new user root"};

    return command < ARRAY_LENGTH(names) && names[command] ? names[command] : "mmuext_op";
}

/* Fills in the level and space of a refusal that is about the table in `frame`. */
static void find_table(struct refusal *refusal, mfn_t frame)
{
    pfn_t found = mfn_to_pfn(frame);
    const struct page *page = pfn_is_none(found) ? NULL : page_of(found);

    if (!page || !page->level) {
        return;
    }
    refusal->level = page->level;
    refusal->space = page->space;
}

/* Records and reports that the first unfinished request of a call was refused. */
static void refuse(struct batch *batch, const struct call *call, long error)
{
    struct refusal refusal = {.error = error};

    if (call->kind == UPDATE) {
        const struct mmu_update *update = &batch->updates[call->first + call->done];

        refusal.request = "mmu_update";
        refusal.argument = update->ptr;
        refusal.value = update->val;
        refusal.index = update->ptr % PAGE_SIZE / 8;
        find_table(&refusal, mfn(update->ptr >> PAGE_SHIFT));
    } else if (call->kind == EXTENDED) {
        const struct mmuext_op *op = &batch->ops[call->first + call->done];

        refusal.request = extended_name(op->cmd);
        refusal.argument = op->arg1.mfn;
        refusal.index = REFUSAL_WHOLE_TABLE;
        find_table(&refusal, mfn(op->arg1.mfn));
    } else {
        refusal.request = "update_va_mapping";
        refusal.argument = call->va;
        refusal.value = call->entry;
    }
    batch->counts.refused++;
    if (!batch->error) {
        batch->error = (int)error;
    }
    guest_refused(&refusal);
}

/* ---- sending ---- */

/* Fills in the hypercall arguments for the unfinished requests of a call. */
static void fill(struct batch *batch, struct call *call, struct multicall_entry *entry)
{
    u32 from = call->first + call->done, count = call->count - call->done;

    call->made = 0;
    if (call->kind == MAPPING) {
        entry->op = __HYPERVISOR_update_va_mapping;
        entry->args[0] = call->va;
        entry->args[1] = call->entry;
        entry->args[2] = call->flags;
        entry->args[3] = 0;
        return;
    }
    entry->op = call->kind == UPDATE ? __HYPERVISOR_mmu_update : __HYPERVISOR_mmuext_op;
    entry->args[0] =
        call->kind == UPDATE ? address(&batch->updates[from]) : address(&batch->ops[from]);
    entry->args[1] = count;
    entry->args[2] = address(&call->made);
    entry->args[3] = DOMID_SELF;
}

/* Makes the unfinished requests of a call by a hypercall of their own. Returns its result. */
static long issue(struct batch *batch, struct call *call)
{
    struct multicall_entry *entry = &batch->entries[0];

    fill(batch, call, entry);
    batch->counts.calls++;
    return hypercall6(entry->op, entry->args[0], entry->args[1], entry->args[2], entry->args[3], 0,
                      0);
}

/* Finishes a call whose hypercall returned `error`: reports the request that was refused and makes
 * those that follow it, until none is left. If `error` is 0 there is nothing to do. */
static void recover(struct batch *batch, struct call *call, long error)
{
    while (error) {
        u32 left = call->count - call->done;

        call->done += call->made < left ? call->made : left - 1;
        refuse(batch, call, error);
        call->done++;
        if (call->done >= call->count) {
            return;
        }
        error = issue(batch, call);
    }
}

/* Sends several calls as one multicall. */
static void flush_many(struct batch *batch)
{
    long errors[CALLS];
    bool failed = false;

    for (u32 i = 0; i < batch->call_count; i++) {
        fill(batch, &batch->calls[i], &batch->entries[i]);
    }
    batch->counts.calls++;
    long result = hypercall(__HYPERVISOR_multicall, address(batch->entries), batch->call_count, 0);
    if (result) {
        panic("The multicall itself failed: %ld", result);
    }
    for (u32 i = 0; i < batch->call_count; i++) {
        errors[i] = (long)batch->entries[i].result;
        failed |= errors[i] != 0;
    }
    if (!failed) {
        return;
    }
    for (u32 i = 0; i < batch->call_count; i++) {
        recover(batch, &batch->calls[i], errors[i]);
    }
    /* A TLB flush in this batch may have been made before an update that recover made later: flush
     * again. */
    struct mmuext_op op = {.cmd = MMUEXT_TLB_FLUSH_LOCAL};
    hypercall6(__HYPERVISOR_mmuext_op, address(&op), 1, 0, DOMID_SELF, 0, 0);
}

/* Sends all queued requests. */
static void flush(struct batch *batch)
{
    if (!batch->call_count) {
        return;
    }
    if (batch->call_count == 1) {
        recover(batch, &batch->calls[0], issue(batch, &batch->calls[0]));
    } else {
        flush_many(batch);
    }
    batch->call_count = batch->update_count = batch->op_count = 0;
    memset(batch->touched, 0, sizeof batch->touched);
}

/* Returns the batch's first error and clears it. */
static int take_error(struct batch *batch)
{
    int error = batch->error;

    batch->error = 0;
    return error;
}

void batch_open(void)
{
    own()->depth++;
}

int batch_close(void)
{
    struct batch *batch = own();

    if (--batch->depth) {
        return 0;
    }
    flush(batch);
    return take_error(batch);
}

int batch_flush(void)
{
    struct batch *batch = own();

    flush(batch);
    return take_error(batch);
}

struct batch_now batch_now(void)
{
    struct batch *batch = own();

    flush(batch);
    struct batch_now now = (struct batch_now){batch->depth, batch->error};
    batch->depth = 1;
    batch->error = 0;
    return now;
}

int batch_now_end(struct batch_now now)
{
    struct batch *batch = own();
    int error;

    flush(batch);
    error = batch->error;
    batch->depth = now.depth;
    batch->error = now.error;
    return error;
}

/* Returns the bit of batch.touched that stands for the entry at a machine address. */
static unsigned touch_bit(u64 machine_address)
{
    return (machine_address >> 3 ^ machine_address >> PAGE_SHIFT) % ENTRIES;
}

void requests_before_reading(u64 machine_address)
{
    struct batch *batch = own();
    unsigned bit = touch_bit(machine_address);

    if (batch->touched[bit / 64] & 1ull << bit % 64) {
        flush(batch);
    }
}

bool requests_wait(void)
{
    return own()->call_count;
}

struct batch_counts batch_counts(void)
{
    return own()->counts;
}

/* ---- queueing ---- */

/* Adds a request to the batch's last call if that has the same kind, else to a new call.
 * at: the request's index in the array for its kind. Returns the call. */
static struct call *join(struct batch *batch, enum kind kind, u32 at)
{
    struct call *call;

    batch->counts.requests++;
    if (batch->call_count && kind != MAPPING) {
        call = &batch->calls[batch->call_count - 1];
        if (call->kind == kind) {
            call->count++;
            return call;
        }
    }
    call = &batch->calls[batch->call_count++];
    *call = (struct call){.kind = kind, .first = at, .count = 1};
    return call;
}

/* Ends the queueing of a request: sends the batch if it is full, or if no batch is open. Returns 0
 * in a batch, else the result of the request. */
static int added(struct batch *batch)
{
    if (batch->depth) {
        if (batch->call_count == CALLS || batch->update_count == UPDATES ||
            batch->op_count == OPS) {
            flush(batch);
        }
        return 0;
    }
    flush(batch);
    return take_error(batch);
}

int request_update(u64 machine_address_and_command, u64 value)
{
    struct batch *batch = own();
    unsigned bit = touch_bit(machine_address_and_command);

    join(batch, UPDATE, batch->update_count);
    batch->touched[bit / 64] |= 1ull << bit % 64;
    batch->updates[batch->update_count++] = (struct mmu_update){machine_address_and_command, value};
    return added(batch);
}

int request_extended(const struct mmuext_op *op)
{
    struct batch *batch = own();

    join(batch, EXTENDED, batch->op_count);
    batch->ops[batch->op_count++] = *op;
    return added(batch);
}

int request_mapping(u64 va, u64 entry, u64 flags)
{
    struct batch *batch = own();
    struct call *call = join(batch, MAPPING, 0);

    memset(batch->touched, 0xff, sizeof batch->touched); /* `va` does not say which entry changes */
    call->va = va;
    call->entry = entry;
    call->flags = flags;
    return added(batch);
}
