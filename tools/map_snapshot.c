/* SPDX-License-Identifier: MIT */
/* A snapshot in memory: how it is put together while it is recorded. */
#include "tools/map_snapshot.h"

#include <stdlib.h>
#include <string.h>

/* Makes room for one more element of an array; returns the array. */
static void *more(void *array, size_t used, size_t *room, size_t size)
{
    if (used < *room) {
        return array;
    }
    *room = *room ? 2 * *room : 64;
    return grow(array, *room * size);
}

struct snapshot snapshot_new(const char *label, uint64_t time)
{
    struct snapshot snapshot = {.time = time};

    strncpy(snapshot.label, label, MAP_NAME_MAX);
    return snapshot;
}

struct map_domain *snapshot_add_domain(struct snapshot *snapshot, uint16_t id, const char *name)
{
    if (snapshot->domains == MAP_DOMAINS_MAX) {
        return NULL;
    }
    snapshot->domain = grow(snapshot->domain, (snapshot->domains + 1) * sizeof(struct map_domain));
    struct map_domain *domain = &snapshot->domain[snapshot->domains++];
    *domain = (struct map_domain){.id = id};
    strncpy(domain->name, name, MAP_NAME_MAX);
    return domain;
}

static size_t hash_of(const struct map_state *state)
{
    uint64_t hash = ((uint64_t)state->references << 32 | state->type_references);

    hash ^= ((uint64_t)state->owner << 24 | (uint64_t)state->kind << 16 |
             (uint64_t)state->type << 8 | state->flags) *
            0x9e3779b97f4a7c15ull;
    hash *= 0xd6e8feb86659fd93ull;
    return (size_t)(hash ^ hash >> 32);
}

static bool states_equal(const struct map_state *a, const struct map_state *b)
{
    return a->references == b->references && a->type_references == b->type_references &&
           a->owner == b->owner && a->kind == b->kind && a->type == b->type && a->flags == b->flags;
}

/* Puts the states into a table of hashes that is at most half full. */
static void spread(struct snapshot *snapshot)
{
    snapshot->places = snapshot->places ? 2 * snapshot->places : 1024;
    while (snapshot->places < 4 * snapshot->states) {
        snapshot->places *= 2;
    }
    snapshot->place = grow(snapshot->place, snapshot->places * sizeof(uint32_t));
    memset(snapshot->place, 0xff, snapshot->places * sizeof(uint32_t));
    for (size_t i = 0; i < snapshot->states; i++) {
        size_t at = hash_of(&snapshot->state[i]) & (snapshot->places - 1);

        while (snapshot->place[at] != ~0u) {
            at = (at + 1) & (snapshot->places - 1);
        }
        snapshot->place[at] = (uint32_t)i;
    }
}

/* Returns the number of a state, a new one if there is none like it. */
static uint32_t state_number(struct snapshot *snapshot, const struct map_state *state)
{
    if (2 * snapshot->states >= snapshot->places) {
        spread(snapshot);
    }
    size_t at = hash_of(state) & (snapshot->places - 1);
    while (snapshot->place[at] != ~0u) {
        if (states_equal(&snapshot->state[snapshot->place[at]], state)) {
            return snapshot->place[at];
        }
        at = (at + 1) & (snapshot->places - 1);
    }
    snapshot->state =
        more(snapshot->state, snapshot->states, &snapshot->states_room, sizeof(struct map_state));
    snapshot->state[snapshot->states] = *state;
    snapshot->place[at] = (uint32_t)snapshot->states;
    return (uint32_t)snapshot->states++;
}

void snapshot_add_frames(struct snapshot *snapshot, const struct map_state *state, uint64_t count)
{
    if (!count) {
        return;
    }
    uint32_t number = state_number(snapshot, state);
    snapshot->frames += count;
    if (snapshot->runs && snapshot->run[snapshot->runs - 1].state == number) {
        snapshot->run[snapshot->runs - 1].length += count;
        return;
    }
    snapshot->run =
        more(snapshot->run, snapshot->runs, &snapshot->runs_room, sizeof(struct map_run));
    snapshot->run[snapshot->runs++] = (struct map_run){number, count};
}

#define PTE_PRESENT 1u
#define PTE_FRAME   0x000ffffffffff000ull

/* Adds entry number `index` to the table that was added last. */
static void add_entry(struct snapshot *snapshot, struct map_table *table, unsigned index,
                      uint64_t entry)
{
    const uint32_t flags = (uint32_t)(entry & 0xfff) | (uint32_t)(entry >> 52) << 12;
    const uint64_t target = (entry & PTE_FRAME) >> 12;
    struct map_entries *last =
        table->runs ? &snapshot->entry[table->first + table->runs - 1] : NULL;

    if (last && last->index + last->length == index && last->flags == flags &&
        last->target + last->length == target) {
        last->length++;
        return;
    }
    snapshot->entry = more(snapshot->entry, snapshot->entries, &snapshot->entries_room,
                           sizeof(struct map_entries));
    snapshot->entry[snapshot->entries++] = (struct map_entries){(uint16_t)index, 1, flags, target};
    table->runs++;
}

void snapshot_add_table(struct snapshot *snapshot, uint64_t frame, unsigned level, uint16_t owner,
                        const uint64_t *entry)
{
    snapshot->table =
        more(snapshot->table, snapshot->tables, &snapshot->tables_room, sizeof(struct map_table));
    struct map_table *table = &snapshot->table[snapshot->tables++];
    *table = (struct map_table){.frame = frame,
                                .owner = owner,
                                .level = (uint8_t)level,
                                .gone = !entry,
                                .first = snapshot->entries};
    for (unsigned i = 0; entry && i < MAP_ENTRIES; i++) {
        if (entry[i] & PTE_PRESENT) {
            add_entry(snapshot, table, i, entry[i]);
        }
    }
}

const struct map_state *snapshot_state_of(const struct snapshot *snapshot, uint64_t frame)
{
    size_t i = 0;

    while (frame >= snapshot->run[i].length) {
        frame -= snapshot->run[i++].length;
    }
    return &snapshot->state[snapshot->run[i].state];
}

const struct map_domain *snapshot_domain(const struct snapshot *snapshot, uint16_t id)
{
    for (unsigned i = 0; i < snapshot->domains; i++) {
        if (snapshot->domain[i].id == id) {
            return &snapshot->domain[i];
        }
    }
    return NULL;
}

bool map_is_table(const struct map_state *state)
{
    return state->kind == MAP_OWNED && state->type >= 1 && state->type <= 4 &&
           state->type_references && state->flags & MAP_VALIDATED;
}

void snapshot_keep_tables(struct snapshot *snapshot, uint16_t domain)
{
    size_t kept = 0;

    for (size_t i = 0; i < snapshot->tables; i++) {
        if (snapshot->table[i].owner == domain) {
            snapshot->table[kept++] = snapshot->table[i];
        } else {
            snapshot->tables_left_out = true;
        }
    }
    snapshot->tables = kept;
}

void snapshot_drop_tables(struct snapshot *snapshot)
{
    snapshot->tables = snapshot->entries = 0;
    snapshot->tables_left_out = true;
}

/* Gives a snapshot the frames of another one, of which nothing is left. */
static void take_frames(struct snapshot *snapshot, const struct snapshot *from)
{
    free(snapshot->run);
    free(snapshot->state);
    free(snapshot->place);
    snapshot->run = from->run;
    snapshot->runs = from->runs;
    snapshot->runs_room = from->runs_room;
    snapshot->state = from->state;
    snapshot->states = from->states;
    snapshot->states_room = from->states_room;
    snapshot->place = from->place;
    snapshot->places = from->places;
}

void snapshot_drop_counts(struct snapshot *snapshot)
{
    struct snapshot plain = snapshot_new("", 0);

    for (size_t i = 0; i < snapshot->runs; i++) {
        struct map_state state = snapshot->state[snapshot->run[i].state];

        if (state.kind == MAP_OWNED || state.kind == MAP_SHOWN) {
            state.type = state.type_references ? state.type : MAP_TYPE_NONE;
            state.references = state.type_references = 0;
            state.flags |= MAP_NOT_COUNTED;
        }
        snapshot_add_frames(&plain, &state, snapshot->run[i].length);
    }
    take_frames(snapshot, &plain);
}

/* How many frames of a block have which state. */
struct block {
    uint64_t left; /* frames that are still to come */
    size_t states, room;
    struct map_run *state;
};

static void block_add(struct block *block, uint32_t state, uint64_t count)
{
    size_t i = 0;

    while (i < block->states && block->state[i].state != state) {
        i++;
    }
    if (i == block->states) {
        block->state = more(block->state, block->states, &block->room, sizeof(struct map_run));
        block->state[block->states++] = (struct map_run){state, 0};
    }
    block->state[i].length += count;
    block->left -= count;
}

/* Ends a block: all its frames get the state of the most of them. */
static void block_end(struct block *block, uint64_t size, const struct snapshot *from,
                      struct snapshot *to)
{
    size_t most = 0;

    for (size_t i = 1; i < block->states; i++) {
        most = block->state[i].length > block->state[most].length ? i : most;
    }
    if (block->states) {
        snapshot_add_frames(to, &from->state[block->state[most].state], size - block->left);
    }
    block->left = size;
    block->states = 0;
}

void snapshot_coarsen(struct snapshot *snapshot, unsigned coarse)
{
    const uint64_t size = 1ull << coarse;
    struct snapshot plain = snapshot_new("", 0);
    struct block block = {.left = size};

    for (size_t i = 0; i < snapshot->runs; i++) {
        uint64_t left = snapshot->run[i].length;

        while (left) {
            /* Where a block begins, all whole ones of this run are added together. */
            uint64_t whole = block.left == size ? left / size * size : 0, part;

            snapshot_add_frames(&plain, &snapshot->state[snapshot->run[i].state], whole);
            left -= whole;
            part = left < block.left ? left : block.left;
            if (part) {
                block_add(&block, snapshot->run[i].state, part);
                left -= part;
            }
            if (!block.left) {
                block_end(&block, size, snapshot, &plain);
            }
        }
    }
    block_end(&block, size, snapshot, &plain);
    free(block.state);
    take_frames(snapshot, &plain);
    snapshot->coarse = coarse;
}

void snapshot_free(struct snapshot *snapshot)
{
    free(snapshot->domain);
    free(snapshot->state);
    free(snapshot->run);
    free(snapshot->table);
    free(snapshot->entry);
    free(snapshot->place);
    *snapshot = (struct snapshot){0};
}

const char *map_kind_name(unsigned kind)
{
    static const char *const name[MAP_KINDS] = {
        [MAP_FREE] = "free",     [MAP_HYPERVISOR] = "hypervisor",
        [MAP_DEVICE] = "no RAM", [MAP_SHOWN] = "shown by the hypervisor",
        [MAP_OWNED] = "domain",
    };

    return kind < MAP_KINDS ? name[kind] : "?";
}

const char *map_type_name(unsigned type)
{
    static const char *const name[MAP_TYPES] = {
        "none",     "L1 table",        "L2 table", "L3 table",
        "L4 table", "descriptor page", "writable", "shared",
    };

    return type < MAP_TYPES ? name[type] : "?";
}
