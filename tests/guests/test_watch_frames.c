/* SPDX-License-Identifier: MIT */
/* The privileged domain reads frames and page tables by Pinion's own hypercall. The frame table
 * is shown as runs without a gap or an overlap, in pieces of any size; the runs have this domain's
 * root, its pins and its writable pages with the counts that are due. A table's entries are those
 * that the domain itself reads; a page that is no page table is refused, and so no word of an
 * ordinary page is ever shown. Another domain is shown with its roots until it has ended, then
 * without vCPUs until it is gone, and gets -EPERM itself for each operation. Bad numbers and
 * pointers are refused by name.
 * Runs as: dom0 Cpus: 1 2 */
#include "tests/guests/common/toolstack.h"

#include "lib/watch.h"
#include "lib/watch_frames.h"

#define RUNS 64u
#define AT   (TINY_PAGE + __builtin_offsetof(struct tiny, memory))

static struct watch_run runs[RUNS];
static u64 entries[WATCH_ENTRIES];
static struct watch_vcpu_roots vcpus[32];
static u64 ordinary[WATCH_ENTRIES] __attribute__((aligned(4096)));

static s64 ask(u64 operation, void *structure)
{
    *(u32 *)structure = WATCH_VERSION;
    return hypercall(WATCH_HYPERCALL, operation, address(structure), 0);
}

static s64 ask_frames(struct watch_frames *frames, u64 first, u32 room)
{
    *frames = (struct watch_frames){.room = room, .first = first, .runs = address(runs)};
    return ask(WATCH_FRAMES, frames);
}

/* Finds the run that has `frame`. */
static struct watch_run find(u64 frame)
{
    struct watch_frames frames;

    check_equal(ask_frames(&frames, frame, 1), 1, "the run of frame %llx",
                (unsigned long long)frame);
    return runs[0];
}

/* Reads the whole frame table in pieces of `room` runs. Returns how many frames the runs have. */
static u64 read_all(u32 room, u64 owned[2])
{
    struct watch_frames frames = {0};
    u64 sum = 0, at = 0;

    owned[0] = owned[1] = 0;
    do {
        const s64 count = ask_frames(&frames, at, room);
        u64 piece = 0;

        if (count <= 0 || count > room) {
            report_failure(__LINE__, "%lld runs of %u", (long long)count, room);
            return 0;
        }
        for (s64 i = 0; i < count; i++) {
            check(runs[i].kind <= WATCH_OWNED && runs[i].type <= 7 && runs[i].frames, "a run");
            owned[0] += runs[i].kind == WATCH_OWNED && runs[i].owner == 0 ? runs[i].frames : 0;
            owned[1] += runs[i].kind == WATCH_FREE ? runs[i].frames : 0;
            piece += runs[i].frames;
        }
        check_equal(frames.next, at + piece, "the next frame");
        at = frames.next;
        sum += piece;
    } while (at < frames.frames && !anything_failed());
    check_equal(sum, frames.frames, "all frames");
    return sum;
}

static void check_frames(void)
{
    u64 few[2], many[2], pages = start_info->nr_pages;

    check_equal(read_all(1, few), read_all(RUNS, many), "the sum in small and in large pieces");
    check_equal(few[0], many[0], "the frames of this domain");
    check(few[0] >= pages, "%llu frames, and %llu pages", (unsigned long long)few[0],
          (unsigned long long)pages);
    check(few[1] && few[1] == many[1], "free frames");

    const u64 root = mfn_of((void *)start_info->pt_base);
    struct watch_run run = find(root);
    check(run.kind == WATCH_OWNED && run.owner == 0 && run.type == 4, "the root");
    check(run.flags & WATCH_FRAME_VALIDATED && run.flags & WATCH_FRAME_ALLOCATED, "its flags");
    check(run.type_references >= 1 && run.references > run.type_references, "its counts");

    run = find(mfn_of(ordinary));
    check(run.kind == WATCH_OWNED && run.type == 6 && run.type_references == 1, "a writable page");
    check_equal(run.references, 2, "its references");
}

/* A pin is one reference and one type reference, and a flag. */
static void check_pin(void)
{
    u64 *table = page_take();
    struct watch_run before, after;
    struct watch_table shown = {.frame = mfn_of(table), .entries = address(entries)};

    check_equal(page_read_only(table), 0, "read-only");
    before = find(mfn_of(table));
    check_equal(mmuext(MMUEXT_PIN_L1_TABLE, mfn_of(table), 0), 0, "pin");
    after = find(mfn_of(table));
    check_equal(after.references, before.references + 1, "references with the pin");
    check_equal(after.type_references, 1, "type references with the pin");
    check(after.type == 1 && after.flags & WATCH_FRAME_PINNED, "pinned L1 table");
    check_equal(ask(WATCH_TABLE, &shown), 0, "the table");
    check_equal(mmuext(MMUEXT_UNPIN_TABLE, mfn_of(table), 0), 0, "unpin");
    after = find(mfn_of(table));
    check(!after.type_references && !(after.flags & WATCH_FRAME_PINNED), "unpinned");
    check_equal(ask(WATCH_TABLE, &shown), -XEN_ENOENT, "the table after the unpin");
}

/* The entries of the domain's own L1 table for `ordinary`, as it reads them itself. */
static void check_table(void)
{
    const u64 machine = entry_machine(address(ordinary), 1);
    const volatile u64 *own = (u64 *)((u64)entry_of(address(ordinary), 1) & ~(PAGE_SIZE - 1));
    struct watch_table table = {.frame = machine / PAGE_SIZE, .entries = address(entries)};

    check_equal(ask(WATCH_TABLE, &table), 0, "an L1 table");
    check(table.level == 1 && table.owner == 0, "level %u, owner %u", table.level, table.owner);
    for (u32 i = 0; i < WATCH_ENTRIES; i++) {
        const u64 entry = own[i] & PTE_PRESENT ? own[i] : 0;

        check(((entries[i] ^ entry) & ~(u64)(PTE_ACCESSED | PTE_DIRTY)) == 0, "entry %u", i);
    }
}

/* No word of an ordinary page is shown. */
static void check_ordinary(void)
{
    struct watch_table table = {.frame = mfn_of(ordinary), .entries = address(entries)};
    struct watch_frames frames;

    for (u32 i = 0; i < WATCH_ENTRIES; i++) {
        ordinary[i] = 0x5ec4e7ull << 12 | PTE_PRESENT;
        entries[i] = 1;
    }
    check_equal(ask(WATCH_TABLE, &table), -XEN_ENOENT, "an ordinary page");
    table.frame = mfn_of(start_info);
    check_equal(ask(WATCH_TABLE, &table), -XEN_ENOENT, "start_info");
    check_equal(ask_frames(&frames, 0, 1), 1, "the number of frames");
    for (u64 frame = 0; frame < frames.frames; frame += 97) { /* also free and the hypervisor's */
        table.frame = frame;
        const s64 answer = ask(WATCH_TABLE, &table);
        check(answer == 0 || answer == -XEN_ENOENT, "frame %llx: %lld", (unsigned long long)frame,
              (long long)answer);
    }
    for (u32 i = 0; i < WATCH_ENTRIES; i++) {
        check(entries[i] != ordinary[i], "a word of an ordinary page was shown");
    }
}

static void check_refusals(void)
{
    struct watch_frames frames;
    struct watch_table table = {.frame = mfn_of((void *)start_info->pt_base), .entries = 8};
    struct watch_roots roots = {.id = 0, .room = 32, .vcpu = 8};

    check_equal(ask_frames(&frames, 0, 0), -XEN_EINVAL, "no room");
    check_equal(ask_frames(&frames, ~0ull, 1), -XEN_EINVAL, "behind the last frame");
    ask_frames(&frames, 0, 1);
    const u64 end = frames.frames;
    check_equal(ask_frames(&frames, end, 1), 0, "at the end");
    frames = (struct watch_frames){.room = 1, .runs = HYPERVISOR_VIRT_START};
    check_equal(ask(WATCH_FRAMES, &frames), -XEN_EFAULT, "runs in the hypervisor's slots");
    check_equal(ask(WATCH_TABLE, &table), -XEN_EFAULT, "entries at 8");
    table.entries = address(entries);
    table.frame = ~0ull;
    check_equal(ask(WATCH_TABLE, &table), -XEN_ERANGE, "frame ~0");
    table.frame = end;
    check_equal(ask(WATCH_TABLE, &table), -XEN_ERANGE, "the frame behind the last");
    check_equal(ask(WATCH_ROOTS, &roots), -XEN_EFAULT, "vCPUs at 8");
    roots.id = 0x12345;
    check_equal(ask(WATCH_ROOTS, &roots), -XEN_ESRCH, "domain 0x12345");
    check_equal(hypercall(WATCH_HYPERCALL, WATCH_FRAMES, HYPERVISOR_VIRT_START, 0), -XEN_EFAULT,
                "a structure in the hypervisor's slots");
}

/* The first domain from `id` on. */
static s64 ask_roots(struct watch_roots *roots, u32 id)
{
    *roots = (struct watch_roots){.id = id, .room = 32, .vcpu = address(vcpus)};
    return ask(WATCH_ROOTS, roots);
}

static void check_own_roots(void)
{
    struct watch_roots roots;

    check_equal(ask_roots(&roots, 0), 0, "this domain");
    check(roots.id == 0 && roots.vcpus >= 1 && !roots.ended, "domain %u, %u vCPUs", roots.id,
          roots.vcpus);
    check_equal(vcpus[0].kernel_root, mfn_of((void *)start_info->pt_base), "its root");
}

/* Makes a domain, which is shown, has no right to ask, and is shown no more when it is gone. */
static void check_other(void)
{
    static const u64 operations[] = {WATCH_FRAMES, WATCH_TABLE, WATCH_ROOTS};
    struct made made;
    struct watch_roots roots;

    if (tiny_make(&made) || !tiny_map(&made) || tiny_command(XEN_DOMCTL_unpausedomain, made.id)) {
        error("no domain");
    }
    made.tiny->memory[0] = WATCH_VERSION | 1ull << 32;
    for (u32 i = 0; i < ARRAY_LENGTH(operations); i++) {
        made.tiny->call[i].number = WATCH_HYPERCALL;
        made.tiny->call[i].argument[0] = operations[i];
        made.tiny->call[i].argument[1] = AT;
        made.tiny->call[i].result = 0x1234;
    }
    if (!tiny_calls(&made, ARRAY_LENGTH(operations))) {
        error("the domain does not make its calls");
    }
    for (u32 i = 0; i < ARRAY_LENGTH(operations); i++) {
        check_equal(made.tiny->call[i].result, -XEN_EPERM, "operation %llu of another domain",
                    (unsigned long long)operations[i]);
    }
    check_equal(ask_roots(&roots, 1), 0, "the other domain");
    check(roots.id == made.id && roots.vcpus == 1, "domain %u", roots.id);
    struct watch_run run = find(vcpus[0].kernel_root);
    check(run.kind == WATCH_OWNED && run.owner == made.id && run.type == 4, "its root");
    struct watch_table table = {.frame = vcpus[0].kernel_root, .entries = address(entries)};
    check_equal(ask(WATCH_TABLE, &table), 0, "its root's entries");
    check(table.level == 4 && table.owner == made.id, "level %u, owner %u", table.level,
          table.owner);
    /* As long as a frame of it is mapped here, it is shown without vCPUs. */
    check_equal(tiny_command(XEN_DOMCTL_destroydomain, made.id), 0, "destroy");
    for (u32 i = 0; i < 10; i++) {
        sleep_ms(10);
        check_equal(ask_roots(&roots, 1), 0, "an ended domain");
        check(roots.id == made.id && roots.ended && !roots.vcpus, "domain %u, ended %u, %u vCPUs",
              roots.id, roots.ended, roots.vcpus);
    }
    tiny_unmap(&made);
    for (u32 i = 0; i < 1000 && !ask_roots(&roots, 1); i++) {
        sleep_ms(10);
    }
    check_equal(ask_roots(&roots, 1), -XEN_ESRCH, "the domain after its end");
    check_equal(ask(WATCH_TABLE, &table), -XEN_ENOENT, "its root after its end");
}

void test_main(void)
{
    check_frames();
    check_pin();
    check_table();
    check_ordinary();
    check_own_roots();
    check_refusals();
    check_other();
}
