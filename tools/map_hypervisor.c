/* SPDX-License-Identifier: MIT */
/* A snapshot by the hypervisor's call `watch`: the domains, then the frame table in pieces, then
 * the tables that the frames are. A table that has ceased to be one by then is recorded as gone; a
 * domain that has ended by then, as ended. */
#include "tools/map_hypervisor.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/watch_frames.h"
#include "tools/toolstack.h"
#include "tools/watch.h"

#define RUNS 1024u /* of a piece */

_Static_assert((int)MAP_FREE == WATCH_FREE && (int)MAP_OWNED == WATCH_OWNED &&
                   MAP_ALLOCATED == WATCH_FRAME_ALLOCATED && MAP_DEVICES == WATCH_FRAME_DEVICES &&
                   MAP_ENTRIES == WATCH_ENTRIES,
               "a snapshot has the numbers of the call");

/* What the hypervisor fills in, in memory that it can write to. */
struct asked {
    struct watch_roots roots;
    struct watch_vcpu_roots vcpu[MAP_VCPUS_MAX];
    struct watch_frames frames;
    struct watch_run run[RUNS];
    struct watch_table table;
    uint64_t entry[WATCH_ENTRIES];
};

static bool refuse_error(struct failure *failure, const char *what, long error)
{
    return refuse(failure, "map: the hypervisor does not show %s: %s", what, strerror((int)-error));
}

/* Makes the call. The structure begins with its version. Returns its result; or an error, negated.
 */
static long ask(struct watch *watch, enum watch_frames_operation operation, void *structure)
{
    const uint32_t version = WATCH_VERSION;

    memcpy(structure, &version, sizeof(version));
    return watch_call(watch, (enum watch_operation)operation, structure);
}

/* Asks for the first domain from `id` on. Returns 0, or an error, negated. */
static long ask_roots(struct watch *watch, struct asked *asked, uint32_t id)
{
    asked->roots.id = id;
    asked->roots.room = MAP_VCPUS_MAX;
    asked->roots.vcpu = (uintptr_t)asked->vcpu;
    return ask(watch, WATCH_ROOTS, &asked->roots);
}

static uint64_t frame_or_none(uint64_t frame)
{
    return frame < MAP_FRAMES_MAX ? frame : MAP_NO_FRAME;
}

static bool record_domains(struct watch *watch, struct asked *asked, struct snapshot *snapshot,
                           struct failure *failure)
{
    struct xs_handle *store = toolstack_open();
    long answer = 0;

    for (uint32_t id = 0; !(answer = ask_roots(watch, asked, id)); id = asked->roots.id + 1) {
        char name[sizeof(asked->roots.name)];

        snprintf(name, sizeof(name), "%.*s", (int)sizeof(name) - 1, asked->roots.name);
        toolstack_name(store, asked->roots.id, name, sizeof(name));
        struct map_domain *domain = snapshot_add_domain(snapshot, (uint16_t)asked->roots.id, name);

        if (!domain) {
            answer = -ESRCH;
            break;
        }
        domain->ended = asked->roots.ended;
        for (uint32_t i = 0; i < asked->roots.vcpus && i < MAP_VCPUS_MAX; i++) {
            domain->vcpu[domain->vcpus++] =
                (struct map_vcpu){.id = asked->vcpu[i].id,
                                  .kernel_root = frame_or_none(asked->vcpu[i].kernel_root),
                                  .user_root = frame_or_none(asked->vcpu[i].user_root)};
        }
    }
    toolstack_close(store);
    return answer == -ESRCH || refuse_error(failure, "its domains", answer);
}

static void record_run(const struct watch_run *run, struct snapshot *snapshot)
{
    const struct map_state state = {.references = run->references,
                                    .type_references = run->type_references,
                                    .owner = run->owner,
                                    .kind = run->kind % MAP_KINDS,
                                    .type = run->type % MAP_TYPES,
                                    .flags = (uint8_t)(run->flags % MAP_NOT_COUNTED)};

    snapshot_add_frames(snapshot, &state, run->frames);
}

static bool record_frames(struct watch *watch, struct asked *asked, struct snapshot *snapshot,
                          struct failure *failure)
{
    asked->frames = (struct watch_frames){.room = RUNS, .runs = (uintptr_t)asked->run};
    do {
        asked->frames.first = snapshot->frames;
        const long answer = ask(watch, WATCH_FRAMES, &asked->frames);

        if (answer < 0 || answer > RUNS) {
            return refuse_error(failure, "its frames", answer < 0 ? answer : -EPROTO);
        }
        for (long i = 0; i < answer; i++) {
            record_run(&asked->run[i], snapshot);
        }
        if (!answer || snapshot->frames > MAP_FRAMES_MAX) {
            return !answer || refuse_error(failure, "its frames", -EPROTO);
        }
    } while (snapshot->frames < asked->frames.frames);
    return true;
}

static void record_table(struct watch *watch, struct asked *asked, uint64_t frame,
                         const struct map_state *state, struct snapshot *snapshot)
{
    asked->table = (struct watch_table){.frame = frame, .entries = (uintptr_t)asked->entry};
    const bool well = !ask(watch, WATCH_TABLE, &asked->table) && asked->table.level == state->type;

    snapshot_add_table(snapshot, frame, state->type, state->owner, well ? asked->entry : NULL);
}

/* Records the tables of `domain`, or of all domains if that is negative. */
static void record_tables(struct watch *watch, struct asked *asked, long domain,
                          struct snapshot *snapshot)
{
    uint64_t frame = 0;

    for (size_t i = 0; i < snapshot->runs; frame += snapshot->run[i++].length) {
        const struct map_state state = snapshot->state[snapshot->run[i].state];

        if (!map_is_table(&state)) {
            continue;
        }
        if (domain >= 0 && state.owner != domain) {
            snapshot->tables_left_out = true;
            continue;
        }
        for (uint64_t j = 0; j < snapshot->run[i].length; j++) {
            record_table(watch, asked, frame + j, &state, snapshot);
        }
    }
}

/* Marks the domains that have ended since they were recorded. */
static void mark_ended(struct watch *watch, struct asked *asked, struct snapshot *snapshot)
{
    for (unsigned i = 0; i < snapshot->domains; i++) {
        struct map_domain *domain = &snapshot->domain[i];

        domain->ended |= ask_roots(watch, asked, domain->id) != 0 ||
                         asked->roots.id != domain->id || asked->roots.ended;
    }
}

bool map_hypervisor_record(const char *label, long domain, struct snapshot *snapshot,
                           struct failure *failure)
{
    struct watch watch;

    *snapshot = snapshot_new(label, (uint64_t)time(NULL));
    if (!watch_open(&watch, failure)) {
        return false;
    }
    struct asked *asked = watch_allocate(&watch, sizeof(*asked));
    if (!asked) {
        watch_close(&watch);
        return refuse(failure, "map: no memory that the hypervisor can reach");
    }
    const bool well = record_domains(&watch, asked, snapshot, failure) &&
                      record_frames(&watch, asked, snapshot, failure);
    if (well) {
        record_tables(&watch, asked, domain, snapshot);
        mark_ended(&watch, asked, snapshot);
    } else {
        snapshot_free(snapshot);
    }
    watch_free(&watch, asked);
    watch_close(&watch);
    return well;
}
