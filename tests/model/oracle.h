/* SPDX-License-Identifier: MIT */
/* The oracle: a small, slow model of the virtual MMU's rules, to compare the engine with.
 *
 * It states the contract and shares no line with the engine: plain arrays record the owner of each
 * frame, its contents, its type and counts, and what every vCPU holds. oracle_predict returns what
 * an operation answers and performs its effects, in one thread; it can be interrupted where the
 * contract says so. oracle_recount drops the counts and computes them again from tables, pins,
 * roots, descriptor tables and holds alone. */
#ifndef TESTS_MODEL_ORACLE_H
#define TESTS_MODEL_ORACLE_H

#include "lib/x86/pte.h"
#include "vmmu/vmmu.h"

#define ORACLE_FRAMES       40u
#define ORACLE_DOMAINS      5u /* ids 1..4; 0: no owner */
#define ORACLE_VCPUS        8u /* two for each domain: (id - 1) * 2 and the next */
#define ORACLE_SLOTS        22u
#define ORACLE_DEVICE_KINDS 5u
#define ORACLE_NONE         ~0u

/* What stands for VMMU_OWNER_DEVICE and VMMU_OWNER_HYPERVISOR where an operation names an owner.
 * The latter owns frame 1, which vmmu_show has shown. */
#define ORACLE_DEVICES    5u
#define ORACLE_HYPERVISOR 6u
#define ORACLE_OWNERS     7u

/* The slots that tests use. All other entries of every table and page stay zero. */
extern const u16 oracle_slot[ORACLE_SLOTS];

/* Returns the position of slot `index` in oracle_slot. ORACLE_NONE: it is not there, and its entry
 * is zero. */
u32 oracle_slot_position(u32 index);

#define MODEL_OPS(X)                                                                               \
    X(GIVE)                                                                                        \
    X(TAKE)                                                                                        \
    X(TAKE_UNUSED)                                                                                 \
    X(SHARE)                                                                                       \
    X(UNSHARE)                                                                                     \
    X(HOLD)                                                                                        \
    X(UNHOLD)                                                                                      \
    X(REFERENCE)                                                                                   \
    X(UNREFERENCE)                                                                                 \
    X(SET_M2P)                                                                                     \
    X(HIDE_M2P)                                                                                    \
    X(DEVICE_RIGHT)                                                                                \
    X(UPDATE)                                                                                      \
    X(UPDATE_VA)                                                                                   \
    X(EMULATED_WRITE)                                                                              \
    X(IS_L1_WRITE)                                                                                 \
    X(FIND_DEVICE)                                                                                 \
    X(EMULATED_AT)                                                                                 \
    X(MAP_AT)                                                                                      \
    X(UNMAP_AT)                                                                                    \
    X(UNMAP_VA)                                                                                    \
    X(REPLACE_VA)                                                                                  \
    X(PIN)                                                                                         \
    X(UNPIN)                                                                                       \
    X(KERNEL_ROOT)                                                                                 \
    X(USER_ROOT)                                                                                   \
    X(FINISH)                                                                                      \
    X(SET_GDT)                                                                                     \
    X(SET_LDT)                                                                                     \
    X(LDT_FAULT)                                                                                   \
    X(LDT_DROP)                                                                                    \
    X(DESCRIPTOR)                                                                                  \
    X(VCPU_STOP)                                                                                   \
    X(DOMAIN_STOP)                                                                                 \
    X(DOMAIN_START)                                                                                \
    X(STORE)                                                                                       \
    X(LOAD)                                                                                        \
    X(FLUSH)                                                                                       \
    X(SCHEDULE)

enum model_op_kind {
#define X(name) OP_##name,
    MODEL_OPS(X)
#undef X
        OP_KINDS
};

/* One operation and its arguments. Its kind decides which of them it has: see
 * oracle_operations.c. */
struct model_op {
    enum model_op_kind kind;
    u32 vcpu;
    u32 domain; /* owner of the table or frame; a share's or hold's domain */
    u32 other;  /* owner of the frame that an entry names */
    u32 cpu;    /* the CPU that performs it */
    u32 number; /* level, bytes, count, page, update kind, writable, right */
    u32 entries;
    u64 at; /* frame, machine address or virtual address */
    u64 value;
    u64 expected; /* also the address that REPLACE_VA moves an entry from */
    u32 list[4];  /* GDT frames; the last one is repeated for all further ones */
    u32 stop_at, stop_each;
};

struct oracle_frame {
    u8 owner; /* 0: free */
    bool allocated;
    bool pinned;
    bool partial, child;
    bool share_writable;
    u16 place;
    enum vmmu_type type; /* at type count 0: the last type */
    u32 types, references;
    bool open; /* validated */
    u64 m2p;
    u64 word[ORACLE_SLOTS];
    u32 held, looked; /* how often vmmu_hold and vmmu_reference were called */
};

struct oracle_vcpu {
    u32 domain;
    u32 kernel_root, user_root;
    u32 gdt[VMMU_GDT_FRAMES], gdt_entries;
    u32 ldt[VMMU_LDT_FRAMES], ldt_entries;
    u64 ldt_base;
    u32 owed; /* the frame of the deferred release */
    bool owed_put;
};

struct oracle_domain {
    bool started, dying, hides_m2p;
    u32 frames, frames_max;
    u32 unpinned, released; /* the first frames that the two passes of its end have not seen */
    enum vmmu_result last_refusal;
    u64 entries_checked, updates, promotions, demotions, pins, unpins, emulated_writes,
        root_switches, refusals;
};

struct oracle {
    u32 frames; /* how many exist; frames 0 and 1 never belong to a domain */
    bool l1tf;
    /* By domain: slots 256 to 271 of its kernel roots, [0], and of its user roots, [1]. */
    u64 hypervisor_slot[ORACLE_DOMAINS][2][16];
    struct oracle_frame frame[ORACLE_FRAMES];
    struct oracle_vcpu vcpu[ORACLE_VCPUS];
    struct oracle_domain domain[ORACLE_OWNERS];
    u8 access[ORACLE_DOMAINS][ORACLE_DEVICE_KINDS]; /* enum vmmu_access: see oracle_access */
    u32 asks, stop_at, stop_each;
    u64 answer; /* what the last EMULATED_WRITE, IS_L1_WRITE or FIND_DEVICE returned */
};

/* The caller then fills hypervisor_slot. */
void oracle_start(struct oracle *o, u32 frames, bool l1tf);

/* Returns what the engine must answer to `op`, and performs the effects of `op` in the model. */
enum vmmu_result oracle_predict(struct oracle *o, const struct model_op *op);

/* Recounts everything, compares with the counts kept, and checks that every live entry is allowed.
 * Returns NULL, or what is wrong with frame *m. */
const char *oracle_recount(const struct oracle *o, u32 *m);

/* Returns the L1 entry for `va` in the vCPU's kernel root; 0: none. */
u64 oracle_walk(const struct oracle *o, u32 vcpu, u64 va);

/* The table of `level` for `va` in the vCPU's kernel root; ORACLE_NONE if there is none. */
u32 oracle_table(const struct oracle *o, u32 vcpu, u64 va, u32 level);

/* Says whether a live L1 table of `domain` maps frame `m` writable. */
bool oracle_maps_writable(const struct oracle *o, u32 domain, u32 m);

/* Entry `index` of frame `m`. */
u64 oracle_word(const struct oracle *o, u32 m, u32 index);

/* Says whether an address is canonical and its L4 slot is not one of the hypervisor's. */
bool oracle_address_is_guests(u64 va);

bool oracle_is_table(enum vmmu_type type);
u32 oracle_target(u64 entry);

/* Device frames: frame 0, and every number from the number of frames on. Where a domain may
 * map one, DEVICE_RIGHT decides between reading and writing. At first a domain with an odd
 * number may write to all of them, but only read oracle->frames + 1, and not map oracle->frames +
 * 2; one with an even number may read frame 0 and write to oracle->frames + 1. */
bool oracle_is_device(const struct oracle *o, u64 frame);
enum vmmu_access oracle_access(const struct oracle *o, u32 domain, u64 frame);

/* Returns the live L1 table of the vCPU's domain that `va` maps read-only, or ORACLE_NONE. */
u32 oracle_shown_table(const struct oracle *o, u32 vcpu, u64 va);

#endif
