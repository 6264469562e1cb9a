/* SPDX-License-Identifier: MIT */
/* A kernel's start, end and CPUs. The library starts the machine, calls kernel_main, and stops the
 * machine when that returns. */
#ifndef GUEST_KERNEL_H
#define GUEST_KERNEL_H

#include "lib/types.h"

/* The kernel's main function, which each kernel defines. It runs on CPU 0, with memory, traps, the
 * console and kernel_space ready for use. When it returns, the library prints the line "Test
 * result: SUCCESS" if it returned true, else "Test result: FAILURE", and stops the machine. */
bool kernel_main(void);

/* Prints a message and the line "Test result: ERROR", and stops the machine. */
void panic(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* Waits until the console's text has been read, and turns the machine off. */
void kernel_stop(void) __attribute__((noreturn));

#define CPUS 32u /* the most CPUs that the library supports */

/* Returns the number of the CPU that runs the caller, 0 to CPUS - 1. */
unsigned cpu_number(void);

/* Starts another CPU in the kernel's space. It runs `function` and goes down when that returns;
 * then it can be started again. Returns 0; -XEN_ENOENT: there is no such CPU; -XEN_ENOMEM: no
 * memory for its stacks; -XEN_ENOSYS: the backend supports one CPU. */
int cpu_run(unsigned number, void (*function)(void));

/* To be called in each turn of a loop that waits for another CPU. A virtual CPU gives its time to
 * other virtual CPUs. */
void cpu_relax(void);

/* The backend's name, "pv" or "native", for messages. */
extern const char backend_name[];

/* Returns the time-stamp counter. */
static inline u64 read_tsc(void)
{
    u32 low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return low | (u64)high << 32;
}

#endif
