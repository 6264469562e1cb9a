/* SPDX-License-Identifier: MIT */
/* A dom0 for tests/system/test_dom0_console.sh: it waits for VIRQ_CONSOLE, reads its console with
 * console_io, and repeats each line in capital letters; the line `end` ends it. While it waits for
 * the rest of a line it has written a prompt without a newline. */
#include "tests/guests/common/event.h"
#include "tests/guests/common/guest.h"

static void say(const char *text, u64 length)
{
    check_equal(hypercall(__HYPERVISOR_console_io, CONSOLEIO_write, length, address(text)), 0,
                "console_io write");
}

/* Waits until the port is pending, and clears it. */
static void wait_for(evtchn_port_t port)
{
    struct sched_poll poll = {.nr_ports = 1};
    u64 *word = &shared_info->evtchn_pending[port / 64];

    set_xen_guest_handle(poll.ports, &port);
    while (!(__atomic_fetch_and(word, ~(1ul << port % 64), __ATOMIC_SEQ_CST) >> port % 64 & 1)) {
        check_equal(sched_op(SCHEDOP_poll, &poll), 0, "poll");
    }
}

void test_main(void)
{
    struct evtchn_bind_virq bind = {.virq = VIRQ_CONSOLE};
    char line[4096], input[16];
    u64 length = 0;
    bool ended = false;

    check_equal(event_channel_op(EVTCHNOP_bind_virq, &bind), 0, "bind VIRQ_CONSOLE");
    check_equal(hypercall(__HYPERVISOR_console_io, CONSOLEIO_read, sizeof input, 8), 0,
                "no input, to a bad address");
    say("ready> ", 7);
    while (!ended) {
        const long got =
            hypercall(__HYPERVISOR_console_io, CONSOLEIO_read, sizeof input, address(input));

        if (!got) {
            wait_for(bind.port);
            const long bad = hypercall(__HYPERVISOR_console_io, CONSOLEIO_read, sizeof input, 8);

            check(bad == -XEN_EFAULT || bad == 0, "input to a bad address: %ld", bad);
        }
        for (long i = 0; i < got && !ended; i++) {
            const char c = input[i];

            line[length++] = c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
            if (c == '\n' || length == sizeof line) {
                ended = length == 4 && !memcmp(line, "END\n", 4);
                say(line, length);
                length = 0;
            }
        }
    }
}
