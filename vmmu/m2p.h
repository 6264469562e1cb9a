/* SPDX-License-Identifier: MIT */
/* The machine-to-physical map (M2P). The engine only writes the M2P, and guests read it; no check
 * depends on its contents. */
#ifndef VMMU_M2P_H
#define VMMU_M2P_H

#include "vmmu/engine.h"

/* Sets the M2P word of `m`, which exists. The store is atomic, because guests may be reading the
 * word. */
static inline void m2p_write(mfn_t m, u64 value)
{
    __atomic_store_n(&vmmu_engine.m2p[m.n], value, __ATOMIC_RELAXED);
}

#endif
