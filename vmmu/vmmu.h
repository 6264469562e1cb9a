/* SPDX-License-Identifier: MIT */
/* The virtual MMU: the interface. Other parts include this header and no other of vmmu/; a machine
 * that hosts the engine defines the functions of vmmu/port.h.
 *
 * Each machine frame has two counts: how many reasons there are for it to keep existing for its
 * owner (references), and how often it is used as its present type (type references). The type may
 * change only while there is no type reference. A page table is checked entry by entry once, when
 * its first type reference is taken (it is promoted); from then on each present entry holds a
 * reference and, where the target's use matters, a type reference on its target. docs/counting.md
 * explains why.
 *
 * Results. VMMU_DONE: the operation has happened. VMMU_AGAIN: the operation was interrupted,
 * because something waits for this CPU, or because another CPU or the processor's page walk changed
 * the same frame; the caller calls it again with the same arguments, on any CPU; what was done so
 * far is kept. Any other value is a refusal: the rule of refusals.def that the operation broke. A
 * refused operation has no effect, except that it is counted and recorded in the domain, and that
 * tables and descriptor pages which it checked on the way may keep the user bits, cleared global
 * bits, memory types of device entries and descriptor rings that the check set in them. If the
 * undoing of a refused promotion is interrupted, the result is the refusal, and the rest becomes
 * the vCPU's deferred release (vmmu_finish). "Refuses" in a contract lists the rules.
 *
 * The entry rules, which several contracts name, are those that an entry of a guest can break:
 *   - in a table of any level: CACHE_BITS, UNSAFE_NOT_PRESENT, BAD_FRAME, TOO_MANY_REFERENCES;
 *   - at level 1: NO_MEMORY, FOREIGN_MAPPING, WRITABLE_TABLE, READ_ONLY_PAGE;
 *   - above level 1: SUPERPAGE, GLOBAL_TABLE, NOT_OWNER, WRONG_TYPE, LINEAR_ENTRY, FOREIGN_TABLE;
 *     and the rules that the entries of the table below break, if that is promoted.
 *
 * Any CPU may call any function at any time, unless the function's contract says otherwise. */
#ifndef VMMU_VMMU_H
#define VMMU_VMMU_H

#include "lib/addr.h"
#include "vmmu/counters.h"
#include "vmmu/translations.h"

#ifdef __cplusplus
extern "C" {
#endif

#define VMMU_CPUS_MAX 64
/* A vCPU's GDT has 16 pages by the ABI, of which the hypervisor keeps the last two
 * (FIRST_RESERVED_GDT_PAGE). */
#define VMMU_GDT_FRAMES 14u
#define VMMU_LDT_FRAMES 16u
/* The slots of each L4 table that belong to the hypervisor, first and last. The first of them shows
 * the M2P and nothing else. It is the only one that a live L4 table may lack: see `hides_m2p`. */
#define VMMU_GUEST_HOLE_FIRST 256u
#define VMMU_GUEST_HOLE_LAST  271u
#define VMMU_M2P_SLOT         VMMU_GUEST_HOLE_FIRST

/* Owners. A domain's number is below VMMU_DOMAINS_END. A frame without an owner is free or the
 * hypervisor's. VMMU_OWNER_DEVICE (the ABI's DOMID_IO) owns the device frames: machine addresses
 * that are not RAM, such as the registers of devices. Those below the frame count are marked by
 * vmmu_own_device; every frame number from the frame count on is a device frame, too. A domain may
 * map one by L1 entries, which hold no reference, if port_device_access says so. It is never a page
 * table, a descriptor page, a granted page or a domain's memory. VMMU_OWNER_HYPERVISOR (DOMID_XEN)
 * owns the pages of the hypervisor that may be mapped read-only (vmmu_show). */
#define VMMU_DOMAINS_END      0x7ff0u
#define VMMU_OWNER_DEVICE     0x7ff1u
#define VMMU_OWNER_HYPERVISOR 0x7ff2u

enum vmmu_result {
    VMMU_DONE = 0,
    VMMU_AGAIN,
#define REFUSAL(name, errno_value, sentence) VMMU_REFUSED_##name,
#include "vmmu/refusals.def"
#undef REFUSAL
    VMMU_RESULTS /* the number of results; not a result itself */
};

/* The type of a frame: what the frame is used as, or, while it has no type reference, what it was
 * last used as. The number of a page table's type is its level. */
enum vmmu_type {
    VMMU_TYPE_NONE,
    VMMU_TYPE_L1,
    VMMU_TYPE_L2,
    VMMU_TYPE_L3,
    VMMU_TYPE_L4,
    VMMU_TYPE_DESCRIPTOR,
    VMMU_TYPE_WRITABLE,
    /* A page of the hypervisor that the guest of one domain may map (vmmu_share). It never becomes
     * a page table. */
    VMMU_TYPE_SHARED,
    VMMU_TYPES
};

/* What a domain may do with a device frame by mapping it. */
enum vmmu_access {
    VMMU_ACCESS_NONE,
    VMMU_ACCESS_READ,
    VMMU_ACCESS_WRITE, /* read and write */
};

/* One element of the frame table: 16 bytes for each frame. vmmu/frame.h describes the bits. While a
 * frame has no owner, both words are the allocator's to use, except bits 62 and 63 of `references`,
 * which stay clear. */
struct vmmu_frame {
    VMMU_ATOMIC(u64) references;
    VMMU_ATOMIC(u64) type;
};

/* A domain as the engine sees it. The caller owns the memory, clears it to zeroes, and then calls
 * vmmu_domain_start. */
struct vmmu_domain {
    u16 id;
    VMMU_ATOMIC(bool) dying;
    VMMU_ATOMIC(u64) lessened; /* for vmmu_generation (vmmu/lessened.h) */
    /* Bit set of the CPUs whose TLB may hold translations of this domain. The caller sets a CPU's
     * bit before that CPU loads one of the domain's roots, and may clear the bit after that CPU has
     * loaded another root and flushed. The engine only reads the set. */
    VMMU_ATOMIC(u64) cpus;
    VMMU_ATOMIC(u64) frames; /* number of frames that the domain owns, without shared pages */
    u64 frames_max;          /* vmmu_give refuses once `frames` has reached this limit */
    VMMU_ATOMIC(u64) shared; /* number of pages shared with the domain (vmmu_share) */
    /* The ABI's VMASST_TYPE_m2p_strict, which the caller may change at any time. It decides which
     * of the domain's L4 tables show the M2P. False: a promoted table does not show it until it is
     * set as a kernel root. True: a promoted table shows it until it is set as a user root, and
     * then no longer, also where it is a kernel root. A change of the mode changes no table. */
    VMMU_ATOMIC(bool) hides_m2p;
    struct vmmu_counters counters;
    /* The latest refusal (enum vmmu_result), for the crash report. VMMU_DONE: none yet. */
    VMMU_ATOMIC(u32) last_refusal;
    VMMU_ATOMIC(u64) last_word; /* was refused then: mostly an entry, frame number or address */
    /* What the domain's L4 tables get in slots 256 to 271: 16 entries, of which VMMU_M2P_SLOT is
     * the first. vmmu_domain_start sets it to those that vmmu_start was given. The caller may set
     * others, which never change, before the domain has its first L4 table. The first one is the
     * same for all domains. */
    const u64 *hypervisor_slots;
    /* Likewise what a table gets instead when it is set as a user root, until it is set as a kernel
     * root; the first of the 16 is not used, and that of slot 262 is another one. NULL, as
     * vmmu_domain_start leaves it: the same. Which of the two a table has does not matter for the
     * guest. */
    const u64 *user_slots;
    /* The first frames that the first and the second pass of vmmu_domain_stop have not reached. */
    u64 unpinned, released;
    /* vmmu_domain_stop has begun: no CPU runs the domain, so no new translation of it arises. */
    VMMU_ATOMIC(bool) stopped;
    u64 stopped_at; /* the domain's flush clock, read just before `stopped` was set */
    /* Each CPU in `flushed_cpus` began its latest flush at the epoch `flushed` of the domain's
     * flush clock or later. Each change of the two makes `flushed_version` odd and then even. */
    VMMU_ATOMIC(u64) flushed, flushed_cpus, flushed_version;
    void *user; /* for the caller; the engine does not use it */
};

/* A deferred release: what an operation that already has its result has left to do. Either the old
 * kernel root is still to be dropped, or the demotion of a table, or the undoing of a refused
 * promotion, was interrupted and is to be completed; then a reference on the table is dropped.
 * vmmu_finish completes it before the vCPU's next operation. Only the engine writes this struct;
 * its caller may read `frame`. */
struct vmmu_deferred {
    mfn_t frame; /* MFN_NONE: there is no deferred release */
    u32 kind;
};

/* A vCPU as the engine sees it. The caller owns the memory, clears it, and calls vmmu_vcpu_start.
 * It ensures that only one CPU at a time runs a vCPU or calls functions with it. */
struct vmmu_vcpu {
    struct vmmu_domain *domain;
    u64 usual;         /* the engine's (vmmu/usual.h): ref_usual() of the domain */
    mfn_t kernel_root; /* MFN_NONE: the vCPU has no kernel root */
    mfn_t user_root;   /* MFN_NONE: the vCPU has no user root */
    mfn_t gdt_frame[VMMU_GDT_FRAMES];
    u32 gdt_entries;
    mfn_t ldt_frame[VMMU_LDT_FRAMES]; /* MFN_NONE: not mapped (see vmmu_ldt_fault) */
    vaddr_t ldt_base;
    u32 ldt_entries; /* 0: the vCPU has no LDT */
    struct vmmu_deferred deferred;
    struct vmmu_counted counted;
    void *user; /* for the caller; the engine does not use it */
};

/* ---- the machine ------------------------------------------------------------------------- */

/* Starts the engine. Call it once, on one CPU, before every other function.
 *
 * frames: the frame table, `count` elements of zeroes, indexed by mfn. m2p: the machine-to-physical
 * map, `count` words, which the engine writes and guests read. The engine uses both arrays from now
 * on. hypervisor_slots: the 16 entries that each L4 table gets in slots 256 to 271, unless its
 * domain has others, the first of them (VMMU_M2P_SLOT) as its domain's mode says; they are copied.
 * l1tf: the processor may speculatively read memory through an entry that is not present (L1
 * terminal fault), so such entries are checked too. */
void vmmu_start(struct vmmu_frame *frames, u64 count, u64 *m2p, const u64 hypervisor_slots[16],
                bool l1tf);

/* ---- frames and owners ------------------------------------------------------------------- */

/* Prepares `*domain`, a struct of zeroes, for the domain with the number `id`, which may own up to
 * `frames_max` frames. Panics if `id` is not below VMMU_DOMAINS_END. */
void vmmu_domain_start(struct vmmu_domain *domain, u16 id, u64 frames_max);

/* Prepares `*vcpu`, a struct of zeroes, for a vCPU of `domain`. The vCPU then has no root, no GDT
 * and no LDT. */
void vmmu_vcpu_start(struct vmmu_vcpu *vcpu, struct vmmu_domain *domain);

/* Copies the counters of `domain` to *sum, without what its vCPUs have counted. */
void vmmu_counters_read(const struct vmmu_domain *domain, struct vmmu_counters *sum);

/* Adds what `vcpu` has counted to *sum. Any CPU may call it, also while another one runs the
 * vCPU. */
void vmmu_counters_add(const struct vmmu_vcpu *vcpu, struct vmmu_counters *sum);

/* Gives frame `m`, which the caller has from the machine's allocator, to `domain` as its pfn `p`.
 * The frame then has type none and one reference, the ownership reference, and its M2P word is `p`.
 * If vmmu_domain_stop begins meanwhile, the frame is released again, after VMMU_DONE too. Refuses:
 * DOMAIN_DYING, BAD_FRAME, TOO_MANY_FRAMES. Panics if `m` has an owner. vmmu_give_many does this
 * for `count` frames from `m` on, as the pfns from `p` on: for all or, if it refuses, for none. */
enum vmmu_result vmmu_give(struct vmmu_domain *domain, mfn_t m, pfn_t p);
enum vmmu_result vmmu_give_many(struct vmmu_domain *domain, mfn_t m, pfn_t p, u64 count);

/* Drops the ownership reference of `domain` on `m`. When no other reference is left, at once or
 * later, the frame goes to port_frames_free. A pin of the frame stays until it is unpinned.
 * Refuses: BAD_FRAME, NOT_OWNER (also a shared page), ALREADY_RELEASED. */
enum vmmu_result vmmu_take(struct vmmu_domain *domain, mfn_t m);

/* Does what vmmu_take does, but only if the ownership reference is the only one, so that the frame
 * is free after VMMU_DONE. Refuses: WRONG_TYPE, if there are other references, and what vmmu_take
 * refuses. */
enum vmmu_result vmmu_take_unused(struct vmmu_domain *domain, mfn_t m);

/* Makes `m`, a page of the hypervisor, a shared page of `domain`: the guest may map it (writable
 * only if `writable`), but it cannot become a page table, and only the hypervisor can end the
 * sharing (vmmu_unshare). Its M2P word becomes all ones. For shared_info, the console and grant
 * tables. Panics if `m` has an owner or does not exist. */
void vmmu_share(struct vmmu_domain *domain, mfn_t m, bool writable);

/* Ends vmmu_share of `m`: drops the hypervisor's reference and type reference. The page goes to
 * port_frames_free when no reference is left, at once or later. Panics if `m` is not a shared
 * page. */
void vmmu_unshare(mfn_t m);

/* Makes `m` a device frame, for ever: no RAM, or the firmware's. It has no owner, and no allocator
 * hands it out. Call it before any domain runs. Panics if it has one or does not exist. */
void vmmu_own_device(mfn_t m);

/* Makes `m`, a page of the hypervisor, a page that vCPUs may map read-only where
 * VMMU_OWNER_HYPERVISOR is the owner of the mapped frames; for ever. Its M2P word becomes all ones.
 * Panics if `m` has an owner or does not exist. */
void vmmu_show(mfn_t m);

/* Returns what stands for the owner `id`, VMMU_OWNER_DEVICE or VMMU_OWNER_HYPERVISOR, as an
 * argument `frame_owner` below. NULL for any other number. */
struct vmmu_domain *vmmu_special_owner(u16 id);

/* Takes a hold on a page of `domain`, for the hypervisor's own access over a long time (vcpu_info,
 * runstate area): a reference and a writable type reference, or a shared one on a shared page.
 * Refuses: BAD_FRAME, NOT_OWNER, TOO_MANY_REFERENCES, WRONG_TYPE. VMMU_AGAIN: another CPU is
 * changing the frame's type, or the frame is a partial table, whose demotion was interrupted
 * again. */
enum vmmu_result vmmu_hold(struct vmmu_domain *domain, mfn_t m);

/* Drops the reference and the type reference that one vmmu_hold of `m` took. */
void vmmu_unhold(mfn_t m);

/* Takes a reference on a page of `domain` of any type, so that the page stays the domain's while
 * the hypervisor reads it. Refuses: BAD_FRAME, NOT_OWNER, TOO_MANY_REFERENCES. */
enum vmmu_result vmmu_reference(struct vmmu_domain *domain, mfn_t m);

/* Drops the reference that one vmmu_reference of `m` took. */
void vmmu_unreference(mfn_t m);

/* Sets the M2P word of `m`, a frame of `domain`, to `value`, which may be any number: the engine
 * never reads an M2P word. Refuses: BAD_FRAME, NOT_OWNER, TOO_MANY_REFERENCES. Xen ABI:
 * MMU_MACHPHYS_UPDATE. */
enum vmmu_result vmmu_set_m2p(struct vmmu_domain *domain, mfn_t m, u64 value);

/* ---- page-table entries ------------------------------------------------------------------ */

/* The kind of a request: the numbers of the ABI's MMU_ commands of mmu_update. */
enum vmmu_update_kind {
    VMMU_UPDATE_NORMAL,
    /* No page is written: the M2P word of the frame in which `at` lies becomes `entry`. */
    VMMU_UPDATE_M2P,
    /* In a live table the new entry also gets the old one's accessed and dirty bits, atomically. */
    VMMU_UPDATE_PRESERVE_AD,
    VMMU_UPDATE_NO_TRANSLATE, /* the same as VMMU_UPDATE_NORMAL: entries always contain mfns */
};

/* One request, laid out as the ABI's struct mmu_update. */
struct vmmu_request {
    /* The machine address of an 8-byte word. The low three bits, which are 0 in such an address,
     * contain an enum vmmu_update_kind instead. */
    u64 at;
    u64 entry;
};

/* Writes `entry` at machine address `at`, 8-byte aligned, in a page of `table_owner`; the entry may
 * map frames of `frame_owner`, which above level 1 must be `table_owner` too. In a live table the
 * entry is checked and takes its references; if present it gets the user bit, and at level 1 loses
 * the global bit. A page that is writable or in no use gets a plain store. With VMMU_UPDATE_M2P it
 * does what vmmu_set_m2p does to the frame of `at`, which `frame_owner` owns.
 *
 * If `frame_owner` is `table_owner` or that of VMMU_OWNER_DEVICE, an L1 entry may map a device
 * frame that port_device_access lets `table_owner` read or write. The entry loses the writable bit
 * where the frame may only be read. The memory types uncached, UC- and write-combining are kept;
 * the others, which are for RAM, become uncached.
 *
 * May stop and be resumed. Refuses: BAD_ADDRESS, BAD_KIND, BAD_FRAME, NOT_OWNER,
 * TOO_MANY_REFERENCES, WRONG_TYPE, DESCRIPTOR_PAGE, TABLE_BUSY, HYPERVISOR_SLOT, and the entry
 * rules (listed at the head of this file). The caller flushes afterwards if the guest asks for it.
 */
enum vmmu_result vmmu_update(struct vmmu_vcpu *vcpu, struct vmmu_domain *table_owner,
                             struct vmmu_domain *frame_owner, maddr_t at, u64 entry,
                             enum vmmu_update_kind kind);

/* Does `count` requests in order, each as vmmu_update does it, and stops early if one is refused
 * (the result is its refusal) or interrupted, or if something waits for this CPU (VMMU_AGAIN);
 * *done is the number of requests done, which stay done. `requests` is a copy that nobody else can
 * change. Requests in a row for the same page cost least. On VMMU_AGAIN the caller calls
 * vmmu_update_many again with the rest. Refuses: what vmmu_update refuses, but not BAD_ADDRESS,
 * because the low three bits of an address hold the kind, so that no request is misaligned. Xen
 * ABI: mmu_update. */
enum vmmu_result vmmu_update_many(struct vmmu_vcpu *vcpu, struct vmmu_domain *table_owner,
                                  struct vmmu_domain *frame_owner,
                                  const struct vmmu_request *requests, u64 count, u64 *done);

/* Do one request of VMMU_UPDATE_NORMAL in a live L1 table, or vmmu_update_va in the upper half, for
 * tables and frames of the vCPU's domain, if that needs neither a wait nor a decision of the slow
 * path. False: nothing has happened; vmmu_update_many or vmmu_update_va does it, or refuses it. */
bool vmmu_update_va_quick(struct vmmu_vcpu *vcpu, vaddr_t va, u64 entry);
bool vmmu_update_quick(struct vmmu_vcpu *vcpu, struct vmmu_request request);

/* Writes the L1 entry for `va` in the tables below the vCPU's kernel root. The entry may map frames
 * of `frame_owner`. The caller does the flush that the guest asked for, only after VMMU_DONE. May
 * stop and be resumed. Refuses: BAD_ADDRESS, if `va` is not canonical or is in the hypervisor's
 * slots; NO_TABLE; and the entry rules of level 1 (listed at the head of this file). Xen ABI:
 * update_va_mapping. */
enum vmmu_result vmmu_update_va(struct vmmu_vcpu *vcpu, struct vmmu_domain *frame_owner, vaddr_t va,
                                u64 entry);

/* Maps a granted frame: writes `entry`, which may map a frame of `frame_owner`, at machine address
 * `at` of a live L1 table of the vCPU's domain. (vmmu_update_va does so by virtual address.) The
 * entry holds a reference on the frame, which keeps it from being freed, and a writable entry also
 * holds a type reference, which keeps the frame from becoming a page table. May stop and be
 * resumed. Refuses: BAD_ADDRESS, if `at` is not 8-byte aligned; BAD_FRAME, NOT_OWNER,
 * TOO_MANY_REFERENCES, NOT_L1_TABLE; and the entry rules of level 1 (listed at the head of this
 * file). */
enum vmmu_result vmmu_map_at(struct vmmu_vcpu *vcpu, struct vmmu_domain *frame_owner, maddr_t at,
                             u64 entry);

/* Clears to 0 the entry at machine address `at` of a live L1 table of the vCPU's domain, but only
 * if the entry is present, maps frame `m`, and is writable exactly if `writable`. If `m` is the
 * domain's own, the caller does the flush; if it is another domain's, all CPUs have flushed. May
 * stop and be resumed. Refuses: BAD_ADDRESS (not 8-byte aligned), BAD_FRAME, NOT_OWNER,
 * TOO_MANY_REFERENCES, NOT_L1_TABLE, NOT_THAT_MAPPING. */
enum vmmu_result vmmu_unmap_at(struct vmmu_vcpu *vcpu, maddr_t at, mfn_t m, bool writable);

/* Does what vmmu_unmap_at does, to the L1 entry for `va` in the tables below the vCPU's kernel
 * root. Refuses: BAD_ADDRESS, if `va` is not canonical or is in the hypervisor's slots; NO_TABLE;
 * and what vmmu_unmap_at refuses. */
enum vmmu_result vmmu_unmap_va(struct vmmu_vcpu *vcpu, vaddr_t va, mfn_t m, bool writable);

/* Moves the L1 entry for `source` to the place of the one for `va`, in the tables below the vCPU's
 * kernel root, but only if the latter is present, maps frame `m`, and is writable exactly if
 * `writable`; the entry for `source`, present or not, becomes 0. The caller flushes. May stop and
 * be resumed. Refuses: BAD_ADDRESS, NO_TABLE, TOO_MANY_REFERENCES, NOT_THAT_MAPPING. */
enum vmmu_result vmmu_replace_va(struct vmmu_vcpu *vcpu, vaddr_t va, vaddr_t source, mfn_t m,
                                 bool writable);

/* Emulates a guest's own store to a live L1 table, after the store's write fault: a
 * compare-and-exchange of `bytes` (1, 2, 4 or 8) at virtual address `at`, naturally aligned. If the
 * bytes in memory are `expected`, they become `desired`, and *swapped is true; if they are not, the
 * result is VMMU_DONE and *swapped is false. The whole entry is written in the form that
 * vmmu_update gives it. The address is translated by the vCPU's kernel root. May stop and be
 * resumed. Refuses: BAD_ADDRESS, for a wrong `bytes` or alignment; NOT_L1_TABLE, if `at` is not
 * mapped read-only or not in a live L1 table of this domain; and the entry rules of level 1 (listed
 * at the head of this file). */
enum vmmu_result vmmu_emulated_write(struct vmmu_vcpu *vcpu, vaddr_t at, u32 bytes, u64 expected,
                                     u64 desired, bool *swapped);

/* Says whether `at` is mapped read-only and lies in a live L1 table of the vCPU's domain, so that a
 * store which faulted there is to be emulated. The answer may be out of date at once. The vCPU's
 * deferred release stays as it is. */
bool vmmu_is_l1_write(struct vmmu_vcpu *vcpu, vaddr_t at);

/* Answers as vmmu_is_l1_write does. If true, *where is the machine address of the store, for
 * vmmu_emulated_write_at: so the tables are walked only once. If false, *where means nothing. */
bool vmmu_find_l1_write(struct vmmu_vcpu *vcpu, vaddr_t at, maddr_t *where);

/* Returns the device frame that `at` is mapped to read-only in the vCPU's kernel root; MFN_NONE:
 * there is none. The answer may be out of date at once. */
mfn_t vmmu_find_device(struct vmmu_vcpu *vcpu, vaddr_t at);

/* Does what vmmu_emulated_write does, at machine address `where`, which vmmu_find_l1_write found,
 * and without a walk. Checks again that the address lies in a live L1 table of the domain. Refuses:
 * BAD_ADDRESS, NOT_L1_TABLE (also if no reference on the table can be taken), and the entry rules
 * of level 1 (listed at the head of this file). */
enum vmmu_result vmmu_emulated_write_at(struct vmmu_vcpu *vcpu, maddr_t where, u32 bytes,
                                        u64 expected, u64 desired, bool *swapped);

/* Emulates a read-modify-write instruction on the whole entry at `where`, 8-byte aligned, which
 * vmmu_find_l1_write found, in one atomic step: the entry becomes (entry & keep) ^ flip, in the
 * form that vmmu_update gives it; *old is the entry before. Only the fast path: if the result is
 * false, nothing has changed, *old means nothing, and the caller uses vmmu_emulated_write_at. It is
 * always false while the vCPU has a deferred release. */
bool vmmu_emulated_change_at(struct vmmu_vcpu *vcpu, maddr_t where, u64 keep, u64 flip, u64 *old);

/* Emulate a guest's own store to a live L1 table, after the store's write fault: the word at the
 * 8-byte aligned address `at`, translated by the vCPU's kernel root, which the CPU runs on, becomes
 * `value`, or (*old & keep) ^ flip, where *old is the entry before. They do the same as a
 * successful vmmu_emulated_write, if that needs neither a wait nor a decision of the slow path, and
 * the processor does not change an entry meanwhile of which bits are kept. False: nothing has
 * happened. */
bool vmmu_store_quick(struct vmmu_vcpu *vcpu, vaddr_t at, u64 value, u64 *old);
bool vmmu_change_quick(struct vmmu_vcpu *vcpu, vaddr_t at, u64 keep, u64 flip, u64 *old);

/* ---- pins and roots ---------------------------------------------------------------------- */

/* Pins frame `m` of `owner` as a page table of `level` (1 to 4), which promotes the frame if it is
 * not such a table yet. May stop and be resumed: the progress of an interrupted promotion is kept
 * in the frame's type word. If the promotion is refused and its undoing is interrupted, the result
 * is the refusal, and the rest of the undoing becomes the vCPU's deferred release. A table of
 * another domain than the vCPU's is not pinned once vmmu_domain_stop of that domain has begun.
 * Refuses: BAD_LEVEL, BAD_FRAME, DOMAIN_DYING, NOT_OWNER, ALREADY_PINNED, WRONG_TYPE,
 * TOO_MANY_REFERENCES, and the entry rules (listed at the head of this file). Xen ABI:
 * MMUEXT_PIN_Ln_TABLE. */
enum vmmu_result vmmu_pin(struct vmmu_vcpu *vcpu, struct vmmu_domain *owner, mfn_t m, u32 level);

/* Removes the pin of frame `m` of `owner`, and demotes the table if it has no other type reference.
 * If that demotion is interrupted, the result is VMMU_DONE and the rest becomes the vCPU's deferred
 * release. Refuses: BAD_FRAME, NOT_OWNER, TOO_MANY_REFERENCES, NOT_PINNED. Xen ABI:
 * MMUEXT_UNPIN_TABLE. */
enum vmmu_result vmmu_unpin(struct vmmu_vcpu *vcpu, struct vmmu_domain *owner, mfn_t m);

/* Makes `m`, a frame of the vCPU's domain, the vCPU's kernel root; the frame is promoted to an L4
 * table if it is not one yet. Also drops the vCPU's mapped LDT pages. After VMMU_DONE the CPU still
 * runs on the old root, whose release is therefore deferred: the caller loads the new root into CR3
 * before it calls any other function with this vCPU. If `m` is the kernel root already, only the
 * LDT pages are dropped. Either way `m` shows the M2P from now on, unless the domain's `hides_m2p`
 * is set. May stop and be resumed. Refuses: BAD_FRAME, NOT_OWNER, WRONG_TYPE,
 * TOO_MANY_REFERENCES, and the entry rules (listed at the head of this file). Xen ABI:
 * MMUEXT_NEW_BASEPTR. */
enum vmmu_result vmmu_set_kernel_root(struct vmmu_vcpu *vcpu, mfn_t m);

/* Makes `m`, a frame of the vCPU's domain, the vCPU's user root; the frame is promoted to an L4
 * table if it is not one yet. MFN_NONE: the vCPU has no user root from now on. If the domain's
 * `hides_m2p` is set, `m` no longer shows the M2P, also if it is the user root already; apart from
 * that nothing happens then. Drops the old user root, on which no CPU may be running; if its
 * demotion is interrupted, the rest becomes the vCPU's deferred release. May stop and be resumed.
 * Refuses what vmmu_set_kernel_root refuses. Xen ABI: MMUEXT_NEW_USER_BASEPTR. */
enum vmmu_result vmmu_set_user_root(struct vmmu_vcpu *vcpu, mfn_t m);

/* As vmmu_set_kernel_root (`kernel`) or vmmu_set_user_root, if the vCPU has another such root, or
 * no user root, and no LDT, `m` is an L4 table already, or MFN_NONE for the user root, and nothing
 * has to be waited for. The old root becomes the vCPU's deferred release, also if it was the user
 * root. False: nothing has happened. */
bool vmmu_set_root_quick(struct vmmu_vcpu *vcpu, mfn_t m, bool kernel);

/* Completes the deferred release of the vCPU, if it has one. VMMU_AGAIN: interrupted, call
 * vmmu_finish again. Every operation that takes a vCPU and returns an enum vmmu_result does this
 * first (vmmu_update_many before each run of requests), and returns VMMU_AGAIN without having begun
 * if this is interrupted. The caller should complete the deferred release before the vCPU runs its
 * guest again: until then other vCPUs find frames that the guest no longer uses as tables still
 * counted as tables. */
enum vmmu_result vmmu_finish(struct vmmu_vcpu *vcpu);

/* Completes the deferred release that vmmu_set_root_quick has left, if there is one, and if no
 * table has to be demoted. False: nothing has happened, and vmmu_finish does it. */
bool vmmu_finish_quick(struct vmmu_vcpu *vcpu);

/* ---- descriptor tables ------------------------------------------------------------------- */

/* Replaces the vCPU's GDT by `entries` descriptors in the `count` frames (0 to VMMU_GDT_FRAMES) of
 * `frames`, which belong to the vCPU's domain. Unless the result is VMMU_DONE, the old GDT stays.
 * Refuses: TOO_MANY_DESCRIPTORS (`count` is too large, or `entries` do not fit in the frames),
 * BAD_FRAME, NOT_OWNER, WRONG_TYPE, BAD_DESCRIPTOR, TOO_MANY_REFERENCES. Xen ABI: set_gdt. */
enum vmmu_result vmmu_set_gdt(struct vmmu_vcpu *vcpu, const mfn_t *frames, u32 count, u32 entries);

/* Sets the vCPU's LDT: `entries` descriptors (up to 8192) from the page-aligned guest address
 * `base`. 0 entries: the vCPU has no LDT, and `base` means nothing. The old LDT's pages are
 * dropped; the new one's are checked and mapped only when they are used (vmmu_ldt_fault). Refuses:
 * TOO_MANY_DESCRIPTORS; BAD_ADDRESS, if `base` is not page-aligned or the LDT is not in the guest's
 * part of the address space. Xen ABI: MMUEXT_SET_LDT. */
enum vmmu_result vmmu_set_ldt(struct vmmu_vcpu *vcpu, vaddr_t base, u32 entries);

/* Maps page `page` (0 to 15) of the vCPU's LDT in the descriptor window, after the load of a
 * segment register faulted because that page was not mapped there. Does nothing if it is mapped
 * already. Refuses: NO_LDT_PAGE (the LDT has no such page, or the guest's tables do not map the
 * page's address), BAD_FRAME, NOT_OWNER, WRONG_TYPE, BAD_DESCRIPTOR, TOO_MANY_REFERENCES. */
enum vmmu_result vmmu_ldt_fault(struct vmmu_vcpu *vcpu, u32 page);

/* Drops all pages of the vCPU's LDT that vmmu_ldt_fault mapped; vmmu_ldt_fault maps them again when
 * they are used. The LDT's address and size stay. The vCPU's deferred release stays as it is. */
void vmmu_ldt_drop(struct vmmu_vcpu *vcpu);

/* Writes one descriptor at machine address `at`, 8-byte aligned, in a page of the vCPU's domain
 * that is a descriptor page, writable or in no use. The ring of a present code or data segment
 * becomes 3. Refuses: BAD_ADDRESS, BAD_FRAME, BAD_DESCRIPTOR, NOT_OWNER, WRONG_TYPE,
 * TOO_MANY_REFERENCES. Xen ABI: update_descriptor. */
enum vmmu_result vmmu_update_descriptor(struct vmmu_vcpu *vcpu, maddr_t at, u64 descriptor);

/* Says whether `descriptor` may stand in a guest's GDT or LDT as it is, with ring 3 where it is a
 * present code or data segment. */
bool vmmu_descriptor_allowed(u64 descriptor);

/* ---- reports ----------------------------------------------------------------------------- */

/* A software walk of the tables, for reports: the entries for one virtual address, from level 4
 * down to the level where the walk ended. The elements of lower levels are 0. */
struct vmmu_walk {
    u64 entry[5];  /* index: the level; [0] is unused */
    maddr_t at[5]; /* the machine addresses of these entries */
    u32 depth;     /* the lowest level read: 1 for a complete walk, 5 if no entry was read
                    */
    bool present;  /* the entries of all four levels are present */
};

/* Walks the tables for `va` from `root`, which may be any number, in software, and fills *walk. The
 * walk ends at an entry that is not present, at a slot of the hypervisor, or at a frame without an
 * owner. Takes no reference: the result may be out of date at once. */
void vmmu_walk(mfn_t root, vaddr_t va, struct vmmu_walk *walk);

/* What the frame table says of a frame, for reports. `valid` says whether the frame exists. If it
 * does not, or has no owner, all other members are 0. */
struct vmmu_frame_info {
    bool valid; /* the frame exists */
    u16 owner;  /* a domain's number, or VMMU_OWNER_DEVICE; only if `owned` */
    bool owned;
    bool pinned;
    bool validated;
    bool partial;
    bool allocated;    /* the owner's own reference is among the references */
    bool maps_devices; /* a table of which an entry maps a device frame, or has mapped one */
    enum vmmu_type type;
    u64 references;
    u64 type_count;
};

/* Fills *info with what the frame table says of `m`, which may be any number. Takes no reference:
 * the result may be out of date at once. */
void vmmu_frame_inspect(mfn_t m, struct vmmu_frame_info *info);

/* Copies entries of a live page table: `count` of them from entry `first` on, which the table has.
 * Entries that are not present become 0. Returns the table's level; 0: `m`, any number, is no live
 * page table, and nothing is copied. Locks the table meanwhile; takes no reference. */
u32 vmmu_table_read(mfn_t m, u32 first, u32 count, u64 *entry);

/* Say of `m`, any number, whether it is marked as a device frame or has an owner; and whether it
 * belongs to `domain` and has a reference. Perhaps not for long. */
bool vmmu_frame_is_taken(mfn_t m);
bool vmmu_frame_owned_by(const struct vmmu_domain *domain, mfn_t m);

/* The name of a result, its sentence for people, its error number of the ABI (negative; 0 for
 * VMMU_DONE), and the name of a type. For any other number: "?" and -EINVAL. */
const char *vmmu_result_name(enum vmmu_result result);
const char *vmmu_result_sentence(enum vmmu_result result);
int vmmu_result_errno(enum vmmu_result result);
const char *vmmu_type_name(enum vmmu_type type);

/* ---- the end of a domain ----------------------------------------------------------------- */

/* Drops a vCPU's roots, GDT and LDT, and completes its deferred release. The caller ensures that no
 * CPU runs on the roots any more. May stop and be resumed. */
enum vmmu_result vmmu_vcpu_stop(struct vmmu_vcpu *vcpu);

/* Says, after vmmu_domain_stop, whether no frame and no shared page has the domain as owner any
 * more, so that the caller may free the domain's struct. */
bool vmmu_domain_is_gone(const struct vmmu_domain *domain);

/* Unpins every frame that the domain owns, completes the demotion of its partial tables, and drops
 * its ownership references, which demotes and frees what nothing else uses. Shared pages stay until
 * vmmu_unshare. Sets `dying`: vmmu_give refuses from now on. Call it after vmmu_vcpu_stop of each
 * of the domain's vCPUs, while no CPU runs the domain. VMMU_AGAIN: interrupted, or the CPU of
 * another domain is demoting one of the tables; call it again. After VMMU_DONE only those frames
 * are left that another domain or the hypervisor still refers to. */
enum vmmu_result vmmu_domain_stop(struct vmmu_domain *domain);

/* ---- audit ------------------------------------------------------------------------------- */

/* A difference that the audit found in `frame`, or (MFN_NONE) in a domain's number of frames. */
struct vmmu_finding {
    mfn_t frame;
    const char *what;
    u64 expected, found;
};

/* The input of an audit: the users of frames that are not in the frame table (vCPUs with their
 * roots, descriptor pages and deferred releases; holds), an option, and memory to count in. */
struct vmmu_audit {
    struct vmmu_vcpu *const *vcpus;
    u32 vcpu_count;
    const mfn_t *held; /* one element for each vmmu_hold in effect; MFN_NONE: skipped */
    u32 held_count;
    bool foreign_mappings; /* not a difference: L1 entries that map frames of other domains */
    u32 *scratch;          /* 2 * scratch_frames words; the more, the fewer passes; 0: no counts */
    u64 scratch_frames;
};

/* Recounts all references and type references from the tables, the pins, the ownership references
 * and `audit`, and compares them with the frame table. Also checks each live entry against the
 * rules (for example, that no writable entry maps a page table or a descriptor page), the
 * descriptors of each descriptor page, and, for each domain that has a vCPU in `audit`, its number
 * of frames. Reports each difference by port_audit_found. Returns their number. Nothing else may
 * run meanwhile, and no vmmu_reference may be in effect, because it would be reported. */
u64 vmmu_audit(const struct vmmu_audit *audit);

#ifdef __cplusplus
}
#endif

#endif
