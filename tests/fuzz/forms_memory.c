/* SPDX-License-Identifier: MIT */
/* memory_op: sizes of domains, exchanges, maps, claims and resources. */
#include "tests/fuzz/forms.h"

#define EXTENTS_MOST 8u

static u64 list_frames(const struct domain *domain, u32 count, bool pfns)
{
    u64 list[EXTENTS_MOST];

    for (u32 i = 0; i < count; i++) {
        list[i] = pfns ? 64 + input_below(&input, 64) : word_frame(domain);
    }
    return form_put(list, count * sizeof list[0]);
}

static u64 reservation(u32 operation)
{
    struct domain *target = word_once_in(2) ? word_target() : current_vcpu()->domain;
    const u32 count = 1 + input_below(&input, EXTENTS_MOST);
    static const u32 flags[] = {
        0, 0, 0, XENMEMF_address_bits(20), XENMEMF_exact_node(0), XENMEMF_populate_on_demand};
    struct xen_memory_reservation ask = {
        .nr_extents = word_or_any(count),
        .extent_order = word_once_in(4) ? WORD_OF(u32, input_below(&input, 3)) : 0,
        .mem_flags = flags[input_below(&input, ARRAY_LENGTH(flags))],
        .domid = word_once_in(8) ? word_domain() : target->id,
    };

    if (operation != XENMEM_increase_reservation || word_once_in(2)) {
        set_xen_guest_handle(
            ask.extent_start,
            (void *)word_or_any(list_frames(target, count, operation == XENMEM_populate_physmap)));
    }
    return FORM_PUT(ask);
}

/* Some frames of order 0 for one of a higher order, or the other way round, or one for one. */
static u64 exchange(void)
{
    struct domain *own = current_vcpu()->domain;
    const u32 order = input_below(&input, 3);
    const bool splits = word_once_in(3);
    const u32 in = splits ? 1 : 1u << order, out = splits ? 1u << order : 1;
    struct xen_memory_exchange ask = {
        .in = {.nr_extents = word_or_any(in),
               .extent_order = WORD_OF(u32, splits ? order : 0),
               .domid = word_once_in(8) ? word_domain() : DOMID_SELF},
        .out = {.nr_extents = word_or_any(out),
                .extent_order = WORD_OF(u32, splits ? 0 : order),
                .mem_flags = word_once_in(4) ? XENMEMF_address_bits(20) : 0,
                .domid = word_once_in(8) ? word_domain() : DOMID_SELF},
        .nr_exchanged = word_once_in(16) ? word_any() : 0,
    };

    set_xen_guest_handle(ask.in.extent_start, (void *)list_frames(own, in, false));
    set_xen_guest_handle(ask.out.extent_start, (void *)word_or_any(list_frames(own, out, true)));
    return FORM_PUT(ask);
}

static u64 claim(void)
{
    struct xen_memory_reservation ask = {.nr_extents = word_or_any(input_below(&input, 64)),
                                         .domid = word_domain(),
                                         .extent_order = word_once_in(16)};

    return FORM_PUT(ask);
}

static u64 acquire(void)
{
    u64 frames[4] = {0};
    struct xen_mem_acquire_resource ask = {
        .domid = word_domain(),
        .type = (u16)(word_once_in(12) ? input_below(&input, 4) : XENMEM_resource_grant_table),
        .id = input_below(&input, 3),
        .nr_frames = input_below(&input, 5),
        .frame = word_or_any(input_below(&input, 4))};

    set_xen_guest_handle(ask.frame_list, (void *)(word_once_in(6) ? 0 : FORM_PUT(frames)));
    return FORM_PUT(ask);
}

static u64 map(bool foreign)
{
    struct {
        u64 start, size;
        u32 type;
    } __attribute__((packed)) ranges[2] = {{0, 1 << 20, 1}, {1 << 20, word_any(), 2}};
    struct xen_memory_map own = {.nr_entries = WORD_OF(u32, input_below(&input, 3))};
    struct xen_foreign_memory_map other = {.domid = word_domain()};

    set_xen_guest_handle(own.buffer, (void *)word_or_any(FORM_PUT(ranges)));
    other.map = own;
    return foreign ? FORM_PUT(other) : FORM_PUT(own);
}

static u64 others(void)
{
    u64 words[8] = {word_any(), word_any(), word_pointer(), word_any()};

    return FORM_PUT(words);
}

void form_memory(struct form *form)
{
    static const u8 rare[] = {XENMEM_maximum_ram_page,    XENMEM_current_reservation,
                              XENMEM_maximum_reservation, XENMEM_machphys_mfn_list,
                              XENMEM_machphys_mapping,    XENMEM_maximum_gpfn,
                              XENMEM_get_vnumainfo,       XENMEM_add_to_physmap};
    static const u8 common[] = {XENMEM_increase_reservation,
                                XENMEM_decrease_reservation,
                                XENMEM_populate_physmap,
                                XENMEM_exchange,
                                XENMEM_exchange,
                                XENMEM_claim_pages,
                                XENMEM_acquire_resource,
                                XENMEM_acquire_resource,
                                XENMEM_memory_map,
                                XENMEM_set_memory_map,
                                XENMEM_machine_memory_map};
    const u8 operation = word_once_in(8) ? rare[input_below(&input, ARRAY_LENGTH(rare))]
                                         : common[input_below(&input, ARRAY_LENGTH(common))];
    u64 at;

    switch (operation) {
    case XENMEM_increase_reservation:
    case XENMEM_decrease_reservation:
    case XENMEM_populate_physmap:
        at = reservation(operation);
        break;
    case XENMEM_exchange:
        at = exchange();
        break;
    case XENMEM_claim_pages:
        at = claim();
        break;
    case XENMEM_acquire_resource:
        at = acquire();
        break;
    case XENMEM_memory_map:
    case XENMEM_machine_memory_map:
        at = map(false);
        break;
    case XENMEM_set_memory_map:
        at = map(true);
        break;
    default:
        at = others();
    }
    form->number = __HYPERVISOR_memory_op;
    form->argument[0] = word_once_in(24) ? word_any() : operation;
    form->argument[1] = word_or_any(at);
}
