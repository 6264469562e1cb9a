/* SPDX-License-Identifier: MIT */
/* A QEMU plugin that counts executed instructions by their addresses, for each operation of the
 * benchmark's program. The machine must have one CPU.
 *
 * Arguments:
 *   out=FILE         where it writes its results
 *   symbols=FILE     names of functions, as `nm -n` prints them; may be repeated
 *   image=LOW-HIGH   the addresses (hexadecimal) below 4 GiB at which the hypervisor boots
 * It writes lines of words separated by tabs:
 *   share     PHASE  WHO  INSTRUCTIONS
 *   function  PHASE  WHO  NAME  INSTRUCTIONS
 * PHASE is boot (from reset to the first process), an operation's name, or all. WHO is hypervisor,
 * kernel, or low: user mode and, during boot, firmware. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/markers.h"
#include "bench/plugin/count.h"
#include "bench/plugin/marker.h"
#include "bench/plugin/qemu.h"

int qemu_plugin_version = QEMU_PLUGIN_INTERFACE;

/* ---- counters: one for each address, and one for all of user mode -----------------------------
 */

static struct counter *counter_table[1 << 16]; /* hashed by address */
static struct counter user_counter = {.address = 0x1000};
static bool started;              /* the first process has started */
static unsigned running = PHASES; /* the running phase; PHASES: none */

/* Returns the counter of an address; makes it if there is none. */
static struct counter *counter_of(uint64_t address)
{
    struct counter **link = &counter_table[(address ^ address >> 16) & 0xffff];
    struct counter *counter;

    if (started && !(address >> 47)) {
        return &user_counter;
    }
    for (counter = *link; counter; counter = counter->next) {
        if (counter->address == address) {
            return counter;
        }
    }
    counter = calloc(1, sizeof(*counter));
    if (!counter) {
        abort();
    }
    counter->address = address;
    counter->next = *link;
    *link = counter;
    return counter;
}

/* Calls a function for each counter. */
static void each_counter(void (*what)(struct counter *counter, unsigned phase), unsigned phase)
{
    for (unsigned i = 0; i < sizeof(counter_table) / sizeof(*counter_table); i++) {
        for (struct counter *counter = counter_table[i]; counter; counter = counter->next) {
            what(counter, phase);
        }
    }
    what(&user_counter, phase);
}

static void phase_begins(struct counter *counter, unsigned phase)
{
    (void)phase;
    counter->at_begin = counter->count;
}

static void phase_ends(struct counter *counter, unsigned phase)
{
    counter->in_phase[phase] = counter->count - counter->at_begin;
}

/* ---- functions that QEMU calls --------------------------------------------------------------- */

static void on_marker(unsigned cpu, void *data)
{
    unsigned what = (unsigned)(uintptr_t)data;

    (void)cpu;
    if (what == MARKER_STARTED) {
        each_counter(phase_ends, PHASE_BOOT);
        started = true;
    } else if (what != MARKER_END && what <= PHASE_BOOT) {
        running = what - MARKER_BEGIN(0);
        each_counter(phase_begins, running);
    } else if (running < PHASES) {
        each_counter(phase_ends, running);
        running = PHASES;
    }
}

static void on_translation(uint64_t id, struct qemu_plugin_tb *tb)
{
    size_t count = qemu_plugin_tb_n_insns(tb);

    (void)id;
    for (size_t i = 0; i < count; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        struct counter *counter = counter_of(qemu_plugin_insn_vaddr(insn));
        long marker = marker_in(insn);

        qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_ADD_U64, &counter->count, 1);
        if (marker >= 0) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, on_marker, QEMU_PLUGIN_NO_REGISTERS,
                                                   (void *)marker);
        }
    }
}

static const char *out_path;

static void collect(struct counter *counter, unsigned phase)
{
    (void)phase;
    counter->in_phase[PHASE_ALL] = counter->count;
    report_add(counter);
}

static void on_exit_of_qemu(uint64_t id, void *data)
{
    (void)id, (void)data;
    each_counter(collect, 0);
    report_write(out_path);
}

int qemu_plugin_install(uint64_t id, const struct qemu_info_t *info, int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (!strncmp(argv[i], "out=", 4)) {
            out_path = strdup(argv[i] + 4);
        } else if (!strncmp(argv[i], "symbols=", 8)) {
            report_symbols(argv[i] + 8);
        } else if (strncmp(argv[i], "image=", 6) || !report_image(argv[i] + 6)) {
            return fprintf(stderr, "bench plugin: %s: unknown\n", argv[i]), 1;
        }
    }
    if (!out_path) {
        return fprintf(stderr, "bench plugin: out=FILE is missing\n"), 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    qemu_plugin_register_atexit_cb(id, on_exit_of_qemu, NULL);
    return 0;
}
