/* SPDX-License-Identifier: MIT */
/* CPU policies. */
#include "hypervisor/vcpu/policy.h"
#include "hypervisor/cpu/processor.h"
#include "hypervisor/vcpu/cpuid.h"
#include "lib/string.h"

/* The leaves that lists have. */
#define BASIC_LAST    0xdu
#define CACHE_LAST    5u /* subleaf of leaf 4 */
#define FEATURES_LAST 2u /* subleaf of leaf 7 */
#define TOPOLOGY_LAST 1u /* subleaf of leaf 0xb */
#define XSTATE_LAST   62u
#define XEN_RANGE     0x40000000u
#define VIRIDIAN      0x40000100u
#define EXTENDED      0x80000000u
#define EXTENDED_LAST 0x80000021u

#define LEAF_CACHE    4u
#define LEAF_FEATURES 7u
#define LEAF_TOPOLOGY 0xbu
#define LEAF_XSAVE    0xdu

enum column { EAX, EBX, ECX, EDX };

/* Where each word of features comes from. */
static const struct {
    u32 leaf, subleaf;
    u8 column;
} words[POLICY_CPUID_WORDS] = {
    {1, 0, EDX},          {1, 0, ECX}, {0x80000001, 0, EDX}, {0x80000001, 0, ECX},
    {0xd, 1, EAX},        {7, 0, EBX}, {7, 0, ECX},          {0x80000007, 0, EDX},
    {0x80000008, 0, EBX}, {7, 0, EDX}, {7, 1, EAX},          {0x80000021, 0, EAX},
    {7, 1, EBX},          {7, 2, EDX}, {7, 1, ECX},          {7, 1, EDX},
};

static const u32 msrs[POLICY_MSRS] = {0xce, 0x10a}; /* both read as 0: see vcpu/msr.c */

static u32 *column_of(struct cpuid *r, u8 column)
{
    switch (column) {
    case EAX:
        return &r->eax;
    case EBX:
        return &r->ebx;
    case ECX:
        return &r->ecx;
    default:
        return &r->edx;
    }
}

static bool has_subleaves(u32 leaf)
{
    return leaf == LEAF_CACHE || leaf == LEAF_FEATURES || leaf == LEAF_TOPOLOGY ||
           leaf == LEAF_XSAVE;
}

/* What the processor answers; zeroes for a leaf that it does not have. */
static struct cpuid machine_leaf(u32 leaf, u32 subleaf)
{
    if (leaf != 0 && leaf != EXTENDED && leaf > processor_last_leaf(leaf & EXTENDED)) {
        return (struct cpuid){0};
    }
    return read_cpuid(leaf, subleaf);
}

static struct cpuid leaf_of(enum policy_kind kind, u32 leaf, u32 subleaf)
{
    if (leaf == XEN_RANGE || leaf == VIRIDIAN) { /* 0: these ranges are the hypervisor's to fill */
        return (struct cpuid){0};
    }
    return kind == POLICY_MACHINE ? machine_leaf(leaf, subleaf) : cpuid_offered(leaf, subleaf);
}

void policy_features(enum policy_kind kind, u32 features[POLICY_FEATURE_WORDS])
{
    memset(features, 0, POLICY_FEATURE_WORDS * sizeof *features);
    for (u32 i = 0; i < POLICY_CPUID_WORDS; i++) {
        struct cpuid r = leaf_of(kind, words[i].leaf, words[i].subleaf);

        features[i] = *column_of(&r, words[i].column);
    }
}

void policy_hide(const struct policy *policy, u32 leaf, u32 subleaf, struct cpuid *r)
{
    for (u32 i = 0; i < POLICY_CPUID_WORDS; i++) {
        if (words[i].leaf == leaf && (!has_subleaves(leaf) || words[i].subleaf == subleaf)) {
            *column_of(r, words[i].column) &= ~policy->hidden[i];
        }
    }
}

/* ---- lists ------------------------------------------------------------------------------- */

static u32 least(u32 a, u32 b)
{
    return a < b ? a : b;
}

/* The subleaf that follows the present one of the walk. XEN_CPUID_NO_SUBLEAF: none does. */
static u32 next_subleaf(const struct policy_walk *walk)
{
    const u32 next = walk->subleaf + 1;
    struct cpuid r;

    switch (walk->leaf) {
    case LEAF_CACHE: /* the list ends with the first cache of type 0 */
        r = leaf_of(walk->kind, LEAF_CACHE, walk->subleaf);
        return r.eax & 31 && next <= CACHE_LAST ? next : XEN_CPUID_NO_SUBLEAF;
    case LEAF_FEATURES:
        r = leaf_of(walk->kind, LEAF_FEATURES, 0);
        return next <= least(r.eax, FEATURES_LAST) ? next : XEN_CPUID_NO_SUBLEAF;
    case LEAF_TOPOLOGY:
        return next <= TOPOLOGY_LAST ? next : XEN_CPUID_NO_SUBLEAF;
    case LEAF_XSAVE: {
        r = leaf_of(walk->kind, LEAF_XSAVE, 0);
        u64 parts = r.eax | (u64)r.edx << 32;

        if (next == 1) {
            return next;
        }
        for (u32 i = next; i <= XSTATE_LAST; i++) {
            if (parts >> i & 1) {
                return i;
            }
        }
        return XEN_CPUID_NO_SUBLEAF;
    }
    }
    return XEN_CPUID_NO_SUBLEAF;
}

/* Moves the walk to its next leaf. False: there is none. */
static bool move_on(struct policy_walk *walk)
{
    if (!walk->begun) {
        walk->begun = true;
        walk->leaf = walk->subleaf = 0;
        return true;
    }
    const u32 subleaf = next_subleaf(walk);
    if (subleaf != XEN_CPUID_NO_SUBLEAF) {
        walk->subleaf = subleaf;
        return true;
    }
    walk->subleaf = 0;
    switch (walk->leaf) {
    case XEN_RANGE:
        walk->leaf = VIRIDIAN;
        return true;
    case VIRIDIAN:
        walk->leaf = EXTENDED;
        return true;
    }
    const bool extended = walk->leaf & EXTENDED;
    const u32 last = leaf_of(walk->kind, walk->leaf & EXTENDED, 0).eax;
    if (walk->leaf < least(last, extended ? EXTENDED_LAST : BASIC_LAST)) {
        walk->leaf++;
        return true;
    }
    walk->leaf = XEN_RANGE;
    return !extended;
}

bool policy_next(struct policy_walk *walk, xen_cpuid_leaf_t *leaf)
{
    if (!move_on(walk)) {
        return false;
    }
    struct cpuid r = leaf_of(walk->kind, walk->leaf, walk->subleaf);
    if (walk->policy) {
        policy_hide(walk->policy, walk->leaf, walk->subleaf, &r);
    }
    *leaf = (xen_cpuid_leaf_t){
        .leaf = walk->leaf,
        .subleaf = has_subleaves(walk->leaf) ? walk->subleaf : XEN_CPUID_NO_SUBLEAF,
        .a = r.eax,
        .b = r.ebx,
        .c = r.ecx,
        .d = r.edx,
    };
    return true;
}

void policy_msr(u32 number, xen_msr_entry_t *entry)
{
    *entry = (xen_msr_entry_t){.idx = msrs[number]};
}

/* ---- a toolstack's wishes ---------------------------------------------------------------- */

/* True when lists can have the leaf. */
static bool known(u32 leaf, u32 subleaf)
{
    if (!has_subleaves(leaf) && subleaf != XEN_CPUID_NO_SUBLEAF) {
        return false;
    }
    switch (leaf) {
    case LEAF_CACHE:
        return subleaf <= CACHE_LAST;
    case LEAF_FEATURES:
        return subleaf <= FEATURES_LAST;
    case LEAF_TOPOLOGY:
        return subleaf <= TOPOLOGY_LAST;
    case LEAF_XSAVE:
        return subleaf <= XSTATE_LAST;
    case XEN_RANGE:
    case VIRIDIAN:
        return true;
    }
    return leaf <= BASIC_LAST || (leaf >= EXTENDED && leaf <= EXTENDED_LAST);
}

s64 policy_take_leaf(struct policy *policy, const xen_cpuid_leaf_t *leaf)
{
    struct cpuid asked = {leaf->a, leaf->b, leaf->c, leaf->d};

    if (!known(leaf->leaf, leaf->subleaf)) {
        return -XEN_ERANGE;
    }
    const u32 subleaf = has_subleaves(leaf->leaf) ? leaf->subleaf : 0;
    struct cpuid offered = leaf_of(POLICY_GUESTS, leaf->leaf, subleaf);
    if ((leaf->leaf == 0 || leaf->leaf == EXTENDED ||
         (leaf->leaf == LEAF_FEATURES && subleaf == 0)) &&
        asked.eax > offered.eax) {
        return -XEN_EINVAL;
    }
    for (u32 i = 0; i < POLICY_CPUID_WORDS; i++) {
        if (words[i].leaf == leaf->leaf && words[i].subleaf == subleaf) {
            policy->hidden[i] =
                *column_of(&offered, words[i].column) & ~*column_of(&asked, words[i].column);
        }
    }
    return 0;
}

s64 policy_take_msr(const xen_msr_entry_t *entry)
{
    for (u32 i = 0; i < POLICY_MSRS; i++) {
        if (msrs[i] == entry->idx) {
            return entry->flags || entry->val ? -XEN_EINVAL : 0;
        }
    }
    return -XEN_ERANGE;
}
