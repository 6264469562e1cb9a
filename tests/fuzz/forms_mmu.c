/* SPDX-License-Identifier: MIT */
/* Hypercalls on page tables and descriptors. */
#include "tests/fuzz/forms.h"

#include "hypervisor/call/call.h"
#include "vmmu/entry.h"

#define OPERATIONS_MOST 4u

/* Both halves of `foreigndom` of mmu_update. *tables and *frames: the domains that they name, so
 * that the request fits. */
static u64 owners(struct domain **tables, struct domain **frames)
{
    struct domain *own = current_vcpu()->domain;
    u64 word = DOMID_SELF;

    *tables = *frames = own;
    if (word_once_in(2)) {
        *frames = word_target();
        word = word_once_in(12) ? word_domain() : *frames == own ? DOMID_SELF : (*frames)->id;
    }
    if (word_once_in(3)) {
        *tables = word_target();
        word |= (u64)((*tables)->id + 1u) << 16;
    }
    return word_or_any(word);
}

static void mmu_update(struct form *form)
{
    struct mmu_update updates[OPERATIONS_MOST];
    struct domain *tables, *frames;
    const u32 count = 1 + input_below(&input, OPERATIONS_MOST);
    const u64 owner = owners(&tables, &frames);
    u32 done = 0;

    for (u32 i = 0; i < count; i++) {
        const u32 command = word_once_in(6) ? input_below(&input, 5) : MMU_NORMAL_PT_UPDATE;

        updates[i] = command == MMU_MACHPHYS_UPDATE
                         ? (struct mmu_update){word_frame(frames) << PAGE_SHIFT | command,
                                               input_below(&input, 64)}
                         : (struct mmu_update){word_or_any(word_pte_address(tables) | command),
                                               word_or_any(word_entry(frames))};
    }
    form->number = __HYPERVISOR_mmu_update;
    form->argument[0] = form_put(updates, count * sizeof updates[0]);
    form->argument[1] = WORD_OF(u32, count);
    form->argument[2] = word_once_in(2) ? FORM_PUT(done) : 0;
    form->argument[3] = owner;
}

static void update_va(struct form *form)
{
    struct domain *frames = word_once_in(3) ? word_target() : current_vcpu()->domain;
    static const u8 flags[] = {0, 1, 2, 5, 6};
    const bool other = frames != current_vcpu()->domain || word_once_in(4);

    form->number =
        other ? __HYPERVISOR_update_va_mapping_otherdomain : __HYPERVISOR_update_va_mapping;
    form->argument[0] = word_or_any(word_page_address());
    form->argument[1] = word_or_any(word_entry(frames));
    form->argument[2] = word_or_any(flags[input_below(&input, ARRAY_LENGTH(flags))]);
    form->argument[3] = word_once_in(8)                    ? word_domain()
                        : frames == current_vcpu()->domain ? DOMID_SELF
                                                           : frames->id;
}

static void mmuext(struct form *form)
{
    struct domain *own = current_vcpu()->domain, *target = word_once_in(2) ? word_target() : own;
    struct mmuext_op ops[OPERATIONS_MOST] = {0};
    const u32 count = 1 + input_below(&input, OPERATIONS_MOST);
    u32 done = 0;
    u64 cpus = 3;

    for (u32 i = 0; i < count; i++) {
        ops[i].cmd = WORD_OF(u32, input_below(&input, 21));
        if (word_once_in(3)) {
            ops[i].cmd = input_below(&input, 6); /* pins and roots */
        }
        ops[i].arg1.mfn = word_or_any(word_frame(target));
        if (ops[i].cmd == MMUEXT_SET_LDT) {
            ops[i].arg1.linear_addr = word_or_any(word_page_address());
            ops[i].arg2.nr_ents = WORD_OF(u32, input_below(&input, 2) * 512);
        } else if (ops[i].cmd == MMUEXT_COPY_PAGE) {
            ops[i].arg2.src_mfn = word_or_any(word_frame(target));
        } else {
            set_xen_guest_handle(ops[i].arg2.vcpumask, (void *)word_or_any(FORM_PUT(cpus)));
        }
    }
    form->number = __HYPERVISOR_mmuext_op;
    form->argument[0] = form_put(ops, count * sizeof ops[0]);
    form->argument[1] = WORD_OF(u32, count);
    form->argument[2] = word_once_in(2) ? FORM_PUT(done) : 0;
    form->argument[3] = word_once_in(12) ? word_domain() : target == own ? DOMID_SELF : target->id;
}

static void descriptors(struct form *form)
{
    struct domain *own = current_vcpu()->domain;
    static const u64 good[] = {0, 0x00affb000000ffff, 0x00cff3000000ffff, 0x0020fb0000000000};

    if (word_once_in(2)) {
        u64 frames[2] = {word_frame(own), word_frame(own)};

        form->number = __HYPERVISOR_set_gdt;
        form->argument[0] = FORM_PUT(frames);
        form->argument[1] = word_or_any(input_below(&input, 3) * 512);
    } else {
        form->number = __HYPERVISOR_update_descriptor;
        form->argument[0] = word_or_any(word_pte_address(own));
        form->argument[1] = word_or_any(good[input_below(&input, ARRAY_LENGTH(good))]);
    }
}

void form_mmu(struct form *form)
{
    switch (input_below(&input, 8)) {
    case 0:
        descriptors(form);
        break;
    case 1:
    case 2:
        update_va(form);
        break;
    case 3:
    case 4:
        mmuext(form);
        break;
    default:
        mmu_update(form);
    }
}
