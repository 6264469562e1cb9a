/* SPDX-License-Identifier: MIT */
/* Makers of random requests, one for each hypercall: each fills in a request and adds to the line
 * what it asks for. Left out is what a privileged domain gets another answer to, and what would end
 * the guest. */
#include "tests/guests/random_calls/makers.h"

static u8 arena[8 * PAGE_SIZE] __attribute__((aligned(64))); /* arguments of one round */
size_t arena_used;
u32 first_port;
u16 own_domain;

void *take(size_t size)
{
    void *at = arena + arena_used;

    arena_used += (size + 15) & ~15ull;
    memset(at, 0, size);
    return at;
}

u64 maybe_bad(const void *good)
{
    static const u64 bad[] = {0x1000, 0xffff800000000000, 0x0000800000000000};

    if (!once_in(60)) {
        return address(good);
    }
    add(" at a bad address");
    return PICK(bad);
}

static u64 an_owner(void)
{
    if (!once_in(30)) {
        return DOMID_SELF;
    }
    add(" of nobody");
    return NOBODY;
}

/* ---- page tables --------------------------------------------------------------------------- */

/* Returns the machine address of an entry. *level: the level of its table, as far as is known. */
static u64 an_entry_place(unsigned *level, bool *live)
{
    unsigned i = below(16), window = below(WINDOWS), index = an_index();

    *live = i == 4;
    if (i < 4) {
        *level = 1;
        add_window(window);
        return window_entry[window];
    }
    if (i == 4) {
        i = below(LIVE);
        *level = live_level[i];
        add_number("k", i);
        return live_entry[i];
    }
    i = a_pool_frame(below(5));
    *level = level_of[i];
    add_number("f", i);
    add_number("[", index);
    add("]");
    return pool[i] * PAGE_SIZE + index * 8;
}

static void one_update(struct mmu_update *update)
{
    static const u64 commands[] = {0, 0, 0, 0, 2, 2, 2, 3};
    u64 command = once_in(20) ? below(8) : PICK(commands);
    unsigned level;
    bool live;

    add(" ");
    update->ptr = an_entry_place(&level, &live) | command;
    if (command == MMU_MACHPHYS_UPDATE) {
        update->val = below(0x100);
    } else {
        update->val = an_entry(level);
        if (live && once_in(8)) { /* certainly no L1 table, in which a guest with devices may have
                                     cache attributes */
            update->val |= once_in(2) ? PTE_PCD : PTE_LARGE;
        }
    }
    add_number(" c", (s64)command);
    add("=");
    add_entry(update->val);
}

static void done_after(struct request *r, long result)
{
    (void)result;
    add_number(" done ", *(u32 *)r->data);
}

void make_mmu_update(struct request *r)
{
    unsigned count = once_in(3) ? below(5) : 1;
    struct mmu_update *updates = take(sizeof *updates * 5);
    u32 *done = take(sizeof *done);

    add("mmu_update");
    for (unsigned i = 0; i < count; i++) {
        one_update(&updates[i]);
    }
    *done = 77;
    r->number = __HYPERVISOR_mmu_update;
    r->argument[0] = maybe_bad(updates);
    r->argument[1] = count;
    r->argument[2] = once_in(4) ? 0 : address(done);
    r->argument[3] = an_owner();
    if (once_in(40)) {
        add(" tables of nobody");
        r->argument[3] |= (NOBODY + 1u) << 16;
    }
    r->data = done;
    r->after = done_after;
}

/* Returns the address of a window, or one that the pool's tables may map. */
static u64 an_address(void)
{
    static const u64 odd[] = {0xffff800000000000, 0xffff87fffffff000, 0x0000800000000000,
                              0xffff7ffffffff000, 0x00007ffffffff000};
    u64 va = 0;

    if (once_in(30)) {
        va = PICK(odd);
    } else if (once_in(3)) {
        for (unsigned level = 1; level <= 3; level++) {
            va |= (u64)an_index() << (12 + 9 * (level - 1));
        }
        va |= (1 + (u64)below(2)) << 39;
    } else {
        unsigned window = below(WINDOWS);

        add_window(window);
        return address(window_address(window));
    }
    add_hex(va);
    return va;
}

void make_update_va(struct request *r)
{
    static const u64 flushes[] = {0, 1, 2, 5, 6, 2, 2, 3, 4};
    u64 *mask = take(sizeof *mask);

    add("update_va ");
    r->number = __HYPERVISOR_update_va_mapping;
    r->argument[0] = an_address();
    r->argument[1] = an_entry(1);
    r->argument[2] = PICK(flushes);
    add("=");
    add_entry(r->argument[1]);
    add(" flush ");
    add_hex(r->argument[2]);
    *mask = random64();
    if (once_in(12) && r->argument[2] < 3) {
        add(" of a set");
        r->argument[2] |= maybe_bad(mask);
    }
    if (once_in(10)) {
        r->number = __HYPERVISOR_update_va_mapping_otherdomain;
        r->argument[3] = an_owner();
    }
}

/* ---- mmuext_op ----------------------------------------------------------------------------- */

/* Says whether the kernel can continue to run on this root, or the request is certain to be
 * refused. */
static bool root_is_safe(u64 m)
{
    unsigned kernel = table_index(virt_base(), 4);

    for (unsigned i = 0; i < POOL; i++) {
        if (pool[i] == m) {
            return ((view_of(i)[kernel] ^ root_first()[kernel]) & PTE_ADDRESS) == 0 &&
                   view_of(i)[kernel] & PTE_PRESENT;
        }
    }
    for (unsigned i = 0; i < EXTRAS; i++) {
        if (extra[i] == m) {
            return false;
        }
    }
    return true;
}

/* Any frame but shared_info, which the hypervisor writes. */
static u64 a_private_frame(void)
{
    u64 m = a_frame(below(6));

    return m == special[SPECIAL_SHARED] ? special[SPECIAL_XEN] : m;
}

u64 a_source_frame(void)
{
    unsigned frame = below(POOL);

    for (unsigned slot = 256; slot < 272; slot++) {
        if (view_of(frame)[slot] && !slot_is_ours(frame, slot)) {
            return NO_FRAME;
        }
    }
    return pool[frame];
}

/* Fills one operation. `alone`: it is the only operation of the only call. `first`: it is the first
 * of its call. */
static void one_extended(struct mmuext_op *op, bool alone, bool first)
{
    static const u8 likely[] = {0, 1, 2,  3,  0,  1,  2,  3,  0,  1,  2,  3,  4,
                                4, 4, 4,  4,  4,  5,  5,  5,  15, 15, 15, 6,  7,
                                8, 9, 10, 11, 13, 13, 16, 17, 14, 19, 20, 21, 99};
    u64 m;

    op->cmd = PICK(likely);
    if (!first && (op->cmd < MMUEXT_TLB_FLUSH_LOCAL || op->cmd == MMUEXT_NEW_USER_BASEPTR)) {
        op->cmd = MMUEXT_UNPIN_TABLE;
    }
    m = a_frame(op->cmd <= MMUEXT_PIN_L4_TABLE                                        ? op->cmd + 1
                : op->cmd == MMUEXT_NEW_BASEPTR || op->cmd == MMUEXT_NEW_USER_BASEPTR ? 4
                                                                                      : below(6));
    if (op->cmd == MMUEXT_UNPIN_TABLE && m == special[SPECIAL_ROOT]) {
        m = NO_FRAME; /* this root is needed to return to */
    }
    if (op->cmd == MMUEXT_COPY_PAGE && !alone) {
        op->cmd = MMUEXT_CLEAR_PAGE;
    }
    if (op->cmd == MMUEXT_CLEAR_PAGE || op->cmd == MMUEXT_COPY_PAGE) {
        m = a_private_frame();
    }
    if (op->cmd == MMUEXT_NEW_BASEPTR && (!alone || !root_is_safe(m))) {
        op->cmd = MMUEXT_NEW_USER_BASEPTR;
    }
    if (op->cmd == MMUEXT_NEW_USER_BASEPTR && once_in(4)) {
        m = 0;
    }
    op->arg1.mfn = m;
    add_number(" op ", op->cmd);
    add(" ");
    if (op->cmd == MMUEXT_INVLPG_LOCAL || op->cmd == MMUEXT_INVLPG_MULTI ||
        op->cmd == MMUEXT_INVLPG_ALL) {
        op->arg1.linear_addr = an_address();
    } else if (op->cmd == MMUEXT_SET_LDT) {
        static const u16 entries[] = {0, 1, 512, 513, 8192, 8193};

        op->arg1.linear_addr = an_address() + (once_in(6) ? 8 : 0);
        op->arg2.nr_ents = PICK(entries);
        if (op->arg1.linear_addr >> 32 == 0x7fff) { /* Xen does not check the other end */
            op->arg2.nr_ents = 1;
        }
        add_number(" entries ", op->arg2.nr_ents);
    } else {
        add_frame(m);
    }
    if (op->cmd == MMUEXT_TLB_FLUSH_MULTI || op->cmd == MMUEXT_INVLPG_MULTI) {
        u64 *mask = take(sizeof *mask);

        *mask = random64();
        op->arg2.vcpumask.p = (void *)(uintptr_t)maybe_bad(mask);
    }
    if (op->cmd == MMUEXT_COPY_PAGE) {
        op->arg2.src_mfn = a_source_frame();
        add(" from ");
        add_frame(op->arg2.src_mfn);
    }
}

void make_mmuext(struct request *r, bool alone)
{
    unsigned count = once_in(4) ? below(4) : 1;
    struct mmuext_op *operations = take(sizeof *operations * 4);
    u32 *done = take(sizeof *done);

    add("mmuext");
    for (unsigned i = 0; i < count; i++) {
        one_extended(&operations[i], alone && count == 1, i == 0);
    }
    *done = 77;
    r->number = __HYPERVISOR_mmuext_op;
    r->argument[0] = maybe_bad(operations);
    r->argument[1] = count;
    r->argument[2] = once_in(4) ? 0 : address(done);
    r->argument[3] = an_owner();
    r->data = done;
    r->after = done_after;
}

/* ---- descriptors, segments ----------------------------------------------------------------- */

/* Descriptors with the accessed bit set, because only Pinion sets it itself, and without gates,
 * because Pinion refuses them. Read as page-table entries, none is present. */
static u64 a_descriptor(void)
{
    static const u64 likely[] = {
        0,
        0x00cff3000000fffe, /* data, ring 3, ring 1, ring 0 */
        0x00cfb3000000fffe,
        0x00cf93000000fffe,
        0x00affb000000fffe, /* code: 64-bit, 32-bit, conforming */
        0x00cffb000000fffe,
        0x00cfff000000fffe,
        0x00af9b000000fffe,
        0x000089000000fffe, /* TSS, LDT, interrupt gate, reserved */
        0x000082000000fffe,
        0x00008e000000fffe,
        0x000080000000fffe,
        0x00cf73000000fffe, /* not present */
    };
    u64 descriptor = PICK(likely);

    add_hex(descriptor);
    return descriptor;
}

void make_descriptor(struct request *r)
{
    unsigned frame = a_pool_frame(0), index = an_index();
    u64 *frames;

    if (once_in(2)) {
        add("update_descriptor f");
        add_number("", frame);
        add_number("[", index);
        add("]=");
        r->number = __HYPERVISOR_update_descriptor;
        r->argument[0] = pool[frame] * PAGE_SIZE + index * 8 + (once_in(20) ? 4 : 0);
        add_number(" +", r->argument[0] & 7);
        add(" ");
        r->argument[1] = a_descriptor();
        return;
    }
    static const u16 entries[] = {0, 1, 512, 513, 1024, 7168, 7169, 65535};

    add("set_gdt");
    frames = take(16 * sizeof *frames);
    for (unsigned i = 0; i < 16; i++) {
        frames[i] = pool[frame]; /* most of the time only the first is used */
    }
    if (once_in(2)) {
        frames[0] = a_frame(0);
    }
    add(" ");
    add_frame(frames[0]);
    add(" ");
    add_frame(frames[1]);
    r->number = __HYPERVISOR_set_gdt;
    r->argument[0] = maybe_bad(frames);
    r->argument[1] = PICK(entries);
    add_number(" entries ", (s64)r->argument[1]);
}

u64 a_base(void)
{
    static const u64 bases[] = {0,
                                0x1000,
                                0x00007fffffffffff,
                                0x0000800000000000,
                                0xffff7fffffffffff,
                                0xffff800000000000,
                                ~0ull};
    u64 base = PICK(bases);

    add_hex(base);
    return base;
}

void make_segment_base(struct request *r)
{
    add("set_segment_base ");
    r->number = __HYPERVISOR_set_segment_base;
    r->argument[0] = below(3) + (once_in(12) ? 4 : 0);
    add_number("", (s64)r->argument[0]);
    add(" ");
    r->argument[1] = a_base();
}

void make_debugreg(struct request *r)
{
    static const u64 values[] = {0,          0x400,      0xffff0ff0,         0x1000,
                                 0x2000,     0x00020002, 0x0000800000000000, 0xffff800000000000,
                                 1ull << 32, 0xf0000,    0x00080400,         0xffff880000000000};

    r->argument[0] = below(9);
    if (once_in(2)) {
        add_number("get_debugreg ", (s64)r->argument[0]);
        r->number = __HYPERVISOR_get_debugreg;
        return;
    }
    r->number = __HYPERVISOR_set_debugreg;
    r->argument[1] = PICK(values);
    add_number("set_debugreg ", (s64)r->argument[0]);
    add(" ");
    add_hex(r->argument[1]);
}

/* ---- events -------------------------------------------------------------------------------- */

static u32 a_port(void)
{
    static const u32 odd[] = {0, 4096, 4097, ~0u, 1u << 31};
    u32 port = below(PORTS);

    if (once_in(12)) {
        port = PICK(odd);
        add(" port ");
        add_hex(port);
        return port;
    }
    add_number(" p", port);
    return first_port + port;
}

u16 a_domain(void)
{
    switch (below(8)) {
    case 0:
        add(" nobody");
        return NOBODY;
    case 1:
    case 2:
        add(" me");
        return own_domain;
    default:
        add(" self");
        return DOMID_SELF;
    }
}

void add_domain(u16 domain)
{
    if (domain == own_domain) {
        add(" me");
    } else {
        add_number(" d", domain);
    }
}

static void status_after(const struct evtchn_status *status)
{
    add_number(" is ", status->status);
    if (status->status == EVTCHNSTAT_closed) {
        return;
    }
    add_number(" on ", status->vcpu);
    if (status->status == EVTCHNSTAT_unbound) {
        add_domain(status->u.unbound.dom);
    }
    if (status->status == EVTCHNSTAT_interdomain) {
        add_domain(status->u.interdomain.dom);
        add_number(" p", (s64)status->u.interdomain.port - first_port);
    }
    if (status->status == EVTCHNSTAT_virq) {
        add_number(" virq ", status->u.virq);
    }
}

static void event_after(struct request *r, long result)
{
    union ask *ask = r->data;
    u32 port;

    if (result) {
        return;
    }
    switch (r->argument[0]) {
    case EVTCHNOP_alloc_unbound:
        port = ask->unbound.port;
        break;
    case EVTCHNOP_bind_interdomain:
        port = ask->interdomain.local_port;
        break;
    case EVTCHNOP_bind_virq:
        port = ask->virq.port;
        break;
    case EVTCHNOP_bind_ipi:
        port = ask->ipi.port;
        break;
    case EVTCHNOP_status:
        return status_after(&ask->status);
    default:
        return;
    }
    add_number(" gives p", (s64)port - first_port);
}

static void event_arguments(u64 operation, union ask *ask)
{
    static const u32 virqs[] = {0,  1,  7,  13, 14,
                                15, 23, 24, ~0u}; /* none of these is ever raised */

    switch (operation) {
    case EVTCHNOP_alloc_unbound:
        ask->unbound.dom = a_domain();
        add(" for");
        ask->unbound.remote_dom = a_domain();
        break;
    case EVTCHNOP_bind_interdomain:
        ask->interdomain.remote_dom = a_domain();
        ask->interdomain.remote_port = a_port();
        break;
    case EVTCHNOP_bind_virq:
        ask->virq.virq = PICK(virqs);
        ask->virq.vcpu = once_in(8) ? 1 + below(40) : 0;
        add_number(" ", (s64)ask->virq.virq);
        add_number(" on ", ask->virq.vcpu);
        break;
    case EVTCHNOP_bind_ipi:
        ask->ipi.vcpu = once_in(8) ? 1 + below(40) : 0;
        add_number(" on ", ask->ipi.vcpu);
        break;
    case EVTCHNOP_bind_vcpu:
        ask->vcpu.port = a_port();
        ask->vcpu.vcpu = once_in(3) ? 1 + below(40) : 0;
        add_number(" on ", ask->vcpu.vcpu);
        break;
    case EVTCHNOP_status:
        ask->status.dom = a_domain();
        ask->status.port = a_port();
        break;
    default:
        ask->close.port = a_port();
    }
}

void make_event(struct request *r)
{
    static const u8 operations[] = {0, 0, 1, 1, 3, 3, 3, 4, 4,  4, 5,
                                    5, 6, 6, 7, 7, 8, 9, 9, 15, 99};
    union ask *ask = take(sizeof *ask);

    r->number = __HYPERVISOR_event_channel_op;
    r->argument[0] = PICK(operations);
    r->argument[1] = maybe_bad(ask);
    add_number("event_channel_op ", (s64)r->argument[0]);
    event_arguments(r->argument[0], ask);
    r->data = ask;
    r->after = event_after;
}
