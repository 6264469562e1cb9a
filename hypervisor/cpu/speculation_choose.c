/* SPDX-License-Identifier: MIT */
/* The choice of mitigations: tables of which processor leaks what, and which mitigation stops
 * it. */
#include "hypervisor/cpu/speculation.h"
#include "lib/string.h"

#define BIT(n) (1ull << (n))

/* Properties of processors: bit numbers in a set (BIT). */
enum fact {
    IN_ORDER,       /* speculation leaves no traces: no mitigation is needed */
    ANY,            /* the processor speculates */
    READS_ANYTHING, /* Intel and unknown: a forbidden read happens before the fault */
    CONFUSES,       /* AMD: a return may be predicted as another kind of branch */
    CONFUSES_LATE,  /* later AMD: a return may be predicted wrongly by the return stack (SRSO) */
    HAS_BARRIER,
    HAS_TYPE_BARRIER, /* the barrier also drops predictions of a branch's kind */
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
    CLEARS_MORE /* VERW clears further buffers, which MDS_NO does not cover: they leak */
};

enum source { BASIC_7B, BASIC_7D, EXTENDED_8B, EXTENDED_21A, CAPABILITIES, SOURCES };

/* The bits by which a processor reports a property: register, bit number, property. */
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
    {EXTENDED_21A, 30, SRSO_NO}, /* no SRSO from user mode, where guests run, to kernel mode */
    {CAPABILITIES, 0, RDCL_NO},
    {CAPABILITIES, 1, ENHANCED_IBRS},
    {CAPABILITIES, 3, SKIP_L1D_FLUSH},
    {CAPABILITIES, 5, MDS_NO},
    {CAPABILITIES, 8, TAA_NO},
    {CAPABILITIES, 17, CLEARS_MORE},
    {CAPABILITIES, 28, CLEARS_MORE},
};

/* Properties that a processor does not report, by its vendor, family and model. The first row that
 * matches applies. */
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

/* A processor with property `leak` and none of the properties `unless` needs `mitigation`, which is
 * available if the processor has all properties in `means`. */
static const struct row {
    u32 mitigation;
    bool between_guests; /* counts as lacking only if more than one guest runs */
    u8 leak;
    u64 unless, means;
} rows[] = {
    /* Branches trained by a guest mislead the hypervisor, or the next guest. */
    {MITIGATION_IBRS, false, ENHANCED_IBRS, 0, 0},
    {MITIGATION_AUTOMATIC_IBRS, false, AUTOMATIC_IBRS, 0, 0},
    {MITIGATION_STIBP, false, HAS_STIBP, BIT(ENHANCED_IBRS), 0},
    {MITIGATION_BRANCH_BARRIER, true, ANY, 0, BIT(HAS_BARRIER)},
    {MITIGATION_RETURN_STACK, true, ANY, 0, 0},
    {MITIGATION_ENTRY_BARRIER, false, CONFUSES, 0, BIT(HAS_BARRIER)},
    {MITIGATION_ENTRY_BARRIER, false, CONFUSES_LATE, BIT(SRSO_NO),
     BIT(HAS_BARRIER) | BIT(HAS_TYPE_BARRIER)},
    /* Forbidden reads: of all that is mapped, of the level 1 cache, of internal buffers. */
    {MITIGATION_ISOLATION, false, READS_ANYTHING, BIT(RDCL_NO), 0},
    {MITIGATION_L1D_FLUSH, true, READS_ANYTHING, BIT(RDCL_NO) | BIT(SKIP_L1D_FLUSH),
     BIT(HAS_L1D_FLUSH)},
    {MITIGATION_CLEAR_BUFFERS, false, READS_ANYTHING, BIT(MDS_NO), BIT(HAS_CLEAR)},
    {MITIGATION_CLEAR_BUFFERS, false, HAS_TRANSACTIONS, BIT(TAA_NO), BIT(HAS_CLEAR)},
    {MITIGATION_CLEAR_BUFFERS, false, CLEARS_MORE, 0, 0},
};

const char *speculation_name(u32 bit)
{
    static const char *const names[MITIGATIONS] = {
        "enhanced IBRS",
        "automatic IBRS",
        "STIBP",
        "branch barrier at each entry",
        "branch barrier between guests",
        "return stack between guests",
        "L1D flush between guests",
        "buffers cleared at each exit",
        "isolation of guests",
    };

    return names[bit];
}

/* Finds the `length` bytes at `word` in the table. False: not there, and *index is as before. */
static bool find_word(const char *const *table, u32 count, const char *word, u64 length, u32 *index)
{
    for (u32 i = 0; i < count; i++) {
        if (strlen(table[i]) == length && memcmp(table[i], word, length) == 0) {
            *index = i;
            return true;
        }
    }
    return false;
}

bool speculation_read_mitigations(const char *word, u64 length, enum mitigations *mitigations)
{
    static const char *const words[] = {
        [MITIGATIONS_AUTO] = "auto",
        [MITIGATIONS_PARTIAL] = "partial",
        [MITIGATIONS_OFF] = "off",
    };
    u32 index = *mitigations;
    bool known = find_word(words, ARRAY_LENGTH(words), word, length, &index);

    *mitigations = (enum mitigations)index;
    return known;
}

bool speculation_read_isolation(const char *word, u64 length, enum isolation *isolation)
{
    static const char *const words[] = {
        [ISOLATION_AUTO] = "auto",
        [ISOLATION_ALWAYS] = "always",
        [ISOLATION_NEVER] = "never",
    };
    u32 index = *isolation;
    bool known = find_word(words, ARRAY_LENGTH(words), word, length, &index);

    *isolation = (enum isolation)index;
    return known;
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
    /* QEMU's emulator (TCG) executes one instruction after another, without speculation. */
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

    if (needed & (MITIGATION_CLEAR_BUFFERS | MITIGATION_L1D_FLUSH)) {
        return false;
    }
    return needed == 0 || chosen->on & (MITIGATION_IBRS | MITIGATION_STIBP);
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
            chosen.on |= row->mitigation;
        } else if (!row->between_guests || guests > 1) {
            chosen.lacking |= row->mitigation;
        }
    }
    return chosen;
}
