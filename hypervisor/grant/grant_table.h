/* SPDX-License-Identifier: MIT */
/* The pages of a domain's grant table, for grant/ only. The caller holds the grant lock. */
#ifndef GRANT_GRANT_TABLE_H
#define GRANT_GRANT_TABLE_H

#include <stdatomic.h>

#include "hypervisor/grant/grant.h"

_Static_assert(sizeof(struct grant_entry_v1) * GRANTS_A_FRAME == PAGE_SIZE, "one page");
_Static_assert(sizeof(union grant_entry_v2) * GRANTS_A_FRAME_V2 == PAGE_SIZE, "one page");
_Static_assert(sizeof(grant_status_t) * STATUSES_A_FRAME == PAGE_SIZE, "one page");

/* The marks by which a granter sees that its grant is in use. */
#define GRANT_MARKS (GTF_reading | GTF_writing)

/* The flags and the domain of a grant entry, read and changed as one aligned word: the granter may
 * write to it at any time. */
union grant_head {
    struct {
        u16 flags, domid;
    };
    u32 word;
};

/* The binary logarithm of how many grants a page of the table has. */
static inline u32 grants_shift(const struct grants *g)
{
    _Static_assert(GRANTS_A_FRAME == 1u << 9 && GRANTS_A_FRAME_V2 == 1u << 8, "by the version");
    return 10u - g->version;
}

/* The entry of grant `ref`, which the table has, as one of version 1 or of version 2. */
static inline struct grant_entry_v1 *grant_entry_v1_at(const struct grants *g, u32 ref)
{
    return (struct grant_entry_v1 *)g->shared[ref / GRANTS_A_FRAME] + ref % GRANTS_A_FRAME;
}

static inline union grant_entry_v2 *grant_entry_v2_at(const struct grants *g, u32 ref)
{
    return (union grant_entry_v2 *)g->shared[ref / GRANTS_A_FRAME_V2] + ref % GRANTS_A_FRAME_V2;
}

/* The status word of grant `ref`, which a table of version 2 has. */
static inline _Atomic u16 *grant_status_at(const struct grants *g, u32 ref)
{
    return (_Atomic u16 *)&g->status[ref / STATUSES_A_FRAME][ref % STATUSES_A_FRAME];
}

/* How grant `ref`, which the table has, is used. */
static inline struct grant_use *grant_use_at(const struct grants *g, u32 ref)
{
    return &g->use[ref / GRANTS_A_FRAME][ref % GRANTS_A_FRAME];
}

static inline bool grant_in_use(const struct grants *g, u32 ref)
{
    const struct grant_use *use = grant_use_at(g, ref);

    return use->readers || use->writers;
}

/* The marks of a grant that is used in this way. */
static inline u16 grant_marks_of(const struct grant_use *use)
{
    return use->writers ? GRANT_MARKS : use->readers ? GTF_reading : 0;
}

/* The number of status frames that a table of version 2 with `frames` pages needs. */
static inline u32 grant_statuses_for(u32 frames)
{
    return (frames * GRANTS_A_FRAME_V2 + STATUSES_A_FRAME - 1) / STATUSES_A_FRAME;
}

/* Makes the table at least `frames` pages long; results: as for grant_grow. */
s16 grant_grow_locked(struct domain *domain, u32 frames);

/* Allocates the status frames that a table of `frames` pages needs and has not yet. False: no
 * memory, and those that were added before stay. */
bool grant_statuses_add(struct domain *domain, u32 frames);

/* Ends the sharing of all status frames. */
void grant_statuses_drop(struct grants *g);

/* Frees the pages of handles, all of which are free. Needs no lock: the domain has ended. */
void handles_free(struct grants *g);

#endif
