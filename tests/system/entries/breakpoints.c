/* SPDX-License-Identifier: MIT */
/* Hardware breakpoints and block steps of a debugger: on instructions and on data, where the kernel
 * or the hypervisor reads or writes the data for the program, before each entry behind a load of ss
 * (which delays the exception into the entry), of several programs at once, and those that must be
 * refused. */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/user.h>

#include "tests/system/entries/subject.h"

#define DATA         (SUBJECT_BASE + 0x2000)
#define STOPS_MAX    16u
#define DR6_MASK     0xf00ful
#define USER_SS      0x2b /* at DATA, for a load of ss */
#define SINGLE_BLOCK 33   /* PTRACE_SINGLEBLOCK */

enum kind { EXECUTE, WRITE, IO, ACCESS };

/* DR7: enables breakpoint `i`. Lengths 1, 2, 8, 4 have the codes 0 to 3. */
#define ON(i, kind, length)                                                                        \
    ((unsigned long)((kind) | (length) << 2) << (16 + 4 * (i)) | 1ul << (2 * (i)))

/* Expected: each stop as SIGNAL@OFFSET/DR6. The code ends in INT3. */
struct breakpoint_case {
    const char *name;
    unsigned bits;
    uint8_t code[24];
    unsigned length;
    int request;
    unsigned long address[2], control;
    const char *expected;
};

#define CODE(...) {__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__})
#define NOP       0x90
#define INT3      0xcc
#define STORE     0x89, 0x06 /* mov %eax, (%rsi) */
#define LOAD      0x8b, 0x06 /* mov (%rsi), %eax */
#define LOAD_SS   0x8e, 0x16 /* mov (%rsi), %ss */
#define INT80     0xcd, 0x80
#define SYSCALL   0x0f, 0x05
#define AT(n)     (SUBJECT_CODE + (n))
#define ACCESS_4  ON(0, ACCESS, 3)
/* Programs of both widths. */
#define EITHER(name, ...)                                                                          \
    {name, 64, __VA_ARGS__},                                                                       \
    {                                                                                              \
        name, 32, __VA_ARGS__                                                                      \
    }

static const struct breakpoint_case cases[] = {
    EITHER("execute", CODE(NOP, NOP, NOP, INT3), PTRACE_CONT, {AT(1)}, ON(0, EXECUTE, 0),
           "5@+1/1 5@+4/0"),
    EITHER("execute int 0x80 and behind", CODE(NOP, INT80, NOP, NOP, INT3), PTRACE_CONT,
           {AT(1), AT(4)}, ON(0, EXECUTE, 0) | ON(1, EXECUTE, 0), "5@+1/1 5@+4/2 5@+6/0"),
    EITHER("write", CODE(NOP, STORE, NOP, LOAD, NOP, INT3), PTRACE_CONT, {DATA}, ON(0, WRITE, 3),
           "5@+3/1 5@+8/0"),
    EITHER("access", CODE(NOP, STORE, NOP, LOAD, NOP, INT3), PTRACE_CONT, {DATA}, ACCESS_4,
           "5@+3/1 5@+6/1 5@+8/0"),
    /* The hypervisor reads the bytes of an instruction that faults. */
    EITHER("hlt, whose byte is watched", CODE(NOP, 0xf4, NOP, INT3), PTRACE_CONT, {AT(1), AT(8)},
           ON(0, ACCESS, 0) | ON(1, ACCESS, 3), "11@+1/0"),
    EITHER("cli, whose byte is watched", CODE(NOP, 0xfa, NOP, INT3), PTRACE_CONT, {AT(1), AT(8)},
           ON(0, ACCESS, 0) | ON(1, ACCESS, 3), "11@+1/0"),
    EITHER("insb to watched data", CODE(NOP, 0x6c, NOP, INT3), PTRACE_CONT, {DATA},
           ON(0, ACCESS, 0), "11@+1/0"),
    EITHER("load of ss, int 0x80", CODE(NOP, LOAD_SS, INT80, NOP, INT3), PTRACE_CONT, {DATA},
           ON(0, ACCESS, 1), "5@+3/1 5@+7/0"),
    EITHER("load of ss, int3", CODE(NOP, LOAD_SS, INT3, NOP, INT3), PTRACE_CONT, {DATA},
           ON(0, ACCESS, 1), "5@+3/1 5@+4/0"),
    {"load of ss, syscall",
     64,
     CODE(NOP, LOAD_SS, SYSCALL, NOP, INT3),
     PTRACE_CONT,
     {DATA},
     ON(0, ACCESS, 1),
     "5@+3/1 5@+7/0"},
    /* uname: the kernel writes to the watched data, and continues. */
    {"data written by the kernel",
     64,
     CODE(0xb8, 63, 0, 0, 0, SYSCALL, NOP, INT3),
     PTRACE_CONT,
     {DATA},
     ON(0, WRITE, 3),
     "5@+9/0"},
    /* dec %ecx; jnz back; three times. A PV guest has no DEBUGCTL: each instruction is a step. */
    EITHER("block steps", CODE(0xff, 0xc9, 0x75, 0xfc, NOP, INT3), SINGLE_BLOCK, {0}, 0,
           "5@+2/4000 5@+0/4000 5@+2/4000 5@+0/4000 5@+2/4000 5@+4/4000 5@+5/4000 5@+6/0"),
};

static long poke(const struct subject *s, unsigned reg, unsigned long value)
{
    return ptrace(PTRACE_POKEUSER, s->pid, offsetof(struct user, u_debugreg[reg]), value);
}

static unsigned long peek(const struct subject *s, unsigned reg)
{
    return (unsigned long)ptrace(PTRACE_PEEKUSER, s->pid, offsetof(struct user, u_debugreg[reg]),
                                 NULL);
}

static bool start(struct subject *s, unsigned bits, const uint8_t *code, size_t length)
{
    struct user_regs_struct r;
    uint64_t data = USER_SS;

    if (!subject_start(s, bits)) {
        return false;
    }
    subject_write(s, SUBJECT_CODE, code, length);
    subject_write(s, DATA, &data, sizeof data);
    r = s->start;
    r.rip = SUBJECT_CODE;
    r.rsp = SUBJECT_STACK;
    r.rsi = r.rdi = DATA;
    r.rcx = 3;
    r.rax = bits == 64 ? 39 : 20; /* getpid */
    r.orig_rax = ~0ull;
    subject_set(s, &r);
    return true;
}

/* Appends one stop to `text`. Returns its offset in the code. */
static int describe(const struct subject *s, int signal, char *text, size_t size)
{
    size_t used = strlen(text);
    int at = (int)(subject_get(s).rip - SUBJECT_CODE);

    snprintf(text + used, size - used, "%s%d@%+d/%lx", used ? " " : "", signal, at,
             peek(s, 6) & DR6_MASK);
    poke(s, 6, 0);
    return at;
}

/* Runs the subject to an INT3 of its code or another signal than that of a trap. */
static void collect(const struct subject *s, const struct breakpoint_case *c, char *text,
                    size_t size)
{
    int signal;

    for (unsigned i = 0; i < STOPS_MAX && subject_resume(s, c->request, &signal); i++) {
        int at = describe(s, signal, text, size);

        if (signal != SIGTRAP || (at > 0 && (unsigned)at <= c->length && c->code[at - 1] == INT3)) {
            return;
        }
    }
}

static bool report(const char *name, unsigned bits, const char *got, const char *expected,
                   bool show)
{
    bool right = strcmp(got, expected) == 0;

    if (!right || show) {
        printf("%s: %u breakpoints: %s: %s", right ? "right" : "WRONG", bits, name, got);
        printf(right ? "\n" : ", not %s\n", expected);
    }
    return right;
}

static bool try(const struct breakpoint_case *c, bool show)
{
    struct subject s;
    char text[512] = "";

    if (!start(&s, c->bits, c->code, c->length)) {
        printf("entries: a process of %u bits cannot be started\n", c->bits);
        return false;
    }
    poke(&s, 0, c->address[0]);
    poke(&s, 1, c->address[1]);
    if (poke(&s, 7, c->control)) {
        strcpy(text, "DR7 refused ");
    }
    collect(&s, c, text, sizeof text);
    subject_end(&s);
    return report(c->name, c->bits, text, c->expected, show);
}

/* Two programs on one CPU, each with a breakpoint of its own: neither meets the other's. */
static bool try_two(bool show)
{
    static const uint8_t code[] = {NOP, STORE, NOP, 0xeb, 0xfa}; /* jmp to the start */
    struct subject s[2];
    char text[512] = "";
    int signal;

    if (!start(&s[0], 64, code, sizeof code) || !start(&s[1], 64, code, sizeof code)) {
        printf("entries: two processes cannot be started\n");
        return false;
    }
    poke(&s[0], 0, DATA);
    poke(&s[0], 7, ON(0, WRITE, 3));
    poke(&s[1], 1, AT(3));
    poke(&s[1], 7, ON(1, EXECUTE, 0));
    for (unsigned i = 0; i < 4; i++) {
        if (subject_resume(&s[i & 1], PTRACE_CONT, &signal)) {
            describe(&s[i & 1], signal, text, sizeof text);
        }
    }
    subject_end(&s[0]);
    subject_end(&s[1]);
    return report("two programs", 64, text, "5@+3/1 5@+3/2 5@+3/1 5@+3/2", show);
}

/* Addresses of the kernel and of the hypervisor, and breakpoints on ports. */
static bool try_refused(bool show)
{
    static const uint8_t code[] = {NOP, INT3};
    struct subject s;
    char text[512] = "";

    if (!start(&s, 64, code, sizeof code)) {
        return false;
    }
    snprintf(text, sizeof text, "%d %d %d", poke(&s, 0, 0xffffffff81000000) ? errno : 0,
             poke(&s, 0, 0xffff800000000000) ? errno : 0, poke(&s, 7, ON(0, IO, 0)) ? errno : 0);
    subject_end(&s);
    return report("refused", 64, text, "22 22 22", show);
}

void breakpoints_try(bool show)
{
    unsigned count = sizeof cases / sizeof *cases, wrong = 0;

    for (unsigned i = 0; i < count; i++) {
        wrong += !try(&cases[i], show);
    }
    wrong += !try_two(show);
    wrong += !try_refused(show);
    printf("breakpoints: %u cases, %u wrong\n", count + 2, wrong);
}
