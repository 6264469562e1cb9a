/* SPDX-License-Identifier: MIT */
/* A snapshot as a file: a line that says what it is, then a zlib stream, which has a checksum. In
 * that each number is in groups of seven bits, the lowest first, with bit 7 set in all but the
 * last:
 *
 *     label, time, frames, 1 if tables were left out, log2 of how many frames have one state
 *     domains: how many, then for each its id, 1 if it ended, name, vCPUs: how many, then for each
 *         its id, and kernel root and user root plus 1, or 0
 *     states: how many, then for each kind, type, flags, owner, references, type references
 *     runs: how many, then for each the state's number and the length
 *     tables: how many, then for each the frame less that behind the table before, level, owner,
 *         and 0 if it is gone or its runs of entries plus 1; then for each run the index less that
 *         behind the run before, length, flags, and the target less that behind the run before, as
 *         twice the distance if that is not negative, otherwise twice the positive distance less 1
 *
 * A text is its length and its bytes. The page's script (tools/map/page.js) reads the same. */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "tools/map_snapshot.h"

static const char magic[8] = "PINMAP2\n";

/* The most bytes that a file may unpack to: of the largest machine, with all its tables. */
#define UNPACKED_MAX (1ull << 32)

/* ---- writing -------------------------------------------------------------------------------- */

static void put(struct buffer *to, uint64_t number)
{
    uint8_t bytes[10];
    size_t size = 0;

    do {
        bytes[size++] = (uint8_t)((number & 127) | (number > 127 ? 128 : 0));
        number >>= 7;
    } while (number);
    buffer_append(to, bytes, size);
}

static void put_text(struct buffer *to, const char *text)
{
    put(to, strlen(text));
    buffer_append(to, text, strlen(text));
}

/* Twice the distance from `from` to `to`, with the sign in the lowest bit. */
static uint64_t zigzag(uint64_t from, uint64_t to)
{
    return to >= from ? 2 * (to - from) : 2 * (from - to) - 1;
}

static void put_domains(struct buffer *to, const struct snapshot *snapshot)
{
    put(to, snapshot->domains);
    for (unsigned i = 0; i < snapshot->domains; i++) {
        const struct map_domain *domain = &snapshot->domain[i];

        put(to, domain->id);
        put(to, domain->ended);
        put_text(to, domain->name);
        put(to, domain->vcpus);
        for (unsigned v = 0; v < domain->vcpus; v++) {
            put(to, domain->vcpu[v].id);
            put(to, domain->vcpu[v].kernel_root + 1);
            put(to, domain->vcpu[v].user_root + 1);
        }
    }
}

static void put_frames(struct buffer *to, const struct snapshot *snapshot)
{
    put(to, snapshot->states);
    for (size_t i = 0; i < snapshot->states; i++) {
        const struct map_state *state = &snapshot->state[i];

        put(to, state->kind);
        put(to, state->type);
        put(to, state->flags);
        put(to, state->owner);
        put(to, state->references);
        put(to, state->type_references);
    }
    put(to, snapshot->runs);
    for (size_t i = 0; i < snapshot->runs; i++) {
        put(to, snapshot->run[i].state);
        put(to, snapshot->run[i].length);
    }
}

static void put_tables(struct buffer *to, const struct snapshot *snapshot)
{
    uint64_t behind = 0;

    put(to, snapshot->tables);
    for (size_t i = 0; i < snapshot->tables; i++) {
        const struct map_table *table = &snapshot->table[i];
        uint64_t target = 0;
        unsigned index = 0;

        put(to, table->frame - behind);
        behind = table->frame + 1;
        put(to, table->level);
        put(to, table->owner);
        put(to, table->gone ? 0 : table->runs + 1);
        for (size_t j = 0; j < table->runs; j++) {
            const struct map_entries *run = &snapshot->entry[table->first + j];

            put(to, run->index - index);
            put(to, run->length);
            put(to, run->flags);
            put(to, zigzag(target, run->target));
            index = run->index + run->length;
            target = run->target + run->length;
        }
    }
}

void snapshot_write(const struct snapshot *snapshot, int level, struct buffer *to)
{
    struct buffer plain = {0};

    put_text(&plain, snapshot->label);
    put(&plain, snapshot->time);
    put(&plain, snapshot->frames);
    put(&plain, snapshot->tables_left_out);
    put(&plain, snapshot->coarse);
    put_domains(&plain, snapshot);
    put_frames(&plain, snapshot);
    put_tables(&plain, snapshot);

    uLongf packed = compressBound(plain.size);
    buffer_append(to, magic, sizeof(magic));
    buffer_reserve(to, packed);
    if (compress2(to->bytes + to->size, &packed, plain.bytes, plain.size, level) != Z_OK) {
        abort(); /* only bad arguments or a host without memory, which grow() would have met */
    }
    to->size += packed;
    buffer_free(&plain);
}

/* ---- reading -------------------------------------------------------------------------------- */

struct reader {
    const uint8_t *at, *end;
    bool bad; /* what was read does not fit: all that is read from now on is 0 */
};

static uint64_t spoil(struct reader *from)
{
    from->bad = true;
    return 0;
}

/* Reads a number that is at most `most`. */
static uint64_t get(struct reader *from, uint64_t most)
{
    uint64_t number = 0;

    for (unsigned shift = 0; shift < 64 && !from->bad; shift += 7) {
        if (from->at == from->end) {
            break;
        }
        const uint8_t byte = *from->at++;
        if (shift == 63 && byte > 1) {
            break;
        }
        number |= (uint64_t)(byte & 127) << shift;
        if (byte < 128) {
            return number <= most ? number : spoil(from);
        }
    }
    return spoil(from);
}

/* Reads how many elements follow, of at least `least` bytes each; so nobody can make this program
 * allocate much more than he has sent. */
static size_t get_count(struct reader *from, size_t least)
{
    return (size_t)get(from, (uint64_t)(from->end - from->at) / least);
}

static void get_text(struct reader *from, char text[MAP_NAME_MAX + 1])
{
    const size_t size = (size_t)get(from, MAP_NAME_MAX);

    if (size > (size_t)(from->end - from->at)) {
        spoil(from);
        return;
    }
    memcpy(text, from->at, size);
    text[size] = 0;
    from->at += size;
    for (size_t i = 0; i < size; i++) {
        if (!text[i]) {
            spoil(from);
        }
    }
}

/* Reads a frame's number plus 1, or 0. */
static uint64_t get_frame(struct reader *from)
{
    return get(from, MAP_FRAMES_MAX) - 1;
}

static void get_domain(struct reader *from, struct snapshot *snapshot)
{
    char name[MAP_NAME_MAX + 1] = "";
    const uint16_t id = (uint16_t)get(from, 0xffff);
    const bool ended = get(from, 1);

    get_text(from, name);
    if (from->bad || snapshot_domain(snapshot, id)) {
        spoil(from);
        return;
    }
    struct map_domain *domain = snapshot_add_domain(snapshot, id, name);
    if (!domain) {
        spoil(from);
        return;
    }
    domain->ended = ended;
    domain->vcpus = (unsigned)get(from, MAP_VCPUS_MAX);
    for (unsigned i = 0; i < domain->vcpus; i++) {
        domain->vcpu[i].id = (uint32_t)get(from, ~0u);
        domain->vcpu[i].kernel_root = get_frame(from);
        domain->vcpu[i].user_root = get_frame(from);
    }
}

static void get_states(struct reader *from, struct snapshot *snapshot)
{
    snapshot->states = snapshot->states_room = get_count(from, 6);
    snapshot->state = grow(NULL, (snapshot->states + 1) * sizeof(struct map_state));
    for (size_t i = 0; i < snapshot->states; i++) {
        struct map_state *state = &snapshot->state[i];

        state->kind = (uint8_t)get(from, MAP_KINDS - 1);
        state->type = (uint8_t)get(from, MAP_TYPES - 1);
        state->flags = (uint8_t)get(from, MAP_FLAGS - 1);
        state->owner = (uint16_t)get(from, 0xffff);
        state->references = (uint32_t)get(from, ~0u);
        state->type_references = (uint32_t)get(from, ~0u);
    }
}

static void get_runs(struct reader *from, struct snapshot *snapshot)
{
    uint64_t left = snapshot->frames;

    snapshot->runs = snapshot->runs_room = get_count(from, 2);
    snapshot->run = grow(NULL, (snapshot->runs + 1) * sizeof(struct map_run));
    for (size_t i = 0; i < snapshot->runs; i++) {
        const uint64_t state = get(from, ~0u), length = get(from, left);

        if (state >= snapshot->states || !length) {
            spoil(from);
            return;
        }
        snapshot->run[i] = (struct map_run){(uint32_t)state, length};
        left -= length;
    }
    if (left) {
        spoil(from);
    }
}

/* Reads the runs of entries of one table. */
static void get_entries(struct reader *from, struct snapshot *snapshot, struct map_table *table)
{
    uint64_t target = 0;
    unsigned index = 0;

    for (size_t i = 0; i < table->runs && !from->bad; i++) {
        struct map_entries *run = &snapshot->entry[snapshot->entries++];

        run->index = (uint16_t)(index + get(from, MAP_ENTRIES - index));
        run->length = (uint16_t)get(from, MAP_ENTRIES - run->index);
        run->flags = (uint32_t)get(from, (1u << 24) - 1);
        const uint64_t distance = get(from, 1ull << 42);
        const uint64_t half = distance / 2 + (distance & 1);
        run->target = distance & 1 ? target - half : target + half;
        if (!run->length || run->target >> 40) {
            spoil(from);
        }
        index = run->index + run->length;
        target = run->target + run->length;
    }
}

static void get_tables(struct reader *from, struct snapshot *snapshot)
{
    uint64_t behind = 0;

    snapshot->tables = snapshot->tables_room = get_count(from, 4);
    snapshot->table = grow(NULL, (snapshot->tables + 1) * sizeof(struct map_table));
    /* A run of entries has at least four bytes. */
    snapshot->entries_room = (size_t)(from->end - from->at) / 4 + 1;
    snapshot->entry = grow(NULL, snapshot->entries_room * sizeof(struct map_entries));
    for (size_t i = 0; i < snapshot->tables && !from->bad; i++) {
        struct map_table *table = &snapshot->table[i];

        *table = (struct map_table){.frame = behind + get(from, MAP_FRAMES_MAX)};
        table->level = (uint8_t)get(from, 4);
        table->owner = (uint16_t)get(from, 0xffff);
        const uint64_t runs = get(from, MAP_ENTRIES + 1);
        table->gone = !runs;
        table->first = snapshot->entries;
        table->runs = runs ? (size_t)runs - 1 : 0;
        if (!table->level || table->frame >= snapshot->frames ||
            table->runs > (size_t)(from->end - from->at) / 4) {
            spoil(from);
            return;
        }
        behind = table->frame + 1;
        get_entries(from, snapshot, table);
    }
}

static bool get_snapshot(struct snapshot *snapshot, const uint8_t *bytes, size_t size)
{
    struct reader from = {bytes, bytes + size, false};

    get_text(&from, snapshot->label);
    snapshot->time = get(&from, ~0ull);
    snapshot->frames = get(&from, MAP_FRAMES_MAX);
    snapshot->tables_left_out = get(&from, 1);
    snapshot->coarse = (unsigned)get(&from, MAP_COARSE_MAX);
    const unsigned domains = (unsigned)get(&from, MAP_DOMAINS_MAX);
    for (unsigned i = 0; i < domains && !from.bad; i++) {
        get_domain(&from, snapshot);
    }
    get_states(&from, snapshot);
    get_runs(&from, snapshot);
    get_tables(&from, snapshot);
    return !from.bad && from.at == from.end;
}

/* Unpacks a zlib stream that is all of the bytes. */
static bool unpack_stream(const uint8_t *bytes, size_t size, struct buffer *to)
{
    z_stream stream = {.next_in = (Bytef *)bytes, .avail_in = (uInt)size};
    int result = Z_OK;

    if (size > (uInt)~0u || inflateInit(&stream) != Z_OK) {
        return false;
    }
    while (result == Z_OK && to->size < UNPACKED_MAX) {
        buffer_reserve(to, 1 << 16);
        stream.next_out = to->bytes + to->size;
        stream.avail_out = 1 << 16;
        result = inflate(&stream, Z_NO_FLUSH);
        to->size += (1u << 16) - stream.avail_out;
    }
    inflateEnd(&stream);
    return result == Z_STREAM_END && !stream.avail_in;
}

bool snapshot_read(struct snapshot *snapshot, const char *name, const uint8_t *bytes, size_t size,
                   struct failure *failure)
{
    struct buffer plain = {0};

    *snapshot = (struct snapshot){0};
    if (size < sizeof(magic) || memcmp(bytes, magic, sizeof(magic) - 2) != 0) {
        return refuse(failure, "%s: no snapshot that `pinion map --record` has written", name);
    }
    if (memcmp(bytes, magic, sizeof(magic)) != 0) {
        return refuse(failure, "%s: recorded by another version of pinion", name);
    }
    const bool well = unpack_stream(bytes + sizeof(magic), size - sizeof(magic), &plain) &&
                      get_snapshot(snapshot, plain.bytes, plain.size);
    buffer_free(&plain);
    if (!well) {
        snapshot_free(snapshot);
        return refuse(failure, "%s: the recorded snapshot is damaged", name);
    }
    return true;
}

bool snapshot_read_file(struct snapshot *snapshot, const char *path, struct failure *failure)
{
    struct buffer bytes = {0};

    *snapshot = (struct snapshot){0};
    const bool well = buffer_read_file(&bytes, path, failure) &&
                      snapshot_read(snapshot, path, bytes.bytes, bytes.size, failure);
    buffer_free(&bytes);
    return well;
}
