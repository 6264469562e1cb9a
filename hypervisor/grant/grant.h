/* SPDX-License-Identifier: MIT */
/* Grants: pages that a domain permits another domain to map or copy (ABI: grant_table.h, versions 1
 * and 2).
 *
 * A domain has a table of the grants it gives, in pages shared with the hypervisor, and handles for
 * the mappings it made of other domains' grants. A mapped frame is kept alive by the reference that
 * its page-table entry holds (vmmu.h), and one that is mapped for devices by a hold. The counts
 * here serve another purpose: they decide when the reading and writing flags, by which the granter
 * sees that a grant is in use, are cleared. In a table of version 1 these flags are part of the
 * entry; in one of version 2 they have pages of their own, the status frames.
 *
 * Locks: a granter's `lock` is taken before a mapper's `handle_lock`. The locks of two granters are
 * never held together. */
#ifndef GRANT_GRANT_H
#define GRANT_GRANT_H

#include "hypervisor/xen.h"
#include "lib/addr.h"
#include "lib/lock.h"

struct domain;

/* The largest limits that a domain can have, which are also the usual ones. */
#define GRANT_FRAMES_MAX 64u
#define HANDLE_PAGES_MAX 1024u

#define GRANTS_A_FRAME    512u /* entries of version 1 on a page; version 2 has half as many */
#define GRANTS_A_FRAME_V2 256u
#define STATUSES_A_FRAME  2048u /* status words on a status frame */
#define STATUS_FRAMES_MAX (GRANT_FRAMES_MAX * GRANTS_A_FRAME_V2 / STATUSES_A_FRAME)
#define HANDLES_A_PAGE    256u
#define HANDLE_NONE       0xffffffffu

/* How a grant is used at present. */
struct grant_use {
    u64 frame; /* the granted mfn, read when the first use begins; fixed until the last use ends,
                  even if the granter changes its entry. GRANT_TRANSITIVE: the entry named another
                  domain's grant then */
    u32 readers;
    u32 writers;
};

#define GRANT_TRANSITIVE (~0ull)

/* One mapping that a domain made of another domain's grant. It is one use of the grant, which ends
 * with the later of its two parts. */
struct grant_handle {
    u64 frame;
    u32 ref; /* the grant's number; in a free handle: the number of the next free handle, or
                HANDLE_NONE */
    u16 granter;
    u8 used : 1;
    u8 writable : 1;
    u8 contains_pte : 1; /* the mapper named the mapping by the machine address of its page-table
                            entry */
    u8 host : 1;         /* part: a page-table entry maps the frame */
    u8 device : 1;       /* part: mapped for devices; there is a hold on the frame */
};

struct grants {
    struct lock lock;
    u8 version;     /* of the table: 1 or 2 */
    u8 version_max; /* the highest version that the domain may choose */
    u32 frames;
    u32 frames_max;
    void *shared[GRANT_FRAMES_MAX]; /* pages of entries of the table's version */
    struct grant_use *use[GRANT_FRAMES_MAX];
    u16 *status[STATUS_FRAMES_MAX]; /* status frames; NULL where none is needed, in version 1 all */
    /* Uses of this domain's grants that have begun and not ended; they count even after the table
     * is freed. */
    _Atomic u64 users;
    struct lock handle_lock;
    u32 handle_pages;
    u32 handle_pages_max;
    u32 free_handle;
    u32 stopped; /* handles below this number were ended by grants_stop */
    _Atomic u32 mappings;
    _Atomic u32 device_mappings;   /* mappings with a part for devices; counted by the callers */
    struct grant_handle **handles; /* HANDLE_PAGES_MAX pointers; NULL until the first handle */
};

/* Prepares the grants of a new domain, with the usual limits and a table of version 1 without
 * pages. */
void grants_start(struct domain *domain);

/* Sets the limits of a new domain before it runs: `frames`, the most pages of its grant table,
 * `handle_pages`, the most pages of HANDLES_A_PAGE handles, each -1 for the usual limit, and
 * `version`, the highest version of the table. 0; -XEN_EINVAL, and nothing has changed: a limit
 * that is too high, no page, or no such version. Xen ABI: max_grant_frames, max_maptrack_frames and
 * grant_opts of XEN_DOMCTL_createdomain. */
s64 grants_limit(struct domain *domain, s32 frames, s32 handle_pages, u32 version);

/* Says whether grants_limit would take these limits. */
bool grants_limits_ok(s32 frames, s32 handle_pages, u32 version);

/* Ends all uses that the domain, as mapper, has of other domains' grants, and frees its own grant
 * table. Call it after its page tables are torn down, so that no entry uses the mappings. False:
 * interrupted; call it again. */
bool grants_stop(struct domain *domain);

/* Makes the grant table at least `frames` pages long. Takes the domain's grant lock. Returns
 * GNTST_okay; GNTST_general_error: `frames` is above the domain's limit, or the domain is being
 * torn down; GNTST_no_space: no memory, and the pages that were added before stay. */
s16 grant_grow(struct domain *domain, u32 frames);

/* ---- the table as a whole ---- */

enum grant_frames { GRANT_FRAMES_SHARED, GRANT_FRAMES_STATUS };

/* Finds page number `n`, any value, of the domain's grant table or of its status frames; the table
 * grows if it is too short. The page is a shared page of the domain. Returns 0; -XEN_EINVAL: there
 * can be no such page, by the domain's limits or by the version; -XEN_ENOMEM. Takes the domain's
 * grant lock. Xen ABI: XENMEM_resource_grant_table. */
s64 grants_frame(struct domain *domain, enum grant_frames kind, u32 n, mfn_t *frame);

/* The most pages of that kind that the domain's table can have. */
u32 grants_frames_max(const struct domain *domain, enum grant_frames kind);

/* Stores the first `count` status frames in `list`, which has room for STATUS_FRAMES_MAX. Returns
 * GNTST_okay; GNTST_general_error: the domain has fewer (in version 1 none). Takes the domain's
 * grant lock. */
s16 grant_status_list(struct domain *domain, u32 count, mfn_t *list);

/* Changes the version of the domain's table to *version. The reserved grants keep what both
 * versions can express, and all other entries become empty; the version does not change while one
 * of these is in use. In any case *version becomes the version that the table has. Returns 0,
 * -XEN_EINVAL (no such version), -XEN_ENOSYS (above the domain's limit), -XEN_ENOMEM, or
 * -XEN_EBUSY: a grant that cannot stay is in use, or a status frame that would go is mapped. Takes
 * the domain's grant lock. Xen ABI: GNTTABOP_set_version. */
s64 grant_set_version(struct domain *domain, u32 *version);

/* Exchanges the entries `a` and `b`, any numbers. Returns GNTST_okay; GNTST_bad_gntref: the table
 * has no such grant; GNTST_eagain: one of them is in use. Takes the domain's grant lock. Xen ABI:
 * GNTTABOP_swap_grant_ref. */
s16 grant_swap(struct domain *domain, u32 a, u32 b);

/* ---- uses of grants ---- */

/* What a use of a grant may access. */
struct grant_access {
    mfn_t frame;
    u16 first, length; /* the bytes of the frame, in a copy; a mapping has them all */
    bool transitive;   /* not a frame but grant `next_ref` of domain `next_domain`, where the
                          granter is the user; the other members mean nothing */
    u16 next_domain;
    u32 next_ref;
};

enum grant_way {
    GRANT_MAP, /* the whole page, so neither a part of a page nor another domain's grant */
    GRANT_COPY,
};

/* Begins a use of `granter`'s grant number `ref` (any value) by domain `user`, as a writer if
 * `writable`: fills *access and returns GNTST_okay, or returns the GNTST_ code of the refusal. The
 * caller holds `granter`'s grant lock, and ends the use by grant_put under the same lock. */
s16 grant_get(struct domain *granter, u16 user, u32 ref, bool writable, enum grant_way way,
              struct grant_access *access);
void grant_put(struct domain *granter, u32 ref, bool writable);

/* ---- handles ---- */

/* Allocates a handle for a mapping of `mapper`, as a copy of *handle. Returns its number;
 * HANDLE_NONE: no memory, or the domain has too many handles. Takes handle_lock. */
u32 handle_take(struct domain *mapper, const struct grant_handle *handle);

/* The granter of the mapping with handle `number`, any value, at this moment. NULL: there was no
 * such mapping. The caller takes the granter's grant lock and then reads the handle anew
 * (handle_get). Takes no lock. */
struct domain *handle_granter(struct domain *mapper, u32 number);

/* Copies handle `number`, any value, into *handle. False: the handle does not exist or is free.
 * Takes handle_lock. */
bool handle_get(struct domain *mapper, u32 number, struct grant_handle *handle);

/* Frees handle `number`, which handle_take has returned. False: it is free already, for instance
 * because another CPU ended the mapping. Takes handle_lock. */
bool handle_drop(struct domain *mapper, u32 number);

/* Ends one part of the mapping `number`, of which the other part stays: `host`, or else `device`.
 * The caller holds the granter's grant lock. Takes handle_lock. */
void handle_drop_part(struct domain *mapper, u32 number, bool host);

/* True if a handle of `mapper` is for a mapping of frame `m`. Takes handle_lock, for a page of
 * handles at a time. */
bool handle_maps(struct domain *mapper, mfn_t m);

/* For the audit: writes the frames of up to `room` mappings for devices, on each of which there is
 * a hold, into `list`. Returns how many. */
u32 grants_held(const struct domain *domain, mfn_t *list, u32 room);

#endif
