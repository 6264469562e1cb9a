/* SPDX-License-Identifier: MIT */
/* The pages of devices, with MSI-X tables and registers, that the hypervisor has mapped. A mapping
 * is for ever, so that pages are looked up before they are mapped. */
#include "hypervisor/irq/message.h"
#include "hypervisor/memory/map.h"
#include "hypervisor/ranks.h"
#include "lib/lock.h"

#define PAGES_MAX 1024u

static struct {
    struct lock lock;
    u32 count;
    struct {
        u64 page;
        char *view;
    } mapped[PAGES_MAX];
} tables = {.lock = {.rank = RANK_TABLES}};

static char *map_locked(u64 page)
{
    for (u32 i = 0; i < tables.count; i++) {
        if (tables.mapped[i].page == page) {
            return tables.mapped[i].view;
        }
    }
    char *view = tables.count < PAGES_MAX ? device_map(maddr(page)) : NULL;
    if (view) {
        tables.mapped[tables.count].page = page;
        tables.mapped[tables.count++].view = view;
    }
    return view;
}

void *message_map(u64 address)
{
    lock_take(&tables.lock);
    char *view = map_locked(address & ~(PAGE_SIZE - 1));
    lock_release(&tables.lock);
    return view ? view + page_offset(address) : NULL;
}
