/* SPDX-License-Identifier: MIT */
/* Address spaces: a user half of one's own, and the kernel half that all share.
 *
 * The tables of a space are built with plain stores. Just before its first use it is pinned: all
 * kernel mappings of its tables become read-only, and the hypervisor checks the whole tree once.
 * From then on its entries are changed by requests, and tables that join are made read-only first.
 * Before it is torn down it is unpinned again. On a hypervisor that runs kernel and user in one
 * ring a space has two roots: the kernel's shows both halves, the user's only the user half; a
 * change of the user half of one is made in both. */
#ifndef GUEST_SPACE_H
#define GUEST_SPACE_H

#include "guest/entry.h"
#include "guest/page.h"
#include "lib/lock.h"

#define USER_END       (1ull << 47) /* user addresses are below */
#define USER_TOP_SLOTS 256u         /* of a root: the user half */

struct space {
    entry_t *root;
    entry_t *user_root; /* NULL: there is only one root */
    struct page *tables;
    u64 table_count; /* roots included */
    u64 number;      /* its name in messages */
    u64 cpus;        /* that it is active on, a bit each */
    bool pinned;
    bool pinned_for_suspend;
    struct lock lock;
    struct space *next, **link; /* all spaces */
};

/* The kernel's own, which shows no user half. */
extern struct space kernel_space;

/* An empty user half beside the kernel's. -XEN_ENOMEM. */
int space_create(struct space *space);

/* Makes it the one that this CPU uses, pinned if it was not. -XEN_... : it was refused, the old one
 * stays in use. */
int space_activate(struct space *space);

/* Releases every page that it maps, and its tables. The space must be active on no other CPU
 * (-XEN_EBUSY); on this one the kernel's takes over. */
int space_destroy(struct space *space);

/* Makes `to`, not created yet, a copy for a fork: private pages are shared read-only until somebody
 * writes, in both; pages mapped with PTE_SHARED stay the same. All or nothing: -XEN_ENOMEM. */
int space_duplicate(struct space *to, struct space *from);

/* Shows a page at `va`, which shows nothing yet (-XEN_EEXIST). The caller's use of the page becomes
 * the space's; when it fails it stays the caller's. -XEN_ENOMEM: no memory for a table. */
int space_map(struct space *space, u64 va, struct page *page, u64 flags);

/* Removes what is mapped in a range of whole pages, and gives its uses back. Flushes. */
int space_unmap(struct space *space, u64 va, u64 length);

/* Gives what is mapped in a range other flags; a page that is to be copied when written stays
 * read-only until then, whatever they say. Flushes. */
int space_protect(struct space *space, u64 va, u64 length, u64 flags);

/* A write hit a read-only page: gives the space a copy of its own if that is all it needs.
 * -XEN_EFAULT: nothing there, or not to be written; -XEN_ENOMEM. */
int space_unshare(struct space *space, u64 va);

/* The entry of `level` for a user address; NULL when a table above it is missing. */
entry_t *space_entry(const struct space *space, u64 va, unsigned level);

/* The level 1 entry; missing tables are made. NULL: no memory, and none was made; or refused. */
entry_t *space_entry_make(struct space *space, u64 va);

/* Copies between the kernel and a user's memory, whatever is active. -XEN_EFAULT: not all of it may
 * be accessed that way. */
int space_read(struct space *space, u64 va, void *to, u64 length);
int space_write(struct space *space, u64 va, const void *from, u64 length);

/* Flushes translations of the user half on all CPUs that the space is active on. */
int space_flush(struct space *space);
int space_flush_page(struct space *space, u64 va);

/* Pins one, or takes the pin away: only needed for what space_activate and space_destroy do not do.
 * -XEN_EBUSY: unpinning what is active. */
int space_pin(struct space *space);
int space_unpin(struct space *space);

/* Before a suspend all spaces must be pinned, so that tables can be found and translated;
 * afterwards those that were not are unpinned again. */
int space_pin_all(void);
int space_unpin_all(void);

/* Shows a page at a kernel address outside the direct map, in all spaces at once. It follows what
 * its page becomes: read-only while that is a table. -XEN_EEXIST, -XEN_ENOMEM. */
int kernel_map(u64 va, struct page *page, u64 flags);
int kernel_unmap(u64 va);

/* Where kernel_map may be used: a slot of the root that start-up leaves alone. */
#define KERNEL_MAP_START 0xfffff00000000000ull
#define KERNEL_MAP_END   0xfffff08000000000ull

#endif
