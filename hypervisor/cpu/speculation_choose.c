/* SPDX-License-Identifier: MIT */
/* Which processor leaks what, and what stops it: the table. */
#include "hypervisor/cpu/speculation.h"
#include "lib/string.h"

#define BIT(n) (1ull << (n))

/* Facts about a processor, as a set. */
enum fact {
    IN_ORDER,       /* guesses nothing ahead that leaves traces */
    ANY,            /* guesses at all */
    READS_ANYTHING, /* Intel and unknown: reads what it may not before it faults, unless it denies
                     */
    CONFUSES,       /* AMD: takes what is a return for another branch */
    CONFUSES_LATE,  /* the same of its later families, by way of the return stack */
    HAS_BARRIER,
    HAS_TYPE_BARRIER, /* that also forgets what was a branch */
    HAS_STIBP,
    HAS_L1D_FLUSH,
    HAS_CLEAR,
    HAS_TRANSACTIONS,
    ENHANCED_IBRS,
    AUTOMATIC_IBRS,
    RDCL_NO,
    SKIP_L1D_FLUSH,
    MDS_NO,
    TAA_NO,
    SRSO_NO,
    CLEARS_MORE, /* says that VERW clears fill buffers, registers, queues: so it has to */
    NEVER        /* no processor has it */
};

enum source { BASIC_7B, BASIC_7D, EXTENDED_8B, EXTENDED_21A, CAPABILITIES, SOURCES };

/* Bits by which it says so. */
static const struct {
    u8 source, bit, fact;
} bits[] = {
    {BASIC_7B, 11, HAS_TRANSACTIONS},
    {BASIC_7D, 10, HAS_CLEAR},
    {BASIC_7D, 26, HAS_BARRIER},
    {BASIC_7D, 27, HAS_STIBP},
    {BASIC_7D, 28, HAS_L1D_FLUSH},
    {EXTENDED_8B, 12, HAS_BARRIER},
    {EXTENDED_8B, 15, HAS_STIBP},
    {EXTENDED_21A, 5, CLEARS_MORE},
    {EXTENDED_21A, 8, AUTOMATIC_IBRS},
    {EXTENDED_21A, 28, HAS_TYPE_BARRIER},
    {EXTENDED_21A, 29, SRSO_NO},
    {EXTENDED_21A, 30, SRSO_NO}, /* from user mode to kernel mode, which is what counts here */
    {CAPABILITIES, 0, RDCL_NO},
    {CAPABILITIES, 1, ENHANCED_IBRS},
    {CAPABILITIES, 3, SKIP_L1D_FLUSH},
    {CAPABILITIES, 5, MDS_NO},
    {CAPABILITIES, 8, TAA_NO},
    {CAPABILITIES, 17, CLEARS_MORE},
    {CAPABILITIES, 28, CLEARS_MORE},
};

/* What a processor does not say, by its vendor and family. The first that fits counts. */
static const struct {
    const char *vendor; /* NULL: any */
    u32 family_first, family_last;
    u32 model_first, model_last;
    u64 facts;
} kinds[] = {
    {"GenuineIntel", 0, 5, 0, 0xff, BIT(IN_ORDER)},
    {"GenuineIntel", 6, 6, 0x1c, 0x1c, BIT(IN_ORDER)}, /* the first Atoms */
    {"GenuineIntel", 6, 6, 0x26, 0x27, BIT(IN_ORDER)},
    {"GenuineIntel", 6, 6, 0x35, 0x36, BIT(IN_ORDER)},
    {"AuthenticAMD", 0x15, 0x17, 0, 0xff, BIT(ANY) | BIT(CONFUSES)},
    {"HygonGenuine", 0x18, 0x18, 0, 0xff, BIT(ANY) | BIT(CONFUSES)},
    {"AuthenticAMD", 0x19, 0x1a, 0, 0xff, BIT(ANY) | BIT(CONFUSES_LATE)},
    {"AuthenticAMD", 0, ~0u, 0, 0xff, BIT(ANY)},
    {NULL, 0, ~0u, 0, 0xff, BIT(ANY) | BIT(READS_ANYTHING)},
};

/* What is done when a processor has the fact `leak` and none of `unless`; by all of `means`. */
static const struct row {
    u32 measure;
    bool between_guests; /* nothing to protect where there is one guest */
    u8 leak;
    u64 unless, means;
} rows[] = {
    /* Wrong branches: of guests in us, of one guest in the next. */
    {MEASURE_IBRS, false, ENHANCED_IBRS, 0, 0},
    {MEASURE_AUTOMATIC_IBRS, false, AUTOMATIC_IBRS, 0, 0},
    {MEASURE_STIBP, false, HAS_STIBP, BIT(ENHANCED_IBRS), 0},
    {MEASURE_BRANCH_BARRIER, true, ANY, 0, BIT(HAS_BARRIER)},
    {MEASURE_RETURN_STACK, true, ANY, 0, 0},
    {MEASURE_ENTRY_BARRIER, false, CONFUSES, 0, BIT(HAS_BARRIER)},
    {MEASURE_ENTRY_BARRIER, false, CONFUSES_LATE, BIT(SRSO_NO),
     BIT(HAS_BARRIER) | BIT(HAS_TYPE_BARRIER)},
    /* Reading without a right to: of everything mapped, of the cache, of buffers. */
    {MEASURE_ISOLATION, false, READS_ANYTHING, BIT(RDCL_NO), BIT(NEVER)},
    {MEASURE_L1D_FLUSH, true, READS_ANYTHING, BIT(RDCL_NO) | BIT(SKIP_L1D_FLUSH),
     BIT(HAS_L1D_FLUSH)},
    {MEASURE_CLEAR_BUFFERS, false, READS_ANYTHING, BIT(MDS_NO), BIT(HAS_CLEAR)},
    {MEASURE_CLEAR_BUFFERS, false, HAS_TRANSACTIONS, BIT(TAA_NO), BIT(HAS_CLEAR)},
    {MEASURE_CLEAR_BUFFERS, false, CLEARS_MORE, 0, 0},
};

const char *speculation_name(u32 bit)
{
    static const char *const names[MEASURES] = {
        "enhanced IBRS",
        "automatic IBRS",
        "STIBP",
        "branch barrier at each entry",
        "branch barrier between guests",
        "return stack between guests",
        "L1D flush between guests",
        "buffers cleared at each exit",
        "hypervisor's memory out of guests' sight",
    };

    return names[bit];
}

static u64 facts_by_kind(const struct processor *processor)
{
    u32 family = processor->signature >> 8 & 0xf, model = processor->signature >> 4 & 0xf;

    if (family == 6 || family == 0xf) {
        model |= processor->signature >> 12 & 0xf0;
    }
    if (family == 0xf) {
        family += processor->signature >> 20 & 0xff;
    }
    /* QEMU's emulation executes one instruction after the other. */
    if (strcmp(processor->hypervisor, "TCGTCGTCGTCG") == 0) {
        return BIT(IN_ORDER);
    }
    for (u32 i = 0; i < ARRAY_LENGTH(kinds); i++) {
        if ((!kinds[i].vendor || strcmp(kinds[i].vendor, processor->vendor) == 0) &&
            family >= kinds[i].family_first && family <= kinds[i].family_last &&
            model >= kinds[i].model_first && model <= kinds[i].model_last) {
            return kinds[i].facts;
        }
    }
    return BIT(ANY) | BIT(READS_ANYTHING);
}

bool speculation_threads_may_differ(const struct speculation *chosen)
{
    u32 needed = chosen->on | chosen->lacking;

    if (needed & (MEASURE_CLEAR_BUFFERS | MEASURE_L1D_FLUSH)) {
        return false;
    }
    return needed == 0 || chosen->on & (MEASURE_IBRS | MEASURE_STIBP);
}

struct speculation speculation_choose(const struct processor *processor, u32 guests)
{
    const u64 said[SOURCES] = {
        [BASIC_7B] = processor->basic_7b,         [BASIC_7D] = processor->basic_7d,
        [EXTENDED_8B] = processor->extended_8b,   [EXTENDED_21A] = processor->extended_21a,
        [CAPABILITIES] = processor->capabilities,
    };
    struct speculation chosen = {0};
    u64 facts = facts_by_kind(processor);

    if (facts & BIT(IN_ORDER)) {
        return chosen;
    }
    for (u32 i = 0; i < ARRAY_LENGTH(bits); i++) {
        if (said[bits[i].source] >> bits[i].bit & 1) {
            facts |= BIT(bits[i].fact);
        }
    }
    for (u32 i = 0; i < ARRAY_LENGTH(rows); i++) {
        const struct row *row = &rows[i];

        if (!(facts & BIT(row->leak)) || facts & row->unless) {
            continue;
        }
        if ((facts & row->means) == row->means) {
            chosen.on |= row->measure;
        } else if (!row->between_guests || guests > 1) {
            chosen.lacking |= row->measure;
        }
    }
    return chosen;
}
