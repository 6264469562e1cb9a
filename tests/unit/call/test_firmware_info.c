/* SPDX-License-Identifier: MIT */
/* Proves that the privileged domain learns what EFI's firmware said, and how each question is
 * refused that has no answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "hypervisor/boot/efi.h"
#include "hypervisor/call/firmware_info.h"
#include "hypervisor/memory/guest_copy.h"

/* ---- stand-ins ---- */

static struct efi efi;
static const struct efi_range range = {0x10000, 0x3000, 15, 6};

const struct efi *efi_info(void)
{
    return &efi;
}

const struct efi_range *efi_range_at(u64 at)
{
    return at >= range.start && at < range.start + range.size ? &range : NULL;
}

/* A guest that has memory where the test has it, and none at address 8. */
bool copy_to_guest(u64 to, const void *from, u64 size)
{
    if (to == 8) {
        return false;
    }
    memcpy((void *)to, from, size);
    return true;
}

static union xenpf_efi_info info;

static s64 ask(u32 index)
{
    struct xenpf_firmware_info question = {.type = XEN_FW_EFI_INFO, .index = index};
    s64 result;

    question.u.efi_info = info;
    result = firmware_info(&question);
    info = question.u.efi_info;
    return result;
}

static void start(void)
{
    efi = (struct efi){.found = true,
                       .version = 1,
                       .tables = 0x10008,
                       .table_count = 9,
                       .vendor_revision = 3,
                       .vendor = {'A', 'B', 0},
                       .runtime_version = 4};
    memset(&info, 0, sizeof info);
}

/* ---- claims ---- */

static void without_efi_there_is_no_answer(void **state)
{
    (void)state;
    efi = (struct efi){.found = false};
    for (u32 index = 0; index < 9; index++) {
        assert_int_equal(ask(index), -XEN_ENOSYS);
    }
}

static void the_versions_and_the_tables_are_told(void **state)
{
    (void)state;
    start();
    assert_int_equal(ask(XEN_FW_EFI_VERSION), 0);
    assert_int_equal(info.version, 1);
    assert_int_equal(ask(XEN_FW_EFI_RT_VERSION), 0);
    assert_int_equal(info.version, 4);
    efi.runtime_version = 0;
    assert_int_equal(ask(XEN_FW_EFI_RT_VERSION), -XEN_EOPNOTSUPP);
    assert_int_equal(ask(XEN_FW_EFI_CONFIG_TABLE), 0);
    assert_int_equal(info.cfg.addr, 0x10008);
    assert_int_equal(info.cfg.nent, 9);
}

static void the_vendor_comes_as_far_as_there_is_room(void **state)
{
    static const u16 names[][4] = {
        [0] = {9, 9, 9, 9}, [2] = {'A', 9, 9, 9}, [5] = {'A', 'B', 9, 9}, [8] = {'A', 'B', 0, 9}};
    static const u32 sizes[] = {0, 2, 5, 8};

    (void)state;
    for (u32 i = 0; i < ARRAY_LENGTH(sizes); i++) {
        u16 name[4] = {9, 9, 9, 9};

        start();
        info.vendor.bufsz = sizes[i];
        info.vendor.name.p = name;
        assert_int_equal(ask(XEN_FW_EFI_VENDOR), 0);
        assert_int_equal(info.vendor.revision, 3);
        assert_memory_equal(name, names[sizes[i]], sizeof name);
    }
    info.vendor.name.p = (void *)8;
    assert_int_equal(ask(XEN_FW_EFI_VENDOR), -XEN_EFAULT);
    efi.vendor[0] = 0;
    assert_int_equal(ask(XEN_FW_EFI_VENDOR), -XEN_EOPNOTSUPP);
}

static void a_range_of_memory_is_cut_where_it_ends(void **state)
{
    (void)state;
    start();
    info.mem.addr = 0x11008;
    info.mem.size = 16;
    assert_int_equal(ask(XEN_FW_EFI_MEM_INFO), 0);
    assert_int_equal(info.mem.addr, 0x11008);
    assert_int_equal(info.mem.size, 16);
    assert_int_equal(info.mem.type, 6);
    assert_int_equal(info.mem.attr, 15);
    info.mem.size = ~0ull - 0x11008;
    assert_int_equal(ask(XEN_FW_EFI_MEM_INFO), 0);
    assert_int_equal(info.mem.size, 0x13000 - 0x11008);
    info.mem.addr = 0x13000;
    assert_int_equal(ask(XEN_FW_EFI_MEM_INFO), -XEN_ESRCH);
}

static void other_questions_are_refused(void **state)
{
    struct xenpf_firmware_info question = {.type = XEN_FW_DISK_INFO};

    (void)state;
    start();
    assert_int_equal(ask(XEN_FW_EFI_PCI_ROM), -XEN_ENOENT);
    assert_int_equal(ask(XEN_FW_EFI_APPLE_PROPERTIES), -XEN_ENODATA);
    assert_int_equal(ask(7), -XEN_EINVAL);
    assert_int_equal(firmware_info(&question), -XEN_ESRCH);
    question.type = XEN_FW_DISK_MBR_SIGNATURE;
    assert_int_equal(firmware_info(&question), -XEN_ESRCH);
    question.type = XEN_FW_VBEDDC_INFO;
    assert_int_equal(firmware_info(&question), -XEN_ESRCH);
    question.type = XEN_FW_KBD_SHIFT_FLAGS; /* a BIOS keeps these, EFI does not */
    assert_int_equal(firmware_info(&question), -XEN_ESRCH);
    question.type = 6;
    assert_int_equal(firmware_info(&question), -XEN_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_efi_there_is_no_answer),
        cmocka_unit_test(the_versions_and_the_tables_are_told),
        cmocka_unit_test(the_vendor_comes_as_far_as_there_is_room),
        cmocka_unit_test(a_range_of_memory_is_cut_where_it_ends),
        cmocka_unit_test(other_questions_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
