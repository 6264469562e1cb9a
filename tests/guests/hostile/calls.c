/* SPDX-License-Identifier: MIT */
/* Attacks of the hostile guest by hypercall. */
#include "tests/guests/hostile/calls.h"

u64 a_call_number(void)
{
    static const u8 likely[] = {__HYPERVISOR_mmu_update,        __HYPERVISOR_memory_op,
                                __HYPERVISOR_multicall,         __HYPERVISOR_mmuext_op,
                                __HYPERVISOR_update_va_mapping, __HYPERVISOR_vcpu_op,
                                __HYPERVISOR_grant_table_op,    __HYPERVISOR_event_channel_op,
                                __HYPERVISOR_set_segment_base,  __HYPERVISOR_update_descriptor,
                                __HYPERVISOR_set_gdt,           __HYPERVISOR_set_debugreg};
    u64 number = once_in(2) ? PICK(likely) : below(64);

    return number == __HYPERVISOR_iret ? __HYPERVISOR_xen_version : number;
}

bool is_an_end(u64 number, u64 command)
{
    if (number == __HYPERVISOR_vcpu_op) {
        return (u32)command == VCPUOP_down || (u32)command == VCPUOP_register_vcpu_info;
    }
    if (number == __HYPERVISOR_event_channel_op) {
        return (u32)command == EVTCHNOP_init_control;
    }
    if (number == __HYPERVISOR_sched_op_compat || number == __HYPERVISOR_sched_op) {
        return (u32)command == SCHEDOP_shutdown || (u32)command == SCHEDOP_poll ||
               (u32)command == SCHEDOP_block;
    }
    return false;
}

static void fill_call(u64 *words)
{
    words[0] = a_call_number();
    do {
        for (unsigned i = 1; i < 7; i++) {
            words[i] = i == 1 && once_in(2) ? below(32) : a_word();
        }
    } while (is_an_end(words[0], words[1]));
    /* The results of a long list would overwrite the guest's own memory. */
    if (words[0] == __HYPERVISOR_multicall && !once_in(500)) {
        words[2] = below(8);
    }
    if (words[0] == __HYPERVISOR_grant_table_op && !once_in(500)) {
        words[3] = below(8);
    }
}

long call(const u64 *w)
{
    note("call", w, 7);
    if (w[0] == __HYPERVISOR_set_trap_table || w[0] == __HYPERVISOR_set_callbacks ||
        w[0] == __HYPERVISOR_stack_switch || w[0] == __HYPERVISOR_callback_op ||
        w[0] == __HYPERVISOR_multicall) {
        is_broken = true;
    }
    return hypercall6(w[0], w[1], w[2], w[3], w[4], w[5], w[6]);
}

void attack_call(void)
{
    u64 words[7];

    fill_call(words);
    call(words);
}

static void fill_paper(void)
{
    for (unsigned i = 0; i < 32; i++) {
        paper[i] = a_word();
        if (once_in(3)) {
            paper[i] = (u32)a_number() | a_number() << 32;
        }
    }
}

void attack_structure(void)
{
    static const u8 likely[] = {
        __HYPERVISOR_memory_op,      __HYPERVISOR_vcpu_op,     __HYPERVISOR_event_channel_op,
        __HYPERVISOR_physdev_op,     __HYPERVISOR_xen_version, __HYPERVISOR_callback_op,
        __HYPERVISOR_grant_table_op, __HYPERVISOR_nmi_op,      __HYPERVISOR_console_io,
        __HYPERVISOR_sched_op,       __HYPERVISOR_hvm_op,      __HYPERVISOR_platform_op};
    u64 at = address(paper) + (once_in(6) ? PAPER_WORDS * 8 - below(32) : 0);
    u64 words[7] = {PICK(likely), below(40), at, at, a_word(), a_word(), a_word()};

    fill_paper();
    if (words[0] == __HYPERVISOR_vcpu_op || words[0] == __HYPERVISOR_grant_table_op) {
        words[2] = once_in(4) ? a_number() : 0;
    }
    if (words[0] == __HYPERVISOR_grant_table_op) {
        words[2] = at;
        words[3] = once_in(500) ? a_number() : below(8);
    }
    if (words[0] == __HYPERVISOR_console_io && !once_in(8)) {
        words[2] = below(8), words[3] = an_address();
    }
    if (is_an_end(words[0], words[1])) {
        return;
    }
    call(words);
}

void attack_multicall(void)
{
    struct multicall_entry *list = (struct multicall_entry *)paper;
    unsigned count = 1 + (unsigned)below(12);
    u64 words[7] = {__HYPERVISOR_multicall, address(list), count};

    for (unsigned i = 0; i < count; i++) {
        u64 one[7];

        fill_call(one);
        list[i].op = one[0];
        memcpy(list[i].args, one + 1, sizeof list[i].args);
        note("  of", one, 7);
    }
    call(words);
}

u64 a_domain(void)
{
    return once_in(6) ? a_number() : DOMID_SELF;
}

/* Fills an element for one of three grant-table operations. */
static void fill_grant(u64 command, unsigned i)
{
    struct gnttab_map_grant_ref *map = (struct gnttab_map_grant_ref *)paper + i;
    struct gnttab_unmap_grant_ref *unmap = (struct gnttab_unmap_grant_ref *)paper + i;
    struct gnttab_copy *copy = (struct gnttab_copy *)paper + i;
    bool by_entry = once_in(3);
    u64 at = by_entry ? an_entry_place() : address(PICK(play_window));

    switch (command) {
    case GNTTABOP_map_grant_ref:
        map->host_addr = once_in(8) ? a_word() : at;
        map->flags = GNTMAP_host_map | (by_entry ? GNTMAP_contains_pte : 0);
        map->flags ^= once_in(3) ? 1u << below(16) : 0;
        map->ref = once_in(8) ? (u32)a_number() : (u32)below(16);
        map->dom = once_in(6) ? (domid_t)a_domain() : (domid_t)below(5);
        break;
    case GNTTABOP_unmap_grant_ref:
        unmap->host_addr = once_in(8) ? a_word() : at;
        unmap->handle = once_in(8) ? (u32)a_number() : (u32)below(8);
        break;
    default:
        copy->source.u.gmfn = once_in(2) ? below(16) : a_frame();
        copy->dest.u.gmfn = once_in(2) ? below(16) : a_frame();
        copy->source.domid = once_in(2) ? DOMID_SELF : (domid_t)below(5);
        copy->dest.domid = once_in(2) ? DOMID_SELF : (domid_t)below(5);
        copy->source.offset = (u16)a_number();
        copy->dest.offset = (u16)a_number();
        copy->len = (u16)a_number();
        copy->flags = (u16)below(5);
    }
}

void attack_grant(void)
{
    static const u16 types[] = {0, GTF_permit_access, GTF_permit_access | GTF_readonly,
                                GTF_accept_transfer};
    static const u8 commands[] = {GNTTABOP_map_grant_ref, GNTTABOP_unmap_grant_ref, GNTTABOP_copy};
    volatile struct grant_entry_v1 *entry = &grants[below(16)];
    u64 words[7] = {__HYPERVISOR_grant_table_op, PICK(commands), address(paper), 1 + below(3)};

    entry->frame = (u32)a_frame();
    entry->domid = once_in(6) ? (u16)a_domain() : (u16)below(5);
    entry->flags = once_in(6) ? (u16)a_number() : PICK(types);
    memset(paper, 0, 512);
    for (unsigned i = 0; i < words[3]; i++) {
        fill_grant(words[1], i);
    }
    note("  grant", paper, 16);
    call(words);
}

void attack_update(void)
{
    struct mmu_update *list = (struct mmu_update *)paper;
    unsigned count = 1 + (unsigned)below(6);
    u64 words[7] = {__HYPERVISOR_mmu_update, address(list), count, 0, a_domain()};

    for (unsigned i = 0; i < count; i++) {
        list[i].ptr = an_entry_place() | (once_in(4) ? below(8) : 0);
        list[i].val = an_entry();
        note("  update", &list[i].ptr, 2);
    }
    if (once_in(4)) {
        words[3] = an_address();
    }
    call(words);
}

void attack_mmuext(void)
{
    static const u8 likely[] = {
        MMUEXT_PIN_L1_TABLE, MMUEXT_PIN_L2_TABLE, MMUEXT_PIN_L3_TABLE,   MMUEXT_PIN_L4_TABLE,
        MMUEXT_UNPIN_TABLE,  MMUEXT_UNPIN_TABLE,  MMUEXT_UNPIN_TABLE,    MMUEXT_NEW_USER_BASEPTR,
        MMUEXT_SET_LDT,      MMUEXT_CLEAR_PAGE,   MMUEXT_COPY_PAGE,      MMUEXT_NEW_BASEPTR,
        MMUEXT_INVLPG_ALL,   MMUEXT_INVLPG_LOCAL, MMUEXT_TLB_FLUSH_LOCAL};
    struct mmuext_op *list = (struct mmuext_op *)paper;
    unsigned count = 1 + (unsigned)below(4);
    u64 words[7] = {__HYPERVISOR_mmuext_op, address(list), count, 0, a_domain()};

    for (unsigned i = 0; i < count; i++) {
        memset(&list[i], 0, sizeof list[i]);
        list[i].cmd = once_in(6) ? (u32)a_number() : PICK(likely);
        list[i].arg1.mfn = list[i].cmd == MMUEXT_SET_LDT || once_in(6) ? an_address() : a_frame();
        if (list[i].cmd == MMUEXT_NEW_BASEPTR && !once_in(60)) {
            list[i].arg1.mfn = mfn_of(once_in(2) ? second_root : root_first());
        }
        list[i].arg2.src_mfn = once_in(2) ? a_frame() : a_number();
        note("  mmuext", (const u64 *)&list[i], sizeof list[i] / 8);
    }
    call(words);
}

void attack_memory(void)
{
    static const u8 likely[] = {XENMEM_increase_reservation, XENMEM_decrease_reservation,
                                XENMEM_populate_physmap, XENMEM_exchange};
    struct xen_memory_exchange *exchange = (struct xen_memory_exchange *)paper;
    u64 *in = paper + 64, *out = paper + 128;
    u64 words[7] = {__HYPERVISOR_memory_op, PICK(likely), address(paper)};

    for (unsigned i = 0; i < 64; i++) {
        in[i] = a_frame();
        out[i] = once_in(4) ? a_number() : below(start_info->nr_pages);
    }
    memset(exchange, 0, sizeof *exchange);
    exchange->in.nr_extents = once_in(8) ? a_number() : below(8);
    exchange->in.extent_order = once_in(4) ? (u32)a_number() : 0;
    exchange->in.mem_flags = once_in(8) ? (u32)a_number() : 0;
    exchange->in.domid = (domid_t)a_domain();
    exchange->out = exchange->in;
    set_xen_guest_handle(exchange->in.extent_start, once_in(12) ? (void *)an_address() : in);
    set_xen_guest_handle(exchange->out.extent_start, once_in(12) ? (void *)an_address() : out);
    if (once_in(4)) {
        exchange->nr_exchanged = a_number();
    }
    if (once_in(6)) {
        words[1] |= a_number() << 6;
    }
    note("  memory", paper, 10);
    call(words);
}

void attack_sleep(void)
{
    u64 words[7] = {__HYPERVISOR_sched_op, SCHEDOP_block, address(paper)};
    struct sched_poll *ask = (struct sched_poll *)paper;
    evtchn_port_t *ports = (evtchn_port_t *)(paper + 8);

    set_timer();
    if (once_in(2)) {
        words[1] = SCHEDOP_poll;
        for (unsigned i = 0; i < 256; i++) {
            ports[i] = once_in(20) ? (u32)a_number() : (u32)below(8);
        }
        set_xen_guest_handle(ask->ports, once_in(8) ? (void *)an_address() : ports);
        ask->nr_ports = once_in(4) ? (u32)a_number() : (u32)below(130);
        ask->timeout =
            1 + (random64() >> (once_in(2) ? 35 : 60)); /* in the near future, or in the past */
    }
    call(words);
}

static void fill_queues(u32 *page)
{
    for (unsigned i = 0; i < 64; i++) {
        page[once_in(2) ? below(64) : below(PAGE_SIZE / sizeof *page)] =
            once_in(2) ? (u32)random64() : (u32)(below(16) << 28 | below(64));
    }
}

void attack_queues(void)
{
    struct evtchn_init_control control = {
        .control_gfn = once_in(8) ? a_number() : mfn_of(a_play_page()),
        .offset = once_in(8) ? (u32)a_number() : (u32)below(500) * 8,
        .vcpu = once_in(8) ? (u32)a_number() : 0};

    is_broken = true; /* repair() returns to two-level events */
    event_channel_op(EVTCHNOP_init_control, &control);
    for (unsigned i = below(24); i; i--) {
        u64 words[7] = {__HYPERVISOR_event_channel_op, below(14), address(paper)};

        fill_paper();
        if (once_in(2)) {
            words[1] = EVTCHNOP_send, paper[0] = below(16);
        }
        if (once_in(4)) {
            words[1] = EVTCHNOP_expand_array, paper[0] = mfn_of(a_play_page());
        }
        call(words);
        if (once_in(3)) {
            fill_queues((u32 *)a_play_page());
        }
    }
}

void attack_table(void)
{
    u64 *page = (u64 *)a_play_page();
    u64 words[2] = {address(page), mfn_of(page)};

    note("table", words, 2);
    if (once_in(3)) {
        mmuext(MMUEXT_UNPIN_TABLE, mfn_of(page), 0);
        page_writable(page);
        return;
    }
    if (!page_writable(page) && !once_in(4)) {
        if (once_in(2)) {
            memset(page, 0, PAGE_SIZE);
        }
        for (unsigned i = 0; i < 8; i++) {
            page[once_in(4) ? an_index() : below(4)] = an_entry();
        }
    }
    page_read_only(page);
    if (!once_in(4)) {
        mmuext(MMUEXT_PIN_L1_TABLE + (unsigned)below(4), mfn_of(page), 0);
    }
}

void attack_segments(void)
{
    u64 *page = (u64 *)a_play_page();
    u64 words[7] = {__HYPERVISOR_set_gdt, address(paper), below(1024)};

    for (unsigned i = 0; i < 14; i++) {
        paper[i] = mfn_of(page);
    }
    if (!page_writable(page)) {
        for (unsigned i = 0; i < 64; i++) {
            page[i] = a_descriptor();
        }
    }
    page_read_only(page);
    if (once_in(2)) {
        words[0] = __HYPERVISOR_update_descriptor;
        words[1] = slot_machine(page, (unsigned)below(64));
        words[2] = a_descriptor();
    } else if (once_in(2)) {
        mmuext(MMUEXT_SET_LDT, once_in(4) ? an_address() : address(page),
               once_in(4) ? a_number() : 512);
        words[0] = __HYPERVISOR_set_segment_base;
        words[1] = below(5);
        words[2] = once_in(2) ? a_selector() : an_address();
    }
    call(words);
    paper[0] = a_selector();
    note("  selector", paper, 1);
    __asm__ volatile("mov %0, %%ds\nmov %0, %%es\nmov %0, %%fs\nmov %0, %%gs" ::"r"(paper[0]));
}
