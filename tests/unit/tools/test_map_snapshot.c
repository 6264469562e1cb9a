/* SPDX-License-Identifier: MIT */
/* Proves that a snapshot comes out of its file as it went in, with frames and entries joined to
 * runs; that a file which is cut, changed or made up is refused with one sentence of any
 * contents; and that tables and counts can be left out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "tools/map_snapshot.h"

static const struct map_state free_state = {.kind = MAP_FREE};
static const struct map_state page_state = {
    .kind = MAP_OWNED, .owner = 3, .type = 6, .flags = 3, .references = 2, .type_references = 1};
static const struct map_state table_state = {
    .kind = MAP_OWNED, .owner = 3, .type = 4, .flags = 11, .references = 4, .type_references = 2};

/* Frames 0 to 9 free, 10 an L4 table, 11 to 30 pages. */
static struct snapshot sample(void)
{
    struct snapshot snapshot = snapshot_new("before", 1700000000);
    struct map_domain *domain = snapshot_add_domain(&snapshot, 3, "web");
    uint64_t entry[MAP_ENTRIES] = {0};

    domain->vcpus = 1;
    domain->vcpu[0] = (struct map_vcpu){.id = 0, .kernel_root = 10, .user_root = MAP_NO_FRAME};
    snapshot_add_frames(&snapshot, &free_state, 4);
    snapshot_add_frames(&snapshot, &free_state, 6);
    snapshot_add_frames(&snapshot, &table_state, 1);
    snapshot_add_frames(&snapshot, &page_state, 20);
    entry[0] = 11ull << 12 | 0x67;
    entry[1] = 12ull << 12 | 0x67;
    entry[2] = 13ull << 12 | 0x66; /* not present */
    entry[3] = 14ull << 12 | 0x65 | 1ull << 63;
    entry[511] = 5ull << 12 | 0x67;
    snapshot_add_table(&snapshot, 10, 4, 3, entry);
    return snapshot;
}

static void a_file_has_all_of_it(void **state)
{
    struct snapshot one = sample(), two;
    struct failure failure;
    struct buffer bytes = {0};
    (void)state;

    snapshot_write(&one, 6, &bytes);
    assert_true(snapshot_read(&two, "x", bytes.bytes, bytes.size, &failure));
    assert_string_equal(two.label, "before");
    assert_int_equal(two.time, 1700000000);
    assert_int_equal(two.frames, 31);
    assert_int_equal(two.runs, 3);
    assert_int_equal(two.run[0].length, 10);
    assert_int_equal(two.domains, 1);
    assert_string_equal(two.domain[0].name, "web");
    assert_int_equal(two.domain[0].vcpu[0].kernel_root, 10);
    assert_true(two.domain[0].vcpu[0].user_root == MAP_NO_FRAME);
    assert_int_equal(snapshot_state_of(&two, 9)->kind, MAP_FREE);
    assert_int_equal(snapshot_state_of(&two, 10)->references, 4);
    assert_int_equal(snapshot_state_of(&two, 10)->type_references, 2);
    assert_int_equal(snapshot_state_of(&two, 10)->owner, 3);
    assert_int_equal(snapshot_state_of(&two, 10)->flags, 11);
    assert_int_equal(snapshot_state_of(&two, 30)->type, 6);
    assert_int_equal(two.tables, 1);
    assert_int_equal(two.table[0].runs, 3);
    assert_int_equal(two.entry[0].length, 2);
    assert_int_equal(two.entry[1].index, 3);
    assert_int_equal(two.entry[1].flags, 0x65 | 0x800 << 12);
    assert_int_equal(two.entry[2].target, 5);
    snapshot_free(&one);
    snapshot_free(&two);
    buffer_free(&bytes);
}

static void refused(const uint8_t *bytes, size_t size, const char *why)
{
    struct snapshot snapshot;
    struct failure failure = {0};

    assert_false(snapshot_read(&snapshot, "file", bytes, size, &failure));
    assert_true(strstr(failure.sentence, "file: ") == failure.sentence);
    assert_true(strstr(failure.sentence, why) != NULL);
    assert_true(!snapshot.run && !snapshot.table && !snapshot.domain);
}

static void what_is_no_snapshot_is_refused(void **state)
{
    struct snapshot one = sample();
    struct buffer bytes = {0};
    (void)state;

    snapshot_write(&one, 6, &bytes);
    refused((const uint8_t *)"", 0, "no snapshot");
    refused((const uint8_t *)"\x7f"
                             "ELF and more",
            13, "no snapshot");
    refused((const uint8_t *)"PINMAP9\nand more", 16, "another version");
    for (size_t size = 8; size < bytes.size; size++) {
        refused(bytes.bytes, size, "damaged");
    }
    for (size_t at = 8; at < bytes.size; at++) { /* the stream has a checksum */
        if (at == bytes.size - 5) {
            continue; /* the end of the compressed bytes, where a bit may have no meaning */
        }
        bytes.bytes[at] ^= 0x10;
        refused(bytes.bytes, bytes.size, "damaged");
        bytes.bytes[at] ^= 0x10;
    }
    buffer_append(&bytes, "", 1);
    refused(bytes.bytes, bytes.size, "damaged");
    buffer_free(&bytes);
    snapshot_free(&one);
}

/* Packs bytes as the contents of a file. Returns whether that is read. */
static bool is_read(const uint8_t *plain, size_t size)
{
    uint8_t packed[4096] = "PINMAP2\n";
    uLongf room = sizeof(packed) - 8;
    struct snapshot snapshot;
    struct failure failure;

    assert_int_equal(compress(packed + 8, &room, plain, size), Z_OK);
    const bool well = snapshot_read(&snapshot, "file", packed, room + 8, &failure);
    snapshot_free(&snapshot);
    return well;
}

/* Each byte of the contents in turn gets each value, so that every number is once too large, and
 * each count once more than there is. Nothing but a refusal or a snapshot may come of it. */
static void numbers_that_do_not_fit(void **state)
{
    struct snapshot one = sample();
    struct buffer bytes = {0};
    uint8_t plain[1024];
    uLongf size = sizeof(plain);
    unsigned well = 0;
    (void)state;

    snapshot_write(&one, 6, &bytes);
    assert_int_equal(uncompress(plain, &size, bytes.bytes + 8, bytes.size - 8), Z_OK);
    assert_true(is_read(plain, size));
    assert_false(is_read(plain, size - 1));
    for (size_t at = 0; at < size; at++) {
        const uint8_t was = plain[at];

        for (unsigned value = 0; value < 256; value++) {
            plain[at] = (uint8_t)value;
            well += is_read(plain, size);
        }
        plain[at] = was;
    }
    assert_in_range(well, size, 256 * size / 2);
    buffer_free(&bytes);
    snapshot_free(&one);
}

static void counts_that_promise_too_much(void **state)
{
    static const uint8_t many_domains[] = {0, 0, 5, 0, 0, 0xff, 0xff, 0xff, 0x7f};
    static const uint8_t many_states[] = {0, 0, 5, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x7f};
    static const uint8_t endless[] = {0,    0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                      0xff, 0xff, 0xff, 0xff, 0xff, 0x01};
    static const uint8_t long_text[] = {127, 'a', 'b'};
    static const uint8_t no_frames[] = {0, 0, 0, 0, 0, 0, 0, 0, 0};
    (void)state;

    assert_false(is_read(many_domains, sizeof(many_domains)));
    assert_false(is_read(many_states, sizeof(many_states)));
    assert_false(is_read(endless, sizeof(endless)));
    assert_false(is_read(long_text, sizeof(long_text)));
    assert_true(is_read(no_frames, sizeof(no_frames)));
}

static void parts_are_left_out(void **state)
{
    struct snapshot one = sample();
    (void)state;

    snapshot_keep_tables(&one, 3);
    assert_int_equal(one.tables, 1);
    assert_false(one.tables_left_out);
    snapshot_keep_tables(&one, 4);
    assert_int_equal(one.tables, 0);
    assert_true(one.tables_left_out);
    snapshot_drop_counts(&one);
    assert_int_equal(one.frames, 31);
    assert_int_equal(snapshot_state_of(&one, 12)->references, 0);
    assert_true(snapshot_state_of(&one, 12)->flags & MAP_NOT_COUNTED);
    assert_int_equal(snapshot_state_of(&one, 10)->type, 4);
    snapshot_free(&one);
}

/* Blocks of four frames get the state of the most of theirs; the last one is not whole. */
static void a_coarser_map(void **state)
{
    static const char before[] = "fffppfffffffppppfpppfpp", after[] = "ffffffffffffppppppppppp";
    const struct map_state what[2] = {{.kind = MAP_FREE},
                                      {.kind = MAP_OWNED, .owner = 3, .type = MAP_TYPE_WRITABLE}};
    struct snapshot one = snapshot_new("x", 0), again;
    struct buffer bytes = {0};
    struct failure failure;
    (void)state;

    for (size_t i = 0; before[i]; i++) {
        snapshot_add_frames(&one, &what[before[i] == 'p'], 1);
    }
    snapshot_coarsen(&one, 2);
    assert_int_equal(one.frames, sizeof(after) - 1);
    assert_int_equal(one.runs, 2);
    snapshot_write(&one, 6, &bytes);
    assert_true(snapshot_read(&again, "x", bytes.bytes, bytes.size, &failure));
    assert_int_equal(again.coarse, 2);
    for (size_t i = 0; after[i]; i++) {
        assert_int_equal(snapshot_state_of(&again, i)->kind, what[after[i] == 'p'].kind);
    }
    snapshot_free(&again);
    snapshot_free(&one);
    buffer_free(&bytes);
}

/* More states than the first table of hashes has places for. */
static void many_states(void **state)
{
    struct snapshot one = snapshot_new("many", 0), two;
    struct failure failure;
    struct buffer bytes = {0};
    (void)state;

    for (uint32_t i = 0; i < 20000; i++) {
        const struct map_state odd = {.kind = MAP_OWNED, .references = i % 7000};

        snapshot_add_frames(&one, &odd, 1);
    }
    assert_int_equal(one.states, 7000);
    snapshot_write(&one, 1, &bytes);
    assert_true(snapshot_read(&two, "x", bytes.bytes, bytes.size, &failure));
    assert_int_equal(two.runs, 20000);
    assert_int_equal(snapshot_state_of(&two, 15000)->references, 1000);
    snapshot_free(&one);
    snapshot_free(&two);
    buffer_free(&bytes);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_has_all_of_it),
        cmocka_unit_test(what_is_no_snapshot_is_refused),
        cmocka_unit_test(numbers_that_do_not_fit),
        cmocka_unit_test(counts_that_promise_too_much),
        cmocka_unit_test(parts_are_left_out),
        cmocka_unit_test(a_coarser_map),
        cmocka_unit_test(many_states),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
