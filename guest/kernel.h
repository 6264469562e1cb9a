/* SPDX-License-Identifier: MIT */
/* A kernel's start and end. The library starts the machine, calls kernel_main, and stops it. */
#ifndef GUEST_KERNEL_H
#define GUEST_KERNEL_H

#include "lib/types.h"

/* The kernel: defined by it. Memory, traps, console and kernel_space are there. Returning ends it;
 * the verdict is a last line "Test result: SUCCESS" when it returns true, else "... FAILURE". */
bool kernel_main(void);

/* Ends now, with the verdict ERROR. */
void panic(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* Stops the machine. */
void kernel_stop(void) __attribute__((noreturn));

/* Which CPU this is, 0 upwards. */
#define CPUS 32u
unsigned cpu_number(void);

/* Starts another CPU in the kernel's space, where it runs `function` and goes down again when that
 * returns. -XEN_ENOENT: there is no such CPU; -XEN_ENOSYS: the backend runs on one. */
int cpu_run(unsigned number, void (*function)(void));

/* Waits a moment for another CPU; one that is only virtual lets others run. */
void cpu_relax(void);

/* "pv" or "native", for messages only. */
extern const char backend_name[];

static inline u64 read_tsc(void)
{
    u32 low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return low | (u64)high << 32;
}

#endif
