/* SPDX-License-Identifier: MIT */
/* Frame numbers and addresses as distinct types: the compiler refuses to mix them. */
#ifndef LIB_ADDR_H
#define LIB_ADDR_H

#include "lib/types.h"

#define PAGE_SHIFT 12
#define PAGE_SIZE  4096ull

/* A machine frame number: names a 4 KiB frame of the real machine. */
typedef struct {
    u64 n;
} mfn_t;

/* A pseudo-physical frame number: a guest's own numbering of its memory, 0 upwards. */
typedef struct {
    u64 n;
} pfn_t;

/* A byte address of the real machine. */
typedef struct {
    u64 a;
} maddr_t;

/* A virtual address in a guest's or the hypervisor's address space. */
typedef struct {
    u64 a;
} vaddr_t;

/* "No frame": no machine has it, and as an m2p value it means "no pfn". */
#define MFN_NONE ((mfn_t){~0ull})

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

static inline bool mfn_equal(mfn_t a, mfn_t b)
{
    return a.n == b.n;
}

static inline bool mfn_is_none(mfn_t m)
{
    return m.n == ~0ull;
}

static inline mfn_t mfn_of(maddr_t m)
{
    return (mfn_t){m.a >> PAGE_SHIFT};
}

static inline maddr_t maddr_of(mfn_t m)
{
    return (maddr_t){m.n << PAGE_SHIFT};
}

static inline u64 page_offset(u64 address)
{
    return address & (PAGE_SIZE - 1);
}

#endif
