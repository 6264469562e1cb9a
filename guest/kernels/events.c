/* SPDX-License-Identifier: MIT */
/* Tests events and the clock.
 *
 * The clock goes forward; an alarm wakes a kernel that waits; an event channel from the kernel to
 * itself calls the handler for each event sent; and an alarm interrupts a program that loops for
 * ever in user mode. The native backend has no events and returns -XEN_ENOSYS. */
#include "guest/guest.h"
#include "guest/kernels/claim.h"

#define USER_CODE   0x400000ull
#define VIRQ_TIMER  0u
#define DOMID_SELF  0x7ff0u
#define MILLISECOND 1000000ul
#define ALARMS      20u /* so many that another timer of the vCPU's would be noticed */

static unsigned alarms, messages;

static void on_alarm(unsigned port)
{
    (void)port;
    alarms++;
}

static void on_message(unsigned port)
{
    (void)port;
    messages++;
}

static void check_alarm(void)
{
    u64 start = clock_now();

    alarms = 0;
    claim(!clock_alarm(start + 5 * MILLISECOND), "the alarm");
    while (!alarms) {
        event_wait();
    }
    claim(alarms == 1, "%u alarms", alarms);
    claim(clock_now() >= start + 5 * MILLISECOND, "the alarm is %lu ns early",
          start + 5 * MILLISECOND - clock_now());
}

static void check_channel(void)
{
    long port = event_allocate(DOMID_SELF, on_message), other;

    claim(port > 0, "a channel: %ld", port);
    other = event_bind_interdomain(DOMID_SELF, (unsigned)port, NULL);
    claim(other > 0, "its other end: %ld", other);
    event_poll();
    messages = 0;
    claim(!event_send((unsigned)other), "sending");
    event_poll();
    claim(messages == 1, "%u messages", messages);
    event_mask((unsigned)port);
    claim(!event_send((unsigned)other), "sending");
    event_poll();
    claim(messages == 1, "a masked channel carries messages");
    claim(!event_unmask((unsigned)port), "unmasking");
    event_poll();
    claim(messages == 2, "%u messages after unmasking", messages);
    claim(!event_close((unsigned)other) && !event_close((unsigned)port), "closing");
}

static void check_loop(void)
{
    struct trap_frame frame;
    struct page *page = page_take_zeroed();
    struct space space;
    u8 *code = page_address(page);

    code[0] = 0xeb; /* the program is one instruction, a jump to itself */
    code[1] = 0xfe;
    claim(!space_create(&space), "a space");
    claim(!space_map(&space, USER_CODE, page, PTE_PRESENT | PTE_USER | PTE_ACCESSED), "mapping");
    claim(!space_activate(&space), "activating");
    memset(&frame, 0, sizeof frame);
    frame.rip = USER_CODE;
    frame.rflags = RFLAGS_IF;
    alarms = 0;
    claim(!clock_alarm(clock_now() + 2 * MILLISECOND), "the alarm");
    while (!alarms) {
        user_run(&frame);
        claim(frame.vector == VECTOR_EVENT && frame.rip == USER_CODE, "vector %lu at %lx",
              frame.vector, frame.rip);
        event_poll();
    }
    claim(!space_destroy(&space), "tearing down");
}

bool kernel_main(void)
{
    long timer = event_bind_virq(VIRQ_TIMER, on_alarm);
    u64 before = pages_free(), now = clock_now();

    if (timer == -XEN_ENOSYS) {
        print("No events on %s\n", backend_name);
        return true;
    }
    claim(timer > 0, "the timer: %ld", timer);
    claim(clock_now() >= now, "the clock goes back");
    for (unsigned i = 0; i < ALARMS; i++) {
        check_alarm();
    }
    check_channel();
    check_loop();
    claim(pages_free() == before, "frames are lost");
    return !failures;
}
