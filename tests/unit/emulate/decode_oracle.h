/* SPDX-License-Identifier: MIT */
/* Compares hypervisor/emulate/decode.c with Zydis, for the unit test and for the fuzzer. */
#ifndef UNIT_EMULATE_DECODE_ORACLE_H
#define UNIT_EMULATE_DECODE_ORACLE_H

#include "hypervisor/emulate/decode.h"

/* The results of all comparisons. */
struct decode_oracle {
    u64 known[2][OPERATIONS]; /* [long mode][operation]: how often both decoders agreed on it */
    u64 wrong;                /* how often they differed */
};

extern struct decode_oracle decode_oracle;

/* Makes Zydis's decoders and the page that decode_at_end reads from. To be called once, before the
 * other functions. Returns 0, or -1 if there is no memory. */
int decode_oracle_start(void);

/* Decodes the first instruction of `bytes` with both decoders, and counts the result in
 * decode_oracle. Also gives our decoder every shorter length, which it must refuse as truncated.
 * Prints the first 20 differences. */
void decode_compare(const u8 bytes[INSTRUCTION_MAX], bool long_mode);

/* Calls instruction_decode on `size` bytes that end where an unreadable page begins. */
bool decode_at_end(const u8 *bytes, u32 size, bool long_mode, struct instruction *in);

#endif
