/* SPDX-License-Identifier: MIT */
/* A snapshot, or the difference of two, as text for terminals and tests. */
#ifndef TOOLS_MAP_TEXT_H
#define TOOLS_MAP_TEXT_H

#include "tools/map_snapshot.h"

/* Appends a table: for each owner and type how many frames there are, how much memory that is, and
 * their references and type references together. `before`: NULL, or an earlier snapshot, whose
 * numbers of frames and the differences stand beside. */
void map_text(const struct snapshot *snapshot, const struct snapshot *before, struct buffer *to);

#endif
