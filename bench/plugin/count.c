/* SPDX-License-Identifier: MIT */
/* A QEMU plugin: counts executed instructions by address, for each operation of the bench program.
 *
 * Arguments: out=FILE, symbols=FILE (what `nm -n` prints; may be repeated), image=LOW-HIGH (hex;
 * the addresses below 4 GiB at which the hypervisor or the kernel runs while it boots). Writes
 * lines, words separated by tabs: share PHASE WHO INSTRUCTIONS             who: hypervisor, kernel,
 * low function PHASE WHO NAME INSTRUCTIONS where PHASE is boot (reset to first process), an
 * operation's name, or all. One CPU.
 */
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

/* ---- one counter an address; user space together is one
 * ------------------------------------------ */

static struct counter *table[1 << 16];
static struct counter user = {.address = 0x1000};
static bool started;
static unsigned running = PHASES; /* the phase that runs */

static struct counter *counter_of(uint64_t address)
{
    struct counter **link = &table[(address ^ address >> 16) & 0xffff];
    struct counter *counter;

    if (started && !(address >> 47)) {
        return &user;
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

static void each_counter(void (*what)(struct counter *counter, unsigned phase), unsigned phase)
{
    unsigned i;

    for (i = 0; i < sizeof(table) / sizeof(*table); i++) {
        for (struct counter *counter = table[i]; counter; counter = counter->next) {
            what(counter, phase);
        }
    }
    what(&user, phase);
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

/* ---- what QEMU calls
 * ----------------------------------------------------------------------------- */

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
    size_t i, count = qemu_plugin_tb_n_insns(tb);

    (void)id;
    for (i = 0; i < count; i++) {
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
    int i;

    (void)info;
    for (i = 0; i < argc; i++) {
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
