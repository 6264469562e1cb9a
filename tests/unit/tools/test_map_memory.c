/* SPDX-License-Identifier: MIT */
/* Proves that a snapshot of a machine's memory has what the anchor leads to: each kind of frame,
 * tables with their entries, domains with their roots; that the words of the frame table are read
 * as the hypervisor writes them; and that of any rubbish in that memory nothing worse comes than a
 * refusal. The machine is made up here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "lib/watch_anchor.h"
#include "tools/map_memory.h"
#include "vmmu/frame.h"

#define MIB    (1ull << 20)
#define SIZE   (8 * MIB)
#define ANCHOR 0x2c0fc0u
#define L4     0x300000u
#define L3     0x301000u
#define L2     0x302000u
#define DOMAIN 0x310000u
#define VCPU   0x311000u
#define PLACES 0x312000u
#define TABLE  0x400000u
#define FRAMES 512u
#define VIEW   0xffff830000000000ull /* of all the memory, in pages of 2 MiB */

static uint8_t bytes[SIZE];
static const struct machine_memory memory = {bytes, SIZE};
static struct snapshot snapshot;
static struct failure failure;

static void put(uint64_t at, uint64_t word)
{
    memcpy(bytes + at, &word, sizeof(word));
}

static void put_frame(uint64_t frame, uint64_t references, uint64_t use)
{
    put(TABLE + frame * 16, references);
    put(TABLE + frame * 16 + 8, use);
}

static const struct watch_anchor good = {
    .magic = WATCH_ANCHOR_MAGIC,
    .version = WATCH_ANCHOR_VERSION,
    .domains_max = 4,
    .root = L4,
    .direct = VIEW,
    .frame_table = VIEW + TABLE,
    .frames = FRAMES,
    .domain = VIEW + PLACES,
    .domain_id = 0,
    .domain_end = 4,
    .domain_name = 8,
    .vcpu_count = 200,
    .vcpu = 208,
    .vcpu_id = 0,
    .kernel_root = 8,
    .user_root = 16,
};

static void make_domain(void)
{
    bytes[DOMAIN] = 7;
    strcpy((char *)bytes + DOMAIN + 8, "web");
    bytes[DOMAIN + 200] = 2;
    put(DOMAIN + 208, VIEW + VCPU);
    put(DOMAIN + 216, 0x1234000); /* mapped nowhere */
    put(VCPU + 8, 100);
    put(VCPU + 16, ~0ull);
    put(PLACES + 8, VIEW + DOMAIN);
    put(PLACES + 16, 0xdead000);
}

static int make(void **state)
{
    (void)state;
    memset(bytes, 0, sizeof(bytes));
    memcpy(bytes + ANCHOR, &good, sizeof(good));
    put(L4 + 262 * 8, L3 | 3);
    put(L3, L2 | 3);
    for (uint64_t i = 0; i < SIZE / (2 * MIB); i++) {
        put(L2 + i * 8, i * 2 * MIB | 0x83);
    }
    put_frame(0, REF_DEVICE, 0);
    put_frame(16, 5, 0);         /* a free block of 16 frames */
    put_frame(64, 3 | 0x100, 0); /* a dirty one of 4 */
    put_frame(100, ref_owned_by(7) | REF_ALLOCATED | 3,
              use_of(VMMU_TYPE_L4) | USE_VALIDATED | USE_PINNED | 2);
    put_frame(101, ref_owned_by(7) | REF_ALLOCATED | 2,
              use_of(VMMU_TYPE_WRITABLE) | USE_VALIDATED | 1);
    put_frame(102, ref_owned_by(7) | 1, use_of(VMMU_TYPE_L1) | use_at(0x15a5));
    put_frame(103, ref_owned_by(VMMU_OWNER_HYPERVISOR) | REF_ALLOCATED | REF_SHARED | 1,
              use_of(VMMU_TYPE_SHARED) | USE_VALIDATED | 1);
    put_frame(104, ref_owned_by(7) | REF_ALLOCATED | 2,
              use_of(VMMU_TYPE_L2) | USE_PARTIAL | use_at(9) | 1);
    put_frame(510, 4, 0); /* a free block that would go beyond the end */
    put(100 * 4096, 101ull << 12 | 0x67);
    put(100 * 4096 + 8, 0x666000); /* not present */
    make_domain();
    return 0;
}

static int end(void **state)
{
    (void)state;
    snapshot_free(&snapshot);
    return 0;
}

static bool record(void)
{
    snapshot_free(&snapshot);
    return map_memory_record(&memory, "x", &snapshot, &failure);
}

static const struct map_state *at(uint64_t frame)
{
    return snapshot_state_of(&snapshot, frame);
}

static void every_kind_of_frame(void **state)
{
    (void)state;
    assert_true(record());
    assert_int_equal(snapshot.frames, FRAMES);
    assert_int_equal(at(0)->kind, MAP_DEVICE);
    assert_int_equal(at(1)->kind, MAP_HYPERVISOR);
    assert_int_equal(at(15)->kind, MAP_HYPERVISOR);
    assert_int_equal(at(16)->kind, MAP_FREE);
    assert_int_equal(at(31)->kind, MAP_FREE);
    assert_int_equal(at(32)->kind, MAP_HYPERVISOR);
    assert_int_equal(at(64)->kind, MAP_FREE);
    assert_int_equal(at(67)->kind, MAP_FREE);
    assert_int_equal(at(68)->kind, MAP_HYPERVISOR);
    assert_int_equal(at(511)->kind, MAP_FREE);
    assert_int_equal(at(100)->kind, MAP_OWNED);
    assert_int_equal(at(100)->owner, 7);
    assert_int_equal(at(100)->references, 3);
    assert_int_equal(at(100)->type, 4);
    assert_int_equal(at(100)->type_references, 2);
    assert_int_equal(at(100)->flags, MAP_ALLOCATED | MAP_VALIDATED | MAP_PINNED);
    assert_int_equal(at(101)->type, MAP_TYPE_WRITABLE);
    assert_int_equal(at(102)->type_references, 0);
    assert_int_equal(at(102)->flags, 0);
    assert_int_equal(at(103)->kind, MAP_SHOWN);
    assert_int_equal(at(104)->flags, MAP_ALLOCATED | MAP_PARTIAL);
}

static void tables_and_domains(void **state)
{
    (void)state;
    assert_true(record());
    assert_int_equal(snapshot.tables, 1); /* a partial one and a former one are none */
    assert_int_equal(snapshot.table[0].frame, 100);
    assert_int_equal(snapshot.table[0].runs, 1);
    assert_int_equal(snapshot.entry[0].target, 101);
    assert_int_equal(snapshot.domains, 1);
    assert_int_equal(snapshot.domain[0].id, 7);
    assert_string_equal(snapshot.domain[0].name, "web");
    assert_int_equal(snapshot.domain[0].vcpus, 1);
    assert_int_equal(snapshot.domain[0].vcpu[0].kernel_root, 100);
    assert_true(snapshot.domain[0].vcpu[0].user_root == MAP_NO_FRAME);
}

static void no_hypervisor(void **state)
{
    const struct machine_memory none = {bytes, 0};
    (void)state;

    put(ANCHOR + offsetof(struct watch_anchor, root), 0); /* not past its start */
    assert_false(record());
    bytes[ANCHOR] = 'p';
    assert_false(record());
    assert_false(map_memory_record(&none, "x", &snapshot, &failure));
    assert_string_equal(failure.sentence,
                        "the machine's memory has no hypervisor that is past its start");
}

/* Each word of the anchor, of the tables and of the structures in turn becomes each of some wrong
 * ones. */
static void rubbish(void **state)
{
    static const uint64_t wrong[] = {0,          1,           ~0ull,     0x7fffffffffffffff,
                                     SIZE,       SIZE - 8,    VIEW - 1,  VIEW + SIZE - 1,
                                     1ull << 32, 0xc0000000u, 0xff000083};
    static const struct {
        uint64_t from, words;
    } place[] = {{ANCHOR, sizeof(good) / 8},
                 {L4 + 262 * 8, 1},
                 {L3, 1},
                 {L2, 4},
                 {DOMAIN, 30},
                 {VCPU, 3},
                 {PLACES, 4},
                 {TABLE + 100 * 16, 10}};
    (void)state;

    for (unsigned p = 0; p < sizeof(place) / sizeof(place[0]); p++) {
        for (uint64_t word = 0; word < place[p].words; word++) {
            for (unsigned w = 0; w < sizeof(wrong) / sizeof(wrong[0]); w++) {
                make(state);
                put(place[p].from + word * 8, wrong[w]);
                record();
            }
        }
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_kind_of_frame, make, end),
        cmocka_unit_test_setup_teardown(tables_and_domains, make, end),
        cmocka_unit_test_setup_teardown(no_hypervisor, make, end),
        cmocka_unit_test_setup_teardown(rubbish, make, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
