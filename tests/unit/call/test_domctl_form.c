/* SPDX-License-Identifier: MIT */
/* Proves that domctl's argument in the form of Xen 4.20's tools is read member by member as that of
 * 4.17's, that the answer goes back in the form in which the question came, and that nothing else
 * is changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "hypervisor/call/domctl/form.h"

/* createdomain as libxen-dev 4.20 has it. */
struct create_4_20 {
    u32 ssidref;
    xen_domain_handle_t handle;
    u32 flags, iommu_opts, max_vcpus, max_evtchn_port;
    s32 max_grant_frames, max_maptrack_frames;
    u32 grant_opts, altp2m_opts, vmtrace_size, cpupool_id;
    struct xen_arch_domainconfig arch;
};

static struct xen_domctl op;

static struct create_4_20 *longer(void)
{
    memset(&op, 0x55, sizeof op); /* behind the structure, too */
    op.cmd = XEN_DOMCTL_createdomain;
    op.interface_version = DOMCTL_VERSION_4_20;
    struct create_4_20 *create = (struct create_4_20 *)&op.u;
    *create = (struct create_4_20){.ssidref = 1,
                                   .handle = {2, 3},
                                   .flags = 4,
                                   .iommu_opts = 5,
                                   .max_vcpus = 6,
                                   .max_evtchn_port = 7,
                                   .max_grant_frames = 8,
                                   .max_maptrack_frames = 9,
                                   .grant_opts = 10,
                                   .vmtrace_size = 11,
                                   .cpupool_id = 12,
                                   .arch = {.emulation_flags = 13, .misc_flags = 14}};
    return create;
}

static void every_member_is_read(void **state)
{
    (void)state;
    longer();
    assert_true(domctl_form_read(&op));
    const struct xen_domctl_createdomain *create = &op.u.createdomain;
    assert_int_equal(op.interface_version, DOMCTL_VERSION_4_20);
    assert_int_equal(create->ssidref, 1);
    assert_int_equal(create->handle[1], 3);
    assert_int_equal(create->flags, 4);
    assert_int_equal(create->iommu_opts, 5);
    assert_int_equal(create->max_vcpus, 6);
    assert_int_equal(create->max_evtchn_port, 7);
    assert_int_equal(create->max_grant_frames, 8);
    assert_int_equal(create->max_maptrack_frames, 9);
    assert_int_equal(create->grant_opts, 10);
    assert_int_equal(create->vmtrace_size, 11);
    assert_int_equal(create->cpupool_id, 12);
    assert_int_equal(create->arch.emulation_flags, 13);
    assert_int_equal(create->arch.misc_flags, 14);
}

static void the_answer_has_the_form_of_the_question(void **state)
{
    struct xen_domctl asked;

    (void)state;
    longer();
    asked = op;
    assert_true(domctl_form_read(&op));
    domctl_form_write(&op);
    assert_memory_equal(&op, &asked, sizeof op);
}

static void what_only_the_longer_form_says_is_refused(void **state)
{
    struct xen_domctl asked;

    (void)state;
    longer()->altp2m_opts = 1;
    asked = op;
    assert_false(domctl_form_read(&op));
    assert_memory_equal(&op, &asked, sizeof op);
}

static void other_arguments_stay_as_they_are(void **state)
{
    struct xen_domctl asked;

    (void)state;
    for (u32 command = 0; command < 100; command++) {
        const bool creates = command == XEN_DOMCTL_createdomain;

        longer();
        op.cmd = command;
        op.interface_version = creates ? XEN_DOMCTL_INTERFACE_VERSION : DOMCTL_VERSION_4_20;
        asked = op;
        assert_true(domctl_form_read(&op));
        assert_memory_equal(&op, &asked, sizeof op);
        domctl_form_write(&op);
        assert_memory_equal(&op, &asked, sizeof op);
    }
}

static void two_versions_are_known(void **state)
{
    (void)state;
    for (u32 version = 0; version < 0x100; version++) {
        assert_int_equal(domctl_form_known(version), version == 0x15 || version == 0x17);
    }
    assert_false(domctl_form_known(0x15u | 1u << 31));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_member_is_read),
        cmocka_unit_test(the_answer_has_the_form_of_the_question),
        cmocka_unit_test(what_only_the_longer_form_says_is_refused),
        cmocka_unit_test(other_arguments_stay_as_they_are),
        cmocka_unit_test(two_versions_are_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
