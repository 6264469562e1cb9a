/* SPDX-License-Identifier: MIT */
/* Making and building a domain by the calls of a toolstack. */
#include "tests/guests/common/toolstack.h"
#include "tests/guests/common/time.h"

#define BASE    0xffffffff80000000ull /* where the tiny kernel's first page is mapped */
#define MEM_KIB (TINY_PAGES * 4)

/* The pfns of the domain. */
enum { PFN_CODE, PFN_TINY, PFN_STACK, PFN_L4, PFN_L3, PFN_L2, PFN_L1, PFN_INFO };

extern char tiny_code[], tiny_code_end[];

_Static_assert(sizeof(struct tiny) <= PAGE_SIZE, "one page");
_Static_assert(__builtin_offsetof(struct tiny, call) == 64, "as tiny.S has it");

static u64 slot_address[4];

long domctl(u32 command, u16 id, struct xen_domctl *op)
{
    op->cmd = command;
    op->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    op->domain = id;
    return hypercall(__HYPERVISOR_domctl, address(op), 0, 0);
}

long tiny_command(u32 command, u16 id)
{
    struct xen_domctl op = {0};

    return domctl(command, id, &op);
}

long memory_op_in_multicall(u32 command, void *argument)
{
    struct multicall_entry entry = {.op = __HYPERVISOR_memory_op,
                                    .args = {command, address(argument)}};
    long result = hypercall(__HYPERVISOR_multicall, address(&entry), 1, 0);

    return result ? result : (long)entry.result;
}

void *foreign_map(u32 slot, u16 id, u64 m)
{
    if (!slot_address[slot]) {
        slot_address[slot] = address(window_take());
    }
    return hypercall6(__HYPERVISOR_update_va_mapping_otherdomain, slot_address[slot],
                      m * PAGE_SIZE | PTE_RW, UVMF_INVLPG, id, 0, 0)
               ? NULL
               : (void *)(uintptr_t)slot_address[slot];
}

void foreign_unmap(u32 slot)
{
    check_equal(update_va_mapping(slot_address[slot], 0, UVMF_INVLPG), 0, "a foreign unmap");
}

bool tiny_map(struct made *made)
{
    made->tiny = foreign_map(3, made->id, made->mfn[PFN_TINY]);
    return made->tiny;
}

void tiny_unmap(struct made *made)
{
    foreign_unmap(3);
    made->tiny = NULL;
}

long tiny_create(struct made *made, u32 vcpus)
{
    struct xen_domctl op = {0};
    long error;

    op.u.createdomain = (struct xen_domctl_createdomain){.ssidref = 0xc,
                                                         .handle = {1, 2, 3},
                                                         .max_vcpus = vcpus,
                                                         .max_evtchn_port = 1023,
                                                         .max_grant_frames = -1,
                                                         .max_maptrack_frames = -1,
                                                         .grant_opts = 2};
    error = domctl(XEN_DOMCTL_createdomain, 0xffff, &op);
    if (error) {
        return error;
    }
    *made = (struct made){.id = op.domain};
    op.u.max_vcpus.max = vcpus;
    error = domctl(XEN_DOMCTL_max_vcpus, made->id, &op);
    if (error) {
        return error;
    }
    op.u.max_mem.max_memkb = MEM_KIB + 1024;
    return domctl(XEN_DOMCTL_max_mem, made->id, &op);
}

static long alloc_port(u16 id)
{
    struct evtchn_alloc_unbound ask = {.dom = id, .remote_dom = 0};
    long error = event_channel_op(EVTCHNOP_alloc_unbound, &ask);

    return error ? error : (long)ask.port;
}

static long set_map(u16 id)
{
    static struct {
        u64 start, size;
        u32 type;
    } __attribute__((packed)) ram = {0, TINY_PAGES * PAGE_SIZE, 1};
    struct xen_foreign_memory_map ask = {.domid = id, .map.nr_entries = 1};

    set_xen_guest_handle(ask.map.buffer, (void *)&ram);
    return memory_op_in_multicall(XENMEM_set_memory_map, &ask);
}

static long claim(u16 id, u64 pages)
{
    struct xen_memory_reservation ask = {.domid = id, .nr_extents = pages};

    return memory_op_in_multicall(XENMEM_claim_pages, &ask);
}

static long populate(struct made *made)
{
    struct xen_memory_reservation ask = {.domid = made->id, .nr_extents = TINY_PAGES};
    long done;

    for (u32 i = 0; i < TINY_PAGES; i++) {
        made->mfn[i] = i;
    }
    set_xen_guest_handle(ask.extent_start, made->mfn);
    done = memory_op_in_multicall(XENMEM_populate_physmap, &ask);
    return done == TINY_PAGES ? 0 : done < 0 ? done : -XEN_ENOMEM;
}

/* Writes `words` entries to the page table that is the domain's page `at`. */
static bool fill(struct made *made, u32 at, u32 index, u64 entry)
{
    u64 *table = foreign_map(0, made->id, made->mfn[at]);

    if (!table) {
        return false;
    }
    table[index] = entry;
    foreign_unmap(0);
    return true;
}

/* Builds the domain's page tables: all its pages from BASE on, its tables read-only. */
static bool build_tables(struct made *made)
{
    bool good = fill(made, PFN_L4, table_index(BASE, 4), made->mfn[PFN_L3] * PAGE_SIZE | PTE_TABLE);

    good =
        good && fill(made, PFN_L3, table_index(BASE, 3), made->mfn[PFN_L2] * PAGE_SIZE | PTE_TABLE);
    good =
        good && fill(made, PFN_L2, table_index(BASE, 2), made->mfn[PFN_L1] * PAGE_SIZE | PTE_TABLE);
    for (u32 i = 0; good && i < TINY_PAGES; i++) {
        bool table = i >= PFN_L4 && i <= PFN_L1;

        good = fill(made, PFN_L1, table_index(BASE, 1) + i,
                    made->mfn[i] * PAGE_SIZE | (table ? PTE_RO : PTE_RW));
    }
    return good;
}

static long pin(struct made *made)
{
    struct mmuext_op op = {.cmd = MMUEXT_PIN_L4_TABLE, .arg1.mfn = made->mfn[PFN_L4]};

    return hypercall6(__HYPERVISOR_mmuext_op, address(&op), 1, 0, made->id, 0, 0);
}

static long set_context(struct made *made)
{
    static struct vcpu_guest_context context;
    struct xen_domctl op = {0};

    context = (struct vcpu_guest_context){
        .flags = VGCF_in_kernel | VGCF_online,
        .user_regs.rip = BASE + PFN_CODE * PAGE_SIZE,
        .user_regs.rsp = BASE + (PFN_STACK + 1) * PAGE_SIZE,
        .user_regs.rsi = BASE + PFN_INFO * PAGE_SIZE,
        .user_regs.rflags = 1 << 9,
        .user_regs.cs = FLAT_KERNEL_CS,
        .user_regs.ss = FLAT_KERNEL_SS,
        .kernel_ss = FLAT_KERNEL_SS,
        .kernel_sp = BASE + (PFN_STACK + 1) * PAGE_SIZE,
        .ctrlreg[3] = xen_pfn_to_cr3(made->mfn[PFN_L4]),
    };
    op.u.vcpucontext.vcpu = 0;
    set_xen_guest_handle(op.u.vcpucontext.ctxt, &context);
    return domctl(XEN_DOMCTL_setvcpucontext, made->id, &op);
}

/* Maps the first frame of the domain's grant table and fills the two reserved grants. */
static long fill_grants(struct made *made)
{
    xen_pfn_t frame = 0;
    struct xen_mem_acquire_resource ask = {
        .domid = made->id, .type = XENMEM_resource_grant_table, .nr_frames = 1};
    long error;

    set_xen_guest_handle(ask.frame_list, &frame);
    error = memory_op_in_multicall(XENMEM_acquire_resource, &ask);
    if (error) {
        return error;
    }
    struct grant_entry_v1 *table = foreign_map(0, made->id, frame);
    if (!table) {
        return -XEN_EPERM;
    }
    for (u32 i = 0; i < 2; i++) {
        table[i] = (struct grant_entry_v1){
            .flags = GTF_permit_access, .domid = 0, .frame = (u32)made->mfn[PFN_INFO + 1 + i]};
    }
    foreign_unmap(0);
    return 0;
}

static long settings(u16 id)
{
    struct xen_domctl op = {0};
    long error = set_map(id);

    if (!error) {
        op.u.tsc_info.tsc_mode = 0;
        error = domctl(XEN_DOMCTL_settscinfo, id, &op);
    }
    if (!error) {
        op.u.address_size.size = 64;
        error = domctl(XEN_DOMCTL_set_address_size, id, &op);
    }
    return error;
}

long tiny_build(struct made *made)
{
    long error = alloc_port(made->id) > 0 && alloc_port(made->id) > 0 ? 0 : -XEN_ENOSPC;
    u8 *code;

    error = error ? error : settings(made->id);
    error = error ? error : claim(made->id, TINY_PAGES);
    error = error ? error : populate(made);
    error = error ? error : claim(made->id, 0);
    if (error) {
        return error;
    }
    code = foreign_map(0, made->id, made->mfn[PFN_CODE]);
    if (!code) {
        return -XEN_EPERM;
    }
    memcpy(code, tiny_code, (u64)(tiny_code_end - tiny_code));
    foreign_unmap(0);
    error = build_tables(made) ? pin(made) : -XEN_EPERM;
    error = error ? error : set_context(made);
    return error ? error : fill_grants(made);
}

long tiny_make(struct made *made)
{
    long error = tiny_create(made, 1);

    return error ? error : tiny_build(made);
}

bool tiny_calls(const struct made *made, u32 count)
{
    const u64 end = time_of(&vcpu_info()->time) + PATIENCE;

    made->tiny->calls = count;
    made->tiny->mode = TINY_CALLS;
    while (made->tiny->mode && time_of(&vcpu_info()->time) < end) {
        sleep_ms(1);
    }
    return !made->tiny->mode;
}

long tiny_info(u16 id, struct xen_domctl_getdomaininfo *info)
{
    struct xen_domctl op = {0};
    long error = domctl(XEN_DOMCTL_getdomaininfo, id, &op);

    *info = op.u.getdomaininfo;
    return error;
}

void sleep_ms(u64 ms)
{
    struct sched_poll ask = {.timeout = time_of(&vcpu_info()->time) + ms * 1000000};

    sched_op(SCHEDOP_poll, &ask);
}

long free_frames(u64 *count)
{
    struct xen_sysctl op = {.cmd = XEN_SYSCTL_physinfo,
                            .interface_version = XEN_SYSCTL_INTERFACE_VERSION};
    long error = hypercall(__HYPERVISOR_sysctl, address(&op), 0, 0);

    *count = op.u.physinfo.free_pages - op.u.physinfo.outstanding_pages;
    return error;
}
