/* SPDX-License-Identifier: MIT */
/* Host threads in the role of CPUs: each has a stack in a region of its own, so that this_cpu()
 * works. An interrupt is a bit that its CPU reads when it enables interrupts. */
#include "tests/unit/cpu/crowd.h"
#include "hypervisor/irq/vector.h"

struct crowd crowd;

u32 cpu_count(void)
{
    return CROWD;
}

struct cpu *cpu_at(u32 number)
{
    return (struct cpu *)(crowd.region[number] + CPU_STATE);
}

void apic_send(u32 id, u32 vector)
{
    atomic_fetch_add(&crowd.sent, 1);
    atomic_fetch_or(&crowd.interrupts[id], 1u << (vector - VECTOR_APIC_TIMER));
}

bool crowd_interrupted_by(u32 vector)
{
    u32 bit = 1u << (vector - VECTOR_APIC_TIMER);

    return atomic_fetch_and(&crowd.interrupts[this_cpu()->number], ~bit) & bit;
}

void crowd_run(void *(*body)(void *))
{
    pthread_t thread[CROWD];

    for (u32 i = 0; i < CROWD; i++) {
        pthread_attr_t attributes;

        cpu_at(i)->number = cpu_at(i)->apic_id = i;
        pthread_attr_init(&attributes);
        pthread_attr_setstack(&attributes, crowd.region[i] + CPU_IST_FIRST,
                              CPU_REGION - CPU_IST_FIRST);
        if (pthread_create(&thread[i], &attributes, body, NULL)) {
            fprintf(stderr, "no thread\n");
            abort();
        }
        pthread_attr_destroy(&attributes);
    }
    for (u32 i = 0; i < CROWD; i++) {
        pthread_join(thread[i], NULL);
    }
}
