/* SPDX-License-Identifier: MIT */
/* Proves that hypervisor/vcpu/policy lists the leaves of CPUID that toolstacks expect, each once
 * and in order; that a toolstack can hide each feature and nothing else; and that a leaf or MSR
 * that lists do not have is refused by its errno and changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "hypervisor/cpu/processor.h"
#include "hypervisor/vcpu/cpuid.h"
#include "hypervisor/vcpu/policy.h"

/* The processor of the test: what guests are shown of it. */
static struct {
    u32 basic, features, extended; /* the last leaves, and the last subleaf of leaf 7 */
    u32 caches;                    /* leaf 4 lists so many */
    u64 parts;                     /* of the state that XSAVE saves */
} shown;

u32 processor_last_leaf(u32 first)
{
    return first ? shown.extended : shown.basic;
}

struct cpuid cpuid_offered(u32 leaf, u32 subleaf)
{
    struct cpuid r = {leaf * 16 + subleaf, ~0u, ~0u, ~0u};

    switch (leaf) {
    case 0:
        return (struct cpuid){.eax = shown.basic};
    case 0x80000000:
        return (struct cpuid){.eax = shown.extended};
    case 4:
        return (struct cpuid){.eax = subleaf < shown.caches};
    case 7:
        r.eax = subleaf ? ~0u : shown.features;
        return r;
    case 0xd:
        if (subleaf == 0) {
            return (struct cpuid){.eax = (u32)shown.parts, .edx = (u32)(shown.parts >> 32)};
        }
        r.eax = ~0u;
        return r;
    }
    return r;
}

static int start(void **unused)
{
    (void)unused;
    shown.basic = 0xd;
    shown.features = 1;
    shown.extended = 0x80000008;
    shown.caches = 3;
    shown.parts = 7;
    return 0;
}

struct name {
    u32 leaf, subleaf;
};

#define NO XEN_CPUID_NO_SUBLEAF

static void assert_list(const struct name *names, u32 count)
{
    struct policy_walk walk = {.kind = POLICY_GUESTS};
    xen_cpuid_leaf_t leaf;

    for (u32 i = 0; i < count; i++) {
        assert_true(policy_next(&walk, &leaf));
        assert_int_equal(leaf.leaf, names[i].leaf);
        assert_int_equal(leaf.subleaf, names[i].subleaf);
        const bool empty = leaf.leaf >> 30 == 1; /* the hypervisors' ranges */
        struct cpuid r = cpuid_offered(leaf.leaf, leaf.subleaf == NO ? 0 : leaf.subleaf);
        assert_int_equal(leaf.a, empty ? 0 : r.eax);
        assert_int_equal(leaf.d, empty ? 0 : r.edx);
    }
    assert_false(policy_next(&walk, &leaf));
}

static void the_list_of_a_full_processor(void **unused)
{
    static const struct name names[] = {
        {0, NO},          {1, NO},          {2, NO},          {3, NO},          {4, 0},
        {4, 1},           {4, 2},           {4, 3},           {5, NO},          {6, NO},
        {7, 0},           {7, 1},           {8, NO},          {9, NO},          {10, NO},
        {11, 0},          {11, 1},          {12, NO},         {13, 0},          {13, 1},
        {13, 2},          {13, 60},         {0x40000000, NO}, {0x40000100, NO}, {0x80000000, NO},
        {0x80000001, NO}, {0x80000002, NO}, {0x80000003, NO}, {0x80000004, NO}, {0x80000005, NO},
        {0x80000006, NO}, {0x80000007, NO}, {0x80000008, NO},
    };

    (void)unused;
    shown.parts = 7 | 1ull << 60;
    assert_list(names, ARRAY_LENGTH(names));
}

static void the_list_of_a_small_processor(void **unused)
{
    static const struct name names[] = {
        {0, NO}, {1, NO}, {0x40000000, NO}, {0x40000100, NO}, {0x80000000, NO},
    };

    (void)unused;
    shown.basic = 1;
    shown.extended = 0x80000000;
    assert_list(names, ARRAY_LENGTH(names));
}

static void no_processor_makes_a_longer_list(void **unused)
{
    struct policy_walk walk = {.kind = POLICY_GUESTS};
    xen_cpuid_leaf_t leaf;
    u32 count = 0;

    (void)unused;
    shown.basic = 0x7fffffff;
    shown.features = shown.caches = ~0u;
    shown.extended = 0xffffffff;
    shown.parts = ~0ull;
    while (policy_next(&walk, &leaf)) {
        count++;
    }
    assert_true(count > 100 && count <= POLICY_LEAVES_MAX);
}

/* The leaf as a list has it. */
static xen_cpuid_leaf_t leaf_of(const struct policy *policy, u32 leaf, u32 subleaf)
{
    struct policy_walk walk = {.kind = POLICY_GUESTS, .policy = policy};
    xen_cpuid_leaf_t found;

    while (policy_next(&walk, &found)) {
        if (found.leaf == leaf && found.subleaf == subleaf) {
            return found;
        }
    }
    fail();
    return found;
}

static void each_feature_can_be_hidden_and_nothing_else(void **unused)
{
    static const struct {
        u32 leaf, subleaf;
        bool a, b, c, d; /* the register has features */
    } rows[] = {
        {0, NO, false, false, false, false},
        {1, NO, false, false, true, true},
        {2, NO, false, false, false, false},
        {7, 0, false, true, true, true},
        {7, 1, true, true, true, true},
        {7, 2, false, false, false, true},
        {0xd, 1, true, false, false, false},
        {0xd, 2, false, false, false, false},
        {0x80000001, NO, false, false, true, true},
        {0x80000002, NO, false, false, false, false},
        {0x80000007, NO, false, false, false, true},
        {0x80000008, NO, false, true, false, false},
        {0x80000021, NO, true, false, false, false},
    };

    (void)unused;
    shown.features = 2;
    shown.extended = 0x80000021;
    for (u32 i = 0; i < ARRAY_LENGTH(rows); i++) {
        for (u32 bit = 0; bit < 128; bit++) {
            const bool features[] = {rows[i].a, rows[i].b, rows[i].c, rows[i].d};
            struct policy policy = {{0}};
            xen_cpuid_leaf_t before = leaf_of(NULL, rows[i].leaf, rows[i].subleaf), asked = before;
            u32 *words = &asked.a;

            words[bit / 32] &= ~(1u << bit % 32);
            if (rows[i].leaf == 0) {
                words[0] = before.a;
            }
            assert_int_equal(policy_take_leaf(&policy, &asked), 0);
            xen_cpuid_leaf_t after = leaf_of(&policy, rows[i].leaf, rows[i].subleaf);
            assert_memory_equal(&after, features[bit / 32] ? &asked : &before, sizeof after);
            assert_int_equal(policy_take_leaf(&policy, &before), 0);
            after = leaf_of(&policy, rows[i].leaf, rows[i].subleaf);
            assert_memory_equal(&after, &before, sizeof after);
        }
    }
}

static void a_feature_that_is_not_shown_stays_hidden(void **unused)
{
    struct policy policy = {{0}};
    xen_cpuid_leaf_t asked = leaf_of(NULL, 2, NO), before = asked;

    (void)unused;
    asked.a = asked.b = asked.c = asked.d = ~0u;
    assert_int_equal(policy_take_leaf(&policy, &asked), 0);
    xen_cpuid_leaf_t after = leaf_of(&policy, 2, NO);
    assert_memory_equal(&after, &before, sizeof after);
}

static void refusals_have_their_errno_and_change_nothing(void **unused)
{
    static const struct {
        xen_cpuid_leaf_t leaf;
        s64 error;
    } rows[] = {
        {{.leaf = 0xe, .subleaf = NO}, -XEN_ERANGE},
        {{.leaf = 0x3fffffff, .subleaf = NO}, -XEN_ERANGE},
        {{.leaf = 0x40000001, .subleaf = NO}, -XEN_ERANGE},
        {{.leaf = 0x80000022, .subleaf = NO}, -XEN_ERANGE},
        {{.leaf = ~0u, .subleaf = NO}, -XEN_ERANGE},
        {{.leaf = 1, .subleaf = 0}, -XEN_ERANGE},
        {{.leaf = 4, .subleaf = 6}, -XEN_ERANGE},
        {{.leaf = 7, .subleaf = 3}, -XEN_ERANGE},
        {{.leaf = 7, .subleaf = NO}, -XEN_ERANGE},
        {{.leaf = 0xb, .subleaf = 2}, -XEN_ERANGE},
        {{.leaf = 0xd, .subleaf = 63}, -XEN_ERANGE},
        {{.leaf = 0, .subleaf = NO, .a = 0xe}, -XEN_EINVAL},
        {{.leaf = 7, .subleaf = 0, .a = 2}, -XEN_EINVAL},
        {{.leaf = 0x80000000, .subleaf = NO, .a = 0x80000009}, -XEN_EINVAL},
    };
    static const struct policy none;
    struct policy policy = {{0}};

    (void)unused;
    for (u32 i = 0; i < ARRAY_LENGTH(rows); i++) {
        assert_int_equal(policy_take_leaf(&policy, &rows[i].leaf), rows[i].error);
        assert_memory_equal(&policy, &none, sizeof none);
    }
    for (u32 i = 0; i < POLICY_MSRS; i++) {
        xen_msr_entry_t entry;

        policy_msr(i, &entry);
        assert_int_equal(policy_take_msr(&entry), 0);
        entry.val = 1;
        assert_int_equal(policy_take_msr(&entry), -XEN_EINVAL);
        entry.val = 0;
        entry.flags = 1;
        assert_int_equal(policy_take_msr(&entry), -XEN_EINVAL);
    }
    assert_int_equal(policy_take_msr(&(xen_msr_entry_t){.idx = 0xcf}), -XEN_ERANGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(the_list_of_a_full_processor, start),
        cmocka_unit_test_setup(the_list_of_a_small_processor, start),
        cmocka_unit_test_setup(no_processor_makes_a_longer_list, start),
        cmocka_unit_test_setup(each_feature_can_be_hidden_and_nothing_else, start),
        cmocka_unit_test_setup(a_feature_that_is_not_shown_stays_hidden, start),
        cmocka_unit_test_setup(refusals_have_their_errno_and_change_nothing, start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
