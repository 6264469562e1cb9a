/* SPDX-License-Identifier: MIT */
/* Grants: pages that a domain lets another map or copy (grant_table.h, version 1).
 *
 * A domain has a table of grants it gives, in pages it shares with the hypervisor, and handles for
 * the mappings it made of others' grants. What keeps a granted frame alive while it is mapped is
 * the page-table entry itself (vmmu.h); what is counted here is only what the granter is told: the
 * reading and writing marks in its entry.
 *
 * Locks: a granter's `lock`, then a mapper's `handle_lock`. */
#ifndef GRANT_GRANT_H
#define GRANT_GRANT_H

#include "hypervisor/xen.h"
#include "lib/addr.h"
#include "lib/lock.h"

struct domain;

#define GRANT_FRAMES_MAX 32u
#define GRANTS_A_FRAME   512u
#define HANDLE_PAGES_MAX 64u
#define HANDLES_A_PAGE   256u
#define HANDLE_NONE      0xffffffffu

/* How a grant is used now. */
struct grant_use {
    u64 frame; /* fixed while anybody uses it, whatever the granter writes meanwhile */
    u32 readers;
    u32 writers;
};

/* A mapping that a domain made. */
struct grant_handle {
    u64 frame;
    u32 ref; /* free: the next free handle */
    u16 granter;
    u8 used : 1;
    u8 writable : 1;
    u8 contains_pte : 1; /* the caller named it by its entry's machine address */
};

struct grants {
    struct lock lock;
    u32 frames;
    struct grant_entry_v1 *shared[GRANT_FRAMES_MAX];
    struct grant_use *use[GRANT_FRAMES_MAX];
    _Atomic u64 users; /* uses that have begun and not ended, also when the table is gone */
    struct lock handle_lock;
    u32 handle_pages;
    u32 free_handle;
    _Atomic u32 mappings;
    struct grant_handle *handles[HANDLE_PAGES_MAX];
};

void grants_start(struct domain *domain);

/* After the domain's page tables are gone: marks its mappings ended, takes its table away. */
void grants_stop(struct domain *domain);

/* Makes the table at least `frames` pages long. A GNTST_ code. */
s16 grant_grow(struct domain *domain, u32 frames);

/* Begins a use of `granter`'s grant `ref` by `user`: its frame, or a GNTST_ code. `granter`'s lock
 * is held. grant_put ends it. */
s16 grant_get(struct domain *granter, const struct domain *user, u32 ref, bool writable,
              mfn_t *frame);
void grant_put(struct domain *granter, u32 ref, bool writable);

/* A new handle; HANDLE_NONE: no memory or too many. */
u32 handle_take(struct domain *mapper, const struct grant_handle *handle);

/* The handle's contents; false: no such handle. */
bool handle_get(struct domain *mapper, u32 number, struct grant_handle *handle);

/* Frees it. False: somebody else has. */
bool handle_drop(struct domain *mapper, u32 number);

#endif
