/* SPDX-License-Identifier: MIT */
/* The oracle of lessened entries: compares the live tables before and after each operation. */
#include "tests/model/lessened.h"

#include "tests/model/compare.h"
#include "vmmu/lessened.h"

static struct oracle_frame before[ORACLE_FRAMES];
static u64 generation[ORACLE_DOMAINS];

void lessened_look(void)
{
    for (u32 m = 0; m < world.oracle.frames; m++) {
        before[m] = world.oracle.frame[m];
    }
    for (u32 d = 1; d < ORACLE_DOMAINS; d++) {
        generation[d] = vmmu_generation(&world.domain[d]);
    }
}

static bool is_live(const struct oracle_frame *f)
{
    return f->owner && f->owner < ORACLE_DOMAINS && f->types && f->open &&
           f->type >= VMMU_TYPE_L1 && f->type <= VMMU_TYPE_L4;
}

/* Says whether an entry of frame `m` has been lessened, a live table of the same domain before and
 * after the operation. (An operation that begins by completing a deferred release may demote a
 * table and then write to it as to any page.) */
static bool is_lessened(u32 m)
{
    const struct oracle_frame *old = &before[m], *now = &world.oracle.frame[m];
    const bool live = is_live(old) && is_live(now) && now->owner == old->owner;

    for (u32 i = 0; live && i < ORACLE_SLOTS; i++) {
        if (lessened_by(old->word[i], now->word[i])) {
            return true;
        }
    }
    return false;
}

void lessened_compare(void)
{
    for (u32 m = 2; m < world.oracle.frames; m++) {
        /* If a CPU has flushed during the operation, the next generation may have begun already. */
        if (is_lessened(m) &&
            atomic_load(&world.domain[before[m].owner].lessened) == generation[before[m].owner]) {
            compare_fail("an entry was lessened, and its domain does not know", m, 1, 0);
        }
    }
}
