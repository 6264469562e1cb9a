/* SPDX-License-Identifier: MIT */
/* The machine-to-physical map: guests read it, and believe it or not; nothing here does. */
#ifndef VMMU_M2P_H
#define VMMU_M2P_H

#include "vmmu/engine.h"

/* Guests may be reading. */
static inline void m2p_write(mfn_t m, u64 value)
{
    __atomic_store_n(&vmmu_engine.m2p[m.n], value, __ATOMIC_RELAXED);
}

#endif
