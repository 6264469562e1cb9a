/* SPDX-License-Identifier: MIT */
/* Frame numbers and addresses, as distinct types that the compiler does not let a program mix. */
#ifndef LIB_ADDR_H
#define LIB_ADDR_H

#include "lib/types.h"

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096ull

/* The number of a 4 KiB frame of the machine. */
typedef struct {
    u64 n;
} mfn_t;

/* The number of a frame as its guest counts its own memory, 0 upwards. */
typedef struct {
    u64 n;
} pfn_t;

/* A byte address of the machine. */
typedef struct {
    u64 a;
} maddr_t;

/* A virtual address, of a guest or of the hypervisor. */
typedef struct {
    u64 a;
} vaddr_t;

/* No frame: no machine has one with this number. As a word of the M2P it means that there is no
 * pfn. */
#define MFN_NONE ((mfn_t){~0ull})

/* mfn, pfn, maddr and vaddr convert a plain number to one of these types. */
static inline mfn_t mfn(u64 n)
{
    return (mfn_t){n};
}

static inline pfn_t pfn(u64 n)
{
    return (pfn_t){n};
}

static inline maddr_t maddr(u64 a)
{
    return (maddr_t){a};
}

static inline vaddr_t vaddr(u64 a)
{
    return (vaddr_t){a};
}

/* Says whether two frame numbers are equal. */
static inline bool mfn_equal(mfn_t a, mfn_t b)
{
    return a.n == b.n;
}

/* Says whether a frame number is MFN_NONE. */
static inline bool mfn_is_none(mfn_t m)
{
    return m.n == ~0ull;
}

/* Returns the frame that contains a machine address. */
static inline mfn_t mfn_of(maddr_t m)
{
    return (mfn_t){m.a >> PAGE_SHIFT};
}

/* Returns the machine address of a frame's first byte. */
static inline maddr_t maddr_of(mfn_t m)
{
    return (maddr_t){m.n << PAGE_SHIFT};
}

/* Returns the offset of an address within its page. */
static inline u64 page_offset(u64 address)
{
    return address & (PAGE_SIZE - 1);
}

#endif
