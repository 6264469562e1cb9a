/* SPDX-License-Identifier: MIT */
/* Proves that hypervisor/log keeps the last 64 KiB of the log for readers, who may ask for any
 * position, that a line of the log never begins in the middle of a line of dom0's console, and that
 * a screen which starts, or comes back for the last words, shows the log's last lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "hypervisor/log/crash_log.h"
#include "hypervisor/log/log.h"
#include "hypervisor/log/output.h"
#include "hypervisor/log/ring.h"

#define MS 1000000ull

static struct {
    u64 now;
    char sent[65536];
    u64 sent_bytes;
    char drawn[65536]; /* written to the screen alone */
    u64 drawn_bytes;
    u32 rows;
    bool left; /* the screen */
} world;

u64 log_time(void)
{
    return world.now;
}

void output_write(const char *bytes, u64 count)
{
    assert_true(world.sent_bytes + count < sizeof world.sent);
    memcpy(world.sent + world.sent_bytes, bytes, count);
    world.sent_bytes += count;
    world.sent[world.sent_bytes] = 0;
}

void output_write_screen(const char *bytes, u64 count)
{
    assert_true(world.drawn_bytes + count < sizeof world.drawn);
    memcpy(world.drawn + world.drawn_bytes, bytes, count);
    world.drawn_bytes += count;
    world.drawn[world.drawn_bytes] = 0;
}

u32 output_screen_rows(void)
{
    return world.rows;
}

void output_start_screen(const struct screen_mode *given)
{
    assert_int_equal(given->kind, SCREEN_TEXT);
}

void output_leave_screen(void)
{
    world.left = true;
}

/* What has been left for the next boot. */
static char kept[100000];

void crash_log_store(const char *text, u32 count)
{
    memcpy(kept, text, count);
    kept[count] = 0;
}

bool output_return_screen(void)
{
    bool left = world.left;

    world.left = false;
    return left;
}

/* Asserts what has been written to the consoles since the last call. */
static void assert_sent(const char *text)
{
    assert_string_equal(world.sent, text);
    world.sent_bytes = 0;
    world.sent[0] = 0;
}

static void console(const char *text)
{
    log_console_write(text, strlen(text));
}

/* Reads the log from *at on, in pieces of `piece` bytes. Returns how many bytes. */
static u32 read_all(u32 *at, char *to, u32 piece)
{
    u32 count = 0, got;

    while ((got = log_read(at, to + count, piece))) {
        count += got;
        *at += got;
    }
    return count;
}

static int start(void **unused)
{
    static char text[RING_BYTES];
    u32 at = log_oldest();

    (void)unused;
    console("\n");
    log_flush();
    world.now = 0;
    read_all(&at, text, 1000);
    log_clear(at);
    world.sent_bytes = 0;
    world.sent[0] = 0;
    return 0;
}

static void a_line_waits_for_the_end_of_dom0s(void **unused)
{
    (void)unused;
    console("first half, ");
    log_line("ours");
    assert_true(log_holds());
    log_send_held();
    assert_sent("first half, ");
    console("second half\nnext");
    assert_false(log_holds());
    assert_sent("second half\n[   0.000000] ours\nnext");
    console(" line\n");
    log_line("then");
    assert_sent(" line\n[   0.000000] then\n");
}

static void it_waits_for_a_limited_time(void **unused)
{
    (void)unused;
    console("login: ");
    log_line("ours");
    world.now += 49 * MS;
    log_send_held();
    assert_sent("login: ");
    world.now += 1 * MS;
    log_send_held();
    assert_sent("\n[   0.000000] ours\n");
    assert_false(log_holds());
}

static void not_for_a_prompt_that_stands_there(void **unused)
{
    (void)unused;
    console("login: ");
    world.now = 60000 * MS;
    log_line("ours");
    assert_sent("login: \n[  60.000000] ours\n");
}

static void nothing_is_left_at_the_end(void **unused)
{
    (void)unused;
    console("dom0 stops here");
    log_line("all guests have ended");
    log_flush();
    assert_sent("dom0 stops here\n[   0.000000] all guests have ended\n");
    log_flush();
    assert_sent("");
}

static void much_does_not_wait(void **unused)
{
    (void)unused;
    console("x");
    for (u32 i = 0; i < RING_BYTES / 100; i++) {
        log_line("%084u", i); /* with the time and the newline 100 bytes */
    }
    assert_true(world.sent_bytes > RING_BYTES / 2);
    assert_false(log_holds() && world.sent_bytes == 1);
}

static void a_reader_gets_the_log_without_dom0s_output(void **unused)
{
    char text[1000];
    u32 at = log_oldest();

    (void)unused;
    log_line("one");
    console("dom0 says this\n");
    log_line("two");
    u32 count = read_all(&at, text, 7);
    text[count] = 0;
    assert_string_equal(text, "[   0.000000] one\n[   0.000000] two\n");
    assert_int_equal(read_all(&at, text, 7), 0);
    log_line("three");
    count = read_all(&at, text, sizeof text);
    text[count] = 0;
    assert_string_equal(text, "[   0.000000] three\n");
    log_clear(at);
    at = log_oldest();
    assert_int_equal(read_all(&at, text, 7), 0);
}

static void the_screen_starts_with_the_last_lines(void **unused)
{
    static const struct screen_mode text = {.kind = SCREEN_TEXT};

    (void)unused;
    world.drawn_bytes = 0;
    world.rows = 25;
    log_line("one");
    console("dom0 has not begun\n");
    log_line("two");
    log_use_screen(&text);
    assert_string_equal(world.drawn, "[   0.000000] one\n[   0.000000] two\n");

    world.drawn_bytes = 0;
    for (u32 i = 0; i < 100; i++) {
        log_line("%065u", i); /* with the time and the newline 80 bytes */
    }
    log_use_screen(&text);
    assert_int_equal(world.drawn_bytes, 24 * 80); /* the first one is not whole */
    assert_non_null(strstr(world.drawn, "76\n"));
    assert_null(strstr(world.drawn, "75\n"));
}

static void last_words(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    log_last_words(format, arguments);
    va_end(arguments);
    log_flush();
}

static void last_words_come_back_to_the_screen(void **unused)
{
    (void)unused;
    world.drawn_bytes = 0;
    world.rows = 25;
    log_line("one");
    log_leave_screen();
    last_words("all is %s", "lost");
    assert_string_equal(world.drawn, "[   0.000000] one\n");
    assert_non_null(strstr(world.sent, "cannot go on\n[   0.000000] all is lost\n"));
}

static void the_end_of_the_log_is_kept_for_the_next_boot(void **unused)
{
    (void)unused;
    log_line("one");
    log_line("two");
    log_keep_for_next_boot();
    assert_string_equal(kept, "[   0.000000] one\n[   0.000000] two\n");
    log_last_line("three");
    assert_non_null(strstr(world.sent, "three\n"));
}

static void any_position_may_be_asked_for(void **unused)
{
    static char text[2 * RING_BYTES];
    u32 oldest = log_oldest(), end;

    (void)unused;
    log_line("one");
    end = oldest;
    u32 count = read_all(&end, text, 100);
    for (u32 bit = 0; bit < 32; bit++) {
        for (s32 near = -2; near <= 2; near++) {
            u32 asked = end + (1u << bit) + (u32)near, at = asked;
            u32 got = read_all(&at, text, 64);

            if (asked - oldest <= count) {
                assert_int_equal(got, end - asked);
            } else {
                assert_int_equal(got, count);
            }
            assert_int_equal(at, end);
        }
    }
}

static void the_oldest_bytes_are_overwritten(void **unused)
{
    static struct ring ring; /* begins just before its positions overflow */
    static char all[3 * RING_BYTES], got[RING_BYTES];

    (void)unused;
    ring.end = ring.start = 0u - RING_BYTES - 100;
    for (u32 i = 0; i < sizeof all; i++) {
        all[i] = (char)(i * 7 + i / 251);
    }
    for (u32 i = 0; i < sizeof all; i += 384) {
        u32 first = i + 384 > RING_BYTES ? i + 384 - RING_BYTES : 0;

        ring_put(&ring, all + i, 384);
        assert_int_equal(ring.end - ring.start, i + 384 - first);
        assert_int_equal(ring_get(&ring, ring.start, got, RING_BYTES), i + 384 - first);
        assert_memory_equal(got, all + first, i + 384 - first);
        assert_int_equal(ring_from(&ring, ring.start - 1), ring.start);
        assert_int_equal(ring_from(&ring, ring.end), ring.end);
        assert_int_equal(ring_from(&ring, ring.end + 1), ring.start);
    }
    ring_clear(&ring, ring.end - 5);
    assert_int_equal(ring.end - ring.start, 5);
    ring_clear(&ring, ring.end);
    assert_int_equal(ring_get(&ring, ring.start, got, 1), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_line_waits_for_the_end_of_dom0s, start),
        cmocka_unit_test_setup(it_waits_for_a_limited_time, start),
        cmocka_unit_test_setup(not_for_a_prompt_that_stands_there, start),
        cmocka_unit_test_setup(nothing_is_left_at_the_end, start),
        cmocka_unit_test_setup(much_does_not_wait, start),
        cmocka_unit_test_setup(a_reader_gets_the_log_without_dom0s_output, start),
        cmocka_unit_test_setup(the_screen_starts_with_the_last_lines, start),
        cmocka_unit_test_setup(last_words_come_back_to_the_screen, start),
        cmocka_unit_test_setup(the_end_of_the_log_is_kept_for_the_next_boot, start),
        cmocka_unit_test_setup(any_position_may_be_asked_for, start),
        cmocka_unit_test(the_oldest_bytes_are_overwritten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
