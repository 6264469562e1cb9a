/* SPDX-License-Identifier: MIT */
/* A guest that attacks: proves that nothing a guest kernel does stops the hypervisor.
 *
 * It makes random hypercalls, random changes of page tables (by request and by plain store), and
 * runs random privileged instructions, with values from the places where mistakes live: limits,
 * the hypervisor's addresses, its own pointers, its own frames and everybody else's. It catches what
 * traps and goes on. Often it destroys itself in the end; then the domain crashes, which is fine.
 *
 * Command line: seed=N; rounds=N attacks or seconds=N of them; trace=1 prints each before it is made. It is
 * no test with a verdict of its own: tests/system/test_hostile_guest.sh looks at what is left. */
#include "tests/guests/common/guest.h"
#include "tests/guests/common/user.h"

#include <xen/nmi.h>
#include <xen/physdev.h>

#include "tests/guests/hostile_values.h"

#define TICKS_UNTIL_STUCK 3
#define TICK_NS           2000000ull
#define REPAIR_EACH       32

u64 attacks, trapped, stuck;
static u64 rounds = 20000, seconds, trace;
static u32 ticks, timer_port;
static struct user_space user;
static u8 *code;    /* a page of instructions */
static u64 *paper;  /* pages of arguments */
static char stack[16384] __attribute__((aligned(16)));

/* What an attack does: takes nothing, may trap, may never end. */
struct attack {
    const char *name;
    void (*make)(void *);
    unsigned weight;
};

static void note(const char *what, u64 a, u64 b, u64 c)
{
    char line[160];

    if (!trace)
        return;
    hypercall(__HYPERVISOR_console_io, CONSOLEIO_write, print_text(line, sizeof line, what, a, b, c),
              address(line));
}
