/* SPDX-License-Identifier: MIT */
/* hypervisor/emulate/decode.c compared with Zydis, for the unit test and for the fuzzer. */
#ifndef UNIT_EMULATE_DECODE_ORACLE_H
#define UNIT_EMULATE_DECODE_ORACLE_H

#include "hypervisor/emulate/decode.h"

/* What the comparisons found. */
struct decode_oracle {
    u64 known[2][OPERATIONS]; /* [long mode][operation]: how often both decoders agreed on it */
    u64 wrong;                /* how often they did not */
};

extern struct decode_oracle decode_oracle;

/* Makes Zydis's decoders and the page that decode_at_end reads from. Once, first. 0, or -1: no
 * memory. */
int decode_oracle_start(void);

/* Decodes the instruction that `bytes` begin with by both decoders, and counts the result in
 * decode_oracle. Ours is then asked for every shorter length too: it must refuse what is cut short.
 * The first 20 differences are printed. */
void decode_compare(const u8 bytes[INSTRUCTION_MAX], bool long_mode);

/* instruction_decode on `size` bytes that end at a page which cannot be read. */
bool decode_at_end(const u8 *bytes, u32 size, bool long_mode, struct instruction *in);

#endif
