/* SPDX-License-Identifier: MIT */
/* Proves that hypervisor/console/machine_console gives COM1's input to the privileged domain once,
 * in order and completely, and reports input by VIRQ_CONSOLE. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "hypervisor/console/machine_console.h"
#include "hypervisor/event/channel.h"
#include "hypervisor/log/uart.h"
#include "hypervisor/memory/map.h"

static struct {
    u32 next, end; /* the bytes that wait in COM1 are the low bytes of these numbers */
    u32 raised;
    bool enabled;
} world;

void uart_enable_input_interrupt(enum uart uart)
{
    assert_int_equal(uart, UART_LOG);
    world.enabled = true;
}

void *map_private(void *thing)
{
    return thing;
}

int uart_read(enum uart uart)
{
    assert_int_equal(uart, UART_LOG);
    return world.next == world.end ? -1 : (u8)world.next++;
}

void event_virq_machine(u32 virq)
{
    assert_int_equal(virq, VIRQ_CONSOLE);
    world.raised++;
}

/* Reads `count` bytes, which must be there and continue with `first`. */
static void take(u32 first, u32 count)
{
    char bytes[4096];
    u32 at;

    assert_int_equal(machine_console_peek(bytes, count, &at), count);
    for (u32 i = 0; i < count; i++) {
        assert_int_equal((u8)bytes[i], (u8)(first + i));
    }
    assert_true(machine_console_take(at, count));
}

static void input_arrives_once_and_in_order(void **unused)
{
    char byte;
    u32 at;

    (void)unused;
    memset(&world, 0, sizeof world);
    machine_console_start();
    assert_true(world.enabled);
    machine_console_receive();
    assert_int_equal(world.raised, 0);
    assert_int_equal(machine_console_peek(&byte, 1, &at), 0);
    world.end = 10;
    machine_console_receive();
    assert_int_equal(world.raised, 1);
    take(0, 3);
    world.end = 20;
    machine_console_receive();
    assert_int_equal(world.raised, 2);
    take(3, 17);
    assert_int_equal(machine_console_peek(&byte, 1, &at), 0);
}

static void what_does_not_fit_waits_in_com1(void **unused)
{
    (void)unused;
    memset(&world, 0, sizeof world);
    world.end = 3000;
    machine_console_receive();
    assert_true(world.next < 3000);
    for (u32 i = 0; i < 3000; i += 100) {
        take(i, 100);
    }
    assert_int_equal(world.next, 3000);
}

static void what_another_cpu_took_is_not_taken_again(void **unused)
{
    char bytes[8];
    u32 mine, others;

    (void)unused;
    memset(&world, 0, sizeof world);
    world.end = 8;
    machine_console_receive();
    assert_int_equal(machine_console_peek(bytes, 4, &mine), 4);
    assert_int_equal(machine_console_peek(bytes, 8, &others), 8);
    assert_true(machine_console_take(others, 6));
    assert_false(machine_console_take(mine, 4));
    take(6, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(input_arrives_once_and_in_order),
        cmocka_unit_test(what_does_not_fit_waits_in_com1),
        cmocka_unit_test(what_another_cpu_took_is_not_taken_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
