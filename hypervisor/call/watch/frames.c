/* SPDX-License-Identifier: MIT */
/* watch: the frame table as runs of equal frames, the entries of a page table, and the roots of a
 * domain's vCPUs. No answer has the contents of a page that is not a page table. */
#include "hypervisor/call/watch/watch.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/memory/frames.h"
#include "hypervisor/memory/guest_copy.h"
#include "lib/print.h"
#include "lib/string.h"
#include "lib/watch_frames.h"
#include "vmmu/vmmu.h"

/* How many entries of a table are read at a time. */
#define PART 64u

_Static_assert(WATCH_ENTRIES % PART == 0, "whole parts");
_Static_assert(sizeof(struct watch_run) == 24 && sizeof(struct watch_frames) == 40 &&
                   sizeof(struct watch_table) == 32 && sizeof(struct watch_roots) == 160,
               "the same layout for every compiler");
_Static_assert(DOMAIN_NAME_MAX + 1 == sizeof((struct watch_roots *)0)->name, "the name fits");

/* What is known of frame `at`: a run of that frame alone, or of more where they are free. */
static struct watch_run run_at(u64 at)
{
    struct watch_run run = {.kind = WATCH_HYPERVISOR, .frames = 1};
    struct vmmu_frame_info info;

    vmmu_frame_inspect(mfn(at), &info);
    if (!info.owned) {
        const u64 free = frames_free_from(mfn(at));

        run.kind = free ? WATCH_FREE : WATCH_HYPERVISOR;
        run.frames = free ? free : 1;
        return run;
    }
    if (info.owner == VMMU_OWNER_DEVICE) {
        run.kind = WATCH_DEVICE;
        return run;
    }
    run.kind = info.owner == VMMU_OWNER_HYPERVISOR ? WATCH_SHOWN : WATCH_OWNED;
    run.owner = run.kind == WATCH_OWNED ? info.owner : 0;
    run.references = (u32)info.references;
    run.type_references = (u32)info.type_count;
    run.type = (u8)info.type;
    run.flags = (info.allocated ? WATCH_FRAME_ALLOCATED : 0) |
                (info.validated ? WATCH_FRAME_VALIDATED : 0) |
                (info.partial ? WATCH_FRAME_PARTIAL : 0) | (info.pinned ? WATCH_FRAME_PINNED : 0) |
                (info.maps_devices ? WATCH_FRAME_DEVICES : 0);
    return run;
}

/* Says whether two runs differ only in how many frames they have. */
static bool alike(const struct watch_run *a, const struct watch_run *b)
{
    return a->references == b->references && a->type_references == b->type_references &&
           a->owner == b->owner && a->kind == b->kind && a->type == b->type && a->flags == b->flags;
}

/* Fills the array of runs. *done: how many runs it has. False: the array cannot be written. */
static bool fill_runs(struct watch_frames *ask, u32 *done)
{
    struct watch_run run = {0}, next;
    u64 at = ask->first;

    *done = 0;
    for (u32 i = 0; i < WATCH_FRAMES_STEP && at < ask->frames; i++) {
        next = run_at(at);
        if (run.frames && !alike(&run, &next)) {
            if (!PUT_GUEST(ask->runs + *done * sizeof run, &run)) {
                return false;
            }
            run.frames = 0;
            if (++*done == ask->room) {
                break;
            }
        }
        at += next.frames;
        next.frames += run.frames;
        run = next;
    }
    ask->next = at;
    if (run.frames && !PUT_GUEST(ask->runs + *done * sizeof run, &run)) {
        return false;
    }
    *done += run.frames != 0;
    return true;
}

s64 watch_frames(u64 at)
{
    struct watch_frames ask;
    u32 done;

    if (!GET_GUEST(&ask, at)) {
        return -XEN_EFAULT;
    }
    ask.frames = frames_count();
    if (!ask.room || ask.first > ask.frames) {
        return -XEN_EINVAL;
    }
    if (!fill_runs(&ask, &done) || !PUT_GUEST(at, &ask)) {
        return -XEN_EFAULT;
    }
    return done;
}

s64 watch_table(u64 at)
{
    struct watch_table ask;
    struct vmmu_frame_info info;
    u64 entry[PART];

    if (!GET_GUEST(&ask, at)) {
        return -XEN_EFAULT;
    }
    const mfn_t table = guest_mfn(ask.frame);
    vmmu_frame_inspect(table, &info);
    if (!info.valid) {
        return -XEN_ERANGE;
    }
    ask.owner = info.owner;
    for (u32 first = 0; first < WATCH_ENTRIES; first += PART) {
        const u32 level = vmmu_table_read(table, first, PART, entry);

        if (!level || (first && level != ask.level)) {
            return -XEN_ENOENT;
        }
        ask.level = level;
        if (!copy_to_guest(ask.entries + first * sizeof entry[0], entry, sizeof entry)) {
            return -XEN_EFAULT;
        }
    }
    return PUT_GUEST(at, &ask) ? 0 : -XEN_EFAULT;
}

s64 watch_roots(u64 at)
{
    struct watch_roots ask;

    if (!GET_GUEST(&ask, at)) {
        return -XEN_EFAULT;
    }
    const struct domain *domain = ask.id < DOMID_FIRST_RESERVED ? domain_from((u16)ask.id) : NULL;
    if (!domain) {
        return -XEN_ESRCH;
    }
    /* The vCPUs of a domain that has ended are freed while it is still shown. Of one that ends now
     * they stay until this CPU is in its run loop (stop_users in domain/teardown.c). */
    ask.ended = domain_has_ended(domain);
    ask.vcpus = ask.ended ? 0 : domain->vcpu_count;
    for (u32 i = 0; i < ask.vcpus && i < ask.room; i++) {
        const struct vcpu *vcpu = domain->vcpu[i];
        const struct watch_vcpu_roots roots = {.id = vcpu->id,
                                               .kernel_root = vcpu->mmu.kernel_root.n,
                                               .user_root = vcpu->mmu.user_root.n};

        if (!PUT_GUEST(ask.vcpu + i * sizeof roots, &roots)) {
            return -XEN_EFAULT;
        }
    }
    ask.id = domain->id;
    memset(ask.name, 0, sizeof ask.name);
    print_to(ask.name, sizeof ask.name, "%s", domain->name);
    return PUT_GUEST(at, &ask) ? 0 : -XEN_EFAULT;
}
