/* SPDX-License-Identifier: MIT */
/* Address spaces. Each has a user half of its own; all share one kernel half.
 *
 * The tables of a new space are filled with plain stores. Just before its first use the space is
 * pinned: all kernel mappings of its tables become read-only, and the hypervisor checks the whole
 * tree once. From then on entries are changed by requests, and a table that is added is made
 * read-only first. Before a space is destroyed it is unpinned.
 *
 * On a hypervisor that runs a guest's kernel and user mode in one processor ring, a space has two
 * roots: the kernel root shows both halves, the user root only the user half. A change in the user
 * half of the kernel root is made in both. */
#ifndef GUEST_SPACE_H
#define GUEST_SPACE_H

#include "guest/entry.h"
#include "guest/page.h"
#include "lib/lock.h"

#define USER_END       (1ull << 47) /* end of the user half: all user addresses are below */
#define USER_TOP_SLOTS 256u         /* slots 0..255 of a root are the user half */

struct space {
    entry_t *root;           /* the kernel root, at its address in the direct map */
    entry_t *user_root;      /* NULL: the backend uses one root for both modes */
    struct page *tables;     /* list of all tables of the user half, and of the roots */
    u64 table_count;         /* number of tables in the list `tables` */
    u64 number;              /* number of the space, for messages; 1 upwards */
    u64 cpus;                /* the CPUs on which the space is active: bit N is CPU N */
    bool pinned;             /* the tables of the space are live page tables */
    bool pinned_for_suspend; /* space_pin_all pinned it; space_unpin_all unpins it */
    struct lock lock;
    struct space *next,
        **link; /* list of all spaces: the next space, and the pointer to this space */
};

/* The kernel's own space, which has an empty user half. It always exists and is always pinned. */
extern struct space kernel_space;

/* Fills in a new space with an empty user half. Returns 0 or -XEN_ENOMEM. */
int space_create(struct space *space);

/* Makes this CPU use a space, after pinning it if necessary.
 * On failure, which is the hypervisor's refusal, this CPU keeps the space that it used. */
int space_activate(struct space *space);

/* Destroys a space: releases its use of each page that it maps, and its tables. If the space is
 * active on this CPU, the kernel's space becomes active first.
 * Returns 0; -XEN_EBUSY: the space is active on another CPU; or the hypervisor's refusal. */
int space_destroy(struct space *space);

/* Creates `to` as a copy of `from` for a fork. A private page is mapped read-only in both spaces
 * and copied when one of them writes (space_unshare); a page mapped with PTE_SHARED is not copied.
 * A frame that is not the guest's own is left out. Returns 0; -XEN_ENOMEM or the hypervisor's
 * refusal, and `to` does not exist. */
int space_duplicate(struct space *to, struct space *from);

/* Maps `page` at the user address `va`. flags: PTE_... bits. The caller's use of the page passes to
 * the space if it succeeds.
 *
 * Returns 0; -XEN_EEXIST: something is mapped at `va`; -XEN_ENOMEM: no memory for a table, the
 * hypervisor refused a table, or `va` is not a user address; or its refusal of the entry. Within a
 * batch, 0 is returned before the hypervisor has seen the entry. */
int space_map(struct space *space, u64 va, struct page *page, u64 flags);

/* Unmaps all pages in a range of user addresses, releases the space's use of each, and flushes.
 * va, length: multiples of PAGE_SIZE, else -XEN_EINVAL. */
int space_unmap(struct space *space, u64 va, u64 length);

/* Changes the flags of all pages that are mapped in a range of user addresses, and flushes. A page
 * that is marked for copying (PTE_COPY) stays read-only even if `flags` has PTE_WRITABLE.
 * va, length: multiples of PAGE_SIZE, else -XEN_EINVAL. */
int space_protect(struct space *space, u64 va, u64 length, u64 flags);

/* Handles a write fault at `va` on a page marked for copying: maps a copy of the page writable, or
 * the page itself if nothing else uses it.
 * Returns 0, also if the page is writable by now; -XEN_EFAULT: no page is mapped at `va`, or one
 * that must not be written; -XEN_ENOMEM. */
int space_unshare(struct space *space, u64 va);

/* Returns the entry of level `level` for an address; NULL: a table above that entry is missing. */
entry_t *space_entry(const struct space *space, u64 va, unsigned level);

/* Returns the level 1 entry for a user address; makes the tables that are missing. NULL: there was
 * no memory for them, or the hypervisor refused one; then none was made. */
entry_t *space_entry_make(struct space *space, u64 va);

/* Copies `length` bytes from a user address to the kernel's memory. The space need not be active.
 * Returns 0; -XEN_EFAULT: user mode may not read all of these bytes; some may have been copied. */
int space_read(struct space *space, u64 va, void *to, u64 length);

/* Copies `length` bytes from the kernel's memory to a user address. The space need not be active.
 * Returns 0; -XEN_EFAULT: user mode may not write all of these bytes; some may have been copied. */
int space_write(struct space *space, u64 va, const void *from, u64 length);

/* Flushes all translations of the user half on the CPUs on which the space is active. */
int space_flush(struct space *space);

/* Flushes the translation of one user address on the CPUs on which the space is active. */
int space_flush_page(struct space *space, u64 va);

/* Pins a space. Kernels seldom need this, because space_activate does it. */
int space_pin(struct space *space);

/* Unpins a space. Kernels seldom need this, because space_destroy does it.
 * Returns 0; -XEN_EBUSY: the space is active on a CPU; or the hypervisor's refusal. */
int space_unpin(struct space *space);

/* Pins all spaces, as must be done before the guest is suspended: what saves the guest finds page
 * tables by their pins. */
int space_pin_all(void);

/* To be called after the guest was resumed. Unpins the spaces that space_pin_all pinned; a space
 * that is active on a CPU by now stays pinned. */
int space_unpin_all(void);

/* Maps a page, in all spaces, at a kernel address outside the direct map. The mapping is read-only
 * while the page is a live page table, even if `flags` has PTE_WRITABLE.
 * va: in [KERNEL_MAP_START, KERNEL_MAP_END). Returns 0; -XEN_EEXIST: something is mapped at `va`;
 * -XEN_ENOMEM: no memory, or `va` is out of range; or the hypervisor's refusal. */
int kernel_map(u64 va, struct page *page, u64 flags);

/* Unmaps what kernel_map mapped at `va`. -XEN_EINVAL: nothing is mapped there. */
int kernel_unmap(u64 va);

/* The range of kernel_map: one slot of the root, which start-up leaves empty. */
#define KERNEL_MAP_START 0xfffff00000000000ull
#define KERNEL_MAP_END   0xfffff08000000000ull

#endif
