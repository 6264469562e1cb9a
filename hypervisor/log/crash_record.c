/* SPDX-License-Identifier: MIT */
/* A record of the end of a log, which is recognised when it is found again. */
#include "hypervisor/log/crash_record.h"
#include "lib/string.h"

#define MAGIC       0x676f6c206e696e50ull /* "Pnin log" */
#define VERSION     1u
#define HASH_START  0xcbf29ce484222325ull /* FNV-1a, 64 bits */
#define HASH_FACTOR 0x100000001b3ull

_Static_assert(sizeof(struct crash_record) == CRASH_RECORD_BYTES, "a record fills its place");

static u64 checksum(const struct crash_record *record)
{
    const u8 *at = (const u8 *)&record->version, *end = (const u8 *)record->text + record->size;
    u64 hash = HASH_START;

    for (; at < end; at++) {
        hash = (hash ^ *at) * HASH_FACTOR;
    }
    return hash;
}

bool crash_record_is_whole(const struct crash_record *record)
{
    return record->magic == MAGIC && record->version == VERSION &&
           record->size <= sizeof record->text && record->checksum == checksum(record);
}

void crash_record_write(struct crash_record *record, u32 boots, const char *text, u32 count)
{
    const u32 size = count < sizeof record->text ? count : (u32)sizeof record->text;

    record->magic = MAGIC;
    record->version = VERSION;
    record->boots = boots;
    record->size = size;
    memcpy(record->text, text + (count - size), size);
    record->checksum = checksum(record);
}
