/* SPDX-License-Identifier: MIT */
/* Operations on vCPUs: their vcpu_info and runstate, as one vCPU can test them. */
#include "tests/guests/common/time.h"
#include <xen/nmi.h>

static u8 area_page[PAGE_SIZE] __attribute__((aligned(4096)));
static struct vcpu_runstate_info runstate __attribute__((aligned(64)));

static void check_existence(void)
{
    unsigned count = 0;

    check_equal(vcpu_op(VCPUOP_is_up, 0, NULL), 1, "is_up(0)");
    while (vcpu_op(VCPUOP_is_up, count, NULL) >= 0 && count < 4096) {
        count++;
    }
    check(count >= 1 && count < 4096, "%u vCPUs", count);
    check_equal(vcpu_op(VCPUOP_is_up, count, NULL), -XEN_ENOENT, "is_up of the first that is none");
    check_equal(vcpu_op(VCPUOP_is_up, ~0u, NULL), -XEN_ENOENT, "is_up(~0)");
    check_equal(vcpu_op(VCPUOP_up, 4095, NULL), -XEN_ENOENT, "up(4095)");
    check_equal(vcpu_op(VCPUOP_down, 4095, NULL), -XEN_ENOENT, "down(4095)");
    check_equal(vcpu_op(VCPUOP_up, 0, NULL), 0, "up(0), which is up");
}

static void check_runstate(void)
{
    struct vcpu_register_runstate_memory_area request;
    struct vcpu_runstate_info asked;
    u64 before;

    set_xen_guest_handle(request.addr.h, &runstate);
    check_equal(vcpu_op(VCPUOP_register_runstate_memory_area, 0, &request), 0, "the runstate area");
    check_equal(runstate.state, RUNSTATE_running, "the state in it");
    check_equal(vcpu_op(VCPUOP_get_runstate_info, 0, &asked), 0, "get_runstate_info");
    check_equal(asked.state, RUNSTATE_running, "the state");
    check(asked.time[RUNSTATE_running] > 0, "it never ran");
    before = asked.time[RUNSTATE_running];
    for (unsigned i = 0; i < 1000; i++) {
        sched_op(SCHEDOP_yield, NULL);
    }
    check_equal(vcpu_op(VCPUOP_get_runstate_info, 0, &asked), 0, "get_runstate_info");
    check(asked.time[RUNSTATE_running] > before, "its time stands");
    set_xen_guest_handle(request.addr.h, (void *)HYPERVISOR_VIRT_START);
    check_equal(vcpu_op(VCPUOP_register_runstate_memory_area, 0, &request), -XEN_EFAULT,
                "a runstate area in Xen's space");
}

static void sleep_briefly(void)
{
    struct sched_poll request = {.nr_ports = 0, .timeout = 1};

    check_equal(sched_op(SCHEDOP_poll, &request), 0, "poll");
}

/* The copy follows the vCPU when it sleeps and wakes, and has no mark of a change when the vCPU
 * runs. While its page is read-only it stays as it is. */
static void check_copy(void)
{
    struct vcpu_register_runstate_memory_area request;
    volatile struct vcpu_runstate_info *copy = page_take();
    struct vcpu_runstate_info kept;

    check_equal(
        hypercall(__HYPERVISOR_vm_assist, VMASST_CMD_enable, VMASST_TYPE_runstate_update_flag, 0),
        0, "the update flag");
    set_xen_guest_handle(request.addr.h, (struct vcpu_runstate_info *)copy);
    check_equal(vcpu_op(VCPUOP_register_runstate_memory_area, 0, &request), 0, "the area");
    u64 entered = copy->state_entry_time, slept = copy->time[RUNSTATE_blocked];
    sleep_briefly();
    check(copy->state_entry_time > entered, "the copy does not follow");
    check(!(copy->state_entry_time & XEN_RUNSTATE_UPDATE), "the copy is marked as changing");
    check_equal(copy->state, RUNSTATE_running, "the state in the copy");
    check(copy->time[RUNSTATE_blocked] >= slept, "the time asleep in the copy");
    check_equal(page_map_as(copy, PTE_RO), 0, "the page read-only");
    memcpy(&kept, (const void *)copy, sizeof kept);
    sleep_briefly();
    check(!memcmp(&kept, (const void *)copy, sizeof kept), "a read-only copy has changed");
    check_equal(page_map_as(copy, PTE_RW), 0, "the page writable");
    sleep_briefly();
    check(copy->state_entry_time > kept.state_entry_time, "the copy does not follow again");
}

static long register_info(u64 mfn, u32 offset)
{
    struct vcpu_register_vcpu_info request = {.mfn = mfn, .offset = offset};

    return vcpu_op(VCPUOP_register_vcpu_info, 0, &request);
}

/* The vcpu_info moves to the place that the guest chooses, once. */
static void check_info(void)
{
    const volatile struct vcpu_info *moved = (struct vcpu_info *)(area_page + 64);
    u64 mfn = mfn_of(area_page);
    long result;

    check_equal(register_info(mfn, 1), -XEN_ENXIO, "offset 1");
    check_equal(register_info(mfn, 63), -XEN_ENXIO, "offset 63");
    check_equal(register_info(mfn, PAGE_SIZE - 32), -XEN_ENXIO, "across the page's end");
    check_equal(register_info(mfn, PAGE_SIZE), -XEN_ENXIO, "behind the page");
    check(register_info(~0ull, 0) < 0, "in no frame");
    check(register_info(mfn_of(root_first()), 0) < 0, "in a page table");

    vcpu_info()->evtchn_upcall_mask = 1;
    check_equal(register_info(mfn, 64), 0, "register_vcpu_info");
    check_equal(moved->evtchn_upcall_mask, 1, "the mask, moved");
    check(moved->time.tsc_to_system_mul && !(moved->time.version & 1),
          "the clock, moved: version %u", moved->time.version);
    result = register_info(mfn, 128);
    check(result == -XEN_EINVAL || result == -XEN_EBUSY, "moved again: %ld", result);
    check_equal(page_read_only(area_page), 0, "its page read-only");
    check(mmuext(MMUEXT_PIN_L1_TABLE, mfn, 0) < 0, "a page that the hypervisor writes as a table");
    check_equal(page_writable(area_page), 0, "its page writable");
}

/* The address of a page fault is written to the new place of the vcpu_info. */
static void check_cr2(void)
{
    const volatile struct vcpu_info *moved = (struct vcpu_info *)(area_page + 64);

    check(read_traps((void *)0x5000), "address 0x5000 is mapped");
    check_equal(moved->arch.cr2, 0x5000, "cr2 in the moved information");
}

static unsigned nmis;

static u8 mask_in_nmi;

static void count_nmi(struct trap_frame *frame)
{
    (void)frame;
    mask_in_nmi = vcpu_info()->evtchn_upcall_mask;
    nmis++;
}

/* One NMI with events unmasked: its handler runs with the mask `masks`, and leaves it as it was. */
static void check_nmi_mask(unsigned masks, const char *how)
{
    mask_in_nmi = 2;
    vcpu_info()->evtchn_upcall_mask = 0;
    check_equal(vcpu_op(VCPUOP_send_nmi, 0, NULL), 0, "send_nmi");
    xen_version(XENVER_version, NULL);
    check_equal(mask_in_nmi, masks, "events in the handler of the NMI, registered by %s", how);
    check_equal(vcpu_info()->evtchn_upcall_mask, 0, "events after it, registered by %s", how);
    vcpu_info()->evtchn_upcall_mask = 1;
}

/* The trap table decides whether events are masked in the handler; the two calls that register an
 * NMI handler always mask them. */
static void check_nmi_registration(void)
{
    struct trap_info table[2] = {trap_description(VECTOR_NMI)};
    struct xennmi_callback by_nmi_op = {.handler_address = table[0].address};

    trap_take(VECTOR_NMI, count_nmi);
    check_nmi_mask(0, "the trap table");
    table[0].flags = 4;
    check_equal(hypercall(__HYPERVISOR_set_trap_table, address(table), 0, 0), 0, "the table");
    check_nmi_mask(1, "the trap table with the flag");
    table[0].flags = 0;
    check_equal(hypercall(__HYPERVISOR_set_trap_table, address(table), 0, 0), 0, "the table");
    check_equal(hypercall(__HYPERVISOR_nmi_op, XENNMI_register_callback, address(&by_nmi_op), 0), 0,
                "nmi_op");
    check_nmi_mask(1, "nmi_op");
    check_equal(hypercall(__HYPERVISOR_set_trap_table, address(table), 0, 0), 0, "the table");
    check_equal(set_callback(CALLBACKTYPE_nmi, 0, table[0].address), 0, "callback_op");
    check_nmi_mask(1, "callback_op");
    check_equal(hypercall(__HYPERVISOR_set_trap_table, address(table), 0, 0), 0, "the table");
    trap_take(VECTOR_NMI, NULL);
}

static void check_nmi(void)
{
    trap_take(VECTOR_NMI, count_nmi);
    check_equal(vcpu_op(VCPUOP_send_nmi, 0, NULL), 0, "send_nmi");
    xen_version(XENVER_version, NULL);
    check_equal(nmis, 1, "NMIs that came");
    check_equal(vcpu_op(VCPUOP_send_nmi, 0, NULL), 0, "send_nmi");
    xen_version(XENVER_version, NULL);
    check_equal(nmis, 2, "NMIs after the first has returned");
    trap_take(VECTOR_NMI, NULL);
}

static void check_time_area(void)
{
    static struct vcpu_time_info time;
    struct vcpu_register_time_memory_area request;
    long result;

    set_xen_guest_handle(request.addr.h, &time);
    result = vcpu_op(VCPUOP_register_vcpu_time_memory_area, 0, &request);
    if (result == -XEN_ENOSYS) {
        print("Note: no register_vcpu_time_memory_area\n");
        return;
    }
    check_equal(result, 0, "the time area");
    sched_op(SCHEDOP_yield, NULL);
    check(time.tsc_to_system_mul, "the time area is empty");
    set_xen_guest_handle(request.addr.h, (void *)HYPERVISOR_VIRT_START);
    check_equal(vcpu_op(VCPUOP_register_vcpu_time_memory_area, 0, &request), -XEN_EFAULT,
                "a time area in Xen's space");
}

/* An area that is mapped only after it was registered is filled when the vCPU runs again. */
static void check_late_time_area(void)
{
    struct vcpu_time_info *time = page_take();
    struct vcpu_register_time_memory_area request;

    check_equal(update_va_mapping(address(time), 0, UVMF_INVLPG), 0, "unmapping the page");
    set_xen_guest_handle(request.addr.h, time);
    check_equal(vcpu_op(VCPUOP_register_vcpu_time_memory_area, 0, &request), 0,
                "a time area that is not mapped");
    check_equal(page_writable(time), 0, "mapping it");
    for (unsigned i = 0; i < 500 && !*(volatile u32 *)&time->tsc_to_system_mul; i++) {
        struct sched_poll rest = {.timeout = time_of(&vcpu_info()->time) + 10 * MILLISECOND};

        sched_op(SCHEDOP_poll, &rest);
    }
    check(time->tsc_to_system_mul, "an area that was mapped later stays empty");
}

void test_main(void)
{
    static struct vcpu_guest_context context;
    long result;

    check_existence();
    check_runstate();
    check_copy();
    check_time_area();
    check_late_time_area();
    check_nmi();
    check_nmi_registration();
    result = vcpu_op(VCPUOP_initialise, 0, &context);
    check_equal(result, -XEN_EEXIST, "initialise(0)");
    check_equal(vcpu_op(VCPUOP_initialise, 4095, &context), -XEN_ENOENT, "initialise(4095)");
    check_info();
    check_cr2();
}
