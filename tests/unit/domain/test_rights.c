/* SPDX-License-Identifier: MIT */
/* Proves that hypervisor/domain/rights gives each answer about what one domain may do to another.
 * Each row states the answers that a guest gets for each way to name a domain. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/rights.h"
#include "hypervisor/xen.h"

#define OWN   3u
#define OTHER 5u

static struct domain actor = {.id = OWN}, other = {.id = OTHER};

/* The table has these two domains only. */
struct domain *domain_by_id(u16 id)
{
    return id == OWN ? &actor : id == OTHER ? &other : NULL;
}

static const struct {
    enum right right;
    s64 self, own, other, devices, nobody;
} expected[] = {
    {RIGHT_MEMORY, 0, 0, -XEN_EPERM, -XEN_ESRCH, -XEN_ESRCH},
    {RIGHT_PAGE_TABLES, 0, 0, -XEN_EPERM, -XEN_EPERM, -XEN_ESRCH},
    {RIGHT_MAP_FRAMES, 0, -XEN_ESRCH, -XEN_EPERM, -XEN_EPERM, -XEN_ESRCH},
    {RIGHT_PORTS, 0, 0, -XEN_EPERM, -XEN_ESRCH, -XEN_ESRCH},
    {RIGHT_CONNECT, 0, 0, 0, -XEN_ESRCH, -XEN_ESRCH},
    {RIGHT_GRANT_TABLE, 0, 0, -XEN_EPERM, -XEN_ESRCH, -XEN_ESRCH},
    {RIGHT_MAP_GRANTS, 0, 0, 0, -XEN_ESRCH, -XEN_ESRCH},
    {RIGHT_COPY_FRAMES, 0, -XEN_EPERM, -XEN_EPERM, -XEN_EPERM, -XEN_EPERM},
    {RIGHT_SHUT_DOWN, -XEN_ESRCH, -XEN_EPERM, -XEN_EPERM, -XEN_ESRCH, -XEN_ESRCH},
};

/* Asserts the answer to a request for `right` over `id`: 0 together with `target`, or an errno. */
static void assert_answer(enum right right, u16 id, s64 answer, const struct domain *target)
{
    s64 error = 1;
    const struct domain *found = rights_target(&actor, right, id, &error);

    if (answer) {
        assert_null(found);
        assert_int_equal(error, answer);
    } else {
        assert_ptr_equal(found, target);
        assert_int_equal(error, 1); /* unchanged */
    }
}

static void every_right_over_every_number(void **state)
{
    (void)state;
    assert_int_equal(ARRAY_LENGTH(expected), RIGHTS);
    for (u32 i = 0; i < RIGHTS; i++) {
        const enum right right = expected[i].right;

        assert_int_equal(right, i);
        for (u32 id = 0; id < 0x10000; id++) {
            switch (id) {
            case DOMID_SELF:
                assert_answer(right, (u16)id, expected[i].self, &actor);
                break;
            case OWN:
                assert_answer(right, (u16)id, expected[i].own, &actor);
                break;
            case OTHER:
                assert_answer(right, (u16)id, expected[i].other, &other);
                break;
            case DOMID_IO:
                assert_answer(right, (u16)id, expected[i].devices, NULL);
                break;
            default: /* other numbers, also 0, DOMID_XEN, DOMID_COW and DOMID_INVALID */
                assert_answer(right, (u16)id, expected[i].nobody, NULL);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_right_over_every_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
