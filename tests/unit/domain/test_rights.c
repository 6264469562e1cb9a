/* SPDX-License-Identifier: MIT */
/* Proves that hypervisor/domain/rights gives each answer about what one domain may do to another:
 * each row states the answers that a guest, or the privileged domain, gets for each way to name a
 * domain. And that it answers which frames of devices a domain may map, and for which owner. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/rights.h"
#include "hypervisor/xen.h"

#define OWN   3u
#define OTHER 5u

static struct domain actor = {.id = OWN}, privileged = {.id = OWN, .privileged = true},
                     other = {.id = OTHER};

/* The table has these two domains only. */
struct domain *domain_by_id(u16 id)
{
    return id == OWN ? &actor : id == OTHER ? &other : NULL;
}

static struct vmmu_domain special[2];

struct vmmu_domain *vmmu_special_owner(u16 id)
{
    return id == DOMID_IO ? &special[0] : id == DOMID_XEN ? &special[1] : NULL;
}

struct row {
    enum right right;
    s64 self, own, other, devices, nobody;
};

static const struct row for_guest[] = {
    {RIGHT_MEMORY, 0, 0, -XEN_EPERM, -XEN_ESRCH, -XEN_ESRCH},
    {RIGHT_PAGE_TABLES, 0, 0, -XEN_EPERM, -XEN_ESRCH, -XEN_ESRCH},
    {RIGHT_MAP_FRAMES, 0, -XEN_ESRCH, -XEN_EPERM, -XEN_EPERM, -XEN_ESRCH},
    {RIGHT_PORTS, 0, 0, -XEN_EPERM, -XEN_ESRCH, -XEN_ESRCH},
    {RIGHT_CONNECT, 0, 0, 0, -XEN_ESRCH, -XEN_ESRCH},
    {RIGHT_GRANT_TABLE, 0, 0, -XEN_EPERM, -XEN_ESRCH, -XEN_ESRCH},
    {RIGHT_MAP_GRANTS, 0, 0, 0, -XEN_ESRCH, -XEN_ESRCH},
    {RIGHT_COPY_FRAMES, 0, -XEN_EPERM, -XEN_EPERM, -XEN_EPERM, -XEN_EPERM},
    {RIGHT_SHUT_DOWN, -XEN_ESRCH, -XEN_EPERM, -XEN_EPERM, -XEN_ESRCH, -XEN_ESRCH},
    {RIGHT_CONTROL, -XEN_EPERM, -XEN_EPERM, -XEN_EPERM, -XEN_EPERM, -XEN_EPERM},
};

static const struct row for_privileged[] = {
    {RIGHT_MEMORY, 0, 0, 0, -XEN_ESRCH, -XEN_ESRCH},
    {RIGHT_PAGE_TABLES, 0, 0, 0, -XEN_ESRCH, -XEN_ESRCH},
    {RIGHT_MAP_FRAMES, 0, -XEN_ESRCH, 0, -XEN_EPERM, -XEN_ESRCH},
    {RIGHT_PORTS, 0, 0, 0, -XEN_ESRCH, -XEN_ESRCH},
    {RIGHT_CONNECT, 0, 0, 0, -XEN_ESRCH, -XEN_ESRCH},
    {RIGHT_GRANT_TABLE, 0, 0, 0, -XEN_ESRCH, -XEN_ESRCH},
    {RIGHT_MAP_GRANTS, 0, 0, 0, -XEN_ESRCH, -XEN_ESRCH},
    {RIGHT_COPY_FRAMES, 0, -XEN_EPERM, -XEN_EPERM, -XEN_EPERM, -XEN_EPERM},
    {RIGHT_SHUT_DOWN, -XEN_ESRCH, -XEN_EPERM, 0, -XEN_ESRCH, -XEN_ESRCH},
    {RIGHT_CONTROL, -XEN_ESRCH, 0, 0, -XEN_ESRCH, -XEN_ESRCH},
};

/* Asserts the answer to a request of `who` for `right` over `id`: 0 together with `target`, or an
 * errno. */
static void assert_answer(struct domain *who, enum right right, u16 id, s64 answer,
                          const struct domain *target)
{
    s64 error = 1;
    const struct domain *found = rights_target(who, right, id, &error);

    if (answer) {
        assert_null(found);
        assert_int_equal(error, answer);
    } else {
        assert_ptr_equal(found, target);
        assert_int_equal(error, 1); /* unchanged */
    }
}

static void every_number(struct domain *who, const struct row *row)
{
    for (u32 id = 0; id < 0x10000; id++) {
        switch (id) {
        case DOMID_SELF:
            assert_answer(who, row->right, (u16)id, row->self, who);
            break;
        case OWN:
            assert_answer(who, row->right, (u16)id, row->own, who);
            break;
        case OTHER:
            assert_answer(who, row->right, (u16)id, row->other, &other);
            break;
        case DOMID_IO:
        case DOMID_XEN:
            assert_answer(who, row->right, (u16)id, row->devices, NULL);
            break;
        default: /* other numbers, also 0, DOMID_COW and DOMID_INVALID */
            assert_answer(who, row->right, (u16)id, row->nobody, NULL);
        }
    }
}

static void every_right_over_every_number(void **state)
{
    (void)state;
    assert_int_equal(ARRAY_LENGTH(for_guest), RIGHTS);
    assert_int_equal(ARRAY_LENGTH(for_privileged), RIGHTS);
    for (u32 i = 0; i < RIGHTS; i++) {
        assert_int_equal(for_guest[i].right, i);
        assert_int_equal(for_privileged[i].right, i);
        every_number(&actor, &for_guest[i]);
        every_number(&privileged, &for_privileged[i]);
    }
}

static void the_machine_is_the_privileged_domains(void **state)
{
    (void)state;
    assert_false(rights_machine(&actor));
    assert_true(rights_machine(&privileged));
}

static void the_owner_of_frames(void **state)
{
    s64 error = 1;
    (void)state;
    assert_ptr_equal(rights_frame_owner(&privileged, DOMID_IO, &error), &special[0]);
    assert_ptr_equal(rights_frame_owner(&privileged, DOMID_XEN, &error), &special[1]);
    assert_ptr_equal(rights_frame_owner(&privileged, DOMID_SELF, &error), &privileged.mmu);
    assert_ptr_equal(rights_frame_owner(&privileged, OTHER, &error), &other.mmu);
    assert_ptr_equal(rights_frame_owner(&actor, DOMID_SELF, &error), &actor.mmu);
    assert_int_equal(error, 1);
    assert_null(rights_frame_owner(&privileged, OWN, &error));
    assert_int_equal(error, -XEN_ESRCH);
    assert_null(rights_frame_owner(&actor, DOMID_IO, &error));
    assert_int_equal(error, -XEN_EPERM);
    assert_null(rights_frame_owner(&actor, DOMID_XEN, &error));
    assert_int_equal(error, -XEN_EPERM);
    assert_null(rights_frame_owner(&actor, OTHER, &error));
    assert_int_equal(error, -XEN_EPERM);
}

static void frames_of_devices(void **state)
{
    (void)state;
    assert_int_equal(rights_frame(&actor, mfn(0xfd000)), VMMU_ACCESS_NONE);
    assert_int_equal(rights_frame(&privileged, mfn(0xfd000)), VMMU_ACCESS_WRITE);
    assert_int_equal(rights_frame(&privileged, mfn(0xfedff)), VMMU_ACCESS_WRITE);
    assert_int_equal(rights_frame(&privileged, mfn(0xfee00)), VMMU_ACCESS_NONE);
    assert_int_equal(rights_frame(&privileged, mfn(0xfeeff)), VMMU_ACCESS_NONE);
    assert_int_equal(rights_frame(&privileged, mfn(0xfef00)), VMMU_ACCESS_WRITE);
    assert_int_equal(rights_frame(&privileged, mfn(~0ull >> 12)), VMMU_ACCESS_NONE);
    assert_int_equal(rights_frame(&privileged, mfn(1ull << 40)), VMMU_ACCESS_NONE);

    assert_true(rights_forbid_writing(mfn(0xfec00), 2));
    assert_int_equal(rights_frame(&privileged, mfn(0xfebff)), VMMU_ACCESS_WRITE);
    assert_int_equal(rights_frame(&privileged, mfn(0xfec00)), VMMU_ACCESS_READ);
    assert_int_equal(rights_frame(&privileged, mfn(0xfec01)), VMMU_ACCESS_READ);
    assert_int_equal(rights_frame(&privileged, mfn(0xfec02)), VMMU_ACCESS_WRITE);
    assert_int_equal(rights_frame(&actor, mfn(0xfec00)), VMMU_ACCESS_NONE);
    assert_true(rights_forbid(mfn(0xfec00), 1));
    assert_int_equal(rights_frame(&privileged, mfn(0xfec00)), VMMU_ACCESS_NONE);
    assert_int_equal(rights_frame(&privileged, mfn(0xfec01)), VMMU_ACCESS_READ);

    u32 room = 0;
    while (rights_forbid(mfn(0x100000 + room), 1)) {
        room++;
    }
    assert_true(room > 100);
    assert_int_equal(rights_frame(&privileged, mfn(0x100000 + room - 1)), VMMU_ACCESS_NONE);
    assert_int_equal(rights_frame(&privileged, mfn(0x100000 + room)), VMMU_ACCESS_WRITE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_right_over_every_number),
        cmocka_unit_test(the_machine_is_the_privileged_domains),
        cmocka_unit_test(the_owner_of_frames),
        cmocka_unit_test(frames_of_devices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
