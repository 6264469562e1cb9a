/* SPDX-License-Identifier: MIT */
/* The machine's battery-backed clock, an MC146818, which is assumed to run in UTC. */
#include "hypervisor/cpu/asm.h"
#include "hypervisor/time/cmos.h"
#include "hypervisor/time/scale.h"
#include "lib/string.h"

#define PORT_INDEX 0x70
#define PORT_DATA  0x71
#define STATUS_A   0x0a
#define STATUS_B   0x0b
#define UPDATING   0x80 /* in status register A: the clock is changing its fields */
#define BINARY     0x04 /* in status register B; otherwise the fields are binary-coded decimal */
#define HOURS_24   0x02
#define STATUS_D   0x0d
#define NOT_D      0x7f /* bits of status register D that always read as 0 */
#define PATIENCE   10   /* seconds; an emulated clock may wait long for a host CPU */

enum { SECOND, MINUTE, HOUR, DAY, MONTH, YEAR, FIELDS };
static const u8 index_of[FIELDS] = {0x00, 0x02, 0x04, 0x07, 0x08, 0x09};

static u8 read_byte(u8 index)
{
    out8(PORT_INDEX, index);
    return in8(PORT_DATA);
}

static bool read_fields(u8 field[FIELDS])
{
    if (read_byte(STATUS_A) & UPDATING) {
        return false;
    }
    for (u32 i = 0; i < FIELDS; i++) {
        field[i] = read_byte(index_of[i]);
    }
    return true;
}

static u8 from_decimal(u8 value)
{
    return (u8)((value >> 4) * 10 + (value & 15));
}

/* Reads the fields between two changes. False: there is no clock, or it never stops changing. */
static bool read_settled(u8 field[FIELDS], u64 hertz)
{
    u8 again[FIELDS];
    u64 start = read_tsc();

    if (read_byte(STATUS_D) & NOT_D) {
        return false;
    }
    while (!read_fields(field) || !read_fields(again) || memcmp(field, again, FIELDS) != 0) {
        if (read_tsc() - start > PATIENCE * hertz) {
            return false;
        }
    }
    return true;
}

u64 cmos_seconds(u64 hertz)
{
    u8 field[FIELDS];

    if (!read_settled(field, hertz)) {
        return 0;
    }
    u8 status = read_byte(STATUS_B);
    bool afternoon = !(status & HOURS_24) && field[HOUR] & 0x80;
    field[HOUR] &= 0x7f;
    if (!(status & BINARY)) {
        for (u32 i = 0; i < FIELDS; i++) {
            field[i] = from_decimal(field[i]);
        }
    }
    if (!(status & HOURS_24)) {
        field[HOUR] = (u8)(field[HOUR] % 12 + (afternoon ? 12 : 0));
    }
    if (!field[DAY] || field[DAY] > 31 || !field[MONTH] || field[MONTH] > 12 || field[HOUR] > 23 ||
        field[MINUTE] > 59 || field[SECOND] > 60) {
        return 0;
    }
    return seconds_of_day(2000u + field[YEAR], field[MONTH], field[DAY]) + field[HOUR] * 3600u +
           field[MINUTE] * 60u + field[SECOND];
}
