/* SPDX-License-Identifier: MIT */
/* Proves that XENMEM_exchange loses no frame and gives none to two domains when it fails in the
 * middle (memory runs out, the domain begins to die, a list can no longer be written), and that it
 * reports exactly what it has done: XSA-159, 29. The guest's memory is an array here, and its
 * addresses are positions in the array. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "hypervisor/call/call.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/call/memory_exchange.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/memory/frames.h"
#include "vmmu/port.h"

#define FRAMES 4096u
#define WORDS  1024u
#define IN     64u  /* first word of the list of frames to give */
#define OUT    512u /* first word of the list of frames to get */

enum holder { NOBODY, FREE, GUEST, MAPPED };

static struct {
    enum holder holder[FRAMES];
    u64 words[WORDS];
    /* How many of each succeed before one fails. */
    u32 takes_left, gives_left, frames_left, reads_left, writes_left;
    u64 stop_each, asks;
    struct domain domain;
    struct vcpu vcpu;
} world;

static bool in_memory(u64 address, u64 size)
{
    return address <= sizeof world.words && size <= sizeof world.words - address;
}

struct domain *domain_by_id(u16 id)
{
    return id == 1 ? &world.domain : NULL;
}

bool guest_range_ok(u64 address, u64 size)
{
    return in_memory(address, size);
}

bool copy_from_guest(void *to, u64 from, u64 size)
{
    if (!in_memory(from, size) || world.reads_left == 0) {
        return false;
    }
    world.reads_left--;
    memcpy(to, (u8 *)world.words + from, size);
    return true;
}

bool copy_to_guest(u64 to, const void *from, u64 size)
{
    if (!in_memory(to, size) || world.writes_left == 0) {
        return false;
    }
    world.writes_left--;
    memcpy((u8 *)world.words + to, from, size);
    return true;
}

bool port_should_stop(void)
{
    world.asks++;
    return world.stop_each && world.asks % world.stop_each == 0;
}

mfn_t frames_alloc_below(u32 order, u32 bits)
{
    (void)bits;
    u64 count = 1ull << order;

    if (world.frames_left < count) {
        return MFN_NONE;
    }
    for (u64 first = FRAMES / 2; first + count <= FRAMES; first += count) {
        u64 i = 0;

        while (i < count && world.holder[first + i] == FREE) {
            i++;
        }
        if (i < count) {
            continue;
        }
        for (i = 0; i < count; i++) {
            world.holder[first + i] = NOBODY; /* allocated, and not yet given to a domain */
        }
        world.frames_left -= (u32)count;
        return mfn(first);
    }
    return MFN_NONE;
}

void frames_free(mfn_t m, u32 order)
{
    for (u64 i = 0; i < 1ull << order; i++) {
        assert_int_equal(world.holder[m.n + i], NOBODY);
        world.holder[m.n + i] = FREE;
    }
}

enum vmmu_result vmmu_give(struct vmmu_domain *domain, mfn_t m, pfn_t p)
{
    (void)domain, (void)p;
    assert_int_equal(world.holder[m.n], NOBODY);
    if (world.gives_left == 0) {
        return VMMU_REFUSED_DOMAIN_DYING;
    }
    world.gives_left--;
    world.holder[m.n] = GUEST;
    return VMMU_DONE;
}

enum vmmu_result vmmu_take_unused(struct vmmu_domain *domain, mfn_t m)
{
    (void)domain;
    if (m.n >= FRAMES || world.holder[m.n] < GUEST) {
        return VMMU_REFUSED_NOT_OWNER;
    }
    if (world.takes_left == 0) {
        return VMMU_REFUSED_WRONG_TYPE;
    }
    world.takes_left--;
    world.holder[m.n] = FREE;
    return VMMU_DONE;
}

bool vmmu_frame_owned_by(const struct vmmu_domain *domain, mfn_t m)
{
    (void)domain;
    return m.n < FRAMES && world.holder[m.n] >= GUEST;
}

void vmmu_frame_inspect(mfn_t m, struct vmmu_frame_info *info)
{
    *info = (struct vmmu_frame_info){.valid = m.n < FRAMES};
    if (info->valid) {
        info->references = world.holder[m.n] == MAPPED ? 2 : world.holder[m.n] == GUEST;
    }
}

/* ---- the test ------------------------------------------------------------------------------ */

#define GUESTS 64u /* frames that are the guest's, from 16 on */

static int start(void **state)
{
    (void)state;
    memset(&world, 0, sizeof world);
    for (u32 i = FRAMES / 2; i < FRAMES; i++) {
        world.holder[i] = FREE;
    }
    for (u32 i = 0; i < GUESTS; i++) {
        world.holder[16 + i] = GUEST;
    }
    world.takes_left = world.gives_left = world.frames_left = world.reads_left = world.writes_left =
        ~0u;
    world.domain.id = 1;
    world.vcpu.domain = &world.domain;
    return 0;
}

static u32 count(enum holder holder)
{
    u32 n = 0;

    for (u32 i = 0; i < FRAMES; i++) {
        n += world.holder[i] == holder;
    }
    return n;
}

static struct xen_memory_exchange *request(u64 ins, u32 in_order, u64 outs, u32 out_order)
{
    struct xen_memory_exchange *e = (struct xen_memory_exchange *)world.words;

    *e = (struct xen_memory_exchange){
        .in = {.nr_extents = ins, .extent_order = in_order, .domid = DOMID_SELF},
        .out = {.nr_extents = outs, .extent_order = out_order, .domid = DOMID_SELF}};
    e->in.extent_start.p = (xen_pfn_t *)(IN * sizeof(u64));
    e->out.extent_start.p = (xen_pfn_t *)(OUT * sizeof(u64));
    for (u64 i = 0; i < ins && i < GUESTS; i++) {
        world.words[IN + i] = 16 + (i << in_order);
    }
    for (u64 i = 0; i < outs && i < GUESTS; i++) {
        world.words[OUT + i] = 1000 + (i << out_order);
    }
    return e;
}

static void every_shape_comes_out_even(void **state)
{
    (void)state;
    for (u32 in_order = 0; in_order <= 5; in_order++) {
        for (u32 out_order = 0; out_order <= 5; out_order++) {
            for (u64 stop = 0; stop < 2; stop++) {
                struct xen_memory_exchange *e;

                start(NULL);
                world.stop_each = stop;
                e = request(GUESTS >> in_order, in_order, GUESTS >> out_order, out_order);
                struct call once = {.argument = {XENMEM_exchange, 0}};
                do {
                    once.again = false;
                    assert_int_equal(memory_exchange(&world.vcpu, &once), 0);
                    assert_int_equal(count(GUEST), GUESTS);
                } while (once.again);
                assert_int_equal(e->nr_exchanged, GUESTS >> in_order);
                assert_int_equal(count(FREE), FRAMES / 2);
                for (u32 i = 0; i < GUESTS >> out_order; i++) {
                    assert_int_equal(world.holder[world.words[OUT + i]], GUEST);
                }
            }
        }
    }
}

static void a_dying_domain_loses_no_frame(void **state)
{
    (void)state;
    for (u32 gives = 0; gives < 16; gives++) {
        struct call once = {.argument = {XENMEM_exchange, 0}};

        start(NULL);
        request(8, 1, 4, 2);
        world.gives_left = gives;
        assert_int_equal(memory_exchange(&world.vcpu, &once), -XEN_EINVAL);
        /* The frames that the guest did not get went back to the allocator, and none is left
         * without an owner. The call ends with the first chunk of four that the guest did not get
         * as a whole. */
        assert_int_equal(count(NOBODY), FRAMES / 2 - GUESTS);
        assert_int_equal(count(GUEST) + count(FREE), FRAMES / 2 + GUESTS);
        assert_int_equal(count(GUEST), GUESTS - 4 + gives % 4);
    }
}

/* Another vCPU uses a frame between the call's check and its taking the frame. The call then
 * reports failure, lists no frame that the guest did not get, and leaves it as many frames as
 * before. */
static void a_frame_is_used_after_all(void **state)
{
    (void)state;
    for (u32 takes = 0; takes < 8; takes++) {
        struct call once = {.argument = {XENMEM_exchange, 0}};
        struct xen_memory_exchange *e;

        start(NULL);
        e = request(8, 0, 8, 0);
        world.takes_left = takes;
        assert_int_equal(memory_exchange(&world.vcpu, &once), -XEN_EINVAL);
        assert_int_equal(e->nr_exchanged, takes);
        assert_int_equal(count(GUEST), GUESTS);
        assert_int_equal(count(FREE), FRAMES / 2);
        for (u32 i = 0; i < 8; i++) {
            assert_int_equal(world.words[OUT + i] < 1000 + 8 && world.words[OUT + i] >= 1000,
                             i >= takes);
        }
    }
}

static void no_memory_changes_nothing(void **state)
{
    (void)state;
    for (u32 frames = 0; frames < 16; frames++) {
        struct call once = {.argument = {XENMEM_exchange, 0}};
        struct xen_memory_exchange *e;
        s64 result;

        start(NULL);
        e = request(16, 0, 4, 2);
        world.frames_left = frames;
        result = memory_exchange(&world.vcpu, &once);
        assert_int_equal(result, -XEN_ENOMEM);
        assert_int_equal(e->nr_exchanged, frames / 4 * 4);
        assert_int_equal(count(GUEST), GUESTS);
        assert_int_equal(count(FREE), FRAMES / 2);
    }
}

/* A list that could be read at first can later not be read, or not be written. The guest may lose
 * frames by that, the machine may not. */
static void lists_that_go_away(void **state)
{
    (void)state;
    for (u32 left = 0; left < 48; left++) {
        for (u32 writes = 0; writes < 2; writes++) {
            struct call once = {.argument = {XENMEM_exchange, 0}};

            start(NULL);
            request(8, 0, 4, 1);
            *(writes ? &world.writes_left : &world.reads_left) = left;
            memory_exchange(&world.vcpu, &once);
            assert_int_equal(count(NOBODY), FRAMES / 2 - GUESTS);
            assert_true(count(GUEST) <= GUESTS);
        }
    }
}

static void frames_that_may_not_go(void **state)
{
    static const u64 bad[] = {15, 16 + GUESTS, FRAMES - 1, FRAMES, 1ull << 40, ~0ull, ~0ull - 1};

    (void)state;
    for (u32 i = 0; i < ARRAY_LENGTH(bad) + 2; i++) {
        struct call once = {.argument = {XENMEM_exchange, 0}};
        struct xen_memory_exchange *e;

        start(NULL);
        e = request(8, 0, 2, 2);
        if (i < ARRAY_LENGTH(bad)) {
            world.words[IN + 6] = bad[i];
        } else if (i == ARRAY_LENGTH(bad)) {
            world.holder[16 + 6] = MAPPED;
        } else {
            world.words[IN + 6] = world.words[IN + 5]; /* the same frame twice */
        }
        s64 result = memory_exchange(&world.vcpu, &once);
        if (i <= ARRAY_LENGTH(bad)) {
            assert_int_equal(result, -XEN_EINVAL);
            assert_int_equal(e->nr_exchanged, 4);
            assert_int_equal(count(FREE), FRAMES / 2);
        }
        assert_int_equal(count(NOBODY), FRAMES / 2 - GUESTS);
        assert_true(count(GUEST) + count(MAPPED) <= GUESTS);
    }
}

static void numbers_that_do_not_fit(void **state)
{
    struct xen_memory_exchange *e;

    (void)state;
    for (u32 i = 0; i < 8; i++) {
        struct call once = {.argument = {XENMEM_exchange, 0}};

        start(NULL);
        e = request(8, 0, 8, 0);
        if (i == 0) {
            e->in.extent_order = 10;
        } else if (i == 1) {
            e->out.extent_order = 64;
        } else if (i == 2) {
            e->out.nr_extents = 9;
        } else if (i == 3) {
            e->in.nr_extents = e->out.nr_extents = 1ull << 62;
        } else if (i == 4) {
            e->nr_exchanged = 9;
        } else if (i == 5) {
            e->out.domid = 1;
        } else if (i == 6) {
            e->in.domid = e->out.domid = 4242;
        } else {
            *e = *request(8, 0, 2, 2), e->nr_exchanged = 3; /* in the middle of a chunk */
        }
        assert_true(memory_exchange(&world.vcpu, &once) < 0);
        assert_int_equal(count(GUEST), GUESTS);
        assert_int_equal(count(FREE), FRAMES / 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(every_shape_comes_out_even, start),
        cmocka_unit_test_setup(a_dying_domain_loses_no_frame, start),
        cmocka_unit_test_setup(a_frame_is_used_after_all, start),
        cmocka_unit_test_setup(no_memory_changes_nothing, start),
        cmocka_unit_test_setup(lists_that_go_away, start),
        cmocka_unit_test_setup(frames_that_may_not_go, start),
        cmocka_unit_test_setup(numbers_that_do_not_fit, start),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
