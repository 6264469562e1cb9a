/* SPDX-License-Identifier: MIT */
/* Each vCPU has breakpoints of its own, wherever it runs and however often it is switched.
 *
 * Each watches a word of its own, and writes to its own and to all others'. It gets one debug
 * exception for each write to its own word, and none for the others.
 * Vcpus: 3 Cpus: 1 2 */
#include "tests/guests/common/smp.h"

#define ROUNDS 200u
#define VCPUS  3u

static volatile u64 words[SMP_MAX][8] __attribute__((aligned(64)));
static unsigned hits[SMP_MAX];

static void hit(struct trap_frame *frame)
{
    (void)frame;
    hits[smp_self()]++;
}

static void work(unsigned self)
{
    check_equal(hypercall(__HYPERVISOR_set_debugreg, self, address(&words[self]), 0), 0, "address");
    check_equal(hypercall(__HYPERVISOR_set_debugreg, 7,
                          (1ull | 2 << 2) << (16 + 4 * self) | 1u << (2 * self), 0),
                0, "control");
    smp_barrier();
    for (unsigned i = 0; i < ROUNDS; i++) {
        for (unsigned other = 0; other < VCPUS; other++) {
            words[other][0] = i;
        }
        smp_jitter();
    }
    check_equal(hypercall(__HYPERVISOR_get_debugreg, self, 0, 0), (long)address(&words[self]),
                "vCPU %u: the address is kept", self);
    check_equal(hypercall(__HYPERVISOR_get_debugreg, 6, 0, 0) & 0xf, 1u << self, "vCPU %u: dr6",
                self);
    check_equal(hypercall(__HYPERVISOR_set_debugreg, 7, 0, 0), 0, "off");
}

void test_main(void)
{
    trap_take(VECTOR_DB, hit);
    smp_start(VCPUS);
    smp_run(work);
    for (unsigned i = 0; i < VCPUS; i++) {
        check_equal(hits[i], ROUNDS, "vCPU %u: debug exceptions", i);
    }
}
