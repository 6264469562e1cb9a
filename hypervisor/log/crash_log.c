/* SPDX-License-Identifier: MIT */
/* The end of the log of a failed hypervisor, kept in memory for the next boot. */
#include "hypervisor/log/crash_log.h"
#include "hypervisor/cpu/flush.h"
#include "hypervisor/log/crash_record.h"
#include "hypervisor/log/log.h"
#include "hypervisor/memory/boot_memory.h"
#include "hypervisor/memory/direct.h"

#define LINES_SHOWN 12u
#define LINE_MOST   300u

/* Where a record may lie, the best place first. */
static const u64 places[] = {0x40000000, 0x20000000, 0x10000000, 0x8000000, 0x4000000};

static struct {
    struct crash_record *record; /* NULL: there is no place */
    u32 boots;
} crash_log;

/* Logs one line of a record. Its text may be anybody's, as all memory at boot: what is no printable
 * character is replaced. */
static void show_line(const char *text, u32 size)
{
    char line[LINE_MOST + 1];
    u32 length = 0;

    for (; length < size && length < LINE_MOST; length++) {
        line[length] = text[length] >= ' ' && text[length] <= '~' ? text[length] : '.';
    }
    line[length] = 0;
    log_line("| %s", line);
}

/* Logs the last lines of a record. */
static void show(const struct crash_record *record)
{
    u32 from = record->size, lines = 0;

    log_line("the boot before (number %u) ended in a failure; the end of its log:", record->boots);
    while (from && (lines += record->text[from - 1] == '\n') <= LINES_SHOWN) {
        from--;
    }
    while (from < record->size) {
        u32 length = 0;

        while (from + length < record->size && record->text[from + length] != '\n') {
            length++;
        }
        show_line(record->text + from, length);
        from += length + 1;
    }
}

void crash_log_start(void)
{
    for (u32 i = 0; i < ARRAY_LENGTH(places); i++) {
        struct crash_record *record = direct(maddr(places[i]));

        if (!boot_memory_is_free(places[i], places[i] + CRASH_RECORD_BYTES)) {
            continue;
        }
        const bool whole = crash_record_is_whole(record);
        if (!crash_log.record) {
            crash_log.record = record;
            boot_memory_reserve(places[i], places[i] + CRASH_RECORD_BYTES);
        }
        if (whole) {
            if (record->size) {
                show(record);
            }
            crash_log.boots = record->boots;
            crash_record_write(record, 0, "", 0);
            break;
        }
    }
    if (crash_log.record) {
        crash_record_write(crash_log.record, ++crash_log.boots, "", 0);
    }
}

void crash_log_store(const char *text, u32 count)
{
    if (!crash_log.record) {
        return;
    }
    crash_record_write(crash_log.record, crash_log.boots, text, count);
    write_back_caches(); /* a reset may drop what is in them */
}
