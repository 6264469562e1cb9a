/* SPDX-License-Identifier: MIT */
/* memory_op: changing and describing a guest's own memory. */
#include "hypervisor/call/call.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/call/memory_control.h"
#include "hypervisor/call/memory_exchange.h"
#include "hypervisor/call/mmu.h"
#include "hypervisor/domain/claim.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/rights.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/memory/layout.h"
#include "hypervisor/memory/machine_map.h"
#include "hypervisor/memory/map.h"
#include "vmmu/port.h"

#define COMMAND_MASK ((1ull << MEMOP_COMMAND_BITS) - 1)
#define MEMOP_COMMAND_BITS                                                                         \
    6 /* the bits above the command count the extents that are done, in a hypercall that is        \
         resumed */
#define ORDER_MAX 9u /* the largest extent that a guest without devices may ask for: 2 MiB */
#define PFNS_MAX  (1ull << 40)
#define NO_NODE   0xffu /* XENMEMF_get_node: no NUMA node is named */

/* What a guest wants of each extent. */
struct extent {
    u32 order;
    u32 bits; /* its machine addresses are below 1 << bits; 0: any */
};

/* Allocates an extent and gives it to the domain as pfns from `gpfn` on; *first is its first mfn.
 * With an error, nothing is given. */
static s64 give_extent(struct domain *domain, u64 gpfn, struct extent want, u64 *first)
{
    u64 count = 1ull << want.order;
    mfn_t m;

    if (domain->mmu.frames + count > domain->mmu.frames_max || !claim_permits(domain, count)) {
        return -XEN_ENOMEM;
    }
    m = frames_alloc_below(want.order, want.bits);
    if (mfn_is_none(m)) {
        return -XEN_ENOMEM;
    }
    const enum vmmu_result result = vmmu_give_many(&domain->mmu, m, pfn(gpfn), count);
    if (result != VMMU_DONE) {
        frames_free(m, want.order);
        return vmmu_result_errno(result);
    }
    claim_use(domain, count);
    *first = m.n;
    return 0;
}

/* populate_physmap: the guest names the pfns and gets the first mfn. False: refused, nothing is
 * given. */
static bool populate_one(struct domain *domain, u64 at, struct extent want)
{
    u64 gpfn, first;

    if (!GET_GUEST(&gpfn, at) || gpfn >= PFNS_MAX) {
        return false;
    }
    if (give_extent(domain, gpfn, want, &first)) {
        return false;
    }
    if (PUT_GUEST(at, &first)) {
        return true;
    }
    for (u64 i = 0; i < 1ull << want.order; i++) {
        vmmu_take(&domain->mmu, mfn(first + i));
    }
    return false;
}

/* increase_reservation: frames that have no pfn yet; the guest gets the first mfn if it has given a
 * list (`at` not 0). False: refused, nothing is given. */
static bool increase_one(struct domain *domain, u64 at, struct extent want)
{
    u64 first;

    if (give_extent(domain, PFNS_MAX - 1, want, &first)) {
        return false;
    }
    for (u64 i = 0; i < 1ull << want.order; i++) {
        vmmu_set_m2p(&domain->mmu, mfn(first + i), ~0ull);
    }
    if (!at || PUT_GUEST(at, &first)) {
        return true;
    }
    for (u64 i = 0; i < 1ull << want.order; i++) {
        vmmu_take(&domain->mmu, mfn(first + i));
    }
    return false;
}

/* decrease_reservation. A frame that was handed back before and still exists, because an entry maps
 * it, counts as done. False: refused at some frame; those before it are handed back. */
static bool decrease_one(struct domain *domain, u64 at, u32 order)
{
    u64 first;

    if (!GET_GUEST(&first, at) || first + (1ull << order) < first) {
        return false;
    }
    for (u64 i = 0; i < 1ull << order; i++) {
        enum vmmu_result result = vmmu_take(&domain->mmu, guest_mfn(first + i));

        if (result != VMMU_DONE && result != VMMU_REFUSED_ALREADY_RELEASED) {
            return false;
        }
    }
    return true;
}

/* Checks what a reservation asks for, except its list. The privileged domain may name the one NUMA
 * node that there is. */
static bool reservation_ok(const struct domain *actor, const struct xen_memory_reservation *r,
                           u64 start)
{
    u32 node = XENMEMF_get_node(r->mem_flags);

    return r->extent_order <= ORDER_MAX && start <= r->nr_extents &&
           (node == NO_NODE || (node == 0 && rights_machine(actor))) &&
           !(r->mem_flags & XENMEMF_populate_on_demand);
}

/* Serves the extents from number `start` on, until one fails, and returns how many are done in all,
 * those before `start` included. If it is interrupted, it puts that number into the command for the
 * repeated hypercall, sets call->again and returns 0. */
static s64 reservation(struct vcpu *vcpu, struct call *call, u64 command, u64 start)
{
    struct xen_memory_reservation r;
    struct extent want;
    struct domain *domain = NULL;
    u64 list;
    s64 error = 0;
    u64 done;

    /* The ABI's result is the number of extents that are done, so each refusal here returns
     * `start`. */
    if (GET_GUEST(&r, call->argument[1])) {
        domain = rights_target(vcpu->domain, RIGHT_MEMORY, r.domid, &error);
    }
    if (!domain || domain_has_ended(domain) || !reservation_ok(vcpu->domain, &r, start)) {
        return (s64)start;
    }
    want = (struct extent){r.extent_order, XENMEMF_get_address_bits(r.mem_flags)};
    list = (u64)r.extent_start.p;
    if (list && !guest_range_ok(list, r.nr_extents * sizeof(u64))) {
        return (s64)start;
    }
    for (done = start; done < r.nr_extents; done++) {
        u64 at = list ? list + done * sizeof(u64) : 0;
        bool ok;

        if (done > start && port_should_stop()) {
            call->argument[0] = command | done << MEMOP_COMMAND_BITS;
            call->again = true;
            return 0;
        }
        if (command == XENMEM_populate_physmap) {
            ok = populate_one(domain, at, want);
        } else if (command == XENMEM_increase_reservation) {
            ok = increase_one(domain, at, want);
        } else {
            ok = decrease_one(domain, at, r.extent_order);
        }
        if (!ok) {
            break;
        }
    }
    return (s64)done;
}

static s64 machphys_mapping(u64 at)
{
    struct xen_machphys_mapping mapping = {
        .v_start = MACH2PHYS_VIRT_START,
        .v_end = MACH2PHYS_VIRT_END,
        .max_mfn = MACH2PHYS_NR_ENTRIES - 1,
    };

    return PUT_GUEST(at, &mapping) ? 0 : -XEN_EFAULT;
}

/* Lists the frames that hold the M2P: one mfn for each 2 MiB of it. */
static s64 machphys_list(u64 at)
{
    struct xen_machphys_mfn_list list;
    u64 units = map_m2p_units(), n;

    if (!GET_GUEST(&list, at)) {
        return -XEN_EFAULT;
    }
    for (n = 0; n < units && n < list.max_extents; n++) {
        u64 m = map_m2p_unit(n).n;

        if (!copy_to_guest((u64)list.extent_start.p + n * sizeof m, &m, sizeof m)) {
            return -XEN_EFAULT;
        }
    }
    list.nr_extents = (u32)n;
    return PUT_GUEST(at, &list) ? 0 : -XEN_EFAULT;
}

/* Lists the machine's memory map, as the firmware gave it. */
static s64 machine_memory_map(const struct domain *domain, u64 at)
{
    struct xen_memory_map map;
    u32 count;
    const struct machine_range *range = machine_map(&count);

    if (!rights_machine(domain)) {
        return -XEN_EPERM;
    }
    if (!GET_GUEST(&map, at)) {
        return -XEN_EFAULT;
    }
    if (map.nr_entries < count) {
        return -XEN_EINVAL;
    }
    map.nr_entries = count;
    if (!copy_to_guest((u64)map.buffer.p, range, count * sizeof *range) || !PUT_GUEST(at, &map)) {
        return -XEN_EFAULT;
    }
    return 0;
}

static s64 reservation_size(struct vcpu *vcpu, u64 command, u64 at)
{
    const struct domain *domain;
    domid_t id;
    s64 error;

    if (!GET_GUEST(&id, at)) {
        return -XEN_EFAULT;
    }
    domain = rights_target(vcpu->domain, RIGHT_MEMORY, id, &error);
    if (!domain) {
        return error;
    }
    return (s64)(command == XENMEM_current_reservation ? domain->mmu.frames
                                                       : domain->mmu.frames_max);
}

s64 call_memory_op(struct vcpu *vcpu, struct call *call)
{
    u64 command = call->argument[0] & COMMAND_MASK;
    u64 start = (u32)call->argument[0] >> MEMOP_COMMAND_BITS;

    switch (command) {
    case XENMEM_populate_physmap:
    case XENMEM_increase_reservation:
    case XENMEM_decrease_reservation:
        return reservation(vcpu, call, command, start);
    case XENMEM_exchange:
        return memory_exchange(vcpu, call);
    case XENMEM_maximum_ram_page:
        return (s64)(frames_count() - 1);
    case XENMEM_current_reservation:
    case XENMEM_maximum_reservation:
        return reservation_size(vcpu, command, call->argument[1]);
    case XENMEM_machphys_mapping:
        return machphys_mapping(call->argument[1]);
    case XENMEM_machphys_mfn_list:
        return machphys_list(call->argument[1]);
    case XENMEM_memory_map:
        return memory_map(vcpu, call->argument[1]);
    case XENMEM_set_memory_map:
        return memory_set_map(vcpu, call->argument[1]);
    case XENMEM_maximum_gpfn:
        return memory_last_pfn(vcpu, call->argument[1]);
    case XENMEM_claim_pages:
        return memory_claim(vcpu, call->argument[1]);
    case XENMEM_acquire_resource:
        return memory_acquire(vcpu, call->argument[1]);
    case XENMEM_get_vnumainfo:
        return memory_vnuma(vcpu, call->argument[1]);
    case XENMEM_get_sharing_freed_pages: /* no pages are shared between guests */
    case XENMEM_get_sharing_shared_pages:
        return 0;
    case XENMEM_machine_memory_map:
        return machine_memory_map(vcpu->domain, call->argument[1]);
    }
    return -XEN_ENOSYS;
}
