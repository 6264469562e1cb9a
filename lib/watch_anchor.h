/* SPDX-License-Identifier: MIT */
/* The anchor: where a program that can read the machine's memory from outside, as the host of an
 * emulator can, finds the frame table and the domains. It lies in the hypervisor's image, at a
 * multiple of WATCH_ANCHOR_ALIGN. It says where things are; it takes no part in what they do. */
#ifndef LIB_WATCH_ANCHOR_H
#define LIB_WATCH_ANCHOR_H

#include "lib/types.h"

#define WATCH_ANCHOR_MAGIC   "Pinion's anchor" /* 16 bytes with the 0 */
#define WATCH_ANCHOR_VERSION 1u
#define WATCH_ANCHOR_ALIGN   64u

/* The machine addresses between which the image is loaded. */
#define WATCH_IMAGE_START 0x200000u
#define WATCH_IMAGE_END   0x400000u

/* Addresses are virtual, in the address space of `root`, but for those called machine addresses. */
struct watch_anchor {
    char magic[16];
    u32 version;
    u32 domains_max; /* elements of `domain` */
    u64 root;        /* machine address of the hypervisor's own L4 table; 0: not known yet */
    u64 direct;      /* the direct map's first address */
    u64 frame_table; /* 16 bytes a frame: references word, type word (vmmu/frame.h) */
    u64 frames;      /* their number */
    u64 domain;      /* an array of addresses of domains; 0: no domain in that place */
    /* Where members are in a domain, in bytes: */
    u32 domain_id;   /* u16 */
    u32 domain_end;  /* u32; 0: it has not ended */
    u32 domain_name; /* text that ends with 0 */
    u32 vcpu_count;  /* u32 */
    u32 vcpu;        /* an array of addresses of vCPUs */
    /* and in a vCPU: */
    u32 vcpu_id;     /* u32 */
    u32 kernel_root; /* u64, a frame; none: all bits set */
    u32 user_root;
};

#endif
