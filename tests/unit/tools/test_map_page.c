/* SPDX-License-Identifier: MIT */
/* Proves that the page has the recorded snapshots, readable again, and nothing that it would have
 * to fetch; that no label or name gets a meaning in HTML; that a snapshot too large for it loses
 * its tables, then its counts, and then single frames, so that the page of a machine with 64 GiB
 * has a known size for any frames; and what the text form says of one snapshot and of
 * two. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "tools/map_page.h"
#include "tools/map_text.h"

static struct snapshot sample(const char *label, uint32_t pages)
{
    static const struct map_state free_state = {.kind = MAP_FREE};
    static const struct map_state l1 = {.kind = MAP_OWNED,
                                        .owner = 3,
                                        .type = 1,
                                        .flags = 11,
                                        .references = 3,
                                        .type_references = 2};
    struct snapshot snapshot = snapshot_new(label, 1700000000);
    uint64_t entry[MAP_ENTRIES];

    snapshot_add_domain(&snapshot, 3, "<web>");
    snapshot_add_frames(&snapshot, &l1, 1);
    for (uint32_t i = 0; i < pages; i++) {
        const struct map_state page = {.kind = MAP_OWNED,
                                       .owner = 3,
                                       .type = 6,
                                       .flags = 3,
                                       .references = 2 + i * 2654435761u % 97,
                                       .type_references = 1};
        snapshot_add_frames(&snapshot, &page, 1);
    }
    snapshot_add_frames(&snapshot, &free_state, 1000 - pages);
    for (uint64_t i = 0; i < MAP_ENTRIES; i++) {
        entry[i] = (i * 2654435761u % 900) << 12 | 0x67;
    }
    snapshot_add_table(&snapshot, 0, 1, 3, entry);
    return snapshot;
}

/* Decodes the base64 between the tags of the first snapshot at or behind *at. */
static void recorded_in(const char **at, struct buffer *to)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t bits = 0;
    unsigned count = 0;

    *at = strstr(*at, "class=\"snapshot\">");
    assert_non_null(*at);
    for (*at = strchr(*at, '>') + 1; **at != '<'; (*at)++) {
        const char *digit = strchr(digits, **at);

        if (**at == '\n' || **at == '=') {
            continue;
        }
        assert_non_null(digit);
        bits = bits << 6 | (uint32_t)(digit - digits);
        if ((count += 6) >= 8) {
            count -= 8;
            const uint8_t byte = (uint8_t)(bits >> count);
            buffer_append(to, &byte, 1);
        }
    }
}

static void the_page_has_both(void **state)
{
    struct snapshot pair[2] = {sample("</script><b>", 5), sample("after & \"now\"", 7)}, again;
    struct buffer page = {0}, bytes = {0};
    struct failure failure;
    (void)state;

    map_page(pair, 2, MAP_PAGE_SNAPSHOT_MAX, &page);
    buffer_append(&page, "", 1);
    const char *text = (const char *)page.bytes, *at = text;
    assert_int_equal(strncmp(text, "<!DOCTYPE html>", 15), 0);
    assert_null(strstr(text, "</script><b>"));
    assert_non_null(strstr(text, "&lt;/script>&lt;b>, after &amp; &quot;now&quot;"));
    assert_non_null(strstr(text, "d3 &lt;web>"));
    assert_null(strstr(text, "http://"));
    assert_null(strstr(text, "https://"));
    assert_null(strstr(text, " src="));
    assert_null(strstr(text, "@STYLE@"));
    for (unsigned i = 0; i < 2; i++) {
        bytes.size = 0;
        recorded_in(&at, &bytes);
        assert_true(snapshot_read(&again, "x", bytes.bytes, bytes.size, &failure));
        assert_string_equal(again.label, i ? "after & \"now\"" : "</script><b>");
        assert_int_equal(again.tables, 1);
        snapshot_free(&again);
    }
    for (unsigned i = 0; i < 2; i++) {
        snapshot_free(&pair[i]);
    }
    buffer_free(&page);
    buffer_free(&bytes);
}

static void too_much_is_left_out(void **state)
{
    struct snapshot whole = sample("x", 900), again;
    struct buffer page = {0}, bytes = {0}, all = {0};
    struct failure failure;
    (void)state;

    snapshot_write(&whole, 9, &all);
    map_page(&whole, 1, all.size - 1, &page);
    assert_true(whole.tables_left_out);
    assert_int_equal(snapshot_state_of(&whole, 1)->flags & MAP_NOT_COUNTED, 0);
    map_page(&whole, 1, 150, &page);
    buffer_append(&page, "", 1);
    const char *at = (const char *)page.bytes;
    recorded_in(&at, &bytes);
    bytes.size = 0;
    recorded_in(&at, &bytes);
    assert_true(snapshot_read(&again, "x", bytes.bytes, bytes.size, &failure));
    assert_true(snapshot_state_of(&again, 1)->flags & MAP_NOT_COUNTED);
    assert_int_equal(again.frames, 1001);
    snapshot_free(&whole);
    snapshot_free(&again);
    buffer_free(&page);
    buffer_free(&bytes);
    buffer_free(&all);
}

#define FRAMES_64_GIB (1ull << 24)

/* Frames of the given number of domains, in stretches of 1 to `stretch` frames with counts from a
 * generator of random numbers. */
static struct snapshot large(uint64_t frames, unsigned domains, unsigned stretch)
{
    struct snapshot snapshot = snapshot_new("large", 1700000000);
    uint64_t random = 1;

    while (snapshot.frames < frames) {
        random = random * 6364136223846793005ull + 1442695040888963407ull;
        const uint32_t bits = (uint32_t)(random >> 32), length = 1 + bits % stretch;
        const uint64_t left = frames - snapshot.frames;
        const struct map_state page = {.kind = MAP_OWNED,
                                       .owner = (uint16_t)(1 + (bits >> 8) % domains),
                                       .type = bits >> 16 & 1 ? MAP_TYPE_WRITABLE : 1,
                                       .flags = MAP_ALLOCATED | MAP_VALIDATED,
                                       .references = 2 + (bits >> 24) % 64,
                                       .type_references = 1};
        snapshot_add_frames(&snapshot, &page, length < left ? length : left);
    }
    return snapshot;
}

/* As machines are used, nothing is left out. In the worst case a sixteenth of the machine gets a
 * sixteenth of the room. */
static void a_page_of_64_gib(void **state)
{
    const size_t most = MAP_PAGE_SNAPSHOT_MAX / 16;
    struct snapshot usual = large(FRAMES_64_GIB, 8, 4096);
    struct snapshot worst = large(FRAMES_64_GIB / 16, 200, 1);
    struct buffer page = {0};
    (void)state;

    assert_int_equal(usual.frames, FRAMES_64_GIB);
    assert_true(usual.runs < 10000);
    map_page(&usual, 1, MAP_PAGE_SNAPSHOT_MAX, &page);
    assert_true(page.size < 1 << 18);
    assert_int_equal(usual.coarse, 0);
    assert_int_equal(snapshot_state_of(&usual, 0)->flags & MAP_NOT_COUNTED, 0);

    page.size = 0;
    map_page(&worst, 1, most, &page);
    assert_true(page.size < 2 * most + (1 << 17));
    assert_true(worst.coarse > 0);
    assert_int_equal(worst.frames, FRAMES_64_GIB / 16);
    assert_true(worst.runs <= (worst.frames >> worst.coarse) + 1);
    snapshot_free(&usual);
    snapshot_free(&worst);
    buffer_free(&page);
}

static void text_of_one_and_of_two(void **state)
{
    struct snapshot one = sample("x", 2), two = sample("y", 5);
    struct buffer text = {0};
    (void)state;

    map_text(&one, NULL, &text);
    buffer_append(&text, "", 1);
    assert_string_equal(
        (char *)text.bytes,
        "owner                    type                    frames        MiB   references    type "
        "refs\n"
        "d3 <web>                 L1 table, pinned             1        0.0            3           "
        " "
        "2\n"
        "d3 <web>                 writable                     2        0.0           16           "
        " "
        "2\n"
        "free                     -                          998        3.9            0           "
        " "
        "0\n"
        "together                                           1001        3.9\n");
    text.size = 0;
    map_text(&two, &one, &text);
    buffer_append(&text, "", 1);
    assert_non_null(strstr(
        (char *)text.bytes,
        "d3 <web>                 writable                     2           5          +3\n"));
    assert_non_null(strstr(
        (char *)text.bytes,
        "free                     -                          998         995          -3\n"));
    snapshot_free(&one);
    snapshot_free(&two);
    buffer_free(&text);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_page_has_both),
        cmocka_unit_test(too_much_is_left_out),
        cmocka_unit_test(a_page_of_64_gib),
        cmocka_unit_test(text_of_one_and_of_two),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
