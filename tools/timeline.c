/* SPDX-License-Identifier: MIT */
/* Chrome trace-event JSON: one event a line. A slice ("X") has a beginning and a duration in us;
 * arrows ("s", "f") join slices that have the same category and id. */
#include "tools/timeline.h"

#include <inttypes.h>
#include <string.h>

#include "tools/names.h"
#include "tools/toolstack.h"

#define MACHINE        1u
#define DOMAINS        100u  /* process of domain 0 */
#define INTERRUPTS     1000u /* track of the interrupts of CPU 0 */
#define VCPUS_NAMED    32u
#define ARROWS_A_SLICE 64u

/* Where an event is drawn. */
struct track {
    u32 process, thread;
};

static u64 nanoseconds(const struct timeline *t, u64 ticks)
{
    return ticks / t->khz * 1000000 + ticks % t->khz * 1000000 / t->khz;
}

/* Prints a number of ticks as us. */
static void print_time(struct timeline *t, const char *name, u64 ticks)
{
    u64 ns = nanoseconds(t, ticks);

    fprintf(t->to, ",\"%s\":%" PRIu64 ".%03" PRIu64, name, ns / 1000, ns % 1000);
}

static u64 since_start(const struct timeline *t, u64 tsc)
{
    return tsc > t->start ? tsc - t->start : 0;
}

/* Begins an event of phase `phase`; the caller adds members and ends it. */
static void begin(struct timeline *t, const char *phase, struct track at)
{
    fprintf(t->to, "%s{\"ph\":\"%s\",\"pid\":%u,\"tid\":%u", t->any ? ",\n" : "\n", phase,
            at.process, at.thread);
    t->any = true;
}

static void end(struct timeline *t)
{
    fputs("}", t->to);
}

/* Prints what stands inside the quotes of a JSON string: ASCII without control characters, of
 * which a toolstack makes names. */
static void print_text(struct timeline *t, const char *text)
{
    for (; *text; text++) {
        const bool plain = *text >= ' ' && *text <= '~' && *text != '"' && *text != '\\';

        fputc(plain ? *text : '?', t->to);
    }
}

/* Gives a process or a thread its name, and its place among the others. */
static void name_track(struct timeline *t, bool thread, struct track at, const char *name, u32 n)
{
    char text[128];

    begin(t, "M", at);
    fprintf(t->to, ",\"name\":\"%s_name\",\"args\":{\"name\":\"%s %u",
            thread ? "thread" : "process", name, n);
    if (!thread && toolstack_name(t->store, n, text, sizeof(text))) {
        fputs(", ", t->to);
        print_text(t, text);
    }
    fputs("\"}", t->to);
    end(t);
    begin(t, "M", at);
    fprintf(t->to, ",\"name\":\"%s_sort_index\",\"args\":{\"sort_index\":%u}",
            thread ? "thread" : "process", thread ? at.thread : at.process);
    end(t);
}

/* A slice or instant without its end; the caller adds arguments. */
static void begin_slice(struct timeline *t, struct track at, const char *category, const char *name,
                        const struct trace_record *r)
{
    begin(t, "X", at);
    fprintf(t->to, ",\"cat\":\"%s\",\"name\":\"%s\"", category, name);
    print_time(t, "ts", since_start(t, r->tsc));
    print_time(t, "dur", r->span);
}

static struct track cpu_track(struct timeline *t, u32 cpu)
{
    struct track at = {MACHINE, cpu};

    if (!t->cpu[cpu].named) {
        t->cpu[cpu].named = true;
        name_track(t, true, at, "CPU", cpu);
        at.thread = INTERRUPTS + cpu;
        name_track(t, true, at, "interrupts of CPU", cpu);
        at.thread = cpu;
    }
    return at;
}

/* The track of the vCPU that a record names; of the CPU, if it names none. */
static struct track track_of(struct timeline *t, u32 cpu, const struct trace_record *r)
{
    struct track at = {DOMAINS + r->domain, r->vcpu};

    if (r->domain == TRACE_NOBODY) {
        return cpu_track(t, cpu);
    }
    if (r->vcpu < VCPUS_NAMED) {
        u8 *named = &t->named[r->domain][r->vcpu / 8];

        if (!t->named[r->domain][0] && !t->named[r->domain][1] && !t->named[r->domain][2] &&
            !t->named[r->domain][3]) {
            name_track(t, false, at, "domain", r->domain);
        }
        if (!(*named >> r->vcpu % 8 & 1)) {
            *named |= (u8)(1u << r->vcpu % 8);
            name_track(t, true, at, "vCPU", r->vcpu);
        }
    }
    return at;
}

/* ---- what the kinds mean ------------------------------------------------------------------- */

/* Draws what the CPU has run until `tsc`. */
static void draw_run(struct timeline *t, u32 cpu, u64 tsc)
{
    const struct timeline_cpu *c = &t->cpu[cpu];
    char name[32];

    if (!c->since || c->domain == TRACE_NOBODY || tsc < c->since) {
        return;
    }
    snprintf(name, sizeof(name), "d%uv%u", c->domain, c->vcpu);
    begin(t, "X", cpu_track(t, cpu));
    fprintf(t->to, ",\"cat\":\"run\",\"name\":\"%s\"", name);
    print_time(t, "ts", since_start(t, c->since));
    print_time(t, "dur", tsc - c->since);
    end(t);
}

static void add_run(struct timeline *t, u32 cpu, const struct trace_record *r)
{
    draw_run(t, cpu, r->tsc);
    t->cpu[cpu].since = r->tsc;
    t->cpu[cpu].domain = r->domain;
    t->cpu[cpu].vcpu = r->vcpu;
}

static const char *or_number(const char *name, const char *kind, u32 number, char *room,
                             size_t size)
{
    if (!name) {
        snprintf(room, size, "%s %u", kind, number);
        return room;
    }
    return name;
}

static void add_call(struct timeline *t, u32 cpu, const struct trace_record *r)
{
    char room[32];

    begin_slice(t, track_of(t, cpu, r), "hypercall",
                or_number(name_of_call(r->number), "hypercall", r->number, room, sizeof(room)), r);
    fprintf(t->to, ",\"args\":{\"first\":%u,\"second\":%u,\"result\":%d}", r->detail, (u32)r->value,
            (s32)(r->value >> 32));
    end(t);
}

static void add_fault(struct timeline *t, u32 cpu, const struct trace_record *r)
{
    begin_slice(t, track_of(t, cpu, r), r->number ? "emulated store" : "fault",
                r->number ? "emulated store" : "page fault", r);
    fprintf(t->to, ",\"args\":{\"address\":\"%#" PRIx64 "\",\"error code\":%u}", r->value,
            r->detail);
    end(t);
}

static void add_trap(struct timeline *t, u32 cpu, const struct trace_record *r)
{
    char room[32];

    begin_slice(t, track_of(t, cpu, r), "trap",
                or_number(name_of_trap(r->number), "interrupt", r->number, room, sizeof(room)), r);
    fprintf(t->to, ",\"args\":{\"error code\":%u}", r->detail);
    end(t);
}

static void add_work(struct timeline *t, u32 cpu, const struct trace_record *r)
{
    static const char *const what[] = {[TRACE_PROMOTED] = "promotion",
                                       [TRACE_DEMOTED] = "demotion",
                                       [TRACE_PINNED] = "pin",
                                       [TRACE_UNPINNED] = "unpin"};
    char name[32];

    snprintf(name, sizeof(name), "%s L%u", what[r->kind], r->number);
    begin_slice(t, track_of(t, cpu, r), what[r->kind], name, r);
    fprintf(t->to, ",\"args\":{\"level\":%u,\"domain\":%u,\"frame\":\"%#" PRIx64 "\"}", r->number,
            r->detail, r->value);
    end(t);
}

static void add_flush(struct timeline *t, u32 cpu, const struct trace_record *r)
{
    begin_slice(t, track_of(t, cpu, r), "flush", "flush", r);
    fprintf(t->to, ",\"args\":{\"CPUs\":\"%#" PRIx64 "\"}", r->value);
    end(t);
}

static void add_refusal(struct timeline *t, u32 cpu, const struct trace_record *r)
{
    char room[32];

    begin_slice(t, track_of(t, cpu, r), "refusal",
                or_number(name_of_rule(r->number), "rule", r->number, room, sizeof(room)), r);
    fprintf(t->to, ",\"args\":{\"domain\":%u,\"word\":\"%#" PRIx64 "\"}", r->detail, r->value);
    end(t);
}

/* One end of an arrow, bound to the slice around it. `to`: the vCPU or CPU that it leads to. */
static void add_arrow(struct timeline *t, struct track at, bool starts, const char *category,
                      u64 to, u32 number, u64 tsc)
{
    begin(t, starts ? "s" : "f", at);
    fprintf(t->to, ",\"cat\":\"%s\",\"name\":\"%s\",\"id\":\"%" PRIx64 ".%x\"%s", category,
            category, to, number, starts ? "" : ",\"bp\":\"e\"");
    print_time(t, "ts", since_start(t, tsc));
    end(t);
}

/* The arrows that end here: those with numbers after `from`, up to `last`; of many, the last. */
static void end_arrows(struct timeline *t, struct track at, const char *category, u64 to, u32 from,
                       u32 last, u64 tsc)
{
    u32 count = last - from < ARROWS_A_SLICE ? last - from : ARROWS_A_SLICE;

    for (u32 i = 0; i < count; i++) {
        add_arrow(t, at, false, category, to, last - i, tsc);
    }
}

static void add_sent(struct timeline *t, u32 cpu, const struct trace_record *r)
{
    struct track at = track_of(t, cpu, r);

    begin_slice(t, at, "event", "event sent", r);
    fprintf(t->to, ",\"args\":{\"domain\":%u,\"vCPU\":%u,\"port\":%u}", (u16)r->value,
            (u32)(r->value >> 16), r->number);
    end(t);
    add_arrow(t, at, true, "event", r->value, r->detail, r->tsc);
}

static void add_upcall(struct timeline *t, u32 cpu, const struct trace_record *r)
{
    struct track at = track_of(t, cpu, r);

    begin_slice(t, at, "event", "upcall", r);
    end(t);
    end_arrows(t, at, "event", r->domain | (u32)r->vcpu << 16, (u32)r->value, r->detail, r->tsc);
}

static void add_interrupt(struct timeline *t, u32 cpu, const struct trace_record *r)
{
    const bool sent = r->kind == TRACE_IPI;
    struct track at = cpu_track(t, cpu);

    at.thread = INTERRUPTS + cpu;
    begin_slice(t, at, "interrupt", sent ? "interrupt sent" : "interrupt served", r);
    fprintf(t->to, ",\"args\":{\"vector\":%u}", sent ? (u32)r->value : r->number);
    end(t);
    if (sent) {
        add_arrow(t, at, true, "interrupt", r->number, r->detail, r->tsc);
    } else {
        end_arrows(t, at, "interrupt", cpu, (u32)r->value, r->detail, r->tsc);
    }
}

static void add_counter(struct timeline *t, u32 cpu, const struct trace_record *r)
{
    const char *name = name_of_counter(r->number);

    if (name) {
        (void)track_of(t, cpu, r);
        begin(t, "C", (struct track){DOMAINS + (u16)r->detail, 0});
        fprintf(t->to, ",\"name\":\"%s\"", name);
        print_time(t, "ts", since_start(t, r->tsc));
        fprintf(t->to, ",\"args\":{\"%s\":%" PRIu64 "}", name, r->value);
        end(t);
    }
}

/* ---- the file -------------------------------------------------------------------------------- */

void timeline_start(struct timeline *t, FILE *to, u64 start, u64 khz)
{
    memset(t, 0, sizeof(*t));
    t->to = to;
    t->start = start;
    t->khz = khz ? khz : 1;
    fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[", to);
    begin(t, "M", (struct track){MACHINE, 0});
    fputs(",\"name\":\"process_name\",\"args\":{\"name\":\"machine\"}", to);
    end(t);
}

void timeline_add(struct timeline *t, u32 cpu, const struct trace_record *r)
{
    typedef void add_function(struct timeline *, u32, const struct trace_record *);
    static add_function *const add[TRACE_KINDS] = {
        [TRACE_RUN] = add_run,         [TRACE_CALL] = add_call,
        [TRACE_FAULT] = add_fault,     [TRACE_TRAP] = add_trap,
        [TRACE_PROMOTED] = add_work,   [TRACE_DEMOTED] = add_work,
        [TRACE_PINNED] = add_work,     [TRACE_UNPINNED] = add_work,
        [TRACE_FLUSH] = add_flush,     [TRACE_REFUSED] = add_refusal,
        [TRACE_SENT] = add_sent,       [TRACE_UPCALL] = add_upcall,
        [TRACE_IPI] = add_interrupt,   [TRACE_IPI_DONE] = add_interrupt,
        [TRACE_COUNTER] = add_counter,
    };

    t->records++;
    if (r->tsc + r->span > t->cpu[cpu].last) {
        t->cpu[cpu].last = r->tsc + r->span;
    }
    if (r->kind < TRACE_KINDS && add[r->kind]) {
        add[r->kind](t, cpu, r);
    }
}

void timeline_lost(struct timeline *t, u32 cpu, u64 lost)
{
    struct timeline_cpu *c = &t->cpu[cpu];

    if (lost <= c->lost) {
        return;
    }
    begin(t, "i", cpu_track(t, cpu));
    fprintf(t->to, ",\"s\":\"p\",\"name\":\"records lost\",\"args\":{\"records\":%" PRIu64 "}",
            lost - c->lost);
    print_time(t, "ts", since_start(t, c->last));
    end(t);
    c->lost = lost;
}

u64 timeline_end(struct timeline *t)
{
    u64 lost = 0;

    for (u32 cpu = 0; cpu < TRACE_CPUS_MAX; cpu++) {
        draw_run(t, cpu, t->cpu[cpu].last);
        lost += t->cpu[cpu].lost;
    }
    fprintf(t->to, "\n],\"otherData\":{\"records\":\"%" PRIu64 "\",\"lost\":\"%" PRIu64 "\"}}\n",
            t->records, lost);
    return lost;
}
