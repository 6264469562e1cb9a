/* SPDX-License-Identifier: MIT */
/* The commands `pinion stat`, `pinion top` and `pinion metrics`. */
#include "tools/counters.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tools/measure.h"
#include "tools/moment_read.h"
#include "tools/output.h"
#include "tools/watch.h"

#define NS_IN_MS 1000000

static void signals_that_end(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
}

/* A text that is written to `out` and then printed. */
struct text {
    char *bytes;
    size_t size;
    FILE *out;
};

static bool text_begin(struct text *text, struct failure *failure)
{
    text->out = open_memstream(&text->bytes, &text->size);
    return text->out || refuse(failure, "out of memory");
}

/* Returns the exit status. */
static int text_print(struct text *text, struct failure *failure)
{
    bool printed =
        !fclose(text->out) ? output_print(text->bytes, failure) : refuse(failure, "out of memory");

    free(text->bytes);
    if (!printed) {
        output_complain(failure->sentence);
    }
    return printed ? 0 : EXIT_OUTPUT;
}

/* Waits for the options' seconds, or a signal. *last: a moment at the end; if domain `id`
 * (negative: all) ends meanwhile, the last one in which it was there, and the wait ends. Returns
 * false if there is none. */
static bool wait_for_moment(struct measure *measure, const struct counters_options *options,
                            long id, struct moment *last, struct failure *failure)
{
    bool ended = false, there = true;

    *last = (struct moment){.at = 0};
    for (unsigned left = options->seconds; left && there && !ended; left--) {
        struct moment next;

        if (!measure_wait(measure, 1, &ended, failure) ||
            !measure_moment(measure, &next, failure)) {
            moment_free(last);
            return false;
        }
        there = id < 0 || moment_domain(&next, (unsigned)id);
        if (there) {
            moment_free(last);
            *last = next;
        } else {
            moment_free(&next);
        }
    }
    if (!there && last->domains) {
        refuse(failure,
               "stat: domain %.200s has ended; what follows is from before its last second",
               options->domain);
        output_complain(failure->sentence);
    }
    return last->domains || refuse(failure, "stat: domain %.200s has ended meanwhile",
                                   options->domain ? options->domain : "0");
}

/* Reads a moment before and one after the options' seconds, in which exits are measured. Returns
 * the exit status; 0: the caller frees both. */
static int read_two(struct watch *watch, const struct counters_options *options,
                    struct moment *before, struct moment *after, struct failure *failure)
{
    struct measure *measure = measure_start(watch, failure);
    const struct domain_moment *domain;
    int status = EXIT_FAILED;

    if (!measure) {
        return EXIT_FAILED;
    }
    if (measure_moment(measure, before, failure)) {
        domain = options->domain ? moment_domain_named(before, options->domain) : NULL;
        if (options->domain && !domain) {
            refuse(failure, "stat: there is no domain %.200s", options->domain);
            status = EXIT_BAD_INPUT;
        } else if (wait_for_moment(measure, options, domain ? (long)domain->id : -1, after,
                                   failure)) {
            status = 0;
        }
        if (status) {
            moment_free(before);
        }
    }
    measure_end(measure);
    return status;
}

static int stat_print(struct watch *watch, const struct counters_options *options,
                      struct failure *failure)
{
    struct moment before = {.at = 0}, after, since;
    unsigned id;
    const struct domain_moment *domain;
    struct text text;
    int status = read_two(watch, options, &before, &after, failure);

    if (status) {
        return status;
    }
    status = EXIT_FAILED;
    since = moment_since(&after, &before);
    id = moment_domain_named(&before, options->domain)->id;
    domain = moment_domain(&since, id);
    if (text_begin(&text, failure)) {
        stat_sort(&since.domain[domain - since.domain], options->stat_by);
        stat_write(text.out, &since, domain);
        status = text_print(&text, failure);
    }
    moment_free(&since);
    moment_free(&after);
    moment_free(&before);
    return status;
}

static int top_print(struct watch *watch, const struct counters_options *options,
                     struct failure *failure)
{
    struct moment before = {.at = 0}, after;
    struct top top = {.now = &after};
    struct text text;
    int status = read_two(watch, options, &before, &after, failure);

    if (status) {
        return status;
    }
    status = EXIT_FAILED;
    top.since = moment_since(&after, &before);
    if (text_begin(&text, failure)) {
        top_write(text.out, &top, options->top_by);
        status = text_print(&text, failure);
    }
    moment_free(&top.since);
    moment_free(&after);
    moment_free(&before);
    return status;
}

static int metrics_print(struct watch *watch, const struct counters_options *options,
                         struct failure *failure)
{
    struct moment moment;
    struct text text;

    if (!moment_read(watch, &moment, failure)) {
        return EXIT_FAILED;
    }
    if (!text_begin(&text, failure)) {
        moment_free(&moment);
        return EXIT_FAILED;
    }
    metrics_write(text.out, &moment, options->format);
    moment_free(&moment);
    return text_print(&text, failure);
}

/* What the server's thread and the one that measures share. */
struct serving {
    pthread_mutex_t lock;
    struct watch *watch;
    struct measure *measure; /* NULL: exits are not measured */
};

static bool read_for_client(void *context, struct moment *moment, struct failure *failure)
{
    struct serving *serving = context;
    bool good;

    pthread_mutex_lock(&serving->lock);
    good = serving->measure ? measure_moment(serving->measure, moment, failure)
                            : moment_read(serving->watch, moment, failure);
    pthread_mutex_unlock(&serving->lock);
    return good;
}

/* Takes records, if exits are measured, until a signal ends it. */
static bool serve_until_signal(struct serving *serving, struct failure *failure)
{
    const struct timespec pause = {.tv_nsec = MEASURE_MS * NS_IN_MS};
    bool good = true;
    sigset_t set;
    int number;

    signals_that_end(&set);
    if (!serving->measure) {
        sigwait(&set, &number);
        return true;
    }
    do {
        pthread_mutex_lock(&serving->lock);
        good = measure_take(serving->measure, failure);
        pthread_mutex_unlock(&serving->lock);
    } while (good && sigtimedwait(&set, NULL, &pause) < 0);
    return good;
}

/* Says where the metrics are. */
static void announce(const struct counters_options *options, struct metrics_server *server)
{
    const bool v6 = strchr(options->address.host, ':');
    struct failure note;

    refuse(&note, "metrics at http://%s%s%s:%u/metrics", v6 ? "[" : "", options->address.host,
           v6 ? "]" : "", metrics_server_port(server));
    output_complain(note.sentence);
}

static int metrics_listen(struct watch *watch, const struct counters_options *options,
                          struct failure *failure)
{
    struct serving serving = {.lock = PTHREAD_MUTEX_INITIALIZER, .watch = watch};
    struct metrics_server *server;
    bool good = false;

    if (options->measure && !(serving.measure = measure_start(watch, failure))) {
        return EXIT_FAILED;
    }
    server = metrics_serve(&options->address, read_for_client, &serving, failure);
    if (server) {
        announce(options, server);
        good = serve_until_signal(&serving, failure);
        metrics_serve_end(server);
    }
    if (serving.measure) {
        measure_end(serving.measure);
    }
    return good ? 0 : EXIT_FAILED;
}

static int serve(struct watch *watch, const struct counters_options *options,
                 struct failure *failure)
{
    if (options->command == COMMAND_STAT) {
        return stat_print(watch, options, failure);
    }
    if (options->command == COMMAND_METRICS) {
        return options->listen ? metrics_listen(watch, options, failure)
                               : metrics_print(watch, options, failure);
    }
    if (options->once) {
        return top_print(watch, options, failure);
    }
    return top_show(watch, options, failure);
}

int counters(enum counters_command command, int count, char **words)
{
    struct counters_options options;
    struct failure failure = {""};
    struct watch watch;
    int status = EXIT_FAILED;
    sigset_t set;

    if (!counters_options_read(&options, command, count, words, &failure)) {
        output_complain(failure.sentence);
        return EXIT_BAD_INPUT;
    }
    if (options.help) {
        if (output_print(counters_help(command), &failure)) {
            return 0;
        }
        output_complain(failure.sentence);
        return EXIT_OUTPUT;
    }
    signals_that_end(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    if (watch_open(&watch, &failure)) {
        status = serve(&watch, &options, &failure);
        watch_close(&watch);
    }
    if (failure.sentence[0] && (status == EXIT_FAILED || status == EXIT_BAD_INPUT)) {
        output_complain(failure.sentence);
    }
    return status;
}
