/* SPDX-License-Identifier: MIT */
/* Makers of random requests about grants: the domain grants pages to itself, maps and copies them.
 * The addresses at which grants are mapped have no other use. */
#include "tests/guests/random_calls/grants.h"

#define GRANTS 6 /* references 1 upwards */
#define MAPPED 4 /* the most mappings at a time */

static u8 grant_page[PAGE_SIZE] __attribute__((aligned(4096)));
static u8 grant_window[MAPPED][PAGE_SIZE] __attribute__((aligned(4096)));
static u64 grant_entry[MAPPED];
static volatile u64 *grant_seen[MAPPED];
static struct {
    bool used, by_entry;
    grant_handle_t handle;
    u64 bus;
} mapped[MAPPED];

static long grant_call(unsigned operation, void *element)
{
    return hypercall(__HYPERVISOR_grant_table_op, operation, address(element), 1);
}

static volatile grant_entry_v1_t *grant_of(u32 reference)
{
    return &((volatile grant_entry_v1_t *)(uintptr_t)address(grant_page))[reference];
}

void grants_find(void)
{
    struct gnttab_setup_table setup = {.dom = DOMID_SELF, .nr_frames = 1};
    xen_pfn_t frame = 0;

    for (unsigned i = 0; i < MAPPED; i++) {
        grant_entry[i] = entry_machine(address(grant_window[i]), 1);
        grant_seen[i] = entry_of(address(grant_window[i]), 1);
        if (update_va_mapping(address(grant_window[i]), 0, UVMF_INVLPG)) {
            error("cannot unmap a window");
        }
    }
    set_xen_guest_handle(setup.frame_list, &frame);
    if (grant_call(GNTTABOP_setup_table, &setup) || setup.status ||
        update_va_mapping(address(grant_page), frame * PAGE_SIZE | PTE_RW, UVMF_INVLPG)) {
        error("no grant table");
    }
}

static u64 mapped_at(unsigned i)
{
    return mapped[i].by_entry ? grant_entry[i] : address(grant_window[i]);
}

unsigned grants_end(void)
{
    unsigned left = 0;

    for (unsigned i = 0; i < MAPPED; i++) {
        struct gnttab_unmap_grant_ref unmap = {.host_addr = mapped_at(i),
                                               .handle = mapped[i].handle};

        if (mapped[i].used && (grant_call(GNTTABOP_unmap_grant_ref, &unmap) || unmap.status)) {
            left++;
        }
        mapped[i].used = false;
    }
    for (u32 reference = 0; reference <= GRANTS; reference++) {
        grant_of(reference)->flags = 0;
    }
    return left;
}

void say_grants(void)
{
    add("grants");
    for (u32 reference = 1; reference <= GRANTS; reference++) {
        add(" ");
        add_hex(grant_of(reference)->flags);
    }
    for (unsigned i = 0; i < MAPPED; i++) {
        add(" ");
        add_entry(*grant_seen[i]);
    }
}

void give(void)
{
    static const u16 kinds[] = {GTF_permit_access, GTF_permit_access,
                                GTF_permit_access, GTF_permit_access | GTF_readonly,
                                GTF_invalid,       GTF_accept_transfer};
    u32 reference = 1 + below(GRANTS);
    u64 frame = once_in(8) ? special[SPECIAL_XEN] : pool[a_pool_frame(below(5))];
    volatile grant_entry_v1_t *grant = grant_of(reference);

    add_number("give ", reference);
    if (grant->flags &
        (GTF_reading | GTF_writing)) { /* as a careful guest does: not while the grant is in use */
        return add(" in use");
    }
    grant->flags = GTF_invalid;
    grant->frame = (u32)frame;
    grant->domid = once_in(8) ? NOBODY : own_domain;
    grant->flags = PICK(kinds);
    add(" ");
    add_frame(frame);
    add_domain(grant->domid);
    add_number(" flags ", grant->flags);
}

static u32 a_reference(void)
{
    u32 reference = once_in(20) ? 512 + below(100000) : 1 + below(GRANTS);

    add_number(" ref ", reference);
    return reference;
}

/* Which of three codes reports a bad page or address depends on the order of the checks. */
static void add_status(s16 status)
{
    if (status == GNTST_general_error || status == GNTST_bad_page ||
        status == GNTST_bad_virt_addr) {
        return add(" refused");
    }
    add_number(" status ", status);
}

static void map_after(struct request *r, long result)
{
    struct gnttab_map_grant_ref *map = r->data;
    unsigned i = (unsigned)r->argument[5];

    add_status(map->status);
    if (result || map->status || i >= MAPPED) {
        return;
    }
    mapped[i].used = true;
    mapped[i].handle = map->handle;
    mapped[i].by_entry = map->flags & GNTMAP_contains_pte;
    mapped[i].bus = map->dev_bus_addr;
    add(" bus ");
    add_frame(map->dev_bus_addr / PAGE_SIZE);
}

static void make_map(struct request *r)
{
    static const u32 kinds[] = {GNTMAP_host_map, GNTMAP_host_map | GNTMAP_readonly,
                                GNTMAP_host_map | GNTMAP_contains_pte,
                                GNTMAP_host_map | GNTMAP_contains_pte | GNTMAP_readonly};
    struct gnttab_map_grant_ref *map = take(sizeof *map);
    unsigned i = below(MAPPED);

    add_number("map g", i);
    map->ref = a_reference();
    map->dom = once_in(12) ? NOBODY : own_domain;
    map->flags = once_in(24) ? 0 : PICK(kinds);
    map->host_addr = map->flags & GNTMAP_contains_pte ? grant_entry[i] : address(grant_window[i]);
    if (mapped[i].used || once_in(12)) { /* at no valid place */
        add(" nowhere");
        map->host_addr =
            map->flags & GNTMAP_contains_pte ? pool[0] * PAGE_SIZE + 4 : 0xffff800000000000;
        i = MAPPED;
    }
    add_domain(map->dom);
    add_number(" flags ", map->flags);
    map->status = 77;
    r->number = __HYPERVISOR_grant_table_op;
    r->argument[0] = GNTTABOP_map_grant_ref;
    r->argument[1] = maybe_bad(map);
    r->argument[2] = 1;
    r->argument[5] = i; /* read by map_after */
    r->data = map;
    r->after = map_after;
}

static void unmap_after(struct request *r, long result)
{
    struct gnttab_unmap_grant_ref *unmap = r->data;

    add_status(unmap->status);
    if (!result && !unmap->status) {
        mapped[r->argument[5]].used = false;
    }
}

static void make_unmap(struct request *r)
{
    struct gnttab_unmap_grant_ref *unmap = take(sizeof *unmap);
    unsigned i = below(MAPPED);

    add_number("unmap g", i);
    *unmap = (struct gnttab_unmap_grant_ref){
        .host_addr = mapped_at(i), .handle = mapped[i].handle, .status = 77};
    if (!mapped[i].used || once_in(20)) {
        add(" bad handle");
        unmap->handle = once_in(2) ? ~0u : 123456;
    } else if (once_in(8)) {
        add(" elsewhere");
        unmap->host_addr = mapped[i].by_entry ? grant_entry[(i + 1) % MAPPED]
                                              : address(grant_window[(i + 1) % MAPPED]);
    }
    r->number = __HYPERVISOR_grant_table_op;
    r->argument[0] = GNTTABOP_unmap_grant_ref;
    r->argument[1] = maybe_bad(unmap);
    r->argument[2] = 1;
    r->argument[5] = i; /* read by unmap_after */
    r->data = unmap;
    r->after = unmap_after;
}

static void copy_after(struct request *r, long result)
{
    (void)result;
    add_status(((struct gnttab_copy *)r->data)->status);
}

static void one_end(gnttab_copy_t *copy, bool source)
{
    static const u16 offsets[] = {8, 8, 16, 2040, 4088, 4095, 4096};
    typeof(copy->dest) end = {.domid = DOMID_SELF, .offset = PICK(offsets)};

    if (once_in(2)) {
        end.u.ref = a_reference();
        end.domid = own_domain;
        copy->flags |= source ? GNTCOPY_source_gref : GNTCOPY_dest_gref;
    } else {
        end.u.gmfn = source ? a_source_frame() : pool[a_pool_frame(0)];
        add(" ");
        add_frame(end.u.gmfn);
    }
    add_number(" +", end.offset);
    if (source) {
        memcpy(&copy->source, &end, sizeof end);
    } else {
        copy->dest = end;
    }
}

/* Copies few bytes and whole entries, none of which belongs to a hypervisor or to the kernel. */
static void make_copy(struct request *r)
{
    static const u16 lengths[] = {0, 8, 8, 8, 16, 24};
    gnttab_copy_t *copy = take(sizeof *copy);

    add("copy");
    one_end(copy, true);
    one_end(copy, false);
    copy->len = PICK(lengths);
    copy->status = 77;
    if (copy->source.offset == 2040 || copy->dest.offset == 2040) {
        copy->len &= 8;
    }
    if (copy->source.offset < copy->dest.offset && copy->len > 8) {
        copy->len =
            8; /* no overlap: Xen copies overlapping bytes forwards, Pinion as memmove does */
    }
    if (copy->source.offset >= 4088 || copy->dest.offset >= 4088) {
        copy->len |= 16; /* always beyond the end */
    }
    if (once_in(24)) {
        copy->flags |= 4;
    }
    add_number(" length ", copy->len);
    add_number(" flags ", copy->flags);
    r->number = __HYPERVISOR_grant_table_op;
    r->argument[0] = GNTTABOP_copy;
    r->argument[1] = maybe_bad(copy);
    r->argument[2] = 1;
    r->data = copy;
    r->after = copy_after;
}

void make_grant(struct request *r)
{
    static const u8 others[] = {GNTTABOP_query_size, GNTTABOP_get_version, 99};
    u16 *element = take(64);

    switch (below(8)) {
    default:
        return make_map(r);
    case 3 ... 4:
        return make_unmap(r);
    case 5 ... 6:
        return make_copy(r);
    case 7:
        break;
    }
    r->number = __HYPERVISOR_grant_table_op;
    r->argument[0] = PICK(others);
    r->argument[1] = maybe_bad(element);
    r->argument[2] = once_in(6) ? 2 : 1;
    add_number("grant_table_op ", (s64)r->argument[0]);
    add_number(" count ", (s64)r->argument[2]);
    element[0] = r->argument[0] == 99 ? 0 : a_domain();
}
