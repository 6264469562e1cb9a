/* SPDX-License-Identifier: MIT */
/* A guest (domain A) that has FIFO queues, and takes ports off them as the ABI says. */
#include "tests/unit/event/fifo_guest.h"

#define LINK ((u32)EVTCHN_FIFO_LINK_MASK)

struct guest guest;

u64 frame_number(const void *page)
{
    return frame_of_view(page).n;
}

u32 *word(u32 port)
{
    return &guest.array[port / 1024][port % 1024];
}

struct evtchn_fifo_control_block *control(u32 vcpu)
{
    return (struct evtchn_fifo_control_block *)(guest.control[vcpu] + OFFSET);
}

s64 init_at(u64 frame, u32 offset, u32 vcpu)
{
    struct evtchn_init_control ask = {.control_gfn = frame, .offset = offset, .vcpu = vcpu};
    bool again = false;
    s64 result = event_init_control(A, &ask, &again);

    assert_false(again);
    if (!result) {
        assert_int_equal(ask.link_bits, 17);
    }
    return result;
}

s64 init_control(u32 vcpu)
{
    return init_at(frame_number(guest.control[vcpu]), OFFSET, vcpu);
}

s64 expand(u64 frame)
{
    struct evtchn_expand_array ask = {.array_gfn = frame};
    bool again = false;
    s64 result = event_expand_array(A, &ask, &again);

    assert_false(again);
    return result;
}

s64 set_priority(u32 port, u32 priority)
{
    return event_set_priority(A, &(struct evtchn_set_priority){.port = port, .priority = priority});
}

s64 move(u32 port, u32 vcpu)
{
    return event_bind_vcpu(A, &(struct evtchn_bind_vcpu){.port = port, .vcpu = vcpu});
}

void come_up(void)
{
    for (u32 i = 0; i < VCPUS; i++) {
        assert_int_equal(init_control(i), 0);
    }
    for (u32 i = 0; i < PAGES; i++) {
        assert_int_equal(expand(frame_number(guest.array[i])), 0);
    }
}

int start(void **unused)
{
    (void)unused;
    world_start(VCPUS);
    memset(&guest, 0, sizeof guest);
    for (u32 i = 0; i < PAGES; i++) {
        guest.array[i] = page_new();
    }
    for (u32 i = 0; i < VCPUS; i++) {
        guest.control[i] = page_new();
    }
    return 0;
}

int stop(void **unused)
{
    (void)unused;
    world_stop();
    for (u32 i = 0; i < PAGES; i++) {
        free(guest.array[i]);
    }
    for (u32 i = 0; i < VCPUS; i++) {
        free(guest.control[i]);
    }
    return 0;
}

void hear(u32 port)
{
    __atomic_fetch_and(word(port), ~PENDING, __ATOMIC_SEQ_CST);
    if (port < 64) {
        guest.seen[port] = guest.sent[port];
    }
}

void upcall(u32 vcpu, void (*hears)(u32 port))
{
    u32 ready;

    __atomic_store_n(&A->vcpu[vcpu]->info->evtchn_upcall_pending, 0, __ATOMIC_SEQ_CST);
    ready = __atomic_exchange_n(&control(vcpu)->ready, 0, __ATOMIC_SEQ_CST);
    while (ready) {
        u32 queue = (u32)__builtin_ctz(ready), *head = &guest.head[vcpu][queue];

        if (!*head) {
            *head = __atomic_load_n(&control(vcpu)->head[queue], __ATOMIC_SEQ_CST);
        }
        u32 port = *head;
        u32 old = __atomic_fetch_and(word(port), ~(LINKED | LINK), __ATOMIC_SEQ_CST);
        *head = old & LINK;
        if (!*head) {
            ready &= ~(1u << queue);
        }
        if (old & PENDING && !(old & MASKED)) {
            hears(port);
        }
        ready |= __atomic_exchange_n(&control(vcpu)->ready, 0, __ATOMIC_SEQ_CST);
    }
}
