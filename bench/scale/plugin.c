/* SPDX-License-Identifier: MIT */
/* A QEMU plugin for machines with several CPUs. While a CPU's guest is between the two markers of
 * an operation, the plugin counts the instructions that the hypervisor executes on that CPU and, if
 * asked, finds the cache lines that several CPUs share.
 *
 * Arguments:
 *   out=FILE        where it writes its results
 *   lines=ADDRESS   finds shared cache lines, too, which is slow. ADDRESS is the hypervisor's entry
 *                   point for interrupts (hexadecimal): accesses from there until the CPU is back
 *                   in its guest do not count, because the scheduler reads other CPUs' data
 * It writes lines of words separated by tabs:
 *   count   OPERATION  CPU  TIMES  INSTRUCTIONS
 *   shared  OPERATION  PHYSICAL  STORED-AT  STORED-BY  CPU  ACCESSED-AT  ACCESSED-BY  CPU
 * TIMES is how often the CPU executed the whole operation, which is 1 with one guest. A line is
 * shared if one CPU stores to it and another one accesses it, during the same operation. -AT is a
 * virtual address in the line, -BY the address of the instruction. The emulator runs one CPU at a
 * time (-icount), so nothing is locked. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/plugin/marker.h"
#include "bench/who.h"

#define CPUS    64u
#define LINE    64u
#define BUCKETS (1u << 16)

int qemu_plugin_version = QEMU_PLUGIN_INTERFACE;

static const char *const operation_name[] = {
#define OPERATION(function, ...) #function,
#include "bench/scale/operations.def"
#undef OPERATION
};
#define OPERATIONS (sizeof(operation_name) / sizeof(*operation_name))

static struct {
    unsigned running; /* the operation; OPERATIONS: none */
    bool interrupted; /* from interrupt_handler until the CPU is back in its guest */
    uint64_t times[OPERATIONS], instructions[OPERATIONS];
} cpus[CPUS];

/* A cache line during an operation: the first access and the first store of each CPU. */
struct touch {
    uint64_t at, by; /* address of the data and of the instruction; by 0: there was none */
};
struct line {
    struct line *next;
    uint64_t number; /* physical address / LINE */
    unsigned operation;
    struct touch touch[CPUS], store[CPUS];
};
static struct line *line_table[BUCKETS]; /* hashed by number and operation */
static uint64_t interrupt_handler;       /* 0: shared lines are not searched for */
static const char *out_path;

/* Returns a line; makes it if there is none. */
static struct line *line_of(uint64_t number, unsigned operation)
{
    struct line **link = &line_table[(number * OPERATIONS + operation) % BUCKETS];
    struct line *line;

    for (line = *link; line; line = line->next) {
        if (line->number == number && line->operation == operation) {
            return line;
        }
    }
    line = calloc(1, sizeof(*line));
    if (!line) {
        abort();
    }
    line->number = number;
    line->operation = operation;
    line->next = *link;
    *link = line;
    return line;
}

/* ---- functions that QEMU calls --------------------------------------------------------------- */

static void on_marker(unsigned cpu, void *data)
{
    unsigned what = (unsigned)(uintptr_t)data;

    if (what != MARKER_END && what - MARKER_BEGIN(0) < OPERATIONS) {
        cpus[cpu].running = what - MARKER_BEGIN(0);
    } else if (cpus[cpu].running < OPERATIONS) {
        cpus[cpu].times[cpus[cpu].running]++;
        cpus[cpu].running = OPERATIONS;
    }
}

static void on_instruction(unsigned cpu, void *data)
{
    (void)data;
    if (cpus[cpu].running < OPERATIONS) {
        cpus[cpu].instructions[cpus[cpu].running]++;
    }
}

static void on_interrupt(unsigned cpu, void *data)
{
    (void)data;
    cpus[cpu].interrupted = true;
}

static void on_guest(unsigned cpu, void *data)
{
    (void)data;
    cpus[cpu].interrupted = false;
}

static void on_access(unsigned cpu, uint32_t access, uint64_t address, void *data)
{
    struct touch touch = {address, (uint64_t)(uintptr_t)data};

    if (cpus[cpu].running >= OPERATIONS || cpus[cpu].interrupted) {
        return;
    }
    const struct qemu_plugin_hwaddr *where = qemu_plugin_get_hwaddr(access, address);
    if (!where || qemu_plugin_hwaddr_is_io(where)) {
        return;
    }
    struct line *line = line_of(qemu_plugin_hwaddr_phys_addr(where) / LINE, cpus[cpu].running);
    if (!line->touch[cpu].by) {
        line->touch[cpu] = touch;
    }
    if (!line->store[cpu].by && qemu_plugin_mem_is_store(access)) {
        line->store[cpu] = touch;
    }
}

static void watch_lines(struct qemu_plugin_insn *insn, bool in_hypervisor)
{
    uint64_t address = qemu_plugin_insn_vaddr(insn);

    if (address == interrupt_handler) {
        qemu_plugin_register_vcpu_insn_exec_cb(insn, on_interrupt, QEMU_PLUGIN_NO_REGISTERS, NULL);
    }
    if (!in_hypervisor) {
        qemu_plugin_register_vcpu_insn_exec_cb(insn, on_guest, QEMU_PLUGIN_NO_REGISTERS, NULL);
    }
    qemu_plugin_register_vcpu_mem_cb(insn, on_access, QEMU_PLUGIN_NO_REGISTERS,
                                     QEMU_PLUGIN_MEMORY_BOTH, (void *)(uintptr_t)address);
}

static void on_translation(uint64_t id, struct qemu_plugin_tb *tb)
{
    size_t count = qemu_plugin_tb_n_insns(tb);

    (void)id;
    for (size_t i = 0; i < count; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        uint64_t address = qemu_plugin_insn_vaddr(insn);
        bool in_hypervisor = who_executes(address) == HYPERVISOR;
        long marker = marker_in(insn);

        if (in_hypervisor) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, on_instruction, QEMU_PLUGIN_NO_REGISTERS,
                                                   NULL);
        }
        if (marker >= 0) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, on_marker, QEMU_PLUGIN_NO_REGISTERS,
                                                   (void *)marker);
        }
        if (interrupt_handler) {
            watch_lines(insn, in_hypervisor);
        }
    }
}

/* ---- the report ------------------------------------------------------------------------------ */

/* Writes one record for a line that is shared: with its first CPU that stores and the first other
 * CPU. */
static void write_shared(FILE *file, const struct line *line)
{
    unsigned writer, other;

    for (writer = 0; writer < CPUS; writer++) {
        for (other = 0; line->store[writer].by && other < CPUS; other++) {
            if (other == writer || !line->touch[other].by) {
                continue;
            }
            fprintf(file,
                    "shared\t%s\t%" PRIx64 "\t%" PRIx64 "\t%" PRIx64 "\t%u\t%" PRIx64 "\t%" PRIx64
                    "\t%u\n",
                    operation_name[line->operation], line->number * LINE, line->store[writer].at,
                    line->store[writer].by, writer, line->touch[other].at, line->touch[other].by,
                    other);
            return;
        }
    }
}

static void on_exit_of_qemu(uint64_t id, void *data)
{
    FILE *file = fopen(out_path, "w");

    (void)id, (void)data;
    if (!file) {
        perror(out_path);
        return;
    }
    for (unsigned i = 0; i < OPERATIONS; i++) {
        for (unsigned cpu = 0; cpu < CPUS; cpu++) {
            if (cpus[cpu].instructions[i]) {
                fprintf(file, "count\t%s\t%u\t%" PRIu64 "\t%" PRIu64 "\n", operation_name[i], cpu,
                        cpus[cpu].times[i], cpus[cpu].instructions[i]);
            }
        }
    }
    for (unsigned i = 0; i < BUCKETS; i++) {
        for (const struct line *line = line_table[i]; line; line = line->next) {
            write_shared(file, line);
        }
    }
    fclose(file);
}

int qemu_plugin_install(uint64_t id, const struct qemu_info_t *info, int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (!strncmp(argv[i], "out=", 4)) {
            out_path = strdup(argv[i] + 4);
        } else if (!strncmp(argv[i], "lines=", 6)) {
            interrupt_handler = strtoull(argv[i] + 6, NULL, 16);
        } else {
            return fprintf(stderr, "scale plugin: %s: unknown\n", argv[i]), 1;
        }
    }
    if (!out_path) {
        return fprintf(stderr, "scale plugin: out=FILE is missing\n"), 1;
    }
    for (int i = 0; i < (int)CPUS; i++) {
        cpus[i].running = OPERATIONS;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    qemu_plugin_register_atexit_cb(id, on_exit_of_qemu, NULL);
    return 0;
}
