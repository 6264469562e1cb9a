/* SPDX-License-Identifier: MIT */
/* Pinion's own hypercall, by which tools watch the hypervisor. CPUID says that it is there and by
 * which number; dom0 gets a named refusal for an unknown operation, another version and a bad
 * pointer; a guest without privileges is refused every operation.
 * Runs as: dom0 Cpus: 1 2 */
#include "tests/guests/common/guest.h"

#include <xen/arch-x86/cpuid.h>

#include "lib/watch.h"

struct cpuid {
    u32 a, b, c, d;
};

static struct cpuid cpuid(u32 leaf)
{
    struct cpuid r;

    __asm__ volatile(XEN_CPUID : "=a"(r.a), "=b"(r.b), "=c"(r.c), "=d"(r.d) : "0"(leaf), "2"(0));
    return r;
}

static void check_leaves(void)
{
    struct cpuid name = cpuid(WATCH_NAME_LEAF), call = cpuid(WATCH_LEAF);

    check(!memcmp(&name.b, "PinionVMMCPU", 12), "the name is %x %x %x", name.b, name.c, name.d);
    check(name.a >= WATCH_LEAF, "the last leaf is %x", name.a);
    check_equal(call.a, WATCH_HYPERCALL, "the number of the call");
    check_equal(call.b, WATCH_VERSION, "its version");
}

static s64 ask(u64 operation, u64 at)
{
    return hypercall(WATCH_HYPERCALL, operation, at, 0);
}

static void check_refusals(bool may)
{
    static u32 structure[16] = {WATCH_VERSION}, other[16] = {WATCH_VERSION + 1};

    check_equal(ask(0, address(structure)), may ? -XEN_ENOSYS : -XEN_EPERM, "operation 0");
    check_equal(ask(~0ull, address(structure)), may ? -XEN_ENOSYS : -XEN_EPERM, "operation ~0");
    check_equal(ask(0, address(other)), may ? -XEN_EACCES : -XEN_EPERM, "another version");
    check_equal(ask(0, 8), may ? -XEN_EFAULT : -XEN_EPERM, "a structure at 8");
    check_equal(ask(0, HYPERVISOR_VIRT_START), may ? -XEN_EFAULT : -XEN_EPERM,
                "a structure in the hypervisor's slots");
}

void test_main(void)
{
    check_leaves();
    check_refusals(is_initial_domain());
}
