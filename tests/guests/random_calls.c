/* SPDX-License-Identifier: MIT */
/* A guest that makes random calls and prints the results: with the same seed it must print the same
 * on two hypervisors (tests/side-by-side compares).
 *
 * It builds page tables at random in a pool of frames, then makes every request that an ordinary
 * guest may make, with arguments that are mostly almost correct. The lines have names for frames,
 * ports and domains, so that they do not depend on the machine. An episode begins from one state
 * and has one seed; its lines are combined into one number, or printed (trace=1). The guest has no
 * claim of its own.
 *
 * Command line: seed=N (of the first episode), episodes=N, rounds=N (in each), trace=1. */
#include "tests/guests/random_calls/domain.h"
#include "tests/guests/random_calls/grants.h"

#define BATCH      4
#define READ_EACH  25
#define LIVE_XENS  4 /* the one of the live slots that no guest may write */
#define HASH_START 0xcbf29ce484222325ull
#define HASH_TIMES 0x100000001b3ull

static u64 seed = 1, episodes = 10, rounds = 200, trace, read_each = READ_EACH;
static u64 hash, calls, failures_to_reset;

/* ---- printing
 * ------------------------------------------------------------------------------------ */

static void say(void)
{
    for (size_t i = 0; i < line_length; i++) {
        hash = (hash ^ (u8)line[i]) * HASH_TIMES;
    }
    if (trace) {
        add("\n");
        console_write(line, line_length);
    }
    line_length = 0;
}

/* Prints what the pool's frames, the windows and the kernel's free slots contain. */
static void say_tables(void)
{
    for (unsigned i = 0; i < POOL; i++) {
        add_number("f", i);
        for (unsigned index = 0; index < 512; index++) {
            if (!view_of(i)[index] || !slot_is_ours(i, index)) {
                continue;
            }
            add_number(" ", index);
            add("=");
            add_entry(view_of(i)[index]);
        }
        say();
    }
    add("windows");
    for (unsigned window = 0; window < WINDOWS; window++) {
        add(" ");
        add_entry(*window_seen[window]);
    }
    add(" live");
    for (unsigned i = 0; i < LIVE; i++) {
        add(" ");
        add_entry(*live_seen[i]);
    }
    say();
}

/* Prints the M2P entries and the ports. */
static void say_rest(void)
{
    add("map");
    for (unsigned i = 0; i < POOL; i++) {
        add_number(" ", (s64)mfn_to_pfn(pool[i]));
    }
    add(" ports ");
    for (unsigned i = 0; i < PORTS; i++) {
        u32 port = first_port + i;

        add(shared_info->evtchn_pending[port / 64] >> port % 64 & 1 ? "p" : "-");
        add(shared_info->evtchn_mask[port / 64] >> port % 64 & 1 ? "m" : "-");
    }
    add_number(" upcall ", vcpu_info()->evtchn_upcall_pending);
    say();
    say_grants();
    say();
}

/* ---- one round
 * ----------------------------------------------------------------------------------- */

/* In a batch only the first call changes page tables: between two changes the guest must call
 * wipe_traces. */
static void make(struct request *r, bool alone, bool first)
{
    memset(r, 0, sizeof *r);
    if (!first && once_in(2)) {
        return make_event(r);
    }
    if (!first) {
        return once_in(2) ? make_vcpu(r) : make_debugreg(r);
    }
    switch (below(34)) {
    default:
        make_mmu_update(r);
        break;
    case 0 ... 3:
        make_update_va(r);
        break;
    case 4 ... 12:
        make_mmuext(r, alone);
        break;
    case 13 ... 14:
        make_descriptor(r);
        break;
    case 15:
        make_segment_base(r);
        break;
    case 16:
        make_debugreg(r);
        break;
    case 17 ... 19:
        make_event(r);
        break;
    case 20:
        make_memory(r);
        break;
    case 21:
        make_vcpu(r);
        break;
    case 22:
        if (once_in(2)) {
            make_callback(r);
        } else {
            make_trap_table(r);
        }
        break;
    case 23:
        make_simple(r);
        break;
    case 24 ... 25:
        if (alone) {
            make_grant(r);
        } else {
            make_simple(r);
        }
        break;
    }
}

static void answer(struct request *r, long result)
{
    add_number(" -> ", r->sign_only && result > 0 ? 1 : result);
    if (r->after) {
        r->after(r, result);
    }
    calls++;
}

static void one_call(void)
{
    struct request r;
    u64 *a = r.argument;

    make(&r, true, true);
    answer(&r, hypercall6(r.number, a[0], a[1], a[2], a[3], a[4], a[5]));
    say();
}

static void several_calls(void)
{
    struct multicall_entry *entries = take(BATCH * sizeof *entries);
    struct request requests[BATCH];
    unsigned count = 1 + below(BATCH);
    long result;

    add("multicall:");
    say();
    for (unsigned i = 0; i < count; i++) {
        make(&requests[i], false, i == 0);
        say();
        entries[i].op = requests[i].number;
        memcpy(entries[i].args, requests[i].argument, sizeof entries[i].args);
    }
    result = hypercall(__HYPERVISOR_multicall, address(entries), count, 0);
    add_number("multicall -> ", result);
    for (unsigned i = 0; i < count; i++) {
        answer(&requests[i], (long)entries[i].result);
    }
    say();
}

static void one_round(void)
{
    arena_used = 0;
    switch (below(24)) {
    case 3:
        give();
        return say();
    case 0:
        store_entry();
        return say();
    case 1:
        touch();
        return say();
    case 2:
        return several_calls();
    default:
        return one_call();
    }
}

/* Clears what a hypervisor leaves in a page that was a table, and what would decide whether it can
 * become one of another level: the hypervisor's own slots of an L4 table, and on Xen the global bit
 * in entries of an L1 table. */
static void wipe_traces(unsigned frame)
{
    volatile u64 *page = view_of(frame);

    for (unsigned i = 256; i < 272; i++) {
        if (page[i] & PTE_PRESENT && !slot_is_ours(frame, i) &&
            mmu_update(pool[frame] * PAGE_SIZE + i * 8, 0)) {
            break; /* it is still a table */
        }
    }
    for (unsigned i = 0; i < 512; i++) {
        if ((page[i] & (PTE_PRESENT | PTE_GLOBAL)) == (PTE_PRESENT | PTE_GLOBAL)) {
            mmu_update(pool[frame] * PAGE_SIZE + i * 8, page[i] & ~PTE_GLOBAL);
        }
    }
}

/* ---- an episode
 * ------------------------------------------------------------------------------------ */

static void need(long result, const char *what)
{
    if (!result) {
        return;
    }
    print("reset: %s: %ld\n", what, result);
    failures_to_reset++;
}

static void drop_pins(void)
{
    for (unsigned i = 0; i < POOL; i++) {
        mmuext(MMUEXT_UNPIN_TABLE, pool[i], 0);
    }
    for (unsigned i = 0; i < EXTRAS; i++) {
        if (extra[i]) {
            mmuext(MMUEXT_UNPIN_TABLE, extra[i], 0);
        }
    }
    mmuext(MMUEXT_PIN_L4_TABLE, special[SPECIAL_ROOT], 0);
}

static long reserve(u64 operation, u64 *frame)
{
    struct xen_memory_reservation ask = {.nr_extents = 1, .domid = DOMID_SELF};

    set_xen_guest_handle(ask.extent_start, frame);
    return memory_op((unsigned)operation, &ask) == 1 ? 0 : -1;
}

/* A frame that was given back is lost when nothing maps it any more: another takes its place. */
static void replace(unsigned i)
{
    u64 frame = pfn_of(homes[i]);

    need(reserve(XENMEM_populate_physmap, &frame), "populate");
    ((u64 *)(uintptr_t)start_info->mfn_list)[pfn_of(homes[i])] = frame;
    pool[i] = frame;
    leaving[i] = 0;
}

static void end_channels(void)
{
    for (u32 port = first_port; port < first_port + 64; port++) {
        evtchn_close_t close = {port};

        event_channel_op(EVTCHNOP_close, &close);
        shared_info->evtchn_pending[port / 64] &= ~(1ull << port % 64);
        shared_info->evtchn_mask[port / 64] &= ~(1ull << port % 64);
    }
    vcpu_info()->evtchn_pending_sel = 0;
    vcpu_info()->evtchn_upcall_pending = 0;
}

static void reset_modes(void)
{
    struct physdev_set_iopl level = {.iopl = 0};

    traps_start();
    hypercall(__HYPERVISOR_set_timer_op, 0, 0, 0);
    vcpu_op(VCPUOP_stop_periodic_timer, 0, NULL); /* Xen starts with one */
    hypercall(__HYPERVISOR_fpu_taskswitch, 0, 0, 0);
    hypercall(__HYPERVISOR_physdev_op, PHYSDEVOP_set_iopl, address(&level), 0);
    for (unsigned i = 0; i < 8; i++) {
        hypercall(__HYPERVISOR_set_debugreg, i, i == 7 ? 0x400 : i == 6 ? 0xffff0ff0 : 0, 0);
    }
    for (unsigned i = 0; i < 3; i++) {
        hypercall(__HYPERVISOR_set_segment_base, i, 0, 0);
    }
}

static void reset(void)
{
    need(grants_end(), "grants");
    for (unsigned i = 0; i < LIVE; i++) {
        if (i != LIVE_XENS) {
            need(mmu_update(live_entry[i], 0), "live slot");
        }
    }
    need(mmuext(MMUEXT_NEW_BASEPTR, special[SPECIAL_ROOT], 0), "root");
    need(mmuext(MMUEXT_NEW_USER_BASEPTR, 0, 0), "user root");
    need(hypercall(__HYPERVISOR_set_gdt, 0, 0, 0), "gdt");
    need(mmuext(MMUEXT_SET_LDT, 0, 0), "ldt");
    for (unsigned window = 0; window < WINDOWS; window++) {
        need(update_va_mapping(address(window_address(window)), 0, UVMF_INVLPG), "window");
    }
    drop_pins();
    for (unsigned i = 0; i < POOL; i++) {
        need(update_va_mapping(address(views[i]), 0, UVMF_INVLPG), "view");
    }
    for (unsigned i = 0; i < EXTRAS; i++) {
        if (extra[i]) {
            need(reserve(XENMEM_decrease_reservation, &extra[i]), "extra");
        }
        extra[i] = 0;
    }
    for (unsigned i = 0; i < POOL; i++) {
        if (leaving[i]) {
            replace(i);
        }
        need(update_va_mapping(address(homes[i]), pool[i] * PAGE_SIZE | PTE_RW, UVMF_INVLPG),
             "home");
        memset(homes[i], 0, PAGE_SIZE);
        need(update_va_mapping(address(views[i]), pool[i] * PAGE_SIZE | PTE_RO, UVMF_INVLPG),
             "view");
        need(mmu_update(pool[i] * PAGE_SIZE | MMU_MACHPHYS_UPDATE, pfn_of(homes[i])), "map");
    }
    end_channels();
    reset_modes();
}

/* Fills the pool with almost valid tables. */
static void prepare(void)
{
    const unsigned kernel = table_index(virt_base(), 4);

    for (unsigned i = 0; i < POOL; i++) {
        level_of[i] = below(5);
    }
    for (unsigned i = 0; i < POOL; i++) {
        u64 *page = (u64 *)homes[i];

        if (level_of[i] == 4) {
            page[kernel] = (root_first()[kernel] & PTE_ADDRESS) | PTE_TABLE;
        }
        for (unsigned left = level_of[i] ? below(6) : 0; left; left--) {
            page[an_index()] = an_entry(level_of[i]);
        }
        if (level_of[i] && !once_in(8)) {
            need(update_va_mapping(address(homes[i]), pool[i] * PAGE_SIZE | PTE_RO, UVMF_INVLPG),
                 "read-only");
        }
    }
}

static void one_episode(u64 number)
{
    random_state = (number + 1) * 0x9e3779b97f4a7c15ull;
    hash = HASH_START;
    reset();
    prepare();
    for (u64 round = 1; round <= rounds; round++) {
        one_round();
        for (unsigned frame = 0; frame < POOL; frame++) {
            wipe_traces(frame);
        }
        if (round % read_each == 0 || round == rounds) {
            say_tables();
            say_rest();
        }
    }
    line_length = 0;
    add_number("episode ", (s64)number);
    add(" ");
    add_hex(hash);
    add_number(" calls ", (s64)calls);
    add("\n");
    console_write(line, line_length);
    line_length = 0;
}

/* ---- start
 * ----------------------------------------------------------------------------------------- */

static void option(const char *name, u64 *value)
{
    size_t length = strlen(name);

    for (const char *at = (const char *)start_info->cmd_line; *at; at++) {
        if (starts_with(at, name)) {
            *value = 0;
            for (at += length; *at >= '0' && *at <= '9'; at++) {
                *value = *value * 10 + (u64)(*at - '0');
            }
            return;
        }
    }
}

static void find_slots(void)
{
    static const struct {
        u8 level;
        u16 index;
    } slots[LIVE] = {{4, 1}, {4, 2}, {4, 255}, {4, 300}, {4, 260}, {3, 100}, {2, 400}, {2, 401}};

    for (unsigned window = 0; window < WINDOWS; window++) {
        window_entry[window] = entry_machine(address(window_address(window)), 1);
        window_seen[window] = entry_of(address(window_address(window)), 1);
    }
    for (unsigned i = 0; i < LIVE; i++) {
        volatile u64 *table =
            (volatile u64 *)(address(entry_of(virt_base(), slots[i].level)) & ~(PAGE_SIZE - 1));

        live_level[i] = slots[i].level;
        live_seen[i] = &table[slots[i].index];
        live_entry[i] = slot_machine(table, slots[i].index);
    }
    live_seen[LIVE_XENS] = live_seen[0]; /* the hypervisor decides what it maps */
    special[SPECIAL_ROOT] = mfn_of(root_first());
    special[SPECIAL_SHARED] = start_info->shared_info / PAGE_SIZE;
    special[SPECIAL_XEN] = (root_first()[256] & PTE_ADDRESS) / PAGE_SIZE;
    for (unsigned i = 0; i < POOL; i++) {
        pool[i] = mfn_of(homes[i]);
    }
}

static void find_ports(void)
{
    evtchn_alloc_unbound_t unbound = {.dom = DOMID_SELF, .remote_dom = DOMID_SELF};
    evtchn_status_t status = {.dom = DOMID_SELF};
    evtchn_close_t close;

    if (event_channel_op(EVTCHNOP_alloc_unbound, &unbound)) {
        error("no event channel");
    }
    status.port = close.port = first_port = unbound.port;
    if (event_channel_op(EVTCHNOP_status, &status)) {
        error("no status");
    }
    own_domain = status.u.unbound.dom;
    event_channel_op(EVTCHNOP_close, &close);
}

void test_main(void)
{
    option("seed=", &seed);
    option("episodes=", &episodes);
    option("rounds=", &rounds);
    option("trace=", &trace);
    option("read=", &read_each);
    vcpu_info()->evtchn_upcall_mask = 1;
    find_slots();
    find_ports();
    grants_find();
    for (u64 i = 0; i < episodes; i++) {
        one_episode(seed + i);
    }
    print("calls %lu, frames or slots that did not come back %lu\n", calls, failures_to_reset);
}
