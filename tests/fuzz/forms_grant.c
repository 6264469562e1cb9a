/* SPDX-License-Identifier: MIT */
/* grant_table_op, and entries of grant tables. */
#include "tests/fuzz/forms.h"

#include "hypervisor/memory/map.h"
#include "lib/x86/pte.h"

#define ELEMENTS_MOST 3u

static u32 a_ref(void)
{
    return word_once_in(24) ? (u32)word_any() : input_below(&input, 12);
}

static u32 a_handle(void)
{
    return word_once_in(24) ? (u32)word_any() : input_below(&input, 10);
}

static u16 a_user(void)
{
    return word_once_in(8) ? word_domain() : word_target()->id;
}

static void write_v1(void *page, const struct domain *own)
{
    struct grant_entry_v1 *entry = (struct grant_entry_v1 *)page + input_below(&input, 12);
    static const u16 flags[] = {GTF_permit_access, GTF_permit_access,
                                GTF_permit_access, GTF_permit_access | GTF_readonly,
                                GTF_invalid,       GTF_accept_transfer};

    *entry = (struct grant_entry_v1){.flags = flags[input_below(&input, ARRAY_LENGTH(flags))],
                                     .domid = a_user(),
                                     .frame = WORD_OF(u32, word_frame(own))};
}

static void write_v2(void *page, const struct domain *own)
{
    union grant_entry_v2 *entry = (union grant_entry_v2 *)page + input_below(&input, 12);
    static const u16 flags[] = {GTF_permit_access,
                                GTF_permit_access,
                                GTF_permit_access,
                                GTF_permit_access | GTF_sub_page,
                                GTF_transitive,
                                GTF_transitive,
                                GTF_permit_access | GTF_readonly,
                                GTF_invalid};
    const u16 flag = flags[input_below(&input, ARRAY_LENGTH(flags))];

    memset(entry, 0, sizeof *entry);
    if (flag == GTF_transitive) {
        entry->transitive.trans_domid = a_user();
        entry->transitive.gref = a_ref();
    } else if (flag & GTF_sub_page) {
        entry->sub_page.page_off = WORD_OF(u16, input_below(&input, 128) * 16u);
        entry->sub_page.length = WORD_OF(u16, input_below(&input, 128) * 16u);
        entry->sub_page.frame = word_or_any(word_frame(own));
    } else {
        entry->full_page.frame = word_or_any(word_frame(own));
    }
    entry->hdr.domid = a_user();
    entry->hdr.flags = flag;
}

void form_grant_entry(void)
{
    struct domain *own = current_vcpu()->domain;

    if (!own->grants.frames) {
        return;
    }
    if (own->grants.version == 2) {
        write_v2(own->grants.shared[0], own);
    } else {
        write_v1(own->grants.shared[0], own);
    }
}

static u32 map_one(struct gnttab_map_grant_ref *op)
{
    static const u32 flags[] = {GNTMAP_host_map,
                                GNTMAP_host_map,
                                GNTMAP_host_map | GNTMAP_readonly,
                                GNTMAP_device_map,
                                GNTMAP_host_map | GNTMAP_device_map,
                                GNTMAP_host_map | GNTMAP_contains_pte};

    op->flags = WORD_OF(u32, flags[input_below(&input, ARRAY_LENGTH(flags))]);
    op->host_addr = op->flags & GNTMAP_contains_pte ? word_pte_address(current_vcpu()->domain)
                                                    : word_page_address();
    op->host_addr = word_or_any(op->host_addr);
    op->ref = a_ref();
    op->dom = a_user();
    return sizeof *op;
}

static u32 unmap_one(struct gnttab_unmap_grant_ref *op)
{
    op->host_addr =
        word_once_in(3) ? word_pte_address(current_vcpu()->domain) : word_page_address();
    op->host_addr = word_once_in(4) ? 0 : op->host_addr;
    op->dev_bus_addr = word_once_in(3) ? word_frame(word_target()) << PAGE_SHIFT : 0;
    op->handle = a_handle();
    return sizeof *op;
}

static u32 replace_one(struct gnttab_unmap_and_replace *op)
{
    op->host_addr = word_or_any(word_page_address());
    op->new_addr = word_or_any(word_page_address());
    op->handle = a_handle();
    return sizeof *op;
}

static void copy_end(struct gnttab_copy *op, bool source)
{
    struct gnttab_copy_ptr end = {.offset = WORD_OF(u16, input_below(&input, 64) * 32u)};
    const bool by_grant = !word_once_in(3);

    if (by_grant) {
        end.u.ref = a_ref();
        end.domid = a_user();
        op->flags |= source ? GNTCOPY_source_gref : GNTCOPY_dest_gref;
    } else {
        end.u.gmfn = word_frame(current_vcpu()->domain);
        end.domid = word_once_in(8) ? word_domain() : DOMID_SELF;
    }
    *(source ? &op->source : &op->dest) = end;
}

static u32 copy_one(struct gnttab_copy *op)
{
    copy_end(op, true);
    copy_end(op, false);
    op->len = WORD_OF(u16, input_below(&input, 64) * 16u);
    return sizeof *op;
}

static u32 table_one(u64 operation, void *at)
{
    struct gnttab_setup_table setup = {.dom = word_domain(), .nr_frames = input_below(&input, 5)};
    struct gnttab_get_status_frames status = {.nr_frames = input_below(&input, 3),
                                              .dom = word_domain()};
    struct gnttab_query_size query = {.dom = word_domain()};
    struct gnttab_set_version version = {.version = WORD_OF(u32, 1 + input_below(&input, 2))};
    struct gnttab_get_version get = {.dom = word_domain()};
    struct gnttab_swap_grant_ref swap = {.ref_a = a_ref(), .ref_b = a_ref()};
    struct gnttab_cache_flush flush = {.a.dev_bus_addr = word_frame(word_target()) << PAGE_SHIFT,
                                       .offset = (u16)input_number(&input, 2) % 4200,
                                       .length = (u16)input_below(&input, 200),
                                       .op = input_below(&input, 4)};

    set_xen_guest_handle(setup.frame_list, (void *)word_pointer());
    set_xen_guest_handle(status.frame_list, (void *)word_pointer());
#define ANSWER(object) return memcpy(at, &(object), sizeof(object)), sizeof(object)
    switch (operation) {
    case GNTTABOP_setup_table:
        ANSWER(setup);
    case GNTTABOP_get_status_frames:
        ANSWER(status);
    case GNTTABOP_query_size:
        ANSWER(query);
    case GNTTABOP_set_version:
        ANSWER(version);
    case GNTTABOP_get_version:
        ANSWER(get);
    case GNTTABOP_swap_grant_ref:
        ANSWER(swap);
    default:
        ANSWER(flush);
    }
#undef ANSWER
}

void form_grant(struct form *form)
{
    static const u8 operations[] = {GNTTABOP_map_grant_ref,
                                    GNTTABOP_map_grant_ref,
                                    GNTTABOP_map_grant_ref,
                                    GNTTABOP_unmap_grant_ref,
                                    GNTTABOP_unmap_grant_ref,
                                    GNTTABOP_unmap_and_replace,
                                    GNTTABOP_copy,
                                    GNTTABOP_copy,
                                    GNTTABOP_copy,
                                    GNTTABOP_setup_table,
                                    GNTTABOP_setup_table,
                                    GNTTABOP_set_version,
                                    GNTTABOP_get_status_frames,
                                    GNTTABOP_query_size,
                                    GNTTABOP_get_version,
                                    GNTTABOP_swap_grant_ref,
                                    GNTTABOP_cache_flush,
                                    GNTTABOP_transfer};
    const u8 operation = operations[input_below(&input, ARRAY_LENGTH(operations))];
    u64 elements[ELEMENTS_MOST * 16] = {0};
    const bool many = operation == GNTTABOP_map_grant_ref || operation == GNTTABOP_copy ||
                      operation == GNTTABOP_unmap_grant_ref;
    const u32 count = many ? 1 + input_below(&input, ELEMENTS_MOST) : 1;
    u8 *at = (u8 *)elements;

    for (u32 i = 0; i < count; i++) {
        switch (operation) {
        case GNTTABOP_map_grant_ref:
            at += map_one((void *)at);
            break;
        case GNTTABOP_unmap_grant_ref:
            at += unmap_one((void *)at);
            break;
        case GNTTABOP_unmap_and_replace:
            at += replace_one((void *)at);
            break;
        case GNTTABOP_copy:
            at += copy_one((void *)at);
            break;
        default:
            at += table_one(operation, at);
        }
    }
    form->number = __HYPERVISOR_grant_table_op;
    form->argument[0] = operation;
    form->argument[1] = word_or_any(FORM_PUT(elements));
    form->argument[2] = WORD_OF(u32, count);
}
