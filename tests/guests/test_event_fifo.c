/* SPDX-License-Identifier: MIT */
/* Event channels with FIFO queues: the guest gives pages for them, ports are delivered in the order
 * of sending and of priority, and bad pages or bad links harm only this guest. Also the return to
 * two levels.
 * Vcpus: 2 Isolated: 1 */
#include "tests/guests/common/event.h"

#define ARRAY_PAGES   6u
#define WORDS         1024u
#define CONTROL_PLACE 256u
#define NO_FRAME      (1ull << 39)
#define HEARD_MAX     64u

static u32 *array[ARRAY_PAGES];
static u8 *control_page[2];
static u32 head[2][EVTCHN_FIFO_MAX_QUEUES]; /* the next port of each queue; 0: the control block
                                               names it */
static evtchn_port_t heard[HEARD_MAX];
static unsigned heard_count, vcpus;

/* ---- requests ---- */

static long init_control(unsigned vcpu, u64 frame, u32 offset)
{
    struct evtchn_init_control request = {.control_gfn = frame, .offset = offset, .vcpu = vcpu};
    long result = event_channel_op(EVTCHNOP_init_control, &request);

    if (!result) {
        check_equal(request.link_bits, EVTCHN_FIFO_LINK_BITS, "link bits");
    }
    return result;
}

static long expand(u64 frame)
{
    struct evtchn_expand_array request = {.array_gfn = frame};

    return event_channel_op(EVTCHNOP_expand_array, &request);
}

static long set_priority(evtchn_port_t port, u32 priority)
{
    struct evtchn_set_priority request = {.port = port, .priority = priority};

    return event_channel_op(EVTCHNOP_set_priority, &request);
}

static long move(evtchn_port_t port, unsigned vcpu)
{
    struct evtchn_bind_vcpu request = {.port = port, .vcpu = vcpu};

    return event_channel_op(EVTCHNOP_bind_vcpu, &request);
}

static long reset(void)
{
    struct evtchn_reset request = {.dom = DOMID_SELF};

    return event_channel_op(EVTCHNOP_reset, &request);
}

static long status_of(evtchn_port_t port)
{
    struct evtchn_status request = {.dom = DOMID_SELF, .port = port};
    long result = event_channel_op(EVTCHNOP_status, &request);

    return result ? result : (long)request.status;
}

/* The time-out is in the past, so that the poll ends immediately if nothing is pending. */
static long poll(evtchn_port_t port)
{
    struct sched_poll request = {.nr_ports = 1, .timeout = 1};

    set_xen_guest_handle(request.ports, &port);
    return sched_op(SCHEDOP_poll, &request);
}

static evtchn_port_t make_ipi(void)
{
    struct evtchn_bind_ipi request = {.vcpu = 0};

    if (event_channel_op(EVTCHNOP_bind_ipi, &request)) {
        error("no port");
    }
    return request.port;
}

/* Makes a port to which events are sent through another port, and which may move. */
static evtchn_port_t make_loop(evtchn_port_t *far)
{
    struct evtchn_alloc_unbound unbound = {.dom = DOMID_SELF, .remote_dom = DOMID_SELF};
    struct evtchn_bind_interdomain bind = {.remote_dom = DOMID_SELF};

    if (event_channel_op(EVTCHNOP_alloc_unbound, &unbound)) {
        error("no port");
    }
    bind.remote_port = unbound.port;
    if (event_channel_op(EVTCHNOP_bind_interdomain, &bind)) {
        error("no far end");
    }
    *far = bind.local_port; /* pending now: an event may have been missed */
    return unbound.port;
}

/* ---- the guest side of the queues ---- */

static volatile u32 *word(evtchn_port_t port)
{
    return &array[port / WORDS][port % WORDS];
}

static struct evtchn_fifo_control_block *control(unsigned vcpu)
{
    return (struct evtchn_fifo_control_block *)(control_page[vcpu] + CONTROL_PLACE);
}

static void note(evtchn_port_t port)
{
    heard[heard_count++ % HEARD_MAX] = port;
}

static void take(unsigned vcpu)
{
    fifo_take(control(vcpu), head[vcpu], word, note);
}

static void callback(struct trap_frame *frame)
{
    (void)frame;
    vcpu_info()->evtchn_upcall_pending = 0;
    take(0);
}

/* Unmasks events and checks that exactly these ports are delivered, in this order. */
static void check_heard(int line, const evtchn_port_t *wanted, unsigned count)
{
    heard_count = 0;
    vcpu_info()->evtchn_upcall_mask = 0;
    xen_version(XENVER_version, NULL);
    vcpu_info()->evtchn_upcall_mask = 1;
    if (heard_count != count) {
        report_failure(line, "%u ports were delivered, not %u", heard_count, count);
    }
    for (unsigned i = 0; i < count && i < heard_count; i++) {
        if (heard[i] != wanted[i]) {
            report_failure(line, "number %u is port %u, not %u", i, heard[i], wanted[i]);
        }
    }
}

#define CHECK_HEARD(...)                                                                           \
    check_heard(__LINE__, (const evtchn_port_t[]){__VA_ARGS__, 0},                                 \
                sizeof((const evtchn_port_t[]){__VA_ARGS__}) / sizeof(evtchn_port_t))
#define CHECK_SILENCE() check_heard(__LINE__, NULL, 0)

/* ---- claims ---- */

/* Refusals leave the guest with two levels. XSA-188: also the first block with a bad frame. */
static void check_before(void)
{
    evtchn_port_t port = make_ipi();
    u64 good = mfn_of(control_page[0]);

    check_equal(expand(mfn_of(array[0])), -XEN_EOPNOTSUPP, "an array without control blocks");
    check_equal(set_priority(port, 3), -XEN_ENOSYS, "a priority without queues");
    check_equal(init_control(77, good, 0), -XEN_ENOENT, "for vCPU 77");
    check_equal(init_control(0, good, 4), -XEN_EINVAL, "out of line");
    check_equal(init_control(0, good, PAGE_SIZE - 64), -XEN_EINVAL, "over the page's end");
    check_equal(init_control(0, good, ~7u), -XEN_EINVAL, "far away");
    check_equal(init_control(0, NO_FRAME, 0), -XEN_EINVAL, "in no frame");
    check_equal(init_control(0, ~0ull, 0), -XEN_EINVAL, "in frame ~0");
    check_equal(init_control(0, mfn_of(root_first()), 0), -XEN_EINVAL, "in a page table");
    check_equal(expand(mfn_of(array[0])), -XEN_EOPNOTSUPP, "an array after bad control blocks");
    check_equal(port_send(port), 0, "send");
    check(shared_info->evtchn_pending[port / 64] >> port % 64 & 1, "two levels are gone");
    check_equal(port_close(port), 0, "close");
    shared_info->evtchn_pending[port / 64] = 0; /* a pending event would move to the queues, too */
    vcpu_info()->evtchn_upcall_pending = 0;
    vcpu_info()->evtchn_pending_sel = 0;
}

/* Without events of the console, which would be among those of the test. */
static void begin(void)
{
    for (unsigned i = 0; i < ARRAY_PAGES; i++) {
        memset(array[i], 0, PAGE_SIZE);
    }
    for (unsigned i = 0; i < 2; i++) {
        memset(control_page[i], 0, PAGE_SIZE);
    }
    memset(head, 0, sizeof head);
    if (!is_initial_domain()) {
        *word(start_info->console.domU.evtchn) = FIFO_MASKED;
    }
    for (unsigned i = 0; i < vcpus; i++) {
        check_equal(init_control(i, mfn_of(control_page[i]), CONTROL_PLACE), 0, "vCPU %u", i);
    }
}

static void check_pages(void)
{
    evtchn_port_t early = make_ipi();
    u64 good = mfn_of(control_page[0]);

    check_equal(init_control(0, good, 0), -XEN_EINVAL, "a second control block");
    check_equal(port_send(early), 0, "send before there is an array");
    check_equal(poll(early), 0, "poll of a port without a word (XSA-221)");
    check_equal(expand(NO_FRAME), -XEN_EINVAL, "an array in no frame");
    check_equal(expand(~0ull), -XEN_EINVAL, "an array in frame ~0");
    check_equal(expand(mfn_of(root_first())), -XEN_EINVAL, "an array in a page table");
    for (unsigned i = 0; i < ARRAY_PAGES; i++) {
        check_equal(expand(mfn_of(array[i])), 0, "page %u of the array", i);
    }
    CHECK_HEARD(early);
    check_equal(port_close(early), 0, "close");
    check_equal(poll(1u << 17), -XEN_EINVAL, "poll of port 2^17");
    check_equal(poll(~0u), -XEN_EINVAL, "poll of port ~0");
    poll(9999); /* beyond the array (XSA-221): 0 or an error */

    /* A page that the hypervisor writes to cannot become a page table. */
    check_equal(page_read_only(array[5]), 0, "read-only");
    check(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(array[5]), 0) < 0, "the array is pinned");
    check_equal(page_writable(array[5]), 0, "writable");
}

static void check_order(void)
{
    evtchn_port_t a = make_ipi(), b = make_ipi(), c = make_ipi();

    check_equal(port_send(b), 0, "send");
    check_equal(*word(b), FIFO_PENDING | FIFO_LINKED, "the word of a port in a queue");
    check_equal(control(0)->head[EVTCHN_FIFO_PRIORITY_DEFAULT], b, "the queue's head");
    check_equal(control(0)->ready, 1u << EVTCHN_FIFO_PRIORITY_DEFAULT, "the ready queues");
    check_equal(vcpu_info()->evtchn_upcall_pending, 1, "the vCPU's pending flag");
    port_send(a);
    port_send(b);
    port_send(c);
    CHECK_HEARD(b, a, c);
    check_equal(*word(b), 0, "the word afterwards");
    port_send(c);
    port_send(b);
    CHECK_HEARD(c, b);

    check_equal(set_priority(a, 16), -XEN_EINVAL, "priority 16");
    check_equal(set_priority(a, ~0u), -XEN_EINVAL, "priority ~0");
    check_equal(set_priority(3000, 7), -XEN_EINVAL, "the priority of no port");
    check_equal(set_priority(~0u, 7), -XEN_EINVAL, "the priority of port ~0");
    check_equal(set_priority(a, EVTCHN_FIFO_PRIORITY_MIN), 0, "the lowest priority");
    check_equal(set_priority(c, EVTCHN_FIFO_PRIORITY_MAX), 0, "the highest");
    port_send(a);
    port_send(b);
    port_send(c);
    CHECK_HEARD(c, b, a);
    port_close(a);
    check_equal(port_send(a), -XEN_EINVAL, "send to a closed port");
    port_close(c);
    port_close(b);
}

static void check_masks(void)
{
    evtchn_port_t port = make_ipi(), other = make_ipi();

    *word(port) = FIFO_MASKED;
    port_send(port);
    check_equal(*word(port), FIFO_PENDING | FIFO_MASKED, "a masked port");
    CHECK_SILENCE();
    check_equal(poll(port), 0, "poll of a port that is pending");
    port_send(other);
    CHECK_HEARD(other);
    check_equal(port_unmask(port), 0, "unmask");
    CHECK_HEARD(port);
    check_equal(port_unmask(port), 0, "unmask");
    CHECK_SILENCE();
    port_send(port);
    *word(port) |= FIFO_MASKED; /* too late: the port is in its queue */
    CHECK_SILENCE();
    check_equal(port_unmask(port), 0, "unmask");
    CHECK_HEARD(port);
    check_equal(port_unmask(1u << 17), -XEN_EINVAL, "unmask of port 2^17");
    port_close(port);
    port_close(other);
}

static void check_timer(void)
{
    struct evtchn_bind_virq bind = {.virq = VIRQ_TIMER, .vcpu = 0};
    struct vcpu_set_singleshot_timer now = {.timeout_abs_ns = 1};

    check_equal(event_channel_op(EVTCHNOP_bind_virq, &bind), 0, "VIRQ_TIMER");
    check_equal(set_priority(bind.port, EVTCHN_FIFO_PRIORITY_MAX), 0, "its priority");
    heard_count = 0;
    check_equal(vcpu_op(VCPUOP_set_singleshot_timer, 0, &now), 0, "a timer");
    while (!heard_count) {
        sched_op(SCHEDOP_block, NULL);
    }
    vcpu_info()->evtchn_upcall_mask = 1;
    check_equal(heard[0], bind.port, "the port that was delivered");
    check_equal(port_close(bind.port), 0, "close");
}

/* A port that moves is linked in the queue for which it is set when it is linked, and no port is
 * linked behind it in the other queue. */
static void check_moves(void)
{
    evtchn_port_t far, port = make_loop(&far), other = make_ipi();

    CHECK_HEARD(far);
    port_send(far);
    CHECK_HEARD(port);
    if (vcpus > 1) {
        check_equal(move(port, 1), 0, "bind_vcpu");
        port_send(far);
        port_send(other);
        CHECK_HEARD(other);
        check_equal(control(1)->head[EVTCHN_FIFO_PRIORITY_DEFAULT], port, "the other's queue");
        check_equal(*word(port), FIFO_PENDING | FIFO_LINKED, "the word there");
        heard_count = 0;
        take(1);
        check_equal(heard_count, 1, "delivered to the other vCPU");
        check_equal(move(port, 0), 0, "bind_vcpu back");
    }
    check_equal(set_priority(port, 3), 0, "another priority");
    port_send(far);
    port_send(other);
    CHECK_HEARD(port, other);
    port_send(far);
    check_equal(port_close(port), 0, "closing a port in a queue");
    CHECK_SILENCE();
    port_close(far);
    port_close(other);
}

/* Words and control blocks full of invalid values: requests return, and nothing else happens. */
static void check_nonsense(void)
{
    evtchn_port_t port[8], far, loop = make_loop(&far);
    u32 seed = 1;

    for (unsigned i = 0; i < 8; i++) {
        port[i] = make_ipi();
    }
    for (unsigned round = 0; round < 200; round++) {
        for (unsigned i = 0; i < 64; i++) {
            seed = seed * 1664525 + 1013904223;
            *word(i) = seed ^ seed >> 16;
        }
        for (unsigned i = 0; i < vcpus; i++) {
            memset(control(i), (int)seed, sizeof *control(i));
        }
        for (unsigned i = 0; i < 8; i++) {
            set_priority(port[i], (seed >> i) % 16);
            check_equal(port_send(port[i]), 0, "send");
            check_equal(port_unmask(port[i]), 0, "unmask");
        }
        move(loop, round % vcpus);
        check_equal(port_send(far), 0, "send to the far end");
    }
    check_equal(status_of(port[0]), EVTCHNSTAT_ipi, "status");
    for (unsigned i = 0; i < 8; i++) {
        check_equal(port_close(port[i]), 0, "close");
    }
}

/* There are more ports than with two levels (XSA-317), and none of them remains after the queues
 * are gone (XSA-338). */
static void check_reset(void)
{
    struct evtchn_alloc_unbound unbound = {.dom = DOMID_SELF, .remote_dom = DOMID_SELF};
    evtchn_port_t last = 0;

    while (last < 5000 && !event_channel_op(EVTCHNOP_alloc_unbound, &unbound)) {
        last = unbound.port;
    }
    check_equal(last, 5000, "the highest port");
    check_equal(status_of(last), EVTCHNSTAT_unbound, "its status");
    check_equal(reset(), 0, "reset");
    check_equal(port_close(last), -XEN_EINVAL, "closing what was reset");
    port_unmask(last); /* Xen: 0 */
    check_equal(poll(last), -XEN_EINVAL, "polling it");
    check_equal(expand(mfn_of(array[0])), -XEN_EOPNOTSUPP, "an array after reset");

    /* The guest may use the pages in any way again. */
    memset(array[5], 0, PAGE_SIZE);
    check_equal(page_read_only(array[5]), 0, "read-only");
    check_equal(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(array[5]), 0), 0, "pinned");
    check_equal(mmuext(MMUEXT_UNPIN_TABLE, mfn_of(array[5]), 0), 0, "unpinned");
    check_equal(page_writable(array[5]), 0, "writable");
}

void test_main(void)
{
    evtchn_port_t port;

    vcpus = vcpu_op(VCPUOP_is_up, 1, NULL) == -XEN_ENOENT ? 1 : 2;
    for (unsigned i = 0; i < ARRAY_PAGES; i++) {
        array[i] = page_take();
    }
    for (unsigned i = 0; i < 2; i++) {
        control_page[i] = page_take();
    }
    vcpu_info()->evtchn_upcall_mask = 1;
    trap_take(VECTOR_EVENT, callback);
    check_equal(set_callback(CALLBACKTYPE_event, 0, address(event_entry)), 0, "the callback");
    check_before();
    begin();
    check_pages();
    check_order();
    check_masks();
    check_timer();
    check_moves();
    check_nonsense();
    check_reset();
    check_before();
    begin(); /* and to the queues again */
    check_equal(expand(mfn_of(array[0])), 0, "an array");
    take(0); /* Xen sends once more the events that waited for their word */
    port = make_ipi();
    port_send(port);
    CHECK_HEARD(port);
}
