/* SPDX-License-Identifier: MIT */
/* A snapshot, or two side by side, as one HTML page that needs nothing else. */
#ifndef TOOLS_MAP_PAGE_H
#define TOOLS_MAP_PAGE_H

#include "tools/map_snapshot.h"

/* The most that a recorded snapshot may have in a page. With more, its tables are left out, and
 * then its counts; the page says so. */
#define MAP_PAGE_SNAPSHOT_MAX (3u << 20)

/* Appends the page of `count` snapshots, 1 or 2, which may lose tables and counts (`most` bytes
 * each at most, if that can be; in a test less than MAP_PAGE_SNAPSHOT_MAX). */
void map_page(struct snapshot *snapshot, unsigned count, size_t most, struct buffer *to);

#endif
