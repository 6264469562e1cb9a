/* SPDX-License-Identifier: MIT */
/* A process that a debugger fills with code and runs. */
#ifndef ENTRIES_SUBJECT_H
#define ENTRIES_SUBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

#define FLAG_FIXED 0x202u /* always set, and IF */
#define FLAG_TF    0x100u
#define FLAG_DF    0x400u
#define FLAG_NT    0x4000u
#define FLAG_RF    0x10000u
#define FLAG_AC    0x40000u
#define FLAG_ID    0x200000u
#define FLAGS_ALL  (FLAG_TF | FLAG_DF | FLAG_NT | FLAG_RF | FLAG_AC | FLAG_ID)

/* The subject's memory, at the same addresses for 64 and 32 bits: readable, writable and executable
 * in one piece. */
#define SUBJECT_BASE  0x10000000u
#define SUBJECT_SIZE  0x40000u
#define SUBJECT_CODE  (SUBJECT_BASE + 0x1000)
#define SUBJECT_STACK (SUBJECT_BASE + 0x8000)
#define SUBJECT_FRESH (SUBJECT_BASE + 0x10000) /* never touched, up to the end */

struct subject {
    pid_t pid;
    unsigned bits;
    uint64_t vdso;                 /* 32 bits: the address of the vDSO's system call */
    struct user_regs_struct start; /* registers at the first stop */
};

/* Starts a process of `bits` bits, which stops before its first instruction. */
bool subject_start(struct subject *s, unsigned bits);
/* Kills it. */
void subject_end(struct subject *s);

struct user_regs_struct subject_get(const struct subject *s);
void subject_set(const struct subject *s, const struct user_regs_struct *r);
void subject_write(const struct subject *s, uint64_t at, const void *from, size_t count);

/* Resumes the subject by a request of ptrace and waits until it stops; *signal is the signal that
 * stopped it. False: it has ended, and *signal is -1. */
bool subject_resume(const struct subject *s, int request, int *signal);

/* Breakpoints of a debugger (breakpoints.c). Prints the cases that are wrong, or all, and how many
 * there were. */
void breakpoints_try(bool show);

#endif
