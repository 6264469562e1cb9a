/* SPDX-License-Identifier: MIT */
/* The end of the log of a failed hypervisor, kept in memory for the next boot.
 *
 * A record lies at one of a few fixed machine addresses, in the middle of the memory, where
 * firmware and boot loaders have no reason to write: they work at the lower end and at the upper
 * end of a range. Where they write nevertheless, or clear the memory, the record's checksum does
 * not fit, and nothing is shown. */
#ifndef LOG_CRASH_LOG_H
#define LOG_CRASH_LOG_H

#include "lib/types.h"

/* Finds a place whose memory is free, takes it from the free memory, and logs the last lines of a
 * record that an earlier boot has left there, which is cleared. Once, at boot, after the loader's
 * modules have been taken. */
void crash_log_start(void);

/* Leaves the end of the log for the next boot: `count` bytes, of which the last are kept. For the
 * end of the machine; without a place nothing happens. */
void crash_log_store(const char *text, u32 count);

#endif
