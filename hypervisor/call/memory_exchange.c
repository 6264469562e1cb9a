/* SPDX-License-Identifier: MIT */
/* XENMEM_exchange: frames given back in exchange for others. */
#include "hypervisor/call/memory_exchange.h"
#include "hypervisor/call/call.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/rights.h"
#include "hypervisor/memory/frames.h"
#include "vmmu/port.h"

#define ORDER_MAX 9u
#define CHUNK_MAX (1u << ORDER_MAX)

/* One chunk: `ins` extents that the guest gives, and `outs` new extents of the same total size. */
struct chunk {
    struct domain *domain;
    u64 in_list, out_list; /* guest addresses of the lists of this chunk's extents */
    u32 in_order, out_order;
    u32 bits; /* the new extents' machine addresses are below 1 << bits; 0: any */
    u64 ins, outs;
};

static u64 pages_in(const struct chunk *c)
{
    return c->ins << c->in_order;
}

/* Reads the mfn of the `i`-th frame that the guest gives. False: the list cannot be read, or the
 * number overflows. */
static bool frame_in(const struct chunk *c, u64 i, mfn_t *m)
{
    u64 first, number;

    if (!GET_GUEST(&first, c->in_list + (i >> c->in_order) * sizeof first)) {
        return false;
    }
    number = first + (i & ((1ull << c->in_order) - 1));
    *m = guest_mfn(number);
    return number >= first;
}

/* Checks that nothing but the guest's ownership refers to the frames it gives: no mapping, no pin,
 * no table. */
static s64 check_in(const struct chunk *c)
{
    for (u64 i = 0; i < pages_in(c); i++) {
        struct vmmu_frame_info info;
        mfn_t m;

        if (!frame_in(c, i, &m)) {
            return -XEN_EFAULT;
        }
        vmmu_frame_inspect(m, &info);
        if (!info.valid || !vmmu_frame_owned_by(&c->domain->mmu, m) || info.references != 1 ||
            info.type_count != 0) {
            return -XEN_EINVAL;
        }
    }
    return 0;
}

/* Allocates all new extents, before any frame of the guest is taken. -ENOMEM: none is allocated. */
static s64 allocate_out(const struct chunk *c, mfn_t *out)
{
    for (u64 i = 0; i < c->outs; i++) {
        out[i] = frames_alloc_below(c->out_order, c->bits);
        if (!mfn_is_none(out[i])) {
            continue;
        }
        while (i--) {
            frames_free(out[i], c->out_order);
        }
        return -XEN_ENOMEM;
    }
    return 0;
}

/* Takes the guest's frames. Returns how many: fewer than all if another vCPU has got a reference on
 * one of them, or has changed the list, since check_in. */
static u64 take_in(const struct chunk *c)
{
    u64 taken = 0;
    mfn_t m;

    while (taken < pages_in(c) && frame_in(c, taken, &m) &&
           vmmu_take_unused(&c->domain->mmu, m) == VMMU_DONE) {
        taken++;
    }
    return taken;
}

/* Gives the guest one new extent, of which it may have at most `most` pages; the rest is freed.
 * Returns how many pages were given. */
static u64 give_extent(const struct chunk *c, u64 first, u64 gpfn, u64 most)
{
    u64 count = 1ull << c->out_order, given = 0;

    for (u64 page = 0; page < count; page++) {
        if (given < most &&
            vmmu_give(&c->domain->mmu, mfn(first + page), pfn(gpfn + page)) == VMMU_DONE) {
            given++;
        } else {
            frames_free(mfn(first + page), 0);
        }
    }
    return given;
}

/* Exchanges the frames of one chunk: gives the guest as many pages of the extents `out` as were
 * taken from it, and frees the rest. The guest gets the frame number of an extent only if it got
 * the whole extent. */
static s64 swap(const struct chunk *c, const mfn_t *out)
{
    s64 result = 0;
    u64 taken = take_in(c);

    for (u64 i = 0; i < c->outs; i++) {
        u64 at = c->out_list + i * sizeof(u64), gpfn = 0, first = out[i].n, given;

        if (!GET_GUEST(&gpfn, at)) {
            result = -XEN_EFAULT;
        }
        given = give_extent(c, first, gpfn, taken);
        taken -= given;
        if (given != 1ull << c->out_order) {
            result = -XEN_EINVAL;
        } else if (!PUT_GUEST(at, &first)) {
            result = -XEN_EFAULT;
        }
    }
    return result;
}

static s64 exchange_chunk(const struct chunk *c)
{
    mfn_t out[CHUNK_MAX];
    s64 result = check_in(c);

    if (!result) {
        result = allocate_out(c, out);
    }
    return result ? result : swap(c, out);
}

static bool ranges_ok(const struct xen_memory_exchange *e)
{
    return e->in.extent_order <= ORDER_MAX && e->out.extent_order <= ORDER_MAX &&
           e->in.nr_extents >> 40 == 0 && e->out.nr_extents >> 40 == 0 &&
           e->in.nr_extents << e->in.extent_order == e->out.nr_extents << e->out.extent_order &&
           e->nr_exchanged <= e->in.nr_extents && e->in.domid == e->out.domid;
}

s64 memory_exchange(struct vcpu *vcpu, struct call *call)
{
    struct xen_memory_exchange e;
    u64 at = call->argument[1];
    u32 chunk_order;
    s64 result = 0;

    if (!GET_GUEST(&e, at)) {
        return -XEN_EFAULT;
    }
    if (!ranges_ok(&e)) {
        return -XEN_EINVAL;
    }
    if (!rights_target(vcpu->domain, RIGHT_MEMORY, e.in.domid, &result)) {
        return result;
    }
    if (!guest_range_ok((u64)e.in.extent_start.p, e.in.nr_extents * sizeof(u64)) ||
        !guest_range_ok((u64)e.out.extent_start.p, e.out.nr_extents * sizeof(u64))) {
        return -XEN_EFAULT;
    }
    chunk_order = e.in.extent_order > e.out.extent_order ? e.in.extent_order : e.out.extent_order;
    if (e.nr_exchanged & ((1ull << (chunk_order - e.in.extent_order)) - 1)) {
        return -XEN_EINVAL;
    }
    while (!result && e.nr_exchanged < e.in.nr_extents) {
        u64 done_pages = e.nr_exchanged << e.in.extent_order;
        struct chunk chunk = {
            .domain = vcpu->domain,
            .in_list = (u64)e.in.extent_start.p + e.nr_exchanged * sizeof(u64),
            .out_list =
                (u64)e.out.extent_start.p + (done_pages >> e.out.extent_order) * sizeof(u64),
            .in_order = e.in.extent_order,
            .out_order = e.out.extent_order,
            .bits = XENMEMF_get_address_bits(e.out.mem_flags),
            .ins = 1ull << (chunk_order - e.in.extent_order),
            .outs = 1ull << (chunk_order - e.out.extent_order),
        };

        result = exchange_chunk(&chunk);
        if (!result) {
            e.nr_exchanged += chunk.ins;
        }
        if (!result && e.nr_exchanged < e.in.nr_extents && port_should_stop()) {
            call->again = true;
            break;
        }
    }
    if (!copy_to_guest(at + offsetof(struct xen_memory_exchange, nr_exchanged), &e.nr_exchanged,
                       sizeof e.nr_exchanged)) {
        return -XEN_EFAULT;
    }
    return result;
}
