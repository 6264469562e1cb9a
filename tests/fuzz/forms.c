/* SPDX-License-Identifier: MIT */
/* Words for hypercalls, and the choice of the family. */
#include "tests/fuzz/forms.h"

#include "hypervisor/vcpu/vcpu.h"
#include "vmmu/entry.h"

#define STRUCTURES 0x1000u /* where in guest memory structures begin; below are loose words */

static u32 used; /* bytes of guest memory from STRUCTURES on */

void form_begin(void)
{
    used = 0;
}

u64 form_put(const void *bytes, u32 size)
{
    if (STRUCTURES + used + size > SHIM_MEMORY_SIZE) {
        used = 0;
    }
    const u32 at = STRUCTURES + used;
    memcpy(shim_memory() + at, bytes, size);
    used += (size + 15) & ~15u;
    return SHIM_MEMORY + at;
}

/* ---- words ---- */

bool word_once_in(u32 times)
{
    return input_below(&input, times) == times - 1;
}

static u64 limit_word(void)
{
    static const u64 limits[] = {~0ull,
                                 1ull << 47,
                                 (1ull << 47) - 1,
                                 0xffff800000000000,
                                 0xffff87fffffffff8,
                                 DOMID_SELF,
                                 0xffff880000000000,
                                 0x7fffffffull,
                                 0x80000000ull,
                                 1ull << 40,
                                 1ull << 61,
                                 1ull << 63,
                                 SHIM_MEMORY + SHIM_MEMORY_SIZE - 4,
                                 0xffffffffull,
                                 DOMID_SELF | (u64)DOMID_SELF << 32};

    return limits[input_below(&input, ARRAY_LENGTH(limits))];
}

u64 word_any(void)
{
    const struct domain *domain = word_target();

    switch (input_below(&input, 9)) {
    case 0:
    case 1:
        return SHIM_MEMORY + input_number(&input, 1) * 8;
    case 2:
        return word_frame(domain);
    case 3:
        return word_entry(domain);
    case 4:
        return limit_word();
    case 5:
        return input_number(&input, 8);
    case 6: /* two 32-bit halves */
        return input_below(&input, 64) | (u64)input_below(&input, 64) << 32;
    case 7: /* the address of an entry, with a command in its low bits */
        return word_frame(domain) << PAGE_SHIFT | (input_number(&input, 1) & 0x1f);
    default:
        return input_below(&input, 40);
    }
}

u64 word_or_any(u64 word)
{
    return word_once_in(24) ? word_any() : word;
}

struct domain *word_target(void)
{
    struct domain *found = NULL;
    u32 choice = input_below(&input, SHIM_DOMAINS_MAX);

    for (u32 place = 0; place < domain_count(); place++) {
        struct domain *domain = domain_at(place);

        if (domain) {
            found = domain;
            if (!choice--) {
                break;
            }
        }
    }
    return found;
}

u16 word_domain(void)
{
    static const u16 special[] = {
        DOMID_IO, DOMID_XEN, DOMID_COW, DOMID_INVALID, DOMID_FIRST_RESERVED, 0, 1, 33};

    switch (input_below(&input, 8)) {
    case 0:
        return DOMID_SELF;
    case 1:
        return current_vcpu()->domain->id;
    case 2:
        return special[input_below(&input, ARRAY_LENGTH(special))];
    default:
        return word_target()->id;
    }
}

u64 word_frame(const struct domain *domain)
{
    const u64 start = input_number(&input, 2) % (SHIM_FRAMES + 16);

    for (u64 i = 0; i < SHIM_FRAMES && start < SHIM_FRAMES; i++) {
        const u64 m = (start + i) % SHIM_FRAMES;
        struct vmmu_frame_info info;

        vmmu_frame_inspect(mfn(m), &info);
        if (info.valid && info.owned && info.owner == domain->id) {
            return m;
        }
    }
    return start;
}

u64 word_entry(const struct domain *domain)
{
    static const u16 flags[] = {0, 1, 3, 5, 7, 0x63, 0x67, 0x107, 0x67, 0x7, 0x7b};

    return word_frame(domain) << PAGE_SHIFT | flags[input_below(&input, ARRAY_LENGTH(flags))];
}

u64 word_page_address(void)
{
    return (u64)input_below(&input, 32) << PAGE_SHIFT;
}

u64 word_pointer(void)
{
    return word_once_in(16) ? word_any() : SHIM_MEMORY + input_number(&input, 1) * 8;
}

u64 word_pte_address(const struct domain *domain)
{
    const u64 index = word_once_in(4) ? input_number(&input, 2) % 512 : input_below(&input, 24);

    return word_frame(domain) << PAGE_SHIFT | index * 8;
}

u32 word_port(void)
{
    return word_once_in(24) ? (u32)word_any() : input_below(&input, 20);
}

/* ---- families ---- */

static void make_raw(struct form *form)
{
    form->number = input_below(&input, 42);
    for (u32 i = 0; i < 4; i++) {
        form->argument[i] = word_any();
    }
}

static void make_one(struct form *form)
{
    switch (input_below(&input, 16)) {
    case 0:
    case 1:
    case 2:
        form_mmu(form);
        break;
    case 3:
    case 4:
        form_memory(form);
        break;
    case 5:
    case 6:
    case 7:
        form_grant(form);
        break;
    case 8:
    case 9:
        form_event(form);
        break;
    case 10:
    case 11:
    case 12:
        form_domctl(form);
        break;
    case 13:
        form_machine(form);
        break;
    case 14:
        form_vcpu(form);
        break;
    default:
        if (word_once_in(2)) {
            form_watch(form);
        } else {
            make_raw(form);
        }
    }
}

static void make_multicall(struct form *form)
{
    struct multicall_entry entries[4] = {0};
    const u32 count = 1 + input_below(&input, ARRAY_LENGTH(entries));

    for (u32 i = 0; i < count; i++) {
        struct form one = {0};

        make_one(&one);
        entries[i].op = one.number;
        memcpy(entries[i].args, one.argument, sizeof entries[i].args);
    }
    *form = (struct form){.number = __HYPERVISOR_multicall,
                          .argument = {form_put(entries, count * sizeof entries[0]), count}};
}

void form_make(struct form *form)
{
    *form = (struct form){0};
    form_begin();
    if (word_once_in(12)) {
        make_multicall(form);
    } else {
        make_one(form);
    }
}
