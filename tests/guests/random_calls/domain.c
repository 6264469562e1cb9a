/* SPDX-License-Identifier: MIT */
/* Makers of random requests about the domain: its memory, vCPU and callbacks; and the guest's own
 * loads and stores. */
#include "tests/guests/random_calls/domain.h"

/* A time that never comes, in ns: six days after the start. Xen would make 100 ms of a time that is
 * 2^50 ns away, and a slow episode would see the event. */
#define FAR_FUTURE (1ull << 49)

static u8 scratch[PAGE_SIZE] __attribute__((aligned(4096)));
u64 leaving[POOL];

/* ---- memory_op ------------------------------------------------------------------------------ */

static void reservation_after(struct request *r, long result)
{
    struct reservation *reservation = r->data;

    for (long i = 0; i < result && i < (long)ARRAY_LENGTH(reservation->list); i++) {
        unsigned slot = reservation->slot[i];
        bool gives_back = r->argument[0] == XENMEM_decrease_reservation;

        if (slot >= EXTRAS) {
            leaving[slot - EXTRAS] = gives_back;
        } else if (gives_back) {
            extra[slot] = 0;
        } else {
            extra[slot] = reservation->list[i];
            mmuext(MMUEXT_CLEAR_PAGE, extra[slot],
                   0); /* the two hypervisors differ in how they clear memory */
        }
    }
}

static void make_reservation(struct request *r)
{
    struct reservation *reservation = take(sizeof *reservation);
    static const u8 operations[] = {0, 1, 1, 6};
    u64 operation = PICK(operations);
    unsigned count = 0;

    for (unsigned slot = below(EXTRAS); count < 3 && slot < EXTRAS; slot++) {
        if (!extra[slot] == (operation != XENMEM_decrease_reservation)) {
            reservation->list[count] =
                operation == XENMEM_populate_physmap ? 0x80 + slot : extra[slot];
            reservation->slot[count++] = slot;
        }
    }
    if (operation == XENMEM_decrease_reservation && once_in(4)) {
        unsigned frame = below(POOL);

        reservation->list[count] = pool[frame];
        reservation->slot[count++] = EXTRAS + frame;
    }
    if (!count) {
        operation = XENMEM_decrease_reservation;
    }
    add_number("memory_op ", (s64)operation);
    for (unsigned i = 0; i < count; i++) {
        add(" ");
        add_frame(reservation->list[i]);
    }
    set_xen_guest_handle(reservation->ask.extent_start, reservation->list);
    reservation->ask.nr_extents = count;
    reservation->ask.domid = once_in(20) ? NOBODY : once_in(3) ? own_domain : DOMID_SELF;
    add_domain(reservation->ask.domid);
    if (once_in(16)) {
        reservation->ask.extent_order = 30;
        add(" order 30");
    }
    r->number = __HYPERVISOR_memory_op;
    r->argument[0] = operation;
    r->argument[1] = maybe_bad(reservation);
    r->data = reservation;
    r->after = reservation_after;
}

void make_memory(struct request *r)
{
    static const u8 operations[] = {2, 3, 4, 5, 12, 63};
    u64 *ask = take(64);

    if (once_in(2)) {
        make_reservation(r);
        return;
    }
    r->number = __HYPERVISOR_memory_op;
    r->argument[0] = PICK(operations);
    add_number("memory_op ", (s64)r->argument[0]);
    if (r->argument[0] == XENMEM_current_reservation ||
        r->argument[0] == XENMEM_maximum_reservation) {
        *(domid_t *)ask = a_domain();
    }
    r->argument[1] = maybe_bad(ask);
    r->sign_only = true;
}

/* ---- vCPU, time ------------------------------------------------------------------------------ */

void make_vcpu(struct request *r)
{
    static const u8 operations[] = {1, 3, 4, 5, 6, 6, 7, 8, 9, 10, 11, 13, 14, 99};
    u64 *ask = take(64);

    r->number = __HYPERVISOR_vcpu_op;
    r->argument[0] = PICK(operations);
    r->argument[1] = once_in(6) ? 33 + below(5000) : 0;
    r->argument[2] = maybe_bad(ask);
    add_number("vcpu_op ", (s64)r->argument[0]);
    add_number(" of ", (s64)r->argument[1]);
    switch (r->argument[0]) {
    case VCPUOP_register_runstate_memory_area:
    case VCPUOP_register_vcpu_time_memory_area:
        ask[0] = maybe_bad(scratch);
        break;
    case VCPUOP_set_periodic_timer: /* never a valid one */
        ask[0] = below(1000000);
        add_number(" ns ", (s64)ask[0]);
        break;
    case VCPUOP_set_singleshot_timer:
        ask[0] = FAR_FUTURE;
        ask[1] = VCPU_SSHOTTMR_future;
        break;
    case VCPUOP_register_vcpu_info: /* never a valid one here, either */
        ask[0] = once_in(2) ? NO_FRAME : special[SPECIAL_XEN];
        ask[1] = once_in(3) ? PAGE_SIZE - 8 : 0;
        add_number(" at ", (s64)ask[1]);
        break;
    case VCPUOP_send_nmi:
        r->argument[2] = address(ask);
        break;
    }
}

/* ---- callbacks, modes --------------------------------------------------------------------------
 */

void make_callback(struct request *r)
{
    struct callback_register *ask = take(sizeof *ask);

    r->number = __HYPERVISOR_callback_op;
    r->argument[0] = once_in(16) ? 2 + below(3) : below(2);
    r->argument[1] = maybe_bad(ask);
    ask->type = (u16)below(9);
    ask->flags = (u16)below(2);
    add_number("callback_op ", (s64)r->argument[0]);
    add_number(" type ", ask->type);
    add_number(" flags ", ask->flags);
    if (r->argument[0] == CALLBACKOP_unregister) {
        ((struct callback_unregister *)ask)->type = ask->type;
        return;
    }
    add(" ");
    ask->address = a_base();
}

void make_trap_table(struct request *r)
{
    struct trap_info *table = take(4 * sizeof *table);
    unsigned count = below(3);

    add("set_trap_table");
    for (unsigned i = 0; i < count; i++) {
        add(" ");
        table[i] = (struct trap_info){
            .vector = (u8)(0x30 + below(16)), .flags = (u8)below(8), .cs = FLAT_KERNEL_CS};
        table[i].address = a_base();
    }
    r->number = __HYPERVISOR_set_trap_table;
    r->argument[0] = maybe_bad(table);
}

void make_simple(struct request *r)
{
    static const u8 numbers[] = {__HYPERVISOR_stack_switch,
                                 __HYPERVISOR_fpu_taskswitch,
                                 __HYPERVISOR_set_timer_op,
                                 __HYPERVISOR_vm_assist,
                                 __HYPERVISOR_xen_version,
                                 __HYPERVISOR_sched_op,
                                 __HYPERVISOR_physdev_op,
                                 __HYPERVISOR_nmi_op,
                                 __HYPERVISOR_console_io,
                                 11,
                                 27,
                                 50,
                                 63,
                                 __HYPERVISOR_sched_op_compat};
    static const u8 assists[] = {0, 1, 2, 3, 4, 5, 6, 31};
    static const u8 versions[] = {0, 6, 7, 11, 99};
    static const u8 schedules[] = {0, 3, 8, 99};
    u64 *ask = take(64);

    r->number = PICK(numbers);
    r->argument[0] = below(4);
    r->argument[1] = maybe_bad(ask);
    switch (r->number) {
    case __HYPERVISOR_set_timer_op:
        r->argument[0] = once_in(2) ? 0 : FAR_FUTURE;
        break;
    case __HYPERVISOR_vm_assist:
        r->argument[1] = PICK(assists);
        break;
    case __HYPERVISOR_xen_version:
        r->argument[0] = PICK(versions);
        ask[0] = below(3);
        if (r->argument[0] == XENVER_pagesize) {
            r->argument[1] = 0;
        }
        break;
    case __HYPERVISOR_sched_op: /* a poll for too many ports, or a yield */
        r->argument[0] = PICK(schedules);
        ask[1] = 129;
        break;
    case __HYPERVISOR_sched_op_compat:
        r->argument[0] = once_in(2) ? 0 : 3;
        break;
    case __HYPERVISOR_physdev_op:
        r->argument[0] = PHYSDEVOP_set_iopl + below(2);
        ask[0] = r->argument[0] == PHYSDEVOP_set_iopl ? below(6) : 0;
        ask[1] = r->argument[0] == PHYSDEVOP_set_iopl ? 0 : 65536 + below(2);
        break;
    case __HYPERVISOR_nmi_op:
        r->argument[0] = 2;
        break;
    case __HYPERVISOR_console_io:
        r->argument[0] = 2 + below(2);
        r->argument[1] = 0;
        break;
    }
    add_number("call ", (s64)r->number);
    add_number(" ", (s64)r->argument[0]);
    add_number(" ", (s64)(r->number == __HYPERVISOR_vm_assist ? r->argument[1] : ask[0]));
}

/* ---- the guest's own loads and stores ----------------------------------------------------------
 */

static void add_trap(bool trapped)
{
    if (!trapped) {
        return add(" -> done");
    }
    add_number(" -> trap ", (s64)trap_caught.vector);
    add_number(" error ", (s64)trap_caught.error);
}

void store_entry(void)
{
    unsigned window = below(WINDOWS);
    volatile u64 *at = window_seen[window];
    u64 entry = an_entry(1);

    add("store ");
    if (once_in(2)) {
        unsigned frame = a_pool_frame(1), index = an_index();

        at = &view_of(frame)[index];
        add_number("f", frame);
        add_number("[", index);
        add("]");
    } else {
        add_window(window);
    }
    add("=");
    add_entry(entry);
    mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0);
    add_trap(write_traps(at, entry));
}

void touch(void)
{
    unsigned window = below(WINDOWS), index = an_index();
    u64 entry = *window_seen[window], m = (entry & PTE_ADDRESS) / PAGE_SIZE;
    u64 *at = (u64 *)(uintptr_t)address(window_address(window)) + index;
    bool ours = false;

    for (unsigned i = 0; i < POOL; i++) {
        ours |= pool[i] == m;
    }
    mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0);
    if (once_in(2) || !ours) {
        add("load ");
        add_window(window);
        add_trap(read_traps(at));
        return;
    }
    entry = an_entry(below(5));
    add("write ");
    add_window(window);
    add_number("[", index);
    add("]=");
    add_entry(entry);
    add_trap(write_traps(at, entry));
}
