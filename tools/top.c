/* SPDX-License-Identifier: MIT */
/* `pinion top` on a terminal. */
#include <curses.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tools/counters.h"
#include "tools/measure.h"
#include "tools/output.h"

#define MACHINE_LINES   2
#define KEY_ESCAPE      27
#define KEY_END_OF_TEXT 3 /* Ctrl-C, while the terminal makes no signal of it */
#define MS_IN_S         1000u

struct screen {
    struct measure *measure;
    unsigned seconds;
    enum top_column by;
    enum stat_column exits_by;
    unsigned chosen; /* the number of the domain whose exits are shown */
    struct moment before, now;
    unsigned *order;
};

/* The line of the chosen domain in the order of the table; 0 if it has gone. */
static unsigned chosen_line(const struct screen *s)
{
    for (unsigned i = 0; i < s->now.domains; i++) {
        if (s->now.domain[s->order[i]].id == s->chosen) {
            return i;
        }
    }
    return 0;
}

/* Writes a text of several lines from line `y` on, as far as there is room. */
static int put_text(int y, const char *text, int attributes)
{
    while (*text && y < LINES) {
        size_t size = strcspn(text, "\n");

        attrset((attr_t)attributes);
        mvaddnstr(y++, 0, text, (int)size < COLS ? (int)size : COLS);
        text += size + (text[size] == '\n');
    }
    attrset(A_NORMAL);
    return y;
}

typedef void write_part(FILE *out, const struct top *top, unsigned i);

static void write_machine(FILE *out, const struct top *top, unsigned i)
{
    (void)i;
    top_write_machine(out, top);
}

static void write_titles(FILE *out, const struct top *top, unsigned i)
{
    (void)top;
    (void)i;
    top_write_titles(out);
}

static void write_exits(FILE *out, const struct top *top, unsigned i)
{
    const struct domain_moment *domain = &top->since.domain[i];

    fprintf(out, "\nExits of %s, domain %u\n", domain->name, domain->id);
    stat_write_exits(out, domain, (unsigned)LINES);
    fprintf(out, "\nRefused by rule, since it was made\n");
    stat_write_group(out, &top->now->domain[i], COUNTER_REFUSAL);
}

static int put_part(int y, write_part *part, const struct top *top, unsigned i, int attributes)
{
    char *text = NULL;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (out) {
        part(out, top, i);
        if (!fclose(out)) {
            y = put_text(y, text, attributes);
        }
    }
    free(text);
    return y;
}

static void draw(struct screen *s)
{
    struct top top = {&s->now, moment_since(&s->now, &s->before)};
    unsigned chosen;
    int y = 0;

    s->order = grow(s->order, s->now.domains * sizeof *s->order);
    top_sort(&top, s->by, s->order);
    chosen = chosen_line(s);
    erase();
    y = put_part(y, write_machine, &top, 0, A_NORMAL);
    mvprintw(y++, 0, "sorted by %s, exits by %s; every %u s", top_column_title[s->by],
             stat_column_name[s->exits_by], s->seconds);
    y = put_part(y, write_titles, &top, 0, A_REVERSE);
    for (unsigned i = 0; i < s->now.domains && y < LINES; i++) {
        y = put_part(y, top_write_domain, &top, s->order[i], i == chosen ? A_BOLD : A_NORMAL);
    }
    if (s->now.domains) {
        s->chosen = s->now.domain[s->order[chosen]].id;
        stat_sort(&top.since.domain[s->order[chosen]], s->exits_by);
        put_part(y, write_exits, &top, s->order[chosen], A_NORMAL);
    }
    moment_free(&top.since);
    refresh();
}

/* Chooses the domain `step` lines further down. */
static void choose(struct screen *s, int step)
{
    int line = (int)chosen_line(s) + step;

    if (line >= 0 && line < (int)s->now.domains) {
        s->chosen = s->now.domain[s->order[line]].id;
    }
}

/* Serves a key. Returns false if the user wants to quit. */
static bool serve_key(struct screen *s, int key)
{
    switch (key) {
    case 'q':
    case 'Q':
    case KEY_ESCAPE:
    case KEY_END_OF_TEXT:
        return false;
    case 's':
    case 'S':
    case KEY_RIGHT:
        s->by = (s->by + 1) % TOP_COLUMNS;
        break;
    case KEY_LEFT:
        s->by = (s->by + TOP_COLUMNS - 1) % TOP_COLUMNS;
        break;
    case 'e':
    case 'E':
        s->exits_by = (s->exits_by + 1) % STAT_COLUMNS;
        break;
    case KEY_UP:
        choose(s, -1);
        break;
    case KEY_DOWN:
        choose(s, 1);
        break;
    }
    return true;
}

/* Reads the next moment; the one that was shown becomes the earlier one. */
static bool advance(struct screen *s, struct failure *failure)
{
    struct moment next;

    if (!measure_moment(s->measure, &next, failure)) {
        return false;
    }
    moment_free(&s->before);
    s->before = s->now;
    s->now = next;
    return true;
}

/* Shows the moment until it is time for the next one. Returns false if the user wants to quit, or
 * if the failure has a sentence. */
static bool show_moment(struct screen *s, struct failure *failure)
{
    unsigned left = s->seconds * (MS_IN_S / MEASURE_MS);
    int key = ERR;
    bool ended;

    draw(s);
    while (left-- && key != ' ') {
        if (!measure_wait(s->measure, 0, &ended, failure) || ended) {
            return false;
        }
        timeout(0);
        while ((key = getch()) != ERR && key != ' ') {
            if (!serve_key(s, key)) {
                return false;
            }
            draw(s);
        }
    }
    return true;
}

/* Shows moment after moment. Returns false, and the failure says why, if one cannot be read. */
static bool show(struct screen *s, struct failure *failure)
{
    failure->sentence[0] = 0;
    while (advance(s, failure) && show_moment(s, failure)) {
    }
    return !failure->sentence[0];
}

static bool show_on_terminal(struct screen *s, struct failure *failure)
{
    SCREEN *terminal = newterm(NULL, stdout, stdin);
    bool good;

    if (!terminal) {
        return refuse(failure, "top: the terminal is of an unknown kind; there is pinion top "
                               "--once");
    }
    raw();
    noecho();
    keypad(stdscr, true);
    curs_set(0);
    good = show(s, failure);
    endwin();
    delscreen(terminal);
    return good;
}

int top_show(struct watch *watch, const struct counters_options *options, struct failure *failure)
{
    struct screen s = {
        .seconds = options->seconds, .by = options->top_by, .exits_by = options->stat_by};
    bool good;

    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
        refuse(failure, "top: this is no terminal; there is pinion top --once");
        return EXIT_BAD_INPUT;
    }
    s.measure = measure_start(watch, failure);
    if (!s.measure) {
        return EXIT_FAILED;
    }
    good = show_on_terminal(&s, failure);
    measure_end(s.measure);
    moment_free(&s.before);
    moment_free(&s.now);
    free(s.order);
    return good ? 0 : EXIT_FAILED;
}
