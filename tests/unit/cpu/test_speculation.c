/* SPDX-License-Identifier: MIT */
/* Proves which mitigations the hypervisor chooses: for processors as they describe themselves in
 * CPUID and ARCH_CAPABILITIES, which mitigations each gets, and that one which is needed and
 * impossible is reported as lacking. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "hypervisor/cpu/speculation.h"

#define BIT(n) (1ull << (n))

/* bits of CPUID 7 EDX */
#define D_MD_CLEAR BIT(10)
#define D_IBPB     BIT(26)
#define D_STIBP    BIT(27)
#define D_L1D      BIT(28)
#define D_CAPS     BIT(29)
#define D_ALL      (D_MD_CLEAR | D_IBPB | D_STIBP | D_L1D | D_CAPS)
#define B_RTM      BIT(11)

/* bits of ARCH_CAPABILITIES */
#define C_RDCL_NO  BIT(0)
#define C_IBRS_ALL BIT(1)
#define C_SKIP_L1D BIT(3)
#define C_MDS_NO   BIT(5)
#define C_TAA_NO   BIT(8)
#define C_FB_CLEAR BIT(17)
#define C_RFDS     BIT(28)
#define C_GOOD     (C_RDCL_NO | C_IBRS_ALL | C_SKIP_L1D | C_MDS_NO | C_TAA_NO)

/* bits of CPUID 0x80000008 EBX and 0x80000021 EAX */
#define E_IBPB    BIT(12)
#define E_STIBP   BIT(15)
#define X_VERW    BIT(5)
#define X_AIBRS   BIT(8)
#define X_BRTYPE  BIT(28)
#define X_SRSO_NO BIT(29)
#define X_SRSO_UK BIT(30)

#define INTEL "GenuineIntel"
#define AMD   "AuthenticAMD"
#define HYGON "HygonGenuine"

#define BETWEEN (MITIGATION_BRANCH_BARRIER | MITIGATION_RETURN_STACK)

static u32 signature(u32 family, u32 model)
{
    u32 base = family < 0xf ? family : 0xf;

    return (family - base) << 20 | (model >> 4) << 16 | base << 8 | (model & 15) << 4 | 1;
}

struct claim {
    const char *what;
    const char *vendor;
    u32 family, model;
    u64 b, d, e, x, caps;
    u32 guests;
    u32 on, lacking;
};

static const struct claim claims[] = {
    /* Intel processors, oldest first. */
    {"Pentium", INTEL, 5, 2, 0, 0, 0, 0, 0, 9, 0, 0},
    {"Atom, in order", INTEL, 6, 0x1c, 0, 0, 0, 0, 0, 9, 0, 0},
    {"Atom, out of order", INTEL, 6, 0x37, 0, 0, 0, 0, 0, 1,
     MITIGATION_RETURN_STACK | MITIGATION_ISOLATION, MITIGATION_CLEAR_BUFFERS},
    {"Haswell without microcode", INTEL, 6, 0x3c, B_RTM, 0, 0, 0, 0, 2,
     MITIGATION_RETURN_STACK | MITIGATION_ISOLATION,
     MITIGATION_CLEAR_BUFFERS | MITIGATION_L1D_FLUSH | MITIGATION_BRANCH_BARRIER},
    {"Haswell", INTEL, 6, 0x3c, B_RTM, D_ALL, 0, 0, 0, 2,
     BETWEEN | MITIGATION_STIBP | MITIGATION_L1D_FLUSH | MITIGATION_CLEAR_BUFFERS |
         MITIGATION_ISOLATION,
     0},
    {"Haswell alone", INTEL, 6, 0x3c, B_RTM, D_ALL & ~D_L1D, 0, 0, 0, 1,
     BETWEEN | MITIGATION_STIBP | MITIGATION_CLEAR_BUFFERS | MITIGATION_ISOLATION, 0},
    {"Cascade Lake", INTEL, 6, 0x55, B_RTM, D_ALL, 0, 0, C_GOOD & ~C_TAA_NO, 2,
     BETWEEN | MITIGATION_IBRS | MITIGATION_CLEAR_BUFFERS, 0},
    {"Cascade Lake without TSX", INTEL, 6, 0x55, 0, D_ALL, 0, 0, C_GOOD & ~C_TAA_NO, 2,
     BETWEEN | MITIGATION_IBRS, 0},
    {"Ice Lake", INTEL, 6, 0x6a, B_RTM, D_ALL, 0, 0, C_GOOD | C_FB_CLEAR, 2,
     BETWEEN | MITIGATION_IBRS | MITIGATION_CLEAR_BUFFERS, 0},
    {"Gracemont", INTEL, 6, 0xbe, 0, D_ALL, 0, 0, C_GOOD | C_RFDS, 2,
     BETWEEN | MITIGATION_IBRS | MITIGATION_CLEAR_BUFFERS, 0},
    {"Sapphire Rapids", INTEL, 6, 0x8f, B_RTM, D_ALL, 0, 0, C_GOOD, 2, BETWEEN | MITIGATION_IBRS,
     0},
    {"one that only denies Meltdown", INTEL, 6, 0x8f, 0, 0, 0, 0, C_RDCL_NO, 2,
     MITIGATION_RETURN_STACK, MITIGATION_CLEAR_BUFFERS | MITIGATION_BRANCH_BARRIER},
    {"a later family", INTEL, 19, 1, 0, D_ALL, 0, 0, C_GOOD, 2, BETWEEN | MITIGATION_IBRS, 0},
    /* AMD processors. */
    {"K8, alone", AMD, 0xf, 0x6b, 0, 0, 0, 0, 0, 1, MITIGATION_RETURN_STACK, 0},
    {"K8", AMD, 0xf, 0x6b, 0, 0, 0, 0, 0, 2, MITIGATION_RETURN_STACK, MITIGATION_BRANCH_BARRIER},
    {"Bulldozer without microcode", AMD, 0x15, 1, 0, 0, 0, 0, 0, 1, MITIGATION_RETURN_STACK,
     MITIGATION_ENTRY_BARRIER},
    {"Zen 2", AMD, 0x17, 0x31, 0, 0, E_IBPB | E_STIBP, 0, 0, 2,
     BETWEEN | MITIGATION_STIBP | MITIGATION_ENTRY_BARRIER, 0},
    {"Hygon", HYGON, 0x18, 0, 0, 0, E_IBPB, 0, 0, 2, BETWEEN | MITIGATION_ENTRY_BARRIER, 0},
    {"Zen 3 with old microcode", AMD, 0x19, 1, 0, 0, E_IBPB | E_STIBP, 0, 0, 1,
     BETWEEN | MITIGATION_STIBP, MITIGATION_ENTRY_BARRIER},
    {"Zen 3", AMD, 0x19, 1, 0, 0, E_IBPB | E_STIBP, X_BRTYPE | X_VERW, 0, 2,
     BETWEEN | MITIGATION_STIBP | MITIGATION_ENTRY_BARRIER | MITIGATION_CLEAR_BUFFERS, 0},
    {"Zen 4", AMD, 0x19, 0x11, 0, 0, E_IBPB | E_STIBP, X_BRTYPE | X_AIBRS, 0, 2,
     BETWEEN | MITIGATION_STIBP | MITIGATION_ENTRY_BARRIER | MITIGATION_AUTOMATIC_IBRS, 0},
    {"Zen 5", AMD, 0x1a, 2, 0, 0, E_IBPB | E_STIBP, X_BRTYPE | X_AIBRS | X_SRSO_UK, 0, 2,
     BETWEEN | MITIGATION_STIBP | MITIGATION_AUTOMATIC_IBRS, 0},
    {"one free of it", AMD, 0x1a, 2, 0, 0, E_IBPB, X_SRSO_NO, 0, 2, BETWEEN, 0},
    /* A processor of an unknown maker gets the mitigations of the worst known one. */
    {"unknown", "Sometimes486", 6, 1, 0, 0, 0, 0, 0, 1,
     MITIGATION_RETURN_STACK | MITIGATION_ISOLATION, MITIGATION_CLEAR_BUFFERS},
    {"unknown, says it is good", "Sometimes486", 6, 1, 0, D_ALL, 0, 0, C_GOOD, 2,
     BETWEEN | MITIGATION_IBRS, 0},
};

static struct processor described(const struct claim *claim)
{
    struct processor processor = {
        .signature = signature(claim->family, claim->model),
        .basic_7b = (u32)claim->b,
        .basic_7d = (u32)claim->d,
        .extended_8b = (u32)claim->e,
        .extended_21a = (u32)claim->x,
        .capabilities = claim->caps,
    };

    strcpy(processor.vendor, claim->vendor);
    return processor;
}

static void each_gets_what_it_needs(void **state)
{
    (void)state;
    for (u32 i = 0; i < ARRAY_LENGTH(claims); i++) {
        struct processor processor = described(&claims[i]);
        struct speculation chosen = speculation_choose(&processor, claims[i].guests);

        if (chosen.on != claims[i].on || chosen.lacking != claims[i].lacking) {
            fail_msg("%s: on %#x, expected %#x; lacking %#x, expected %#x", claims[i].what,
                     chosen.on, claims[i].on, chosen.lacking, claims[i].lacking);
        }
    }
}

/* QEMU's emulator, recognised by its CPUID leaf, does not speculate; under another hypervisor the
 * processor is a real one. */
static void the_emulator_does_not_speculate(void **state)
{
    (void)state;
    for (u32 i = 0; i < ARRAY_LENGTH(claims); i++) {
        struct processor processor = described(&claims[i]);
        struct speculation chosen;

        strcpy(processor.hypervisor, "TCGTCGTCGTCG");
        chosen = speculation_choose(&processor, 2);
        assert_int_equal(chosen.on | chosen.lacking, 0);
        strcpy(processor.hypervisor, "KVMKVMKVM");
        chosen = speculation_choose(&processor, claims[i].guests);
        assert_int_equal(chosen.on, claims[i].on);
        assert_int_equal(chosen.lacking, claims[i].lacking);
    }
}

/* A processor that does not report a property of its own gets at least the mitigations of one that
 * reports it. */
static void saying_less_is_never_safer(void **state)
{
    static const u64 denials[] = {C_RDCL_NO, C_SKIP_L1D, C_MDS_NO, C_TAA_NO};

    (void)state;
    for (u32 i = 0; i < ARRAY_LENGTH(claims); i++) {
        for (u32 j = 0; j < ARRAY_LENGTH(denials); j++) {
            struct processor processor = described(&claims[i]);
            struct speculation with, without;

            processor.capabilities |= denials[j];
            with = speculation_choose(&processor, 2);
            processor.capabilities &= ~denials[j];
            without = speculation_choose(&processor, 2);
            assert_int_equal((with.on | with.lacking) & ~(without.on | without.lacking), 0);
        }
    }
}

/* Different guests may run on the threads of one core only if nothing leaks between the threads. */
static void threads_of_a_core(void **state)
{
    static const struct {
        u32 on, lacking;
        bool may;
    } rows[] = {
        {0, 0, true},
        {BETWEEN | MITIGATION_IBRS, 0, true},
        {BETWEEN | MITIGATION_STIBP | MITIGATION_ENTRY_BARRIER, 0, true},
        {BETWEEN | MITIGATION_ENTRY_BARRIER, 0, false},
        {MITIGATION_RETURN_STACK, MITIGATION_BRANCH_BARRIER, false},
        {BETWEEN | MITIGATION_IBRS | MITIGATION_CLEAR_BUFFERS, 0, false},
        {BETWEEN | MITIGATION_IBRS, MITIGATION_CLEAR_BUFFERS, false},
        {BETWEEN | MITIGATION_STIBP | MITIGATION_L1D_FLUSH, 0, false},
        {BETWEEN | MITIGATION_STIBP, MITIGATION_L1D_FLUSH, false},
    };

    (void)state;
    for (u32 i = 0; i < ARRAY_LENGTH(rows); i++) {
        struct speculation chosen = {.on = rows[i].on, .lacking = rows[i].lacking};

        assert_int_equal(speculation_threads_may_differ(&chosen), rows[i].may);
    }
}

static void every_mitigation_has_a_name(void **state)
{
    u32 seen = 0;

    (void)state;
    for (u32 bit = 0; bit < MITIGATIONS; bit++) {
        assert_true(strlen(speculation_name(bit)) > 3);
    }
    for (u32 i = 0; i < ARRAY_LENGTH(claims); i++) {
        seen |= claims[i].on | claims[i].lacking;
    }
    assert_int_equal(seen, (1u << MITIGATIONS) - 1); /* some processor needs each */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_gets_what_it_needs),
        cmocka_unit_test(the_emulator_does_not_speculate),
        cmocka_unit_test(saying_less_is_never_safer),
        cmocka_unit_test(threads_of_a_core),
        cmocka_unit_test(every_mitigation_has_a_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
