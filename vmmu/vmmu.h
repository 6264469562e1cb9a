/* SPDX-License-Identifier: MIT */
/* The virtual MMU: the only header that outsiders include.
 *
 * Every machine frame has two counts: how often it exists for somebody (references), and how often
 * it is used as its present type. A type may change only at type count 0. A page table is checked
 * once when it becomes one (promoted), entry by entry; each entry then holds a reference and a type
 * reference on its target. The essay is docs/counting.md.
 *
 * Results: VMMU_DONE - it happened. VMMU_AGAIN - something waits for this CPU: call again with the
 * same arguments, on any CPU; progress is kept. Any other value - the named rule of refusals.def
 * that refused it; nothing has changed. Every function is SMP-safe unless it says otherwise. */
#ifndef VMMU_VMMU_H
#define VMMU_VMMU_H

#include "lib/addr.h"

/* A member that several CPUs access at a time. */
#ifdef __cplusplus
#include <atomic>
#define VMMU_ATOMIC(type) std::atomic<type>
extern "C" {
#else
#define VMMU_ATOMIC(type) _Atomic(type)
#endif

#define VMMU_CPUS_MAX 64
#define VMMU_GDT_FRAMES                                                                            \
    14u /* 16 minus the hypervisor's reserved pages (FIRST_RESERVED_GDT_PAGE)                      \
         */
#define VMMU_LDT_FRAMES       16u
#define VMMU_GUEST_HOLE_FIRST 256u /* L4 slots that belong to the hypervisor: 256..271 */
#define VMMU_GUEST_HOLE_LAST  271u

/* Owners. A domain's number is below VMMU_DOMAINS_END. A frame without an owner is free or the
 * hypervisor's. VMMU_OWNER_DEVICE, a number that no domain has (the ABI's DOMID_IO), owns the
 * device frames: machine addresses below the frame count that are not RAM (registers of devices,
 * firmware's tables). No domain may map one, and none is ever a table. */
#define VMMU_DOMAINS_END  0x7ff0u
#define VMMU_OWNER_DEVICE 0x7ff1u

enum vmmu_result {
    VMMU_DONE = 0,
    VMMU_AGAIN,
#define REFUSAL(name, errno_value, sentence) VMMU_REFUSED_##name,
#include "vmmu/refusals.def"
#undef REFUSAL
    VMMU_RESULTS /* how many there are */
};

/* What a frame is used as. */
enum vmmu_type {
    VMMU_TYPE_NONE,
    VMMU_TYPE_L1,
    VMMU_TYPE_L2,
    VMMU_TYPE_L3,
    VMMU_TYPE_L4,
    VMMU_TYPE_DESCRIPTOR,
    VMMU_TYPE_WRITABLE,
    VMMU_TYPE_SHARED, /* a hypervisor page shared with one guest: mappable, never a table */
    VMMU_TYPES
};

/* The frame table: 16 bytes a frame. Laid out in vmmu/frame.h; while a frame has no owner both
 * words belong to the machine's allocator. */
struct vmmu_frame {
    VMMU_ATOMIC(u64) references;
    VMMU_ATOMIC(u64) type;
};

/* What a domain's page tables have cost so far. Relaxed counters, read by anybody. */
struct vmmu_counters {
    VMMU_ATOMIC(u64) entries_checked; /* entries validated, in promotions and in updates */
    VMMU_ATOMIC(u64) updates;         /* live entries changed */
    VMMU_ATOMIC(u64) promotions;      /* tables validated */
    VMMU_ATOMIC(u64) demotions;
    VMMU_ATOMIC(u64) pins;
    VMMU_ATOMIC(u64) unpins;
    VMMU_ATOMIC(u64) emulated_writes;
    VMMU_ATOMIC(u64) root_switches;
    VMMU_ATOMIC(u64) flushes_asked; /* by a change of type */
    VMMU_ATOMIC(u64) flushes_sent;
    VMMU_ATOMIC(u64) flushes_skipped;
    VMMU_ATOMIC(u64) refusals;
    /* Flushes of other CPUs that the domain asks for itself: counted by the caller. */
    VMMU_ATOMIC(u64) remote_asked;   /* vCPUs that were to flush */
    VMMU_ATOMIC(u64) remote_sent;    /* interrupts that it took */
    VMMU_ATOMIC(u64) remote_skipped; /* vCPUs that ran nowhere, or were told already */
};

/* A domain as the engine sees it. The caller owns the memory; zero it, then vmmu_domain_start. */
struct vmmu_domain {
    u16 id;
    VMMU_ATOMIC(bool) dying;
    VMMU_ATOMIC(u64)
    cpus; /* CPUs whose TLB may hold its translations: the caller adds a CPU before
        that loads a root, and may take it out when it has flushed after it ran
        on one for the last time; the engine changes nothing */
    VMMU_ATOMIC(u64) frames; /* frames it owns */
    u64 frames_max;          /* vmmu_give refuses above */
    VMMU_ATOMIC(u64) shared; /* frames shared with it (vmmu_share) */
    struct vmmu_counters counters;
    VMMU_ATOMIC(u32) last_refusal; /* enum vmmu_result, for the crash report */
    VMMU_ATOMIC(u64) last_word;    /* the word that was refused */
    u64 teardown_cursor;
    VMMU_ATOMIC(bool) stopped; /* vmmu_domain_stop has begun: no CPU makes new translations of it */
    u64 stopped_at;            /* its flush clock then */
    void *user;                /* the caller's */
};

/* A root or table whose release was interrupted: finished before the vCPU's next operation. */
struct vmmu_deferred {
    mfn_t frame; /* MFN_NONE: nothing to do */
    u32 kind;
};

/* A vCPU as the engine sees it. The caller owns the memory; zero it, then vmmu_vcpu_start. One CPU
 * at a time runs or changes a vCPU; the caller sees to that. */
struct vmmu_vcpu {
    struct vmmu_domain *domain;
    mfn_t kernel_root; /* MFN_NONE before the first */
    mfn_t user_root;   /* MFN_NONE: no user mode */
    mfn_t gdt_frame[VMMU_GDT_FRAMES];
    u32 gdt_entries;
    mfn_t ldt_frame[VMMU_LDT_FRAMES]; /* faulted in so far */
    vaddr_t ldt_base;
    u32 ldt_entries; /* 0: no LDT */
    struct vmmu_deferred deferred;
    void *user; /* the caller's */
};

/* ---- the machine ------------------------------------------------------------------------- */

/* Starts the engine: `frames` (zeroed, `count` entries, index = mfn), the machine-to-physical array
 * `m2p` (count entries, written by the engine, shown to guests read-only), and the 16 raw entries
 * that every L4 table gets in slots 256..271. `l1tf`: the processor reads memory through entries
 * that are not present, so those are checked too. Once, before any other call, on one CPU. */
void vmmu_start(struct vmmu_frame *frames, u64 count, u64 *m2p, const u64 hypervisor_slots[16],
                bool l1tf);

/* CPU `cpu` drops all translations that it has of `domain`: the first just before, the second just
 * after it, on that CPU, with what the first returned; so that later needs to flush it for older
 * uses are known to be met. A flush that the engine hears nothing of saves nothing. */
u64 vmmu_flush_begins(const struct vmmu_domain *domain);
void vmmu_flush_ends(const struct vmmu_domain *domain, u32 cpu, u64 begun);

/* ---- frames and owners ------------------------------------------------------------------- */

/* `id` is below VMMU_DOMAINS_END; any other panics. */
void vmmu_domain_start(struct vmmu_domain *domain, u16 id, u64 frames_max);
void vmmu_vcpu_start(struct vmmu_vcpu *vcpu, struct vmmu_domain *domain);

/* Gives free frame `m` (from the machine's allocator) to `domain` as its pfn `p`: one reference,
 * type none, m2p set. Refuses: DOMAIN_DYING, TOO_MANY_FRAMES. */
enum vmmu_result vmmu_give(struct vmmu_domain *domain, mfn_t m, pfn_t p);

/* The domain hands `m` back: its own reference is dropped. The frame goes to port_frame_free when
 * nothing else refers to it, at once or later. Pins stay. Refuses: BAD_FRAME, NOT_OWNER,
 * ALREADY_RELEASED. */
enum vmmu_result vmmu_take(struct vmmu_domain *domain, mfn_t m);

/* The same, in one step with the question whether anything else refers to it (refuses: WRONG_TYPE):
 * after VMMU_DONE it is free. */
enum vmmu_result vmmu_take_unused(struct vmmu_domain *domain, mfn_t m);

/* A hypervisor page that `domain` may map but never own the fate of (shared_info, console, grant
 * table): VMMU_TYPE_SHARED, one reference of the hypervisor's. Writable if `writable`. */
void vmmu_share(struct vmmu_domain *domain, mfn_t m, bool writable);

/* Ends vmmu_share; port_frame_free follows once no entry maps the page. */
void vmmu_unshare(mfn_t m);

/* Makes `m`, a frame without an owner that is not RAM and that no allocator hands out, a device
 * frame for good: VMMU_OWNER_DEVICE owns it, with the one reference that never goes, type none. To
 * a domain it is a frame of somebody else: it can neither map nor hold it. Panics on a frame that
 * has an owner or lies above the frame count. */
void vmmu_own_device(mfn_t m);

/* For the hypervisor's own lasting access to a guest's page (vcpu_info, runstate area): one
 * reference and one writable type reference. vmmu_unhold drops both. Refuses: BAD_FRAME, NOT_OWNER,
 * WRONG_TYPE. VMMU_TYPE_SHARED pages can be held too. */
enum vmmu_result vmmu_hold(struct vmmu_domain *domain, mfn_t m);
void vmmu_unhold(mfn_t m);

/* For a passing look at a guest's page of any type: one reference, so that it stays the domain's.
 * Refuses: BAD_FRAME, NOT_OWNER. */
enum vmmu_result vmmu_reference(struct vmmu_domain *domain, mfn_t m);
void vmmu_unreference(mfn_t m);

/* MMU_MACHPHYS_UPDATE: m2p[m] = value, any value. Refuses: BAD_FRAME, NOT_OWNER. */
enum vmmu_result vmmu_set_m2p(struct vmmu_domain *domain, mfn_t m, u64 value);

/* ---- page-table entries ------------------------------------------------------------------ */

/* What a request is for: the ABI's MMU_ commands. */
enum vmmu_update_kind {
    VMMU_UPDATE_NORMAL,
    VMMU_UPDATE_M2P,          /* `at` names a frame, `entry` is its new m2p value: vmmu_set_m2p */
    VMMU_UPDATE_PRESERVE_AD,  /* accessed and dirty of the old entry are kept, atomically */
    VMMU_UPDATE_NO_TRANSLATE, /* the frame is a machine frame already: the same as NORMAL here */
};

/* One request, as the ABI's struct mmu_update. */
struct vmmu_request {
    u64 at; /* machine address, 8-byte aligned; the low three bits: enum vmmu_update_kind */
    u64 entry;
};

/* Writes `entry` at machine address `at` (8-byte aligned), in a table or plain writable page of
 * `table_owner`; the target frame must belong to `frame_owner`. A live table's entry is validated
 * and counted; an ordinary writable page gets a plain store. Not for VMMU_UPDATE_M2P. */
enum vmmu_result vmmu_update(struct vmmu_vcpu *vcpu, struct vmmu_domain *table_owner,
                             struct vmmu_domain *frame_owner, maddr_t at, u64 entry,
                             enum vmmu_update_kind kind);

/* The same for `count` requests (copied: nobody else changes them), one after the other up to the
 * first that is not done; *done is how many are. Requests in a row to the same page cost least.
 * VMMU_AGAIN: to be called again with the rest. Refuses BAD_KIND besides. Xen ABI: mmu_update. */
enum vmmu_result vmmu_update_many(struct vmmu_vcpu *vcpu, struct vmmu_domain *table_owner,
                                  struct vmmu_domain *frame_owner,
                                  const struct vmmu_request *requests, u64 count, u64 *done);

/* The same for one request, of a domain to its own tables and frames. */
enum vmmu_result vmmu_update_one(struct vmmu_vcpu *vcpu, struct vmmu_domain *domain,
                                 const struct vmmu_request *request);

/* Writes the L1 entry that maps `va` in the vCPU's kernel root. Xen ABI: update_va_mapping. Flushes
 * are the caller's, and only after VMMU_DONE. */
enum vmmu_result vmmu_update_va(struct vmmu_vcpu *vcpu, struct vmmu_domain *frame_owner, vaddr_t va,
                                u64 entry);

/* What grant tables need. vmmu_map_at writes `entry`, which may show a frame of `frame_owner`, at
 * machine address `at` of a live L1 table of the vCPU's domain, and of nothing else (vmmu_update_va
 * does the same by virtual address). The entry itself holds what keeps the frame from being freed
 * or, if writable, from becoming a table. vmmu_unmap_* clear an entry again, only if it is present,
 * shows `m` and is writable exactly if `writable`; the flush is the caller's. Refuse: BAD_ADDRESS,
 * BAD_FRAME, NOT_OWNER, NO_TABLE, NOT_L1_TABLE, NOT_THAT_MAPPING, and what vmmu_update would. */
enum vmmu_result vmmu_map_at(struct vmmu_vcpu *vcpu, struct vmmu_domain *frame_owner, maddr_t at,
                             u64 entry);
enum vmmu_result vmmu_unmap_at(struct vmmu_vcpu *vcpu, maddr_t at, mfn_t m, bool writable);
enum vmmu_result vmmu_unmap_va(struct vmmu_vcpu *vcpu, vaddr_t va, mfn_t m, bool writable);

/* A guest's own store to a live L1 table, after its write fault: replaces `bytes` (1, 2, 4, 8) at
 * virtual address `at`, naturally aligned, if they still are `expected`, by `desired`. `*swapped`
 * says if they were. Walks the kernel root. Refuses what vmmu_update would, and NOT_L1_TABLE when
 * `at` is not a read-only mapping of a live L1 table of this domain (so that a fault handler can
 * ask first with vmmu_is_l1_write). */
enum vmmu_result vmmu_emulated_write(struct vmmu_vcpu *vcpu, vaddr_t at, u32 bytes, u64 expected,
                                     u64 desired, bool *swapped);

/* True when a write to `at` faulted because `at` is mapped read-only and shows a live L1 table of
 * this domain: the store is to be emulated. */
bool vmmu_is_l1_write(struct vmmu_vcpu *vcpu, vaddr_t at);

/* The same in two steps, with one walk: `*where` is the machine address that the store goes to,
 * good for vmmu_emulated_write_at, which checks all the rest again. */
bool vmmu_find_l1_write(struct vmmu_vcpu *vcpu, vaddr_t at, maddr_t *where);
enum vmmu_result vmmu_emulated_write_at(struct vmmu_vcpu *vcpu, maddr_t where, u32 bytes,
                                        u64 expected, u64 desired, bool *swapped);

/* A store that does the same to whatever it finds: the entry at `where`, 8-byte aligned, becomes
 * (entry & keep) ^ flip, and *old is what it was, in one step. False: nothing has happened, because
 * it cannot be done at once or not at all, and vmmu_emulated_write_at knows more. */
bool vmmu_emulated_change_at(struct vmmu_vcpu *vcpu, maddr_t where, u64 keep, u64 flip, u64 *old);

/* ---- pins and roots ---------------------------------------------------------------------- */

/* MMUEXT_PIN_Ln_TABLE / UNPIN_TABLE; level 1..4. The vCPU is whose deferred record an interrupted
 * demotion or the unwinding of a refused promotion is kept in; an interrupted promotion is kept in
 * the table. Refuse: BAD_LEVEL, BAD_FRAME, NOT_OWNER, ALREADY_PINNED, NOT_PINNED, WRONG_TYPE,
 * TOO_MANY_REFERENCES, and what vmmu_update refuses of an entry. */
enum vmmu_result vmmu_pin(struct vmmu_vcpu *vcpu, struct vmmu_domain *owner, mfn_t m, u32 level);
enum vmmu_result vmmu_unpin(struct vmmu_vcpu *vcpu, struct vmmu_domain *owner, mfn_t m);

/* MMUEXT_NEW_BASEPTR / NEW_USER_BASEPTR (MFN_NONE: none). After VMMU_DONE of the first the caller
 * loads the new root before anything else here is asked for this vCPU: the release of the old one,
 * on which the CPU still runs, is left in `deferred` till then. */
enum vmmu_result vmmu_set_kernel_root(struct vmmu_vcpu *vcpu, mfn_t m);
enum vmmu_result vmmu_set_user_root(struct vmmu_vcpu *vcpu, mfn_t m);

/* Finishes what an earlier operation of this vCPU left: VMMU_DONE of an operation means that it has
 * happened, and yet a demotion that it caused may go on here, interruptibly. Every operation that
 * takes a vCPU begins with this by itself, and returns VMMU_AGAIN, not begun, until it is done.
 * Better not let the guest run before: other vCPUs would still see tables where there are none any
 * more. */
enum vmmu_result vmmu_finish(struct vmmu_vcpu *vcpu);

/* ---- descriptor tables ------------------------------------------------------------------- */

/* set_gdt: `count` frames (0..VMMU_GDT_FRAMES), `entries` descriptors. The old GDT stays if
 * refused. */
enum vmmu_result vmmu_set_gdt(struct vmmu_vcpu *vcpu, const mfn_t *frames, u32 count, u32 entries);

/* MMUEXT_SET_LDT: page-aligned guest address, 0..8192 entries. Pages are faulted in when used. */
enum vmmu_result vmmu_set_ldt(struct vmmu_vcpu *vcpu, vaddr_t base, u32 entries);

/* A segment load touched LDT page `page` (0..15) that is not there yet. */
enum vmmu_result vmmu_ldt_fault(struct vmmu_vcpu *vcpu, u32 page);

/* Drops all LDT pages faulted in (a new kernel root does so too). */
void vmmu_ldt_drop(struct vmmu_vcpu *vcpu);

/* update_descriptor: one 8-byte descriptor at `at`, in a descriptor page or a writable page. */
enum vmmu_result vmmu_update_descriptor(struct vmmu_vcpu *vcpu, maddr_t at, u64 descriptor);

/* True when `descriptor` may stand in a guest's GDT or LDT as it is (ring forced by the caller's
 * copy: see vmmu_update_descriptor). */
bool vmmu_descriptor_allowed(u64 descriptor);

/* ---- looking ----------------------------------------------------------------------------- */

/* A walk of `va` from `root`, done in software and only for looking: entry[level] for level 4 down
 * to where it stopped; `depth` is the lowest level read (1 when complete). */
struct vmmu_walk {
    u64 entry[5]; /* index = level; [0] unused */
    maddr_t at[5];
    u32 depth;
    bool present; /* all levels present */
};
void vmmu_walk(mfn_t root, vaddr_t va, struct vmmu_walk *walk);

/* What a frame is, for reports. */
struct vmmu_frame_info {
    bool valid; /* below the frame count */
    u16 owner;  /* a domain's number, or VMMU_OWNER_DEVICE */
    bool owned;
    bool pinned;
    bool validated;
    bool partial;
    enum vmmu_type type;
    u64 references;
    u64 type_count;
};
void vmmu_frame_inspect(mfn_t m, struct vmmu_frame_info *info);
bool vmmu_frame_owned_by(const struct vmmu_domain *domain, mfn_t m);

/* Names and ABI error numbers (negative) of results; sentences for people. */
const char *vmmu_result_name(enum vmmu_result result);
const char *vmmu_result_sentence(enum vmmu_result result);
int vmmu_result_errno(enum vmmu_result result);
const char *vmmu_type_name(enum vmmu_type type);

/* ---- the end of a domain ----------------------------------------------------------------- */

/* Drops a vCPU's roots, GDT, LDT and deferred work. The CPU must no longer run on its roots. */
enum vmmu_result vmmu_vcpu_stop(struct vmmu_vcpu *vcpu);

/* True after vmmu_domain_stop when no frame has the domain as owner any more: its struct may go. */
bool vmmu_domain_is_gone(const struct vmmu_domain *domain);

/* After vmmu_vcpu_stop of every vCPU, with no CPU running the domain: unpins, demotes and frees
 * every frame it owns. VMMU_AGAIN until none is left except those another domain or the hypervisor
 * still holds. */
enum vmmu_result vmmu_domain_stop(struct vmmu_domain *domain);

/* ---- audit ------------------------------------------------------------------------------- */

/* One finding. */
struct vmmu_finding {
    mfn_t frame;
    const char *what;
    u64 expected, found;
};

/* What the tables cannot show: roots, descriptor frames, held pages. The caller lists its vCPUs,
 * and the pages it holds (those it shares are marked as such). */
struct vmmu_audit {
    struct vmmu_vcpu *const *vcpus;
    u32 vcpu_count;
    const mfn_t *held; /* one element a vmmu_hold */
    u32 held_count;
    bool foreign_mappings; /* L1 entries may show frames of other domains */
    u32 *scratch;          /* two words a frame of one window; more memory, fewer passes */
    u64 scratch_frames;
};

/* Recounts every reference and type reference from the tables, pins, roots and `audit`, compares,
 * tells port_audit_found of each difference, and checks that every live entry may be what it is: no
 * writable one shows a table, a descriptor page or a frame of another owner. Returns the
 * number of findings. Nothing else may run. */
u64 vmmu_audit(const struct vmmu_audit *audit);

#ifdef __cplusplus
}
#endif

#endif
