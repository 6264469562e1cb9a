/* SPDX-License-Identifier: MIT */
/* The boot hand-off: what `pinion run` gives to the hypervisor at boot, and what it gets back. Both
 * tools/ and hypervisor/ follow it.
 *
 * Boot modules. Module 0 is a text; the others are unpacked kernels (ELF64) and ramdisks, and each
 * starts on a page boundary. The text has one setting a line: a word, a blank, and a value up to
 * the end of the line. Empty lines and lines that begin with '#' are skipped. The line `guest`
 * begins the description of a guest; the lines that follow it, up to the next one, belong to that
 * guest:
 *
 *     pinion 1                 the format's version; must be the first line
 *     mitigations WORD         optional: auto (the default), partial, off; before any guest
 *     isolation WORD           optional: auto (the default), always, never; before any guest
 *     ram WORD                 optional: zeroed, if all RAM was zero when the machine was switched
 *                              on, so that none has to be cleaned; unknown (the default); before
 *                              any guest
 *     audit WORD               optional: on, if the hypervisor is to check itself after each crash
 *                              and at the end; off (the default); before any guest
 *     trace WORD               optional: all, or slow, if a timeline is to be recorded for a reader
 * of the machine's memory (lib/watch_trace.h): of every entry, or of those on the slow paths;
 * before any guest guest NAME               1..HANDOFF_NAME_MAX bytes without control characters,
 * unique memory MIB               the guest's memory vcpus N                  the guest's number of
 * vCPUs weight N                 the guest's share of the CPUs, 1..65535 (default HANDOFF_WEIGHT)
 *     cap N                    the most CPU time for the guest, in percent of one CPU (default 0:
 *                              no cap)
 *     affinity N CPUS          vCPU N runs on these CPUs only, as in `0,2,3` (default: on all)
 *     kernel M                 the kernel's module number, 1 upwards; guests may share a module
 *     ramdisk M                optional: the ramdisk's module number
 *     cmdline TEXT             optional: the kernel's command line
 *     restarts N               optional: how often the guest may be built and started again
 *     restart END              optional, once for each END (poweroff, reboot, crash): the guest is
 *                              started again after an end of this kind
 *
 * Serial ports. The hypervisor writes its log as text to COM1, and the guests' consoles to COM2:
 * the byte HANDOFF_ESCAPE and the byte 'A' + N mean that the bytes which follow, up to the next
 * such pair, come from guest N (counted from 0 in the order of the text). An escape byte in a
 * guest's own output is sent twice. HANDOFF_ESCAPE and HANDOFF_ENDED mean that all guests have
 * ended and that no output of theirs follows. Bytes received on COM2 are input for the guest if
 * there is only one; if there are several they are dropped. Nothing may be sent to the hypervisor
 * before the first byte of its log has arrived, because it sets up and empties the ports just
 * before that.
 *
 * The end. When the last guest has ended (with `audit on` after the audit), the hypervisor writes
 * one byte (HANDOFF_ALL_WELL and so on) to I/O port HANDOFF_EXIT_PORT, where QEMU's device
 * isa-debug-exit ends the emulator with the exit status 2 * byte + 1. Without that device the
 * hypervisor halts. */
#ifndef LIB_HANDOFF_H
#define LIB_HANDOFF_H

#define HANDOFF_ESCAPE    0x10 /* the control character DLE */
#define HANDOFF_ENDED     '!'
#define HANDOFF_EXIT_PORT 0xf4

/* The byte that ends the machine. */
#define HANDOFF_ALL_WELL 0x10 /* every guest powered off or rebooted */
#define HANDOFF_CRASHED  0x11 /* a guest crashed */
#define HANDOFF_FAILED   0x12 /* the hypervisor failed; the last line of its log says why */
#define HANDOFF_NO_LOG   0x13 /* there is no COM1, so the hypervisor did not start */

#define HANDOFF_NAME_MAX      127 /* bytes of the name of a guest */
#define HANDOFF_GUESTS_MAX    32
#define HANDOFF_VCPUS_MAX     32 /* the most vCPUs of one guest */
#define HANDOFF_CPUS_MAX      64
#define HANDOFF_WEIGHT        256 /* the default weight of a guest */
#define HANDOFF_WEIGHT_MAX    65535
#define HANDOFF_TRACE_RECORDS 32768 /* room in the timeline, in records a CPU: 1 MiB */

#endif
