/* SPDX-License-Identifier: MIT */
/* Domains at run time: dom0 makes one by the calls of `xl create`, in their order, with a tiny
 * kernel of its own; it runs, pauses, suspends, is resumed, powers off, crashes, and is destroyed
 * at many moments of its life, also while dom0 maps its frames, and a hundred times without losing
 * a frame or a place in the domain table. Runs as: dom0 Cpus: 1 2 4 Isolated: 1 2 */
#include "tests/guests/common/toolstack.h"
#include "tests/guests/common/time.h"

#define LIVES              100
#define SHUTDOWN_OF(flags) ((flags) >> XEN_DOMINF_shutdownshift & XEN_DOMINF_shutdownmask)

static evtchn_port_t exception_port;

static u32 flags_of(u16 id)
{
    struct xen_domctl_getdomaininfo info;

    return tiny_info(id, &info) || info.domain != id ? ~0u : info.flags;
}

static bool exists(u16 id)
{
    struct xen_domctl_getdomaininfo info;

    return !tiny_info(id, &info) && info.domain == id;
}

/* Waits until the domain's flags in `mask` are `value`. */
static bool wait_flags(u16 id, u32 mask, u32 value)
{
    u64 end = time_of(&vcpu_info()->time) + PATIENCE;

    while (time_of(&vcpu_info()->time) < end) {
        if ((flags_of(id) & mask) == value) {
            return true;
        }
        sleep_ms(1);
    }
    return false;
}

static bool wait_gone(u16 id)
{
    u64 end = time_of(&vcpu_info()->time) + PATIENCE;

    while (exists(id) && time_of(&vcpu_info()->time) < end) {
        sleep_ms(1);
    }
    return !exists(id);
}

static bool wait_count(const struct made *made)
{
    u64 end = time_of(&vcpu_info()->time) + PATIENCE, before = made->tiny->count;

    while (made->tiny->count == before && time_of(&vcpu_info()->time) < end) {
        sleep_ms(1);
    }
    return made->tiny->count != before;
}

/* Clears the pending bit of VIRQ_DOM_EXC, and says whether it was set. */
static bool exception_take(void)
{
    u8 *byte = (u8 *)shared_info->evtchn_pending + exception_port / 8;
    u8 bit = (u8)(1 << exception_port % 8);

    return __atomic_fetch_and(byte, (u8)~bit, __ATOMIC_SEQ_CST) & bit;
}

/* Waits for VIRQ_DOM_EXC, which comes soon after the domain's state has changed. */
static bool exception_comes(void)
{
    u64 end = time_of(&vcpu_info()->time) + PATIENCE;

    while (time_of(&vcpu_info()->time) < end) {
        if (exception_take()) {
            return true;
        }
        sleep_ms(1);
    }
    return false;
}

static void make(struct made *made)
{
    long result = tiny_make(made);

    if (result || !tiny_map(made)) {
        error("a domain cannot be made: %ld", result);
    }
}

static void destroy(struct made *made)
{
    if (made->tiny) {
        tiny_unmap(made);
    }
    check_equal(tiny_command(XEN_DOMCTL_destroydomain, made->id), 0, "destroydomain");
    check(wait_gone(made->id), "domain %u stays", made->id);
}

static void check_refusals(void)
{
    struct xen_domctl op = {.cmd = XEN_DOMCTL_pausedomain, .domain = 1, .interface_version = 0x14};

    check_equal(hypercall(__HYPERVISOR_domctl, address(&op), 0, 0), -XEN_EACCES, "another version");
    check_equal(hypercall(__HYPERVISOR_domctl, 0xffff800000000000, 0, 0), -XEN_EFAULT,
                "a bad pointer");
    check_equal(tiny_command(XEN_DOMCTL_pausedomain, 77), -XEN_ESRCH, "no such domain");
    check_equal(tiny_command(XEN_DOMCTL_pausedomain, DOMID_SELF), -XEN_ESRCH, "DOMID_SELF");
    check_equal(tiny_command(XEN_DOMCTL_pausedomain, 0), -XEN_EINVAL, "dom0 pauses itself");
    check_equal(tiny_command(XEN_DOMCTL_unpausedomain, 0), -XEN_EINVAL, "dom0 unpauses itself");
    check_equal(tiny_command(XEN_DOMCTL_destroydomain, 0), -XEN_EINVAL, "dom0 destroys itself");
    check_equal(tiny_command(999, 0), -XEN_ENOSYS, "no such operation");
    check_equal(tiny_command(XEN_DOMCTL_createdomain, 0xffff), -XEN_EINVAL,
                "an empty configuration");
    check_equal(tiny_command(XEN_DOMCTL_getdomaininfo, 1), -XEN_ESRCH, "the end of the list");
}

static void check_first_state(const struct made *made)
{
    struct xen_domctl_getdomaininfo info;
    struct xen_domctl op = {0};

    check_equal(tiny_info(0, &info), 0, "getdomaininfo of dom0");
    check_equal(info.domain, 0, "dom0's number");
    check_equal(tiny_info(1, &info), 0, "the next domain");
    check_equal(info.domain, made->id, "its number");
    check_equal(info.flags, XEN_DOMINF_paused | ~0u << XEN_DOMINF_shutdownshift, "its flags");
    check_equal(info.tot_pages, TINY_PAGES, "its frames");
    check_equal(info.max_pages, TINY_PAGES + 256, "its limit");
    check_equal(info.outstanding_pages, 0, "its claim");
    check_equal(info.nr_online_vcpus, 1, "its vCPUs that are up");
    check_equal(info.max_vcpu_id, 0, "its last vCPU");
    check_equal(info.handle[1], 2, "its handle");
    check_equal(domctl(XEN_DOMCTL_get_address_size, made->id, &op), 0, "get_address_size");
    check_equal(op.u.address_size.size, 64, "the address size");
    op.u.address_size.size = 32;
    check_equal(domctl(XEN_DOMCTL_set_address_size, made->id, &op), -XEN_EINVAL, "32 bits");
    op.u.max_vcpus.max = 2;
    check_equal(domctl(XEN_DOMCTL_max_vcpus, made->id, &op), -XEN_EINVAL, "another vCPU");
}

/* Refused requests for frames of the grant table; the table can be used afterwards. */
static void check_resources(const struct made *made)
{
    xen_pfn_t frame = 0;
    struct xen_mem_acquire_resource ask = {.domid = made->id, .type = XENMEM_resource_grant_table};

    check_equal(memory_op(XENMEM_acquire_resource, &ask), 0, "the size of the grant table");
    check(ask.nr_frames > 0, "no frames of the grant table");
    ask.frame = ask.nr_frames;
    ask.nr_frames = 1;
    set_xen_guest_handle(ask.frame_list, &frame);
    check_equal(memory_op(XENMEM_acquire_resource, &ask), -XEN_EINVAL, "a frame beyond the limit");
    ask.frame = 0;
    ask.type = XENMEM_resource_ioreq_server;
    check_equal(memory_op(XENMEM_acquire_resource, &ask), -XEN_EINVAL, "another resource");
    ask.type = XENMEM_resource_grant_table;
    ask.pad = 1;
    check_equal(memory_op(XENMEM_acquire_resource, &ask), -XEN_EINVAL, "padding");
    ask.pad = 0;
    ask.domid = 99;
    check_equal(memory_op(XENMEM_acquire_resource, &ask), -XEN_ESRCH, "no such domain");
    ask.domid = made->id;
    set_xen_guest_handle(ask.frame_list, (xen_pfn_t *)0xffff800000000000);
    check_equal(memory_op(XENMEM_acquire_resource, &ask), -XEN_EFAULT, "a bad list");
    set_xen_guest_handle(ask.frame_list, &frame);
    check_equal(memory_op(XENMEM_acquire_resource, &ask), 0, "the first frame");
    check(frame, "no frame");
}

static void check_pausing(struct made *made)
{
    check(!made->tiny->count, "the domain runs before it is unpaused");
    check_equal(tiny_command(XEN_DOMCTL_unpausedomain, made->id), 0, "the first unpause");
    check(wait_count(made), "the domain does not run");
    check_equal(tiny_command(XEN_DOMCTL_unpausedomain, made->id), -XEN_EINVAL, "one too many");
    for (u32 i = 0; i < 20; i++) {
        check_equal(tiny_command(XEN_DOMCTL_pausedomain, made->id), 0, "a pause");
        u64 count = made->tiny->count;
        check(!(flags_of(made->id) & XEN_DOMINF_running), "it runs after a pause");
        check_equal(tiny_command(XEN_DOMCTL_pausedomain, made->id), 0, "a second pause");
        check_equal(tiny_command(XEN_DOMCTL_unpausedomain, made->id), 0, "a first unpause");
        sleep_ms(1);
        check_equal(made->tiny->count, count, "what a paused domain counted");
        check_equal(tiny_command(XEN_DOMCTL_unpausedomain, made->id), 0, "a second unpause");
        check(wait_count(made), "the domain does not go on");
    }
}

static void check_suspend(struct made *made)
{
    exception_take();
    made->tiny->reason = SHUTDOWN_suspend;
    made->tiny->mode = TINY_SHUTS_DOWN;
    check(wait_flags(made->id, XEN_DOMINF_shutdown, XEN_DOMINF_shutdown), "it does not suspend");
    check_equal(SHUTDOWN_OF(flags_of(made->id)), SHUTDOWN_suspend, "the reason");
    check(exception_comes(), "no VIRQ_DOM_EXC for a suspended domain");
    u64 count = made->tiny->count;
    sleep_ms(2);
    check_equal(made->tiny->count, count, "what a suspended domain counted");
    check_equal(made->tiny->resumed, 0, "its resumptions");
    check_equal(tiny_command(XEN_DOMCTL_resumedomain, made->id), 0, "resumedomain");
    check(wait_count(made), "it does not go on after its suspension");
    check_equal(made->tiny->resumed, 1, "its resumptions");
    check_equal(made->tiny->result, 0, "the result of its shutdown");
    check_equal(flags_of(made->id) & XEN_DOMINF_shutdown, 0, "it still counts as shut down");
    check_equal(SHUTDOWN_OF(flags_of(made->id)), XEN_DOMINF_shutdownmask, "it still has a reason");
}

static void check_blocked(struct made *made)
{
    made->tiny->mode = TINY_BLOCKS;
    check(wait_flags(made->id, XEN_DOMINF_blocked | XEN_DOMINF_running, XEN_DOMINF_blocked),
          "it does not block");
    check_equal(tiny_command(XEN_DOMCTL_pausedomain, made->id), 0, "a pause while it is blocked");
    check_equal(tiny_command(XEN_DOMCTL_unpausedomain, made->id), 0, "an unpause");
    check_equal(flags_of(made->id) & XEN_DOMINF_blocked, XEN_DOMINF_blocked, "it has woken");
}

/* One life that ends by itself, in the given way. */
static void check_end(enum tiny_mode mode, u32 given, u32 expected)
{
    struct made made;

    make(&made);
    exception_take();
    made.tiny->reason = given;
    made.tiny->mode = mode;
    tiny_command(XEN_DOMCTL_unpausedomain, made.id);
    check(wait_flags(made.id, XEN_DOMINF_shutdown, XEN_DOMINF_shutdown), "it does not end");
    check_equal(SHUTDOWN_OF(flags_of(made.id)), expected, "the reason of the end");
    check(exception_comes(), "no VIRQ_DOM_EXC");
    check(made.tiny->count > 0, "its memory is gone");
    destroy(&made);
    check(exception_comes(), "no VIRQ_DOM_EXC when it is gone");
}

/* A domain that dom0 shuts down. */
static void check_remote_end(void)
{
    struct sched_remote_shutdown ask = {.reason = SHUTDOWN_poweroff};
    struct made made;

    check_equal(sched_op(SCHEDOP_remote_shutdown, &ask), -XEN_EPERM, "dom0 shuts itself down");
    make(&made);
    ask.domain_id = made.id;
    exception_take();
    tiny_command(XEN_DOMCTL_unpausedomain, made.id);
    check(wait_count(&made), "it does not run");
    check_equal(sched_op(SCHEDOP_remote_shutdown, &ask), 0, "remote_shutdown");
    check(wait_flags(made.id, XEN_DOMINF_shutdown, XEN_DOMINF_shutdown), "it does not end");
    check_equal(SHUTDOWN_OF(flags_of(made.id)), SHUTDOWN_poweroff, "the reason of the end");
    check(exception_comes(), "no VIRQ_DOM_EXC");
    destroy(&made);
}

static void check_husk(void)
{
    struct made made;

    make(&made);
    check_equal(tiny_command(XEN_DOMCTL_destroydomain, made.id), 0, "destroydomain");
    check_equal(flags_of(made.id) & XEN_DOMINF_dying, XEN_DOMINF_dying, "a husk's flags");
    sleep_ms(20);
    check(exists(made.id), "a husk has gone while a frame of it is mapped");
    made.tiny->count = 5;
    check_equal(tiny_command(XEN_DOMCTL_max_mem, made.id), -XEN_ESRCH, "max_mem of a husk");
    tiny_unmap(&made);
    check(wait_gone(made.id), "a husk stays");
}

/* Destroys a domain at each step of its making. */
static void check_unfinished(void)
{
    struct made made;

    check_equal(tiny_create(&made, 3), 0, "an empty domain");
    destroy(&made);
    make(&made);
    destroy(&made);
    make(&made);
    tiny_command(XEN_DOMCTL_unpausedomain, made.id);
    check(wait_count(&made), "it does not run");
    destroy(&made); /* while it runs */
}

static u64 count_free(void)
{
    u64 count = 0;

    check_equal(free_frames(&count), 0, "counting the free frames");
    return count;
}

static void check_lives(void)
{
    u64 before;

    check_end(TINY_CRASHES, 0, SHUTDOWN_crash);
    before = count_free();
    for (u32 i = 0; i < LIVES && !anything_failed(); i++) {
        struct made made;

        make(&made);
        tiny_command(XEN_DOMCTL_unpausedomain, made.id);
        if (i % 2) {
            sleep_ms(1);
        }
        destroy(&made);
    }
    check_equal(count_free(), before, "free frames after %u lives", LIVES);
}

static void bind_exception(void)
{
    struct evtchn_bind_virq ask = {.virq = VIRQ_DOM_EXC};

    check_equal(event_channel_op(EVTCHNOP_bind_virq, &ask), 0, "bind VIRQ_DOM_EXC");
    exception_port = ask.port;
}

void test_main(void)
{
    struct made made;

    bind_exception();
    check_refusals();
    make(&made);
    check_first_state(&made);
    check_resources(&made);
    check_pausing(&made);
    check_suspend(&made);
    check_blocked(&made);
    destroy(&made);
    check_equal(tiny_command(XEN_DOMCTL_destroydomain, made.id), -XEN_ESRCH, "a second destroy");
    check_end(TINY_SHUTS_DOWN, SHUTDOWN_poweroff, SHUTDOWN_poweroff);
    check_end(TINY_SHUTS_DOWN, SHUTDOWN_reboot, SHUTDOWN_reboot);
    check_end(TINY_SHUTS_DOWN, SHUTDOWN_crash, SHUTDOWN_crash);
    check_remote_end();
    check_husk();
    check_unfinished();
    check_lives();
}
