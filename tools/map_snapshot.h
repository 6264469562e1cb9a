/* SPDX-License-Identifier: MIT */
/* A snapshot: what the frame table and the page tables of a machine said at one time. `pinion map`
 * records snapshots, keeps them in files, and draws them. A snapshot has numbers only (owners,
 * types, counts, entries of tables), never contents of a guest's ordinary pages. */
#ifndef TOOLS_MAP_SNAPSHOT_H
#define TOOLS_MAP_SNAPSHOT_H

#include <stdint.h>

#include "tools/buffer.h"

/* What a frame is, apart from its type. */
enum map_kind {
    MAP_FREE,       /* on a list of the allocator */
    MAP_HYPERVISOR, /* the hypervisor's own, or no RAM of which the frame table knows anything */
    MAP_DEVICE,     /* no RAM: a device frame */
    MAP_SHOWN,      /* the hypervisor's, of a kind that guests may map */
    MAP_OWNED,      /* a domain's */
    MAP_KINDS
};

/* The types of a frame, with the numbers of the frame table; a table's type is its level. */
#define MAP_TYPES         8u
#define MAP_TYPE_NONE     0u
#define MAP_TYPE_WRITABLE 6u

/* The bits of map_state.flags. */
#define MAP_ALLOCATED   1u /* the owner's own reference is among the references */
#define MAP_VALIDATED   2u /* checked, and open to use as its type */
#define MAP_PARTIAL     4u /* its promotion or demotion was interrupted */
#define MAP_PINNED      8u
#define MAP_DEVICES     16u /* a table that maps a device frame, or has mapped one */
#define MAP_NOT_COUNTED 32u /* the counts were left out to save room */
#define MAP_FLAGS       64u /* flags are below this */

#define MAP_FRAMES_MAX  (1ull << 32) /* 16 TiB */
#define MAP_DOMAINS_MAX 1024u
#define MAP_VCPUS_MAX   32u
#define MAP_NAME_MAX    127u
#define MAP_ENTRIES     512u /* of a table */
#define MAP_NO_FRAME    (~0ull)

/* What the frame table says of a frame. */
struct map_state {
    uint32_t references, type_references;
    uint16_t owner; /* a domain's number, where the kind is MAP_OWNED */
    uint8_t kind, type, flags;
};

/* `length` frames, one behind the other, with the same state. */
struct map_run {
    uint32_t state; /* index in snapshot.state */
    uint64_t length;
};

/* A page table. Its entries are `runs` elements of snapshot.entry, from number `first` on. */
struct map_table {
    uint64_t frame;
    uint16_t owner;
    uint8_t level;
    bool gone; /* it was no table any more when its entries were to be read */
    size_t first, runs;
};

/* `length` present entries, one behind the other, with the same flags, whose frames follow one
 * another. */
struct map_entries {
    uint16_t index, length;
    uint32_t flags; /* bits 0 to 11 of the entry, and above them its bits 52 to 63 */
    uint64_t target;
};

struct map_vcpu {
    uint32_t id;
    uint64_t kernel_root, user_root; /* frames; MAP_NO_FRAME: none */
};

struct map_domain {
    uint16_t id;
    bool ended; /* it ended while it was read, and is recorded as it was */
    char name[MAP_NAME_MAX + 1];
    unsigned vcpus;
    struct map_vcpu vcpu[MAP_VCPUS_MAX];
};

struct snapshot {
    char label[MAP_NAME_MAX + 1];
    uint64_t time;   /* seconds since 1970, UTC */
    uint64_t frames; /* how many the frame table has */
    struct map_domain *domain;
    unsigned domains;
    struct map_state *state;
    size_t states, states_room;
    struct map_run *run;
    size_t runs, runs_room;
    struct map_table *table; /* by ascending frame */
    size_t tables, tables_room;
    bool tables_left_out; /* to save room; or those of domains which were not asked for */
    unsigned coarse;      /* 2^coarse frames from a multiple of it on have one state: that of the
                             most of them */
    struct map_entries *entry;
    size_t entries, entries_room;
    uint32_t *place; /* of states by their hash, while the snapshot is being recorded */
    size_t places;
};

/* Returns a snapshot without frames. */
struct snapshot snapshot_new(const char *label, uint64_t time);

/* Adds a domain without vCPUs. Returns it, valid until the next one is added; NULL: there are
 * MAP_DOMAINS_MAX already. `name` is cut off behind MAP_NAME_MAX characters. */
struct map_domain *snapshot_add_domain(struct snapshot *snapshot, uint16_t id, const char *name);

/* Adds `count` frames with this state behind those added before. */
void snapshot_add_frames(struct snapshot *snapshot, const struct map_state *state, uint64_t count);

/* Adds a table behind those added before: its frame is above theirs. `entry`: its 512 entries; NULL
 * if it is gone. */
void snapshot_add_table(struct snapshot *snapshot, uint64_t frame, unsigned level, uint16_t owner,
                        const uint64_t *entry);

/* Returns the state of a frame, which is below snapshot->frames. Slow: looks through the runs. */
const struct map_state *snapshot_state_of(const struct snapshot *snapshot, uint64_t frame);

/* Returns the domain with this number; NULL: there is none. */
const struct map_domain *snapshot_domain(const struct snapshot *snapshot, uint16_t id);

/* Says whether a state is that of a live page table. */
bool map_is_table(const struct map_state *state);

/* Leaves out the tables of all other domains. */
void snapshot_keep_tables(struct snapshot *snapshot, uint16_t domain);

/* Leaves out all tables. */
void snapshot_drop_tables(struct snapshot *snapshot);

/* Leaves out all counts, so that more frames have the same state. */
void snapshot_drop_counts(struct snapshot *snapshot);

/* Makes the map coarser: 2^coarse frames, at most 2^MAP_COARSE_MAX, have one state. The number of
 * runs is then at most the number of frames >> coarse, plus 1. */
#define MAP_COARSE_MAX 24u
void snapshot_coarsen(struct snapshot *snapshot, unsigned coarse);

/* Frees what the snapshot has allocated. It is empty afterwards. */
void snapshot_free(struct snapshot *snapshot);

/* The names of kinds and types, in English. */
const char *map_kind_name(unsigned kind);
const char *map_type_name(unsigned type);

/* Appends the snapshot in its file's form. `level` of compression: 1 to 9. */
void snapshot_write(const struct snapshot *snapshot, int level, struct buffer *to);

/* Reads a snapshot from `size` bytes of that form. Returns false, with an empty snapshot, if they
 * are not one; the failure begins with `name`. */
bool snapshot_read(struct snapshot *snapshot, const char *name, const uint8_t *bytes, size_t size,
                   struct failure *failure);

/* Reads a snapshot from a file, as snapshot_read. */
bool snapshot_read_file(struct snapshot *snapshot, const char *path, struct failure *failure);

/* Writes bytes to a file, or to standard output if `path` is "-". Returns false if that failed. */
bool map_write_file(const char *path, const struct buffer *bytes, struct failure *failure);

#endif
