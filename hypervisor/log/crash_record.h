/* SPDX-License-Identifier: MIT */
/* A record of the end of a log, which is recognised when it is found again. */
#ifndef LOG_CRASH_RECORD_H
#define LOG_CRASH_RECORD_H

#include "lib/types.h"

#define CRASH_RECORD_BYTES 0x4000u /* whole pages */

struct crash_record {
    u64 magic;
    u64 checksum; /* of what follows, up to the end of the text */
    u32 version;
    u32 boots; /* the number of the boot that wrote it */
    u32 size;  /* bytes of the text; 0: that boot has not failed */
    char text[CRASH_RECORD_BYTES - 28];
};

/* Says whether the bytes are a whole record of this version. */
bool crash_record_is_whole(const struct crash_record *record);

/* Makes a record: of boot number `boots`, with the last bytes of the text, as many as fit. */
void crash_record_write(struct crash_record *record, u32 boots, const char *text, u32 count);

#endif
