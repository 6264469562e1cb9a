/* SPDX-License-Identifier: MIT */
/* Runs inside a guest: programs of 64 and 32 bits that enter the kernel in every way, with every
 * flag, alone and under a debugger; then breakpoints of a debugger.
 *
 *     entries [show]
 *
 * This process is the debugger. For each case it puts one way of entering the kernel into a new
 * process, where either the program's own POPF or the debugger sets a flag, and lets it run or
 * steps it. Right is what the same kernel does on the bare machine: the flag survives, the call is
 * served, and as many traps come as there are instructions. Prints the cases that are wrong, or all
 * (`show`), and how many there were. */
#include <cpuid.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>

#include "tests/system/entries/subject.h"

#define TRAPS_MAX   64u
#define GETPID_64   39u
#define GETPID_32   20u
#define FRAME_WORDS 6u

enum vendor { INTEL = 1, AMD = 2, BOTH = 3 };

/* An entry as code that ends in INT3, whose trap is the end of a run. The kernel returns from
 * SYSENTER and SYSCALL of 32-bit code to the end of the vDSO's system call, which pops three
 * registers and returns: so that code is a function that is called first. */
struct entry {
    const char *name;
    unsigned bits;
    enum vendor vendor; /* of the processors that have it; others raise SIGILL or SIGSEGV */
    uint8_t code[24];
    unsigned length;
    unsigned at, before; /* offset of the instruction, and instructions before it */
    unsigned end;        /* offset behind the INT3 that ends the run */
    unsigned steps;      /* traps of a debugger from the instruction to the end */
    unsigned
        own_steps; /* traps of the program's own TF: those of a system call come later by one */
};

#define CODE(...) {__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__})
#define POPF      0x9d
#define INT3      0xcc
/* call 1f; int3; nop; 1: push %ecx; push %edx; push %ebp; mov %esp, %ebp; push (%esi); popf */
#define CALL_32 0xe8, 2, 0, 0, 0, INT3, 0x90, 0x51, 0x52, 0x55, 0x89, 0xe5, 0xff, 0x36, POPF
#define LOAD    0x8a, 0x1e /* mov (%rsi), %bl */

static const struct entry entries[] = {
    {"syscall", 64, BOTH, CODE(POPF, 0x0f, 0x05, INT3), 1, 1, 4, 2, 1},
    {"int 0x80", 64, BOTH, CODE(POPF, 0xcd, 0x80, INT3), 1, 1, 4, 2, 1},
    {"fault", 64, BOTH, CODE(POPF, LOAD, INT3), 1, 1, 4, 2, 2},
    {"iret", 64, BOTH, CODE(POPF, 0x48, 0xcf, INT3), 1, 1, 4, 2, 2},
    {"vdso", 32, BOTH, CODE(POPF, 0xff, 0xd7, INT3), 1, 1, 4, 11, 10}, /* call *%edi */
    {"sysenter", 32, INTEL, CODE(CALL_32, 0x0f, 0x34, INT3), 15, 7, 6, 6, 5},
    {"syscall", 32, AMD, CODE(CALL_32, 0x0f, 0x05, INT3), 15, 7, 6, 6, 5},
    {"int 0x80", 32, BOTH, CODE(POPF, 0xcd, 0x80, INT3), 1, 1, 4, 2, 1},
    {"fault", 32, BOTH, CODE(POPF, LOAD, INT3), 1, 1, 4, 2, 2},
    {"iret", 32, BOTH, CODE(POPF, 0xcf, INT3), 1, 1, 3, 2, 2},
};

struct flag {
    const char *name;
    uint64_t bits;
    bool by_debugger; /* the kernel lets a debugger set it */
};

static const struct flag flags[] = {
    {"none", 0, true},     {"DF", FLAG_DF, true},
    {"AC", FLAG_AC, true}, {"ID", FLAG_ID, false},
    {"NT", FLAG_NT, true}, {"TF", FLAG_TF, true},
    {"RF", FLAG_RF, true}, {"all", FLAG_DF | FLAG_AC | FLAG_ID | FLAG_NT | FLAG_TF, false},
};

struct trial {
    const struct entry *entry;
    const struct flag *flag;
    bool by_debugger, stepped;
};

struct outcome {
    int signal; /* that stopped the run; -1: the process ended */
    unsigned traps;
    int64_t at; /* offset in the code */
    uint64_t flags;
    bool served; /* rax is the process's number */
};

static enum vendor vendor;
static bool show;

static bool is(const struct entry *e, const char *name)
{
    return strcmp(e->name, name) == 0;
}

/* Puts the code and a stack into the subject: RFLAGS for POPF, then a frame for IRET. */
static void prepare(const struct subject *s, const struct entry *e, uint64_t own_flags)
{
    struct user_regs_struct r = s->start;
    unsigned word = e->bits / 8;
    uint64_t frame[FRAME_WORDS] = {FLAG_FIXED | own_flags,
                                   SUBJECT_CODE + e->end - 1,
                                   r.cs,
                                   FLAG_FIXED | own_flags,
                                   SUBJECT_STACK,
                                   r.ss};
    uint64_t at = SUBJECT_STACK - 256;

    subject_write(s, SUBJECT_CODE, e->code, e->length);
    for (unsigned i = 0; i < FRAME_WORDS; i++) {
        subject_write(s, at + i * word, &frame[i], word);
    }
    r.rip = SUBJECT_CODE;
    r.rsp = e->code[0] == POPF ? at : at - 256;
    r.eflags = FLAG_FIXED;
    r.rax = e->bits == 64 && !is(e, "int 0x80") ? GETPID_64 : GETPID_32;
    r.orig_rax = ~0ull;
    r.rdi = s->vdso;
    r.rsi = is(e, "fault") ? SUBJECT_FRESH : at;
    subject_set(s, &r);
}

/* Steps the subject to the entry, and sets the flag there. */
static void set_by_debugger(const struct subject *s, const struct trial *t)
{
    struct user_regs_struct r = subject_get(s);
    int signal;

    for (unsigned i = 0; i < TRAPS_MAX && r.rip != SUBJECT_CODE + t->entry->at; i++) {
        subject_resume(s, PTRACE_SINGLESTEP, &signal);
        r = subject_get(s);
    }
    r.eflags |= t->flag->bits;
    subject_set(s, &r);
}

static struct outcome run(const struct subject *s, const struct trial *t)
{
    struct user_regs_struct r = {0};
    struct outcome o = {0};

    prepare(s, t->entry, t->by_debugger ? 0 : t->flag->bits);
    if (t->by_debugger) {
        set_by_debugger(s, t);
    }
    while (o.traps < TRAPS_MAX &&
           subject_resume(s, t->stepped ? PTRACE_SINGLESTEP : PTRACE_CONT, &o.signal)) {
        r = subject_get(s);
        if (o.signal != SIGTRAP) {
            break;
        }
        o.traps++;
        if (r.rip == SUBJECT_CODE + t->entry->end) {
            break;
        }
    }
    o.at = (int64_t)(r.rip - SUBJECT_CODE);
    o.flags = r.eflags & FLAGS_ALL;
    o.served = (pid_t)r.rax == s->pid;
    return o;
}

/* How many traps come before a case ends at its end (`whole`) or at the entry itself. */
static unsigned traps_wanted(const struct trial *t, bool whole)
{
    const struct entry *e = t->entry;
    unsigned before = t->by_debugger ? 0 : e->before;

    if (t->stepped) {
        return before + (whole ? e->steps : 0);
    }
    if (!whole) {
        return 0;
    }
    return t->flag->bits & FLAG_TF ? e->own_steps : 1;
}

/* What the same case gives on the bare machine. */
static bool is_right(const struct trial *t, const struct outcome *o)
{
    const struct entry *e = t->entry;
    bool iret = is(e, "iret");
    bool whole = e->vendor & vendor && !(iret && t->flag->bits & FLAG_NT);
    /* An IRET that succeeds takes its flags from its frame. */
    uint64_t wanted = iret && t->by_debugger && whole ? 0 : t->flag->bits & ~FLAG_RF;

    if (t->stepped) {
        wanted |= FLAG_TF;
    }
    if ((o->flags & ~FLAG_RF) != wanted || o->traps != traps_wanted(t, whole)) {
        return false;
    }
    if (!whole) {
        return (o->signal == SIGSEGV || o->signal == SIGILL) && o->at == e->at;
    }
    return o->signal == SIGTRAP && o->at == e->end && (o->served || iret || is(e, "fault"));
}

static void print_flags(uint64_t value)
{
    static const struct flag shown[] = {{"TF", FLAG_TF, 0}, {"DF", FLAG_DF, 0}, {"NT", FLAG_NT, 0},
                                        {"RF", FLAG_RF, 0}, {"AC", FLAG_AC, 0}, {"ID", FLAG_ID, 0}};

    for (unsigned i = 0; i < sizeof shown / sizeof *shown; i++) {
        if (value & shown[i].bits) {
            printf(" %s", shown[i].name);
        }
    }
}

/* Runs one case. Returns true if it is right. */
static bool try(const struct trial *t)
{
    struct subject s;
    struct outcome o;
    bool right;

    if (!subject_start(&s, t->entry->bits)) {
        printf("entries: a process of %u bits cannot be started\n", t->entry->bits);
        return false;
    }
    o = run(&s, t);
    subject_end(&s);
    right = is_right(t, &o);
    if (!right || show) {
        printf("%s: %u %s, %s by the %s, %s: signal %d at %+lld, traps %u%s, flags",
               right ? "right" : "WRONG", t->entry->bits, t->entry->name, t->flag->name,
               t->by_debugger ? "debugger" : "program", t->stepped ? "stepped" : "running",
               o.signal, (long long)o.at, o.traps, o.served ? ", served" : "");
        print_flags(o.flags);
        printf("\n");
    }
    return right;
}

static void find_vendor(void)
{
    unsigned eax, ebx, ecx = 0, edx;

    __get_cpuid(0, &eax, &ebx, &ecx, &edx);
    vendor = ecx == 0x6c65746e ? INTEL : AMD; /* "ntel" */
}

int main(int argc, char **argv)
{
    unsigned tried = 0, wrong = 0;

    show = argc > 1 && strcmp(argv[1], "show") == 0;
    setvbuf(stdout, NULL, _IOLBF, 0);
    find_vendor();
    for (unsigned i = 0; i < sizeof entries / sizeof *entries; i++) {
        for (unsigned j = 0; j < sizeof flags / sizeof *flags; j++) {
            for (unsigned k = 0; k < (flags[j].by_debugger ? 4 : 2); k++) {
                wrong += !try(&(struct trial){&entries[i], &flags[j], k & 2, k & 1});
                tried++;
            }
        }
    }
    printf("entries: %s, %u cases, %u wrong\n", vendor == INTEL ? "Intel" : "AMD", tried, wrong);
    breakpoints_try(show);
    return 0;
}
