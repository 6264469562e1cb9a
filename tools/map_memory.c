/* SPDX-License-Identifier: MIT */
/* Reads the hypervisor's tables in the memory of an emulated machine: the anchor says where they
 * are, and the hypervisor's own page tables which machine address that is. */
#include "tools/map_memory.h"

#include <string.h>
#include <time.h>

#include "lib/watch_anchor.h"

/* The machine `pc` of QEMU has memory from address 0 on; of LOW_MOST or more, all but the first
 * LOW_SIZE bytes is from 4 GiB on. */
#define LOW_MOST 0xe0000000ull
#define LOW_SIZE 0xc0000000ull
#define HIGH     0x100000000ull

#define PAGE           4096u
#define PTE_PRESENT    1u
#define PTE_LARGE      (1u << 7)
#define PTE_FRAME      0x000ffffffffff000ull
#define FREE_DIRTY     0x100u /* hypervisor/memory/frames.c */
#define FREE_ORDERS    19u
#define COUNT_OF(word) ((uint32_t)(word))

/* The words of the frame table: vmmu/frame.h. */
#define REF_OWNED       (1ull << 63)
#define REF_ALLOCATED   (1ull << 62)
#define REF_OWNER_SHIFT 46
#define REF_OWNER_MASK  0x7fffu
#define REF_HYPERVISOR  0x7ff2u /* the owner of pages that the hypervisor shows */
#define USE_TYPE_SHIFT  60
#define USE_VALIDATED   (1ull << 59)
#define USE_PARTIAL     (1ull << 58)
#define USE_PINNED      (1ull << 57)
#define USE_DEVICES     (1ull << 56)

struct source {
    const struct machine_memory *memory;
    struct watch_anchor anchor;
};

/* Copies `size` bytes from a machine address. False: they are not all in memory. */
static bool copy_machine(const struct source *source, uint64_t at, void *to, size_t size)
{
    const struct machine_memory *memory = source->memory;

    if (memory->size >= LOW_MOST && at >= LOW_SIZE) {
        if (at < HIGH) {
            return false;
        }
        at -= HIGH - LOW_SIZE;
    }
    if (at >= memory->size || size > memory->size - at) {
        return false;
    }
    memcpy(to, memory->bytes + at, size);
    return true;
}

/* Translates an address of the hypervisor's. False: it is not mapped. */
static bool translate(const struct source *source, uint64_t address, uint64_t *to)
{
    uint64_t table = source->anchor.root;

    for (unsigned level = 4; level > 0; level--) {
        const unsigned shift = 12 + 9 * (level - 1);
        uint64_t entry;

        if (!copy_machine(source, table + (address >> shift & 511) * 8, &entry, sizeof(entry)) ||
            !(entry & PTE_PRESENT)) {
            return false;
        }
        table = entry & PTE_FRAME;
        if (level == 1 || (level < 4 && entry & PTE_LARGE)) {
            const uint64_t inside = (1ull << shift) - 1;

            *to = (table & ~inside) | (address & inside);
            return true;
        }
    }
    return false;
}

/* Copies `size` bytes from an address of the hypervisor's. */
static bool copy(const struct source *source, uint64_t at, void *to, size_t size)
{
    uint8_t *bytes = to;

    while (size) {
        const size_t room = PAGE - at % PAGE, part = size < room ? size : room;
        uint64_t machine;

        if (!translate(source, at, &machine) || !copy_machine(source, machine, bytes, part)) {
            return false;
        }
        at += part;
        bytes += part;
        size -= part;
    }
    return true;
}

static bool find_anchor(struct source *source)
{
    for (uint64_t at = WATCH_IMAGE_START; at < WATCH_IMAGE_END; at += WATCH_ANCHOR_ALIGN) {
        struct watch_anchor *anchor = &source->anchor;

        if (copy_machine(source, at, anchor, sizeof(*anchor)) &&
            !memcmp(anchor->magic, WATCH_ANCHOR_MAGIC, sizeof(anchor->magic)) &&
            anchor->version == WATCH_ANCHOR_VERSION && anchor->root &&
            anchor->frames <= MAP_FRAMES_MAX) {
            return true;
        }
    }
    return false;
}

/* ---- frames --------------------------------------------------------------------------------- */

/* What the two words of a frame say. *more: how many frames behind it are free with it. */
static struct map_state state_of(uint64_t references, uint64_t use, uint64_t *more)
{
    struct map_state state = {.kind = MAP_HYPERVISOR};
    const uint64_t order = (references & ~(uint64_t)FREE_DIRTY) - 1;

    *more = 0;
    if (references == REF_ALLOCATED) {
        state.kind = MAP_DEVICE;
    } else if (!(references & REF_OWNED)) {
        if (order < FREE_ORDERS) {
            state.kind = MAP_FREE;
            *more = (1ull << order) - 1;
        }
    } else {
        const uint16_t owner = (uint16_t)(references >> REF_OWNER_SHIFT & REF_OWNER_MASK);

        state.kind = owner == REF_HYPERVISOR ? MAP_SHOWN : MAP_OWNED;
        state.owner = state.kind == MAP_OWNED ? owner : 0;
        state.references = COUNT_OF(references);
        state.type_references = COUNT_OF(use);
        state.type = (uint8_t)(use >> USE_TYPE_SHIFT) % MAP_TYPES;
        state.flags =
            (uint8_t)((references & REF_ALLOCATED ? MAP_ALLOCATED : 0) |
                      (use & USE_VALIDATED ? MAP_VALIDATED : 0) |
                      (use & USE_PARTIAL ? MAP_PARTIAL : 0) | (use & USE_PINNED ? MAP_PINNED : 0) |
                      (use & USE_DEVICES ? MAP_DEVICES : 0));
    }
    return state;
}

static bool record_frames(const struct source *source, struct snapshot *snapshot)
{
    const uint64_t frames = source->anchor.frames;
    uint64_t more;

    for (uint64_t at = 0; at < frames; at += 1 + more) {
        uint64_t words[2];

        if (!copy(source, source->anchor.frame_table + at * sizeof(words), words, sizeof(words))) {
            return false;
        }
        const struct map_state state = state_of(words[0], words[1], &more);
        more = more < frames - at ? more : frames - at - 1;
        snapshot_add_frames(snapshot, &state, 1 + more);
    }
    return true;
}

static void record_tables(const struct source *source, struct snapshot *snapshot)
{
    uint64_t frame = 0;

    for (size_t i = 0; i < snapshot->runs; frame += snapshot->run[i++].length) {
        const struct map_state state = snapshot->state[snapshot->run[i].state];

        for (uint64_t j = 0; map_is_table(&state) && j < snapshot->run[i].length; j++) {
            uint64_t entry[MAP_ENTRIES];
            const bool well = copy_machine(source, (frame + j) * PAGE, entry, sizeof(entry));

            snapshot_add_table(snapshot, frame + j, state.type, state.owner, well ? entry : NULL);
        }
    }
}

/* ---- domains -------------------------------------------------------------------------------- */

static uint64_t get_frame(const struct source *source, uint64_t at)
{
    uint64_t frame = MAP_NO_FRAME;

    return copy(source, at, &frame, sizeof(frame)) && frame < MAP_FRAMES_MAX ? frame : MAP_NO_FRAME;
}

static void record_vcpus(const struct source *source, uint64_t at, struct map_domain *domain)
{
    const struct watch_anchor *anchor = &source->anchor;
    uint32_t count = 0;

    copy(source, at + anchor->vcpu_count, &count, sizeof(count));
    for (uint32_t i = 0; i < count && i < MAP_VCPUS_MAX; i++) {
        struct map_vcpu *vcpu = &domain->vcpu[domain->vcpus];
        uint64_t address = 0;

        if (copy(source, at + anchor->vcpu + i * sizeof(address), &address, sizeof(address)) &&
            address && copy(source, address + anchor->vcpu_id, &vcpu->id, sizeof(vcpu->id))) {
            vcpu->kernel_root = get_frame(source, address + anchor->kernel_root);
            vcpu->user_root = get_frame(source, address + anchor->user_root);
            domain->vcpus++;
        }
    }
}

static void record_domain(const struct source *source, uint64_t at, struct snapshot *snapshot)
{
    const struct watch_anchor *anchor = &source->anchor;
    char name[MAP_NAME_MAX + 1] = "";
    uint16_t id;
    uint32_t end;

    if (!copy(source, at + anchor->domain_id, &id, sizeof(id)) || snapshot_domain(snapshot, id) ||
        !copy(source, at + anchor->domain_end, &end, sizeof(end)) ||
        !copy(source, at + anchor->domain_name, name, sizeof(name) - 1)) {
        return;
    }
    struct map_domain *domain = snapshot_add_domain(snapshot, id, name);
    if (domain) {
        domain->ended = end;
        record_vcpus(source, at, domain);
    }
}

bool map_memory_record(const struct machine_memory *memory, const char *label,
                       struct snapshot *snapshot, struct failure *failure)
{
    struct source source = {.memory = memory};

    *snapshot = snapshot_new(label, (uint64_t)time(NULL));
    if (!find_anchor(&source) || !record_frames(&source, snapshot)) {
        snapshot_free(snapshot);
        return refuse(failure, "the machine's memory has no hypervisor that is past its start");
    }
    record_tables(&source, snapshot);
    for (uint32_t i = 0; i < source.anchor.domains_max && i < MAP_DOMAINS_MAX; i++) {
        uint64_t domain = 0;

        if (copy(&source, source.anchor.domain + i * sizeof(domain), &domain, sizeof(domain)) &&
            domain) {
            record_domain(&source, domain, snapshot);
        }
    }
    return true;
}
