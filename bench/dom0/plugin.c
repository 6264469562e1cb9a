/* SPDX-License-Identifier: MIT */
/* A QEMU plugin that counts the instructions that hypervisor, kernels and user programs of a
 * machine with a dom0 execute, and writes the sums down at each marker (bench/markers.h), in any
 * domain. The machine must have one CPU.
 *
 * Arguments:
 *   out=FILE         where it writes its results
 *   image=LOW-HIGH   the addresses (hexadecimal) below 4 GiB at which the hypervisor boots; they
 *                    count as the hypervisor's until the first marker, and as user programs' after
 * It writes lines of words separated by tabs, the sums since reset:
 *   mark  NUMBER  HYPERVISOR  KERNELS  USER */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/plugin/marker.h"
#include "bench/who.h"

int qemu_plugin_version = QEMU_PLUGIN_INTERFACE;

#define IMAGE WHOS                   /* beside those of enum who: where the hypervisor boots */
static uint64_t executed[IMAGE + 1]; /* by enum who, and IMAGE */
static uint64_t booted;              /* executed[IMAGE] at the first marker */
static bool started;
static uint64_t image_low, image_high;
static FILE *out;

static unsigned who_of(uint64_t address)
{
    return address >= image_low && address < image_high ? IMAGE : who_executes(address);
}

static void on_marker(unsigned cpu, void *data)
{
    (void)cpu;
    if (!started) {
        started = true;
        booted = executed[IMAGE];
    }
    fprintf(out, "mark\t%lu\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\n",
            (unsigned long)(uintptr_t)data, executed[HYPERVISOR] + booted, executed[KERNEL],
            executed[LOW] + executed[IMAGE] - booted);
    fflush(out);
}

static void on_translation(uint64_t id, struct qemu_plugin_tb *tb)
{
    size_t count = qemu_plugin_tb_n_insns(tb);

    (void)id;
    for (size_t i = 0; i < count; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        unsigned who = who_of(qemu_plugin_insn_vaddr(insn));
        long marker = who < LOW ? -1 : marker_in(insn);

        qemu_plugin_register_vcpu_insn_exec_inline(insn, QEMU_PLUGIN_ADD_U64, &executed[who], 1);
        if (marker >= 0) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, on_marker, QEMU_PLUGIN_NO_REGISTERS,
                                                   (void *)marker);
        }
    }
}

int qemu_plugin_install(uint64_t id, const struct qemu_info_t *info, int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++) {
        if (!strncmp(argv[i], "out=", 4)) {
            out = fopen(argv[i] + 4, "w");
        } else if (sscanf(argv[i], "image=%" SCNx64 "-%" SCNx64, &image_low, &image_high) != 2) {
            return fprintf(stderr, "bench plugin: %s: unknown\n", argv[i]), 1;
        }
    }
    if (!out) {
        return fprintf(stderr, "bench plugin: out=FILE is missing or cannot be written\n"), 1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
    return 0;
}
