/* SPDX-License-Identifier: MIT */
/* The machine-to-physical map (M2P): its words, and the L4 tables that show it to a guest; and the
 * other slots of the hypervisor in L4 tables. The engine only writes the words, and guests read
 * them; no check depends on their contents. */
#ifndef VMMU_M2P_H
#define VMMU_M2P_H

#include "vmmu/frame.h"

/* Sets the M2P word of `m`, which exists. The store is atomic, because guests may be reading the
 * word. */
static inline void m2p_write(mfn_t m, u64 value)
{
    __atomic_store_n(&vmmu_engine.m2p[m.n], value, __ATOMIC_RELAXED);
}

/* Sets the M2P word of `m`, which may be any number, if the domain with the number `id` owns the
 * frame. Refuses: BAD_FRAME, NOT_OWNER, TOO_MANY_REFERENCES. */
enum vmmu_result m2p_set(u16 id, mfn_t m, u64 value);

/* Reads the mode `hides_m2p` of a domain. */
ALWAYS_INLINE bool m2p_is_hidden(const struct vmmu_domain *domain)
{
    return atomic_load_explicit(&domain->hides_m2p, memory_order_relaxed);
}

/* The slow path of m2p_show (`kernel`) and m2p_hide, with the same contracts. */
void m2p_show_slow(struct vmmu_domain *domain, mfn_t root, bool kernel);

/* Says whether the L4 table `root` shows the M2P. */
ALWAYS_INLINE bool m2p_is_shown(mfn_t root)
{
    return word_read(&frame_words(root)[VMMU_M2P_SLOT]) != 0;
}

/* The slot by which a kernel root's slots differ from a user root's, where a domain has both. */
#define SLOT_THAT_DIFFERS 262u

/* Says whether the hypervisor's slots of `root`, which has become a kernel root or a user root of
 * `domain`, are those of the other kind. */
ALWAYS_INLINE bool slots_are_others(const struct vmmu_domain *domain, mfn_t root, bool kernel)
{
    return domain->user_slots &&
           word_read(&frame_words(root)[SLOT_THAT_DIFFERS]) !=
               (kernel ? domain->hypervisor_slots
                       : domain->user_slots)[SLOT_THAT_DIFFERS - VMMU_GUEST_HOLE_FIRST];
}

/* Shows the M2P in `root`, which has become a kernel root, unless `hides_m2p` of its domain is set,
 * and gives it the hypervisor's slots of a kernel root. The caller has a reference and an L4 type
 * reference on `root` and holds no table's lock. */
ALWAYS_INLINE void m2p_show(struct vmmu_domain *domain, mfn_t root)
{
    if (!m2p_is_shown(root) || slots_are_others(domain, root, true)) {
        m2p_show_slow(domain, root, true);
    }
}

/* Hides the M2P in `root`, which has become a user root, if `hides_m2p` of its domain is set, and
 * gives it the hypervisor's slots of a user root. CPUs that have `root` loaded see that when they
 * load a root next, also if they keep translations then. The caller is in the same position as that
 * of m2p_show. */
ALWAYS_INLINE void m2p_hide(struct vmmu_domain *domain, mfn_t root)
{
    if ((m2p_is_hidden(domain) && m2p_is_shown(root)) || slots_are_others(domain, root, false)) {
        m2p_show_slow(domain, root, false);
    }
}

#endif
