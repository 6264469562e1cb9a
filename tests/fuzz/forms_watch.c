/* SPDX-License-Identifier: MIT */
/* watch: the timeline, the counters, frames and page tables. */
#include "lib/watch.h"
#include "lib/watch_counters.h"
#include "lib/watch_frames.h"
#include "lib/watch_trace.h"
#include "tests/fuzz/forms.h"

static u32 a_version(void)
{
    return WORD_OF(u32, WATCH_VERSION);
}

/* How many elements a buffer has: mostly few, since all that is written lies in little memory. */
static u32 a_room(void)
{
    return WORD_OF(u32, input_below(&input, 24));
}

static u64 timeline(u32 operation)
{
    struct watch_trace_start start = {.version = a_version(),
                                      .flags = WORD_OF(u32, input_below(&input, 2)),
                                      .records = WORD_OF(u32, 64u << input_below(&input, 4))};
    struct watch_trace_stop stop = {.version = start.version, .flags = start.flags};
    struct watch_trace_read read = {.version = start.version,
                                    .cpu = WORD_OF(u32, input_below(&input, 3)),
                                    .buffer = word_pointer(),
                                    .count = a_room()};

    return operation == WATCH_TRACE_START  ? FORM_PUT(start)
           : operation == WATCH_TRACE_STOP ? FORM_PUT(stop)
                                           : FORM_PUT(read);
}

static u64 counters(u32 operation)
{
    struct watch_machine machine = {.version = a_version()};
    struct watch_domain domain = {.version = machine.version,
                                  .id = WORD_OF(u32, word_domain()),
                                  .counters_at = word_pointer(),
                                  .vcpus_at = word_pointer(),
                                  .counters = a_room(),
                                  .vcpus = a_room()};

    return operation == WATCH_MACHINE ? FORM_PUT(machine) : FORM_PUT(domain);
}

static u64 frames(u32 operation)
{
    struct watch_frames frames = {.version = a_version(),
                                  .room = a_room(),
                                  .first = word_or_any(word_frame(word_target())),
                                  .runs = word_pointer()};
    struct watch_table table = {
        .version = frames.version, .frame = frames.first, .entries = frames.runs};
    struct watch_roots roots = {.version = frames.version,
                                .id = WORD_OF(u32, word_domain()),
                                .room = frames.room,
                                .vcpu = frames.runs};

    return operation == WATCH_FRAMES  ? FORM_PUT(frames)
           : operation == WATCH_TABLE ? FORM_PUT(table)
                                      : FORM_PUT(roots);
}

void form_watch(struct form *form)
{
    static const u8 operations[] = {WATCH_TRACE_START, WATCH_TRACE_STOP, WATCH_TRACE_READ,
                                    WATCH_MACHINE,     WATCH_DOMAIN,     WATCH_FRAMES,
                                    WATCH_TABLE,       WATCH_ROOTS};
    const u32 operation = operations[input_below(&input, ARRAY_LENGTH(operations))];

    form->number = WATCH_HYPERCALL;
    form->argument[0] = word_or_any(operation);
    form->argument[1] = word_or_any(operation <= WATCH_TRACE_READ ? timeline(operation)
                                    : operation <= WATCH_DOMAIN   ? counters(operation)
                                                                  : frames(operation));
}
