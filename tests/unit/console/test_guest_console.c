/* SPDX-License-Identifier: MIT */
/* Proves that hypervisor/console/guest_console frames each guest's output with its name, stays
 * inside the ring for any indices that a hostile guest writes, and keeps input until the guest can
 * take it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "hypervisor/log/uart.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/memory/map.h"

static struct {
    struct domain domain[2];
    struct xencons_interface ring[2];
    u32 domains;
    char sent[8192];
    u64 sent_bytes;
    const char *input;
    u64 input_bytes;
    u32 raised;
} world;

void uart_write(enum uart uart, const char *bytes, u64 count)
{
    assert_int_equal(uart, UART_GUESTS);
    memcpy(world.sent + world.sent_bytes, bytes, count);
    world.sent_bytes += count;
}

void *map_private(void *thing)
{
    return thing;
}

int uart_read(enum uart uart)
{
    assert_int_equal(uart, UART_GUESTS);
    if (!world.input_bytes) {
        return -1;
    }
    world.input_bytes--;
    return (u8)*world.input++;
}

void event_raise(struct domain *domain, u32 port)
{
    assert_int_equal(port, domain->console.port);
    world.raised++;
}

u32 domain_count(void)
{
    return world.domains;
}

struct domain *domain_at(u32 index)
{
    return &world.domain[index];
}

static int start(void **unused)
{
    (void)unused;
    memset(&world, 0, sizeof world);
    world.domains = 1;
    for (u32 i = 0; i < 2; i++) {
        world.domain[i].console.slot = i;
        world.domain[i].console.ring = &world.ring[i];
        world.domain[i].console.port = i + 1;
    }
    return 0;
}

static void guest_says(u32 index, const char *text)
{
    struct xencons_interface *ring = &world.ring[index];

    for (; *text; text++) {
        ring->out[MASK_XENCONS_IDX(ring->out_prod++, ring->out)] = *text;
    }
    guest_console_drain(&world.domain[index]);
}

static void expect_sent(const char *bytes, u64 count)
{
    assert_int_equal(world.sent_bytes, count);
    assert_memory_equal(world.sent, bytes, count);
    world.sent_bytes = 0;
}

#define EXPECT_SENT(text) expect_sent(text, sizeof(text) - 1)

/* This test is the first, since the port keeps the last speaker from one test to the next. */
static void the_source_is_named_when_it_changes(void **unused)
{
    (void)unused;
    guest_says(0, "a");
    EXPECT_SENT("\x10"
                "Aa");
    guest_says(0, "b");
    EXPECT_SENT("b");
    guest_says(1, "c\x10");
    EXPECT_SENT("\x10"
                "Bc\x10\x10");
    guest_says(0, "d");
    EXPECT_SENT("\x10"
                "Ad");
    assert_int_equal(world.raised, 4);
}

static void the_ring_wraps(void **unused)
{
    char text[2001];

    (void)unused;
    guest_says(0, "x");
    memset(text, 'y', sizeof text);
    text[2000] = 0;
    world.ring[0].out_prod = world.ring[0].out_cons = ~0u - 700;
    world.sent_bytes = 0;
    guest_says(0, text);
    expect_sent(text, 2000);
    assert_int_equal(world.ring[0].out_cons, world.ring[0].out_prod);
}

static void nonsense_in_the_ring_is_dropped(void **unused)
{
    (void)unused;
    guest_says(0, "x");
    world.sent_bytes = 0;
    world.ring[0].out_prod = world.ring[0].out_cons + 2049;
    guest_says(0, "");
    EXPECT_SENT("");
    guest_says(0, "fine");
    EXPECT_SENT("fine");
    world.ring[0].in_prod = 5;
    world.ring[0].in_cons = 6;
    world.input = "z";
    world.input_bytes = 1;
    guest_console_receive();
    guest_console_input();
    assert_int_equal(world.ring[0].in_prod, 5);
    world.ring[0].in_cons = 5;
    guest_console_input();
    assert_int_equal(world.ring[0].in_prod, 6);
    assert_int_equal(world.ring[0].in[5], 'z');
}

static void input_waits_while_the_ring_is_full(void **unused)
{
    static char text[5000];
    struct xencons_interface *ring = &world.ring[0];
    u64 got = 0;

    (void)unused;
    for (u32 i = 0; i < sizeof text; i++) {
        text[i] = (char)(i % 251);
    }
    world.input = text;
    world.input_bytes = sizeof text;
    guest_console_receive();
    assert_int_equal(world.input_bytes, sizeof text - 1024);
    for (u32 turn = 0; turn < 100; turn++) {
        guest_console_input();
        while (ring->in_cons != ring->in_prod) {
            char c = ring->in[MASK_XENCONS_IDX(ring->in_cons++, ring->in)];
            assert_int_equal(c, text[got]);
            got++;
        }
    }
    assert_int_equal(got, sizeof text);
}

static void input_for_several_is_dropped(void **unused)
{
    (void)unused;
    world.domains = 2;
    world.input = "abc";
    world.input_bytes = 3;
    guest_console_receive();
    guest_console_input();
    assert_int_equal(world.input_bytes, 0);
    world.domains = 1;
    guest_console_input();
    assert_int_equal(world.ring[0].in_prod, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_source_is_named_when_it_changes, start),
        cmocka_unit_test_setup(the_ring_wraps, start),
        cmocka_unit_test_setup(nonsense_in_the_ring_is_dropped, start),
        cmocka_unit_test_setup(input_waits_while_the_ring_is_full, start),
        cmocka_unit_test_setup(input_for_several_is_dropped, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
