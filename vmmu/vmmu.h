/* SPDX-License-Identifier: MIT */
/* The virtual MMU: the interface. Other parts include this header and no other of vmmu/; a machine
 * that hosts the engine defines the functions of vmmu/port.h.
 *
 * Each machine frame has two counts: how many reasons there are for it to keep existing for its
 * owner (references), and how often it is used as its present type (type references). The type may
 * change only while there is no type reference. A page table is checked entry by entry once, when
 * its first type reference is taken (it is promoted); from then on each entry holds a reference
 * and, where the target's use matters, a type reference on its target. docs/counting.md explains
 * why.
 *
 * Results. VMMU_DONE: the operation has happened. VMMU_AGAIN: it was interrupted, because something
 * waits for this CPU, or another CPU works on the same frame; call it again with the same
 * arguments, on any CPU; what was done so far is kept. Any other value is a refusal: the rule of
 * refusals.def that the operation broke; nothing has changed. "Refuses" in a contract lists these
 * rules.
 *
 * Any CPU may call any function at any time, unless its contract says otherwise. */
#ifndef VMMU_VMMU_H
#define VMMU_VMMU_H

#include "lib/addr.h"

/* A member of a struct that several CPUs may read and write at the same time. */
#ifdef __cplusplus
#include <atomic>
#define VMMU_ATOMIC(type) std::atomic<type>
extern "C" {
#else
#define VMMU_ATOMIC(type) _Atomic(type)
#endif

#define VMMU_CPUS_MAX 64
/* A vCPU's GDT has 16 pages by the ABI, of which the hypervisor keeps the last two
 * (FIRST_RESERVED_GDT_PAGE). */
#define VMMU_GDT_FRAMES 14u
#define VMMU_LDT_FRAMES 16u
/* The slots of each L4 table that belong to the hypervisor, first and last. */
#define VMMU_GUEST_HOLE_FIRST 256u
#define VMMU_GUEST_HOLE_LAST  271u

/* Owners. A domain's number is below VMMU_DOMAINS_END. A frame without an owner is free or the
 * hypervisor's. VMMU_OWNER_DEVICE, a number that no domain has (the ABI's DOMID_IO), owns the
 * device frames: machine addresses below the frame count that are not RAM, such as the registers of
 * devices and the tables of the firmware. No domain may map a device frame, and none is ever a page
 * table. */
#define VMMU_DOMAINS_END  0x7ff0u
#define VMMU_OWNER_DEVICE 0x7ff1u

enum vmmu_result {
    VMMU_DONE = 0,
    VMMU_AGAIN,
#define REFUSAL(name, errno_value, sentence) VMMU_REFUSED_##name,
#include "vmmu/refusals.def"
#undef REFUSAL
    VMMU_RESULTS /* the number of results, not a result */
};

/* The type of a frame: what it is used as. The number of a page table's type is its level. */
enum vmmu_type {
    VMMU_TYPE_NONE,
    VMMU_TYPE_L1,
    VMMU_TYPE_L2,
    VMMU_TYPE_L3,
    VMMU_TYPE_L4,
    VMMU_TYPE_DESCRIPTOR,
    VMMU_TYPE_WRITABLE,
    VMMU_TYPE_SHARED, /* a page of the hypervisor that one guest may map; never a page table */
    VMMU_TYPES
};

/* One element of the frame table: 16 bytes for each frame. vmmu/frame.h describes the bits. While a
 * frame has no owner, both words belong to the machine's allocator. */
struct vmmu_frame {
    VMMU_ATOMIC(u64) references;
    VMMU_ATOMIC(u64) type;
};

/* Counters of the work that a domain's page tables have caused since it was started. Any CPU may
 * read them; they are not exact relative to each other. */
struct vmmu_counters {
    VMMU_ATOMIC(u64) entries_checked; /* entries checked, in promotions and in updates */
    /* requests and mappings that were done; emulated writes have a counter of their own */
    VMMU_ATOMIC(u64) updates;
    VMMU_ATOMIC(u64) promotions; /* tables promoted */
    VMMU_ATOMIC(u64) demotions;
    VMMU_ATOMIC(u64) pins;
    VMMU_ATOMIC(u64) unpins;
    VMMU_ATOMIC(u64) emulated_writes;
    VMMU_ATOMIC(u64) root_switches;
    VMMU_ATOMIC(u64) flushes_asked; /* changes of a frame's type; each flush was sent or skipped */
    VMMU_ATOMIC(u64) flushes_sent;
    VMMU_ATOMIC(u64) flushes_skipped;
    VMMU_ATOMIC(u64) refusals;
    /* Flushes of other vCPUs that the domain itself asks for; the caller of the engine counts
     * them. */
    VMMU_ATOMIC(u64) remote_asked; /* vCPUs that the domain asked to flush */
    VMMU_ATOMIC(u64) remote_sent;  /* interrupts that were sent for that */
    /* vCPUs that needed no interrupt: not loaded on a CPU, or asked already */
    VMMU_ATOMIC(u64) remote_skipped;
};

/* A domain as the engine sees it. The caller owns the memory, clears it to zeroes, and then calls
 * vmmu_domain_start. */
struct vmmu_domain {
    u16 id;
    VMMU_ATOMIC(bool) dying;
    /* Bit set of the CPUs whose TLB may hold translations of this domain. The caller sets a CPU's
     * bit before that CPU loads one of the domain's roots, and may clear the bit after that CPU has
     * loaded another root and flushed. The engine only reads the set. */
    VMMU_ATOMIC(u64) cpus;
    VMMU_ATOMIC(u64) frames; /* number of frames that the domain owns, without shared pages */
    u64 frames_max;          /* the limit of `frames`, above which vmmu_give refuses */
    VMMU_ATOMIC(u64) shared; /* number of pages shared with the domain (vmmu_share) */
    struct vmmu_counters counters;
    VMMU_ATOMIC(u32) last_refusal; /* the latest refusal (enum vmmu_result), for the crash report */
    VMMU_ATOMIC(u64) last_word;    /* the entry, frame number or address of the latest refusal */
    u64 teardown_cursor;
    /* vmmu_domain_stop has begun: no CPU makes new translations of the domain any more. */
    VMMU_ATOMIC(bool) stopped;
    u64 stopped_at; /* the domain's flush clock when `stopped` was set */
    void *user;     /* for the caller; the engine does not use it */
};

/* A deferred release: a table whose demotion was interrupted after the operation that caused it had
 * taken effect. It is completed before the vCPU's next operation. The engine alone uses it. */
struct vmmu_deferred {
    mfn_t frame; /* MFN_NONE: there is no deferred release */
    u32 kind;
};

/* A vCPU as the engine sees it. The caller owns the memory, clears it to zeroes, and then calls
 * vmmu_vcpu_start. The caller ensures that only one CPU at a time runs a vCPU or calls functions
 * with it. */
struct vmmu_vcpu {
    struct vmmu_domain *domain;
    mfn_t kernel_root; /* MFN_NONE until vmmu_set_kernel_root */
    mfn_t user_root;   /* MFN_NONE: the vCPU has no user root */
    mfn_t gdt_frame[VMMU_GDT_FRAMES];
    u32 gdt_entries;
    mfn_t ldt_frame[VMMU_LDT_FRAMES]; /* MFN_NONE: no segment load has used the page yet */
    vaddr_t ldt_base;
    u32 ldt_entries; /* 0: the vCPU has no LDT */
    struct vmmu_deferred deferred;
    void *user; /* for the caller; the engine does not use it */
};

/* ---- the machine ------------------------------------------------------------------------- */

/* Starts the engine. Call it once, on one CPU, before every other function.
 *
 * frames: the frame table, `count` elements of zeroes, indexed by mfn. m2p: the machine-to-physical
 * map, `count` words, which the engine writes and guests read. hypervisor_slots: the 16 entries
 * that each L4 table gets in slots 256 to 271. l1tf: the processor may speculatively read memory
 * through an entry that is not present (L1 terminal fault), so such entries are checked too. */
void vmmu_start(struct vmmu_frame *frames, u64 count, u64 *m2p, const u64 hypervisor_slots[16],
                bool l1tf);

/* Advances the flush clock of `domain`. A CPU calls it just before it drops all translations of the
 * domain from its TLB, and vmmu_flush_ends just after. From then on the engine asks that CPU for no
 * flush because of a use of a frame that ended before the first call. A flush that is not reported
 * in this way does no harm, but saves no later flush. Returns the new value of the clock. */
u64 vmmu_flush_begins(const struct vmmu_domain *domain);

/* Records that CPU `cpu`, the calling one, has dropped all translations of `domain`. `begun` is
 * what vmmu_flush_begins returned before. */
void vmmu_flush_ends(const struct vmmu_domain *domain, u32 cpu, u64 begun);

/* ---- frames and owners ------------------------------------------------------------------- */

/* Prepares the struct of a domain, which is all zeroes, for its number `id` and its limit of
 * frames. Panics if `id` is not below VMMU_DOMAINS_END. */
void vmmu_domain_start(struct vmmu_domain *domain, u16 id, u64 frames_max);

/* Prepares the struct of a vCPU of `domain`, which is all zeroes. It has no root, GDT or LDT. */
void vmmu_vcpu_start(struct vmmu_vcpu *vcpu, struct vmmu_domain *domain);

/* Gives frame `m`, which is free, to `domain` as its pfn `p`. The caller has it from the machine's
 * allocator. The frame has the ownership reference and type none then, and its M2P word is `p`.
 * Refuses: DOMAIN_DYING, BAD_FRAME, TOO_MANY_FRAMES. */
enum vmmu_result vmmu_give(struct vmmu_domain *domain, mfn_t m, pfn_t p);

/* Drops the ownership reference of `domain` on `m`. When no other reference is left, at once or
 * later, the frame goes to port_frame_free. A pin of the frame stays until it is unpinned. Refuses:
 * BAD_FRAME, NOT_OWNER, ALREADY_RELEASED. */
enum vmmu_result vmmu_take(struct vmmu_domain *domain, mfn_t m);

/* Does what vmmu_take does, but only if the ownership reference is the only one, so that the frame
 * is free after VMMU_DONE. Refuses besides: WRONG_TYPE (there are others). */
enum vmmu_result vmmu_take_unused(struct vmmu_domain *domain, mfn_t m);

/* Makes `m`, a page of the hypervisor, a shared page of `domain`: the guest may map it (writable
 * only if `writable`), but it cannot become a page table, and only the hypervisor can give it back.
 * For shared_info, the console and grant tables. Panics if `m` has an owner or does not exist. */
void vmmu_share(struct vmmu_domain *domain, mfn_t m, bool writable);

/* Ends vmmu_share of `m`. The page goes to port_frame_free when no entry maps it any more. Panics
 * if `m` is not a shared page. */
void vmmu_unshare(mfn_t m);

/* Makes `m` a device frame, for ever: its owner is VMMU_OWNER_DEVICE, which has one reference that
 * is never dropped; its type is none. `m` is not RAM, has no owner, and no allocator may hand it
 * out. A domain can neither map nor hold it (NOT_OWNER). Panics on a frame that has an owner or
 * does not exist. */
void vmmu_own_device(mfn_t m);

/* Takes a hold on a page of `domain`, for the hypervisor's own access over a long time (vcpu_info,
 * runstate area): a reference and a writable type reference, or a shared one on a shared page.
 * Refuses: BAD_FRAME, NOT_OWNER, TOO_MANY_REFERENCES, WRONG_TYPE.
 * VMMU_AGAIN: another CPU is changing the frame's type. */
enum vmmu_result vmmu_hold(struct vmmu_domain *domain, mfn_t m);

/* Drops the reference and the type reference that one vmmu_hold of `m` took. */
void vmmu_unhold(mfn_t m);

/* Takes a reference on a page of `domain` of any type, so that it stays the domain's while the
 * hypervisor reads it. Refuses: BAD_FRAME, NOT_OWNER,
 * TOO_MANY_REFERENCES. */
enum vmmu_result vmmu_reference(struct vmmu_domain *domain, mfn_t m);

/* Drops the reference that one vmmu_reference of `m` took. */
void vmmu_unreference(mfn_t m);

/* Sets the M2P word of `m`, a frame of `domain`, to `value`, which may be any number: the engine
 * never reads it. Refuses: BAD_FRAME, NOT_OWNER, TOO_MANY_REFERENCES. Xen ABI:
 * MMU_MACHPHYS_UPDATE. */
enum vmmu_result vmmu_set_m2p(struct vmmu_domain *domain, mfn_t m, u64 value);

/* ---- page-table entries ------------------------------------------------------------------ */

/* The kind of a request: the numbers of the ABI's MMU_ commands of mmu_update. */
enum vmmu_update_kind {
    VMMU_UPDATE_NORMAL,
    VMMU_UPDATE_M2P,         /* the M2P word of the frame in which `at` lies becomes `entry` */
    VMMU_UPDATE_PRESERVE_AD, /* the accessed and dirty bits of the old entry are kept, atomically */
    VMMU_UPDATE_NO_TRANSLATE, /* the same as VMMU_UPDATE_NORMAL: entries always contain mfns */
};

/* One request, laid out as the ABI's struct mmu_update. */
struct vmmu_request {
    u64 at; /* machine address of a word; its low three bits are an enum vmmu_update_kind */
    u64 entry;
};

/* Writes `entry` at machine address `at`, 8-byte aligned, in a page of `table_owner`; the entry may
 * map frames of `frame_owner`. In a live table the entry is checked and takes its references; an
 * ordinary writable page gets a plain store. `kind` is not VMMU_UPDATE_M2P. May stop and be
 * resumed. Refuses: BAD_ADDRESS, BAD_KIND, BAD_FRAME, NOT_OWNER, TOO_MANY_REFERENCES, WRONG_TYPE,
 * DESCRIPTOR_PAGE, TABLE_BUSY, HYPERVISOR_SLOT, and every rule of what an entry holds and of what
 * it points at. The caller flushes afterwards if the guest asks for it. */
enum vmmu_result vmmu_update(struct vmmu_vcpu *vcpu, struct vmmu_domain *table_owner,
                             struct vmmu_domain *frame_owner, maddr_t at, u64 entry,
                             enum vmmu_update_kind kind);

/* Does `count` requests in order, each as vmmu_update, and stops before the first that is not done;
 * *done is the number of those that are. `requests` is a copy that nobody else can change. Requests
 * in a row for the same page cost least. On VMMU_AGAIN the caller calls it again with the rest.
 * Refuses: what vmmu_update refuses. Xen ABI: mmu_update. */
enum vmmu_result vmmu_update_many(struct vmmu_vcpu *vcpu, struct vmmu_domain *table_owner,
                                  struct vmmu_domain *frame_owner,
                                  const struct vmmu_request *requests, u64 count, u64 *done);

/* Does one request of a domain for its own tables and frames, as vmmu_update_many would; faster for
 * a single one. */
enum vmmu_result vmmu_update_one(struct vmmu_vcpu *vcpu, struct vmmu_domain *domain,
                                 const struct vmmu_request *request);

/* Writes the L1 entry that maps `va` in the vCPU's kernel root. The entry may map frames of
 * `frame_owner`. The caller does the flush that the guest asked for, only after VMMU_DONE. May stop
 * and be resumed. Refuses: BAD_ADDRESS, NO_TABLE, and what vmmu_update refuses of an entry. Xen
 * ABI: update_va_mapping. */
enum vmmu_result vmmu_update_va(struct vmmu_vcpu *vcpu, struct vmmu_domain *frame_owner, vaddr_t va,
                                u64 entry);

/* Maps a granted frame: writes `entry`, which may map a frame of `frame_owner`, at machine address
 * `at` of a live L1 table of the vCPU's domain. (vmmu_update_va does so by virtual address.) The
 * entry holds a reference on the frame, which keeps it from being freed, and a writable entry also
 * holds a type reference, which keeps the frame from becoming a page table. Refuses: BAD_ADDRESS,
 * BAD_FRAME, NOT_OWNER, NOT_L1_TABLE, and what vmmu_update refuses of an entry. */
enum vmmu_result vmmu_map_at(struct vmmu_vcpu *vcpu, struct vmmu_domain *frame_owner, maddr_t at,
                             u64 entry);

/* Clears the entry at machine address `at` of a live L1 table of the vCPU's domain, but only if the
 * entry is present, maps frame `m`, and is writable exactly if `writable`. The caller does the
 * flush. Refuses: BAD_ADDRESS, BAD_FRAME, NOT_OWNER, NOT_L1_TABLE, NOT_THAT_MAPPING. */
enum vmmu_result vmmu_unmap_at(struct vmmu_vcpu *vcpu, maddr_t at, mfn_t m, bool writable);

/* Does what vmmu_unmap_at does, to the L1 entry that maps `va` in the vCPU's kernel root. Refuses
 * besides: NO_TABLE. */
enum vmmu_result vmmu_unmap_va(struct vmmu_vcpu *vcpu, vaddr_t va, mfn_t m, bool writable);

/* Emulates a guest's own store to a live L1 table, after its write fault: a compare-and-exchange of
 * `bytes` (1, 2, 4 or 8) at virtual address `at`, naturally aligned. If they are `expected`, they
 * become `desired`, and *swapped is true. The address is translated by the vCPU's kernel root. May
 * stop and be resumed. Refuses: BAD_ADDRESS; NOT_L1_TABLE, if `at` is not mapped read-only or not
 * in a live L1 table of this domain; and what vmmu_update refuses of an entry. */
enum vmmu_result vmmu_emulated_write(struct vmmu_vcpu *vcpu, vaddr_t at, u32 bytes, u64 expected,
                                     u64 desired, bool *swapped);

/* Says whether `at` is mapped read-only and lies in a live L1 table of the vCPU's domain, so that a
 * store which faulted there is to be emulated. */
bool vmmu_is_l1_write(struct vmmu_vcpu *vcpu, vaddr_t at);

/* Answers as vmmu_is_l1_write does. If true, *where is the machine address of the store, for
 * vmmu_emulated_write_at: so the tables are walked only once. */
bool vmmu_find_l1_write(struct vmmu_vcpu *vcpu, vaddr_t at, maddr_t *where);

/* Does what vmmu_emulated_write does, at machine address `where` instead of a virtual address, and
 * without a walk. It checks again that the address lies in a live L1 table of the domain. */
enum vmmu_result vmmu_emulated_write_at(struct vmmu_vcpu *vcpu, maddr_t where, u32 bytes,
                                        u64 expected, u64 desired, bool *swapped);

/* Emulates a read-modify-write instruction on the whole entry at `where`, 8-byte aligned, in one
 * atomic step: the entry becomes (entry & keep) ^ flip; *old is the entry before. Only the fast
 * path: if the result is false, nothing has changed, and the caller uses vmmu_emulated_write_at. */
bool vmmu_emulated_change_at(struct vmmu_vcpu *vcpu, maddr_t where, u64 keep, u64 flip, u64 *old);

/* ---- pins and roots ---------------------------------------------------------------------- */

/* Pins frame `m` of `owner` as a page table of `level` (1 to 4), which promotes the frame if it is
 * not such a table yet. May stop and be resumed: the progress of an interrupted promotion is kept
 * in the table. If the promotion is refused and its undoing is interrupted, the rest becomes the
 * vCPU's deferred release. Refuses: BAD_LEVEL, BAD_FRAME, NOT_OWNER, ALREADY_PINNED, WRONG_TYPE,
 * TOO_MANY_REFERENCES, and what vmmu_update refuses of an entry. Xen ABI: MMUEXT_PIN_Ln_TABLE. */
enum vmmu_result vmmu_pin(struct vmmu_vcpu *vcpu, struct vmmu_domain *owner, mfn_t m, u32 level);

/* Removes the pin of frame `m` of `owner`, and demotes the table if nothing else uses it. If that
 * is interrupted, the result is VMMU_DONE and the rest becomes the vCPU's deferred release.
 * Refuses: BAD_FRAME, NOT_OWNER, TOO_MANY_REFERENCES, NOT_PINNED. Xen ABI: MMUEXT_UNPIN_TABLE. */
enum vmmu_result vmmu_unpin(struct vmmu_vcpu *vcpu, struct vmmu_domain *owner, mfn_t m);

/* Makes `m`, a frame of the vCPU's domain, its kernel root; the frame is promoted to an L4 table if
 * it is not one yet. Also drops the vCPU's LDT pages. After VMMU_DONE the CPU still runs on the old
 * root, whose release is therefore deferred: the caller loads the new root into CR3 before it calls
 * any other function with this vCPU. May stop and be resumed. Refuses: BAD_FRAME, NOT_OWNER,
 * WRONG_TYPE, TOO_MANY_REFERENCES, and what vmmu_update refuses of an entry. Xen ABI:
 * MMUEXT_NEW_BASEPTR. */
enum vmmu_result vmmu_set_kernel_root(struct vmmu_vcpu *vcpu, mfn_t m);

/* Makes `m` the vCPU's user root, as vmmu_set_kernel_root does for the kernel root, and drops the
 * old user root, on which no CPU may run. MFN_NONE: the vCPU has no user root then. May stop and be
 * resumed. Refuses what vmmu_set_kernel_root refuses. Xen ABI: MMUEXT_NEW_USER_BASEPTR. */
enum vmmu_result vmmu_set_user_root(struct vmmu_vcpu *vcpu, mfn_t m);

/* Completes the deferred release of the vCPU, if it has one. VMMU_AGAIN: interrupted, call it
 * again. Every operation that takes a vCPU calls this first, and returns VMMU_AGAIN without having
 * begun if it is interrupted. The caller should complete it before the vCPU runs its guest again:
 * until then other vCPUs find frames that the guest no longer uses as tables still counted as
 * tables. */
enum vmmu_result vmmu_finish(struct vmmu_vcpu *vcpu);

/* ---- descriptor tables ------------------------------------------------------------------- */

/* Replaces the vCPU's GDT by `count` frames (0 to VMMU_GDT_FRAMES) with `entries` descriptors. On a
 * refusal the old GDT stays. Refuses: TOO_MANY_DESCRIPTORS, BAD_FRAME, NOT_OWNER, WRONG_TYPE,
 * BAD_DESCRIPTOR, TOO_MANY_REFERENCES. Xen ABI: set_gdt. */
enum vmmu_result vmmu_set_gdt(struct vmmu_vcpu *vcpu, const mfn_t *frames, u32 count, u32 entries);

/* Sets the vCPU's LDT: `entries` descriptors (0 to 8192) from the page-aligned guest address
 * `base`. Its pages are checked and mapped only when they are used (vmmu_ldt_fault). Refuses:
 * TOO_MANY_DESCRIPTORS, BAD_ADDRESS. Xen ABI: MMUEXT_SET_LDT. */
enum vmmu_result vmmu_set_ldt(struct vmmu_vcpu *vcpu, vaddr_t base, u32 entries);

/* Maps page `page` (0 to 15) of the vCPU's LDT, after the load of a segment register faulted
 * because it was not mapped. Refuses: NO_LDT_PAGE, NOT_OWNER, WRONG_TYPE, BAD_DESCRIPTOR,
 * TOO_MANY_REFERENCES. */
enum vmmu_result vmmu_ldt_fault(struct vmmu_vcpu *vcpu, u32 page);

/* Drops all pages of the vCPU's LDT that vmmu_ldt_fault mapped; they are mapped again when used. A
 * new kernel root does so too. */
void vmmu_ldt_drop(struct vmmu_vcpu *vcpu);

/* Writes one 8-byte descriptor at machine address `at`, in a descriptor page or an ordinary page of
 * the vCPU's domain. The ring of a code or data segment becomes 3. Refuses: BAD_ADDRESS, BAD_FRAME,
 * BAD_DESCRIPTOR, NOT_OWNER, WRONG_TYPE, TOO_MANY_REFERENCES. Xen ABI: update_descriptor. */
enum vmmu_result vmmu_update_descriptor(struct vmmu_vcpu *vcpu, maddr_t at, u64 descriptor);

/* Says whether `descriptor` may stand in a guest's GDT or LDT exactly as it is. (What a guest
 * writes is changed first: a code or data segment gets ring 3.) */
bool vmmu_descriptor_allowed(u64 descriptor);

/* ---- reports ----------------------------------------------------------------------------- */

/* A software walk of the tables, for reports: the entries for one virtual address, from level 4
 * down to the level where the walk ended. */
struct vmmu_walk {
    u64 entry[5];  /* index: the level; [0] is unused */
    maddr_t at[5]; /* the machine addresses of these entries */
    u32 depth;     /* the lowest level that was read: 1 for a complete walk, 5 if none was read */
    bool present;  /* the entries of all four levels are present */
};

/* Walks the tables for `va` from `root` in software. Takes no reference: the result may be out of
 * date at once. */
void vmmu_walk(mfn_t root, vaddr_t va, struct vmmu_walk *walk);

/* What the frame table says of a frame, for reports. */
struct vmmu_frame_info {
    bool valid; /* the frame exists; if not, nothing else is set */
    u16 owner;  /* a domain's number, or VMMU_OWNER_DEVICE; only if `owned` */
    bool owned;
    bool pinned;
    bool validated;
    bool partial;
    enum vmmu_type type;
    u64 references;
    u64 type_count;
};

/* Fills *info with what the frame table says of `m`, which may be any number. Takes no reference:
 * the result may be out of date at once. */
void vmmu_frame_inspect(mfn_t m, struct vmmu_frame_info *info);

/* Says whether `m`, which may be any number, belongs to `domain` and has a reference. The answer
 * may be out of date at once unless the caller has a reference. */
bool vmmu_frame_owned_by(const struct vmmu_domain *domain, mfn_t m);

/* The name of a result, its sentence for people, its error number of the ABI (negative; 0 for
 * VMMU_DONE), and the name of a type. "?" and -EINVAL for a number that is none. */
const char *vmmu_result_name(enum vmmu_result result);
const char *vmmu_result_sentence(enum vmmu_result result);
int vmmu_result_errno(enum vmmu_result result);
const char *vmmu_type_name(enum vmmu_type type);

/* ---- the end of a domain ----------------------------------------------------------------- */

/* Drops a vCPU's roots, GDT and LDT, and completes its deferred release. No CPU runs on its roots
 * any more. May stop and be resumed. */
enum vmmu_result vmmu_vcpu_stop(struct vmmu_vcpu *vcpu);

/* Says, after vmmu_domain_stop, whether no frame has the domain as owner any more, so that the
 * caller may free its struct. */
bool vmmu_domain_is_gone(const struct vmmu_domain *domain);

/* Unpins, demotes and frees every frame that the domain owns. Call it after vmmu_vcpu_stop of each
 * of its vCPUs, while no CPU runs the domain. VMMU_AGAIN: interrupted, call it again. After
 * VMMU_DONE only those frames are left that another domain or the hypervisor still refers to. */
enum vmmu_result vmmu_domain_stop(struct vmmu_domain *domain);

/* ---- audit ------------------------------------------------------------------------------- */

/* One difference that the audit found. */
struct vmmu_finding {
    mfn_t frame;
    const char *what;
    u64 expected, found;
};

/* What an audit must be given because it is not in the frame table: the vCPUs (their roots and
 * descriptor pages) and the holds. */
struct vmmu_audit {
    struct vmmu_vcpu *const *vcpus;
    u32 vcpu_count;
    const mfn_t *held; /* one element for each vmmu_hold in effect */
    u32 held_count;
    bool foreign_mappings; /* L1 entries may map frames of other domains */
    u32 *scratch; /* 2 * scratch_frames words; the more, the fewer passes over the tables */
    u64 scratch_frames;
};

/* Recounts all references and type references from the tables, pins, roots and `audit`, and
 * compares them with the frame table. Also checks each live entry against the rules, for example
 * that no writable entry maps a page table, a descriptor page or a frame of another owner. Reports
 * each difference by port_audit_found. Returns their number. Nothing else may run meanwhile. */
u64 vmmu_audit(const struct vmmu_audit *audit);

#ifdef __cplusplus
}
#endif

#endif
