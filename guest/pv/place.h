/* SPDX-License-Identifier: MIT */
/* What the direct map shows at a page that changes its frame. */
#ifndef GUEST_PV_PLACE_H
#define GUEST_PV_PLACE_H

#include "guest/page.h"
#include "guest/pv/request.h"

/* Frame and tags of `word`, with these flags; or nothing. Whole or not at all. */
int place_show(struct page *page, u64 word, u64 flags);
int place_clear(struct page *page);

/* A mapping changed at once, with its own result. */
int request_mapping_now(u64 va, u64 entry);

#endif
