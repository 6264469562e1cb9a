/* SPDX-License-Identifier: MIT */
/* What the boot loader hands to the hypervisor, and what comes back: agreed between tools/ and
 * hypervisor/.
 *
 * Boot modules. Module 0 is a text, the others are unpacked kernels (ELF64) and ramdisks, each
 * starting on a page boundary. The text has one setting a line, "word value", value up to the end
 * of the line; empty lines and lines from '#' are skipped. `guest` starts a guest, the others set
 * it up:
 *
 *     pinion 1                 the format; first line
 *     mitigations WORD         optional: auto (the default), partial, off; before any guest
 *     guest NAME               1..31 characters of [A-Za-z0-9._-], unique
 *     memory MIB               its memory
 *     vcpus N
 *     weight N                 its share of the CPUs, 1..65535 (default HANDOFF_WEIGHT)
 *     cap N                    the most CPU time it gets, percent of one CPU (default 0: no cap)
 *     affinity N CPUS          vCPU N runs only on these, as in `0,2,3` (default: on all)
 *     kernel M                 M: module number, 1 upwards; several guests may name the same module
 *     ramdisk M                optional
 *     cmdline TEXT             optional
 *     restarts N               optional: may be built and started again so often...
 *     restart END              ...after an end of this kind: poweroff, reboot or crash; one line
 *                              for each
 *
 * Ports. The log is text on COM1. COM2 carries the guests' consoles: HANDOFF_ESCAPE followed by 'A'
 * + index (in the text's order) says whose bytes follow until the next such pair; an escape byte in
 * a guest's own output is sent twice. Bytes sent to COM2 are input of the only guest; they are
 * dropped when there are several. Nothing may be sent before the first byte of the log has come:
 * the ports are set up, and emptied, just before it.
 *
 * The end. When the last guest has ended the hypervisor writes one byte to I/O port
 * HANDOFF_EXIT_PORT (QEMU's isa-debug-exit at iobase 0xf4, whose exit status is 2 * byte + 1), and
 * halts if nothing listens there. */
#ifndef LIB_HANDOFF_H
#define LIB_HANDOFF_H

#define HANDOFF_ESCAPE    0x10 /* DLE */
#define HANDOFF_EXIT_PORT 0xf4

enum handoff_exit {
    HANDOFF_ALL_WELL = 0x10, /* every guest powered off or rebooted */
    HANDOFF_CRASHED = 0x11,  /* a guest crashed */
    HANDOFF_FAILED = 0x12,   /* the hypervisor failed */
};

#define HANDOFF_NAME_MAX   31
#define HANDOFF_GUESTS_MAX 32
#define HANDOFF_VCPUS_MAX  32
#define HANDOFF_CPUS_MAX   64
#define HANDOFF_WEIGHT     256
#define HANDOFF_WEIGHT_MAX 65535

#endif
