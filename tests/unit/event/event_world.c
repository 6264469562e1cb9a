/* SPDX-License-Identifier: MIT */
/* Two domains with event channels, and stand-ins for the rest of the hypervisor. A frame of a
 * domain is a page of the test, and its number is the page's address divided by the page size. */
#include "tests/unit/event/event_world.h"

struct world world;

void *page_new(void)
{
    return memset(aligned_alloc(PAGE_SIZE, PAGE_SIZE), 0, PAGE_SIZE);
}

void *page_alloc(u32 order)
{
    assert_int_equal(order, 0);
    if (!world.pages_left) {
        return NULL;
    }
    world.pages_left--;
    return page_new();
}

void page_free(void *page, u32 order)
{
    (void)order;
    world.pages_left++;
    free(page);
}

void page_mark(void *page, u32 order, u16 owner)
{
    (void)page, (void)order, (void)owner;
}

enum vmmu_result vmmu_hold(struct vmmu_domain *domain, mfn_t m)
{
    (void)domain;
    if (world.hold_again) {
        world.hold_again = false;
        return VMMU_AGAIN;
    }
    if (m.n < 1u << 20 || m.n == ~0ull) {
        return VMMU_REFUSED_BAD_FRAME;
    }
    world.holds++;
    return VMMU_DONE;
}

void vmmu_unhold(mfn_t m)
{
    assert_true(m.n >= 1u << 20);
    world.holds--;
}

bool port_should_stop(void)
{
    return world.stops && world.stops--;
}

struct domain *domain_by_id(u16 id)
{
    return id == 1 || id == 2 ? world.domain[id - 1] : NULL;
}

void sched_notifies(bool notifies)
{
    (void)notifies;
}

void sched_wake(struct vcpu *vcpu)
{
    (void)vcpu;
    world.wakes++;
}

void guest_console_drain(struct domain *domain)
{
    (void)domain;
    world.drains++;
}

void guest_console_input(void)
{
}

s64 pirq_bind(struct domain *domain, u32 pirq, u32 port)
{
    assert_ptr_equal(domain, A);
    world.pirq_bound = world.pirq_result ? world.pirq_bound : port;
    world.pirq = pirq;
    return world.pirq_result;
}

void pirq_unbind(struct domain *domain, u32 pirq)
{
    assert_ptr_equal(domain, A);
    assert_int_equal(pirq, world.pirq);
    world.pirq_bound = 0;
}

void pirq_aim(struct domain *domain, u32 pirq, const struct vcpu *vcpu)
{
    assert_ptr_equal(domain, A);
    assert_int_equal(pirq, world.pirq);
    world.pirq_vcpu = vcpu;
}

void world_start(u32 vcpus)
{
    memset(&world, 0, sizeof world);
    world.pages_left = 100000;
    for (u32 i = 0; i < 2; i++) {
        struct domain *domain = calloc(1, sizeof *domain);

        world.domain[i] = domain;
        domain->id = (u16)(i + 1);
        domain->shared = calloc(1, sizeof *domain->shared);
        domain->vcpu_count = vcpus;
        for (u32 k = 0; k < vcpus; k++) {
            struct vcpu *vcpu = calloc(1, sizeof *vcpu);

            domain->vcpu[k] = vcpu;
            vcpu->domain = domain;
            vcpu->info = (struct vcpu_info *)&domain->shared->vcpu_info[k];
        }
        assert_true(events_start(domain));
    }
}

void world_stop(void)
{
    for (u32 i = 0; i < 2; i++) {
        struct domain *domain = world.domain[i];

        assert_true(events_stop(domain));
        for (u32 k = 0; k < domain->vcpu_count; k++) {
            free(domain->vcpu[k]);
        }
        free(domain->shared);
        free(domain);
    }
    assert_int_equal(world.holds, 0);
}

u32 unbound(struct domain *domain, u16 remote)
{
    struct evtchn_alloc_unbound ask = {.dom = DOMID_SELF, .remote_dom = remote};

    assert_int_equal(event_alloc_unbound(domain, &ask), 0);
    return ask.port;
}

u32 status_of(struct domain *domain, u32 port)
{
    struct evtchn_status ask = {.dom = DOMID_SELF, .port = port};

    assert_int_equal(event_status(domain, &ask), 0);
    return ask.status;
}

void reset(struct domain *domain)
{
    struct evtchn_reset ask = {.dom = DOMID_SELF};
    bool again = false;

    assert_int_equal(event_reset(domain, &ask, &again), 0);
    assert_false(again);
}
