/* SPDX-License-Identifier: MIT */
/* A dom0 that sees version 4.20, for the tools of a later distribution: the number, by the call
 * and by CPUID, and the texts that these tools ask for with a length.
 * Runs as: dom0
 * Options: xen-version=4.20 */
#include "tests/guests/common/guest.h"

#define FIRST  11u /* extraversion2, capabilities2, changeset2, commandline2 */
#define BEYOND 15u

static struct {
    u32 room;
    char text[1024];
} answer;

static long ask(u32 operation, u32 room)
{
    memset(&answer, 'x', sizeof answer);
    answer.room = room;
    return xen_version(operation, &answer);
}

static void check_text(u32 operation)
{
    static const u32 old[] = {XENVER_extraversion, XENVER_capabilities, XENVER_changeset,
                              XENVER_commandline};
    static char text[1024];
    long length = xen_version(operation, NULL);

    check_equal(xen_version(old[operation - FIRST], text), 0, "the older call");
    check_equal(length, (long)strlen(text), "the length of %u", operation);
    check_equal(ask(operation, (u32)length), length, "%u with enough room", operation);
    check(!memcmp(answer.text, text, (u64)length) && answer.text[length] == 'x',
          "the text of %u, and no byte more", operation);
    check_equal(ask(operation, sizeof answer.text), length, "%u with more room", operation);
    check_equal(ask(operation, (u32)length - 1), -XEN_ENOBUFS, "%u with too little", operation);
    check_equal(answer.text[0], 'x', "%u with too little: nothing is written", operation);
    check_equal(xen_version(operation, (void *)8), -XEN_EFAULT, "%u at address 8", operation);
}

void test_main(void)
{
    u32 a = 0x40000001, b, c = 0, d;

    __asm__ volatile(XEN_CPUID : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    check_equal(xen_version(XENVER_version, NULL), 4 << 16 | 20, "the version");
    check_equal(a, 4u << 16 | 20, "the version by CPUID");
    for (u32 operation = FIRST; operation < BEYOND; operation++) {
        check_text(operation);
    }
    check_equal(xen_version(BEYOND, &answer), -XEN_ENOSYS, "an operation that is not there");
}
