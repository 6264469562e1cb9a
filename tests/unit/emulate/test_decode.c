/* SPDX-License-Identifier: MIT */
/* Proves that our decoder and Zydis agree on every instruction that ours knows (length, operation,
 * sizes, registers, memory operand, immediate); that ours knows each instruction it promises to
 * know; that it refuses an instruction that is cut short anywhere; and that it reads no byte beyond
 * those given. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "tests/unit/emulate/decode_oracle.h"

static u64 random_bits = 0x9e3779b97f4a7c15ull;

static u32 random_below(u32 limit)
{
    random_bits ^= random_bits << 13;
    random_bits ^= random_bits >> 7;
    random_bits ^= random_bits << 17;
    return (u32)(random_bits >> 32) % limit;
}

static u8 random_byte(void)
{
    return (u8)random_below(256);
}

/* ---- the tests ----------------------------------------------------------------------------- */

static int set_up(void **state)
{
    (void)state;
    return decode_oracle_start();
}

static const u8 prefix_sets[][4] = {
    {0},          {0x66},       {0x67},       {0xf0},       {0xf2},       {0xf3},
    {0x64},       {0x65},       {0x2e},       {0x40},       {0x48},       {0x44},
    {0x41},       {0x42},       {0x4f},       {0x66, 0x48}, {0x66, 0x67}, {0x48, 0x66},
    {0x64, 0x67}, {0x64, 0x3e}, {0xf0, 0x48}, {0xf0, 0x66}, {0x66, 0xf3}, {0xf3, 0x67, 0x48},
    {0xf2, 0xf0}, {0x65, 0x64}, {0xf0, 0x4f}, {0x67, 0x4f},
};

static void tail(u8 *bytes, u32 from)
{
    for (u32 i = from; i < INSTRUCTION_MAX; i++) {
        bytes[i] = random_byte();
    }
}

/* Every opcode of the first two maps with every ModRM byte, after each of the prefix sets. */
static void every_opcode_reads_as_zydis_reads_it(void **state)
{
    u8 bytes[INSTRUCTION_MAX];

    (void)state;
    decode_oracle.wrong = 0;
    for (u32 set = 0; set < ARRAY_LENGTH(prefix_sets); set++) {
        for (u32 opcode = 0; opcode < 512; opcode++) {
            for (u32 modrm = 0; modrm < 256; modrm++) {
                u32 at = 0;

                while (at < 4 && prefix_sets[set][at]) {
                    bytes[at] = prefix_sets[set][at];
                    at++;
                }
                if (opcode & 256) {
                    bytes[at++] = 0x0f;
                }
                bytes[at++] = (u8)opcode;
                bytes[at++] = (u8)modrm;
                tail(bytes, at);
                decode_compare(bytes, set & 1);
                decode_compare(bytes, !(set & 1));
            }
        }
    }
    assert_int_equal(decode_oracle.wrong, 0);
}

/* Any number of prefixes in any order, also more than the longest instruction has room for. */
static void random_bytes_read_as_zydis_reads_them(void **state)
{
    static const u8 prefixes[] = {0x66, 0x67, 0xf0, 0xf2, 0xf3, 0x64, 0x65,
                                  0x26, 0x2e, 0x36, 0x3e, 0x40, 0x48, 0x4d};
    u8 bytes[INSTRUCTION_MAX];

    (void)state;
    decode_oracle.wrong = 0;
    for (u32 round = 0; round < 3000000; round++) {
        u32 count = random_below(random_below(8) ? 5 : 15);

        for (u32 i = 0; i < count; i++) {
            bytes[i] = prefixes[random_below(ARRAY_LENGTH(prefixes))];
        }
        tail(bytes, count);
        if (count < INSTRUCTION_MAX && random_below(2)) {
            bytes[count] = 0x0f;
        }
        decode_compare(bytes, round & 1);
    }
    assert_int_equal(decode_oracle.wrong, 0);
}

/* An operation that no comparison met would not be tested. */
static void every_operation_came_up(void **state)
{
    (void)state;
    for (u32 operation = 1; operation < OPERATIONS; operation++) {
        if (decode_oracle.known[0][operation] < 10 || decode_oracle.known[1][operation] < 10) {
            print_error("operation %u: %llu and %llu times\n", operation,
                        (unsigned long long)decode_oracle.known[0][operation],
                        (unsigned long long)decode_oracle.known[1][operation]);
        }
        assert_true(decode_oracle.known[0][operation] >= 10);
        assert_true(decode_oracle.known[1][operation] >= 10);
    }
}

static void nothing_to_read_is_nothing_known(void **state)
{
    const u8 none[1] = {0};
    struct instruction in;

    (void)state;
    assert_false(decode_at_end(none, 0, true, &in));
    assert_false(decode_at_end(none, 0, false, &in));
}

/* The longest instruction has 15 bytes; more bytes in the buffer change nothing. */
static void sixteen_bytes_are_no_instruction(void **state)
{
    u8 bytes[32];
    struct instruction in;

    (void)state;
    memset(bytes, 0x66, sizeof bytes);
    memcpy(bytes + 14, "\x89\x03", 2);
    assert_false(instruction_decode(bytes, sizeof bytes, true, &in));
    assert_true(instruction_decode(bytes + 1, sizeof bytes - 1, true, &in));
    assert_int_equal(in.length, 15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_opcode_reads_as_zydis_reads_it),
        cmocka_unit_test(random_bytes_read_as_zydis_reads_them),
        cmocka_unit_test(every_operation_came_up),
        cmocka_unit_test(nothing_to_read_is_nothing_known),
        cmocka_unit_test(sixteen_bytes_are_no_instruction),
    };

    return cmocka_run_group_tests_name("hypervisor/decode", tests, set_up, NULL);
}
