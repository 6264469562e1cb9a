/* SPDX-License-Identifier: MIT */
/* The operations of the hypercall `watch` (lib/watch.h) that show frames and page tables: numbers
 * that the frame table has and that guests have written into tables, never the contents of other
 * pages. What changes between two calls is shown as it is at each of them. */
#ifndef LIB_WATCH_FRAMES_H
#define LIB_WATCH_FRAMES_H

#include "lib/types.h"

enum watch_frames_operation {
    /* Fills in struct watch_frames and its runs. Result: the number of runs. Reads at most
     * WATCH_FRAMES_STEP elements of the frame table, so the caller goes on at `next` until that is
     * `frames`. Refuses: EINVAL: `first` is above the number of frames, or there is no room. */
    WATCH_FRAMES = 32,
    /* Fills in struct watch_table and the 512 entries. Refuses: ENOENT: the frame is no live page
     * table, or ceased to be one meanwhile; ERANGE: there is no such frame. */
    WATCH_TABLE = 33,
    /* Fills in struct watch_roots for the domain with the lowest number that is at least `id`, and
     * its vCPUs, if they have room. Refuses: ESRCH: there is none. */
    WATCH_ROOTS = 34,
};

#define WATCH_FRAMES_STEP 1024u
#define WATCH_ENTRIES     512u
#define WATCH_NO_FRAME    (~0ull)

/* What a frame is. */
enum watch_kind {
    WATCH_FREE,       /* free, as far as the allocator is not just working on it */
    WATCH_HYPERVISOR, /* the hypervisor's own, or nobody's */
    WATCH_DEVICE,     /* a device frame: no RAM */
    WATCH_SHOWN,      /* the hypervisor's, of a kind that guests may map */
    WATCH_OWNED,      /* a domain's */
};

/* Flags of an owned or shown frame. */
#define WATCH_FRAME_ALLOCATED 1u /* the owner's own reference is among the references */
#define WATCH_FRAME_VALIDATED 2u /* checked, and open to use as its type */
#define WATCH_FRAME_PARTIAL   4u /* its promotion or demotion was interrupted */
#define WATCH_FRAME_PINNED    8u
#define WATCH_FRAME_DEVICES   16u /* a table that maps a device frame, or has mapped one */

/* `frames` frames, one behind the other, of which all is the same. The type is 0 none, 1 to 4 the
 * level of a page table, 5 descriptor page, 6 writable, 7 shared; with 0 type references the last
 * one. */
struct watch_run {
    u32 references, type_references;
    u16 owner; /* a domain's number, where the kind is WATCH_OWNED; otherwise 0 */
    u8 kind, type;
    u32 flags;
    u64 frames;
};

struct watch_frames {
    u32 version;
    u32 room;   /* elements of the array at `runs` */
    u64 first;  /* the first frame to show */
    u64 runs;   /* address of an array of struct watch_run */
    u64 next;   /* answer: the first frame that was not shown */
    u64 frames; /* answer: the number of elements of the frame table */
};

struct watch_table {
    u32 version;
    u32 level; /* answer: 1 to 4 */
    u64 frame;
    u64 entries; /* address of an array of 512 words; those that are not present become 0 */
    u32 owner;   /* answer */
    u32 gap;
};

struct watch_vcpu_roots {
    u32 id;
    u32 gap;
    u64 kernel_root, user_root; /* frames; WATCH_NO_FRAME: none */
};

struct watch_roots {
    u32 version;
    u32 id;    /* the least number wanted; answer: the domain's */
    u32 ended; /* answer: 1 if it has ended and is not gone yet */
    u32 vcpus; /* answer: how many it has; 0 if it has ended */
    u32 room;  /* elements of the array at `vcpu` */
    u32 gap;
    u64 vcpu;       /* address of an array of struct watch_vcpu_roots */
    char name[128]; /* answer; ends with a zero */
};

#endif
