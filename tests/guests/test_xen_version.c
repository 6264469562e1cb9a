/* SPDX-License-Identifier: MIT */
/* Every operation of xen_version returns what the ABI says, and no byte of a result comes from the
 * hypervisor's stack: what follows the end of a text in its buffer is zero. */
#include "tests/guests/common/guest.h"

static u8 buffer[2048];

/* Requests a text of `size` bytes; checks its end, its padding, and that nothing behind it
 * changed. */
static const char *check_text(unsigned command, size_t size, const char *name)
{
    size_t length;

    memset(buffer, 0x5a, sizeof buffer);
    check_equal(xen_version(command, buffer), 0, "%s", name);
    length = strlen((char *)buffer);
    check(length < size, "%s has no end", name);
    for (size_t i = length; i < size; i++) {
        if (buffer[i]) {
            check(false, "%s: byte %lu, behind the text, is %x", name, i, buffer[i]);
            break;
        }
    }
    check(buffer[size] == 0x5a, "%s wrote more than its %lu bytes", name, size);
    return (char *)buffer;
}

static bool has_word(const char *text, const char *word)
{
    for (; *text; text++) {
        if (starts_with(text, word)) {
            return true;
        }
    }
    return false;
}

static void check_part(const char *field, size_t size, const char *name)
{
    size_t length = strlen(field);

    check(length < size, "%s has no end", name);
    for (size_t i = length; i < size && length < size; i++) {
        check(!field[i], "%s: byte %lu, behind the text, is %x", name, i, field[i]);
    }
}

static void check_compile_info(void)
{
    struct xen_compile_info *info = (struct xen_compile_info *)buffer;

    memset(buffer, 0x5a, sizeof buffer);
    check_equal(xen_version(XENVER_compile_info, info), 0, "compile_info");
    check_part(info->compiler, sizeof info->compiler, "compiler");
    check_part(info->compile_by, sizeof info->compile_by, "compile_by");
    check_part(info->compile_domain, sizeof info->compile_domain, "compile_domain");
    check_part(info->compile_date, sizeof info->compile_date, "compile_date");
    check(buffer[sizeof *info] == 0x5a, "compile_info wrote too much");
}

static void check_features(void)
{
    struct xen_feature_info info = {.submap_idx = 0};

    check_equal(xen_version(XENVER_get_features, &info), 0, "get_features");
    check(info.submap & 1u << XENFEAT_mmu_pt_update_preserve_ad, "no PRESERVE_AD: %x", info.submap);
    check(info.submap & 1u << XENFEAT_gnttab_map_avail_bits, "no map_avail_bits: %x", info.submap);
    check(info.submap & 1u << XENFEAT_pae_pgdir_above_4gb, "no pgdir above 4 GiB: %x", info.submap);
    check(!(info.submap & 1u << XENFEAT_auto_translated_physmap), "translated: %x", info.submap);
    check(!(info.submap & 1u << XENFEAT_supervisor_mode_kernel), "in ring 0: %x", info.submap);
    check_equal(!!(info.submap & 1u << XENFEAT_dom0), is_initial_domain(), "the dom0 feature");
    info.submap_idx = 99;
    check_equal(xen_version(XENVER_get_features, &info), -XEN_EINVAL, "submap 99");
}

static void check_numbers(void)
{
    struct xen_platform_parameters parameters = {0};
    long version = xen_version(XENVER_version, NULL);

    check(version >> 16 == 4 && (version & 0xffff) >= 10 && (version & 0xffff) < 100, "version %lx",
          version);
    check_equal(xen_version(XENVER_pagesize, NULL), PAGE_SIZE, "pagesize");
    check_equal(xen_version(XENVER_platform_parameters, &parameters), 0, "platform_parameters");
    check_equal(parameters.virt_start, HYPERVISOR_VIRT_START, "virt_start");
}

/* Operations that are only for a privileged domain. */
static void check_private(void)
{
    struct xen_build_id *id = (struct xen_build_id *)buffer;
    long result;

    memset(buffer, 0x5a, sizeof buffer);
    result = xen_version(XENVER_commandline, buffer);
    if (is_initial_domain()) {
        check(!result && has_word((char *)buffer, "console="), "command line: %ld", result);
    } else {
        check(result || !has_word((char *)buffer, "="), "the command line is shown: \"%s\"",
              buffer);
    }
    id->len = 64;
    result = xen_version(XENVER_build_id, id);
    if (!is_initial_domain()) {
        check(result < 0, "build_id is shown: %ld", result);
    }
}

void test_main(void)
{
    check_text(XENVER_extraversion, XEN_EXTRAVERSION_LEN, "extraversion");
    check(has_word(check_text(XENVER_capabilities, XEN_CAPABILITIES_INFO_LEN, "capabilities"),
                   "xen-3.0-x86_64"),
          "capabilities: \"%s\"", buffer);
    check_text(XENVER_changeset, XEN_CHANGESET_INFO_LEN, "changeset");
    check_compile_info();
    check_features();
    check_numbers();
    memset(buffer, 0x5a, sizeof buffer);
    check_equal(xen_version(XENVER_guest_handle, buffer), 0, "guest_handle");
    check(buffer[16] == 0x5a && (buffer[0] != 0x5a || buffer[15] != 0x5a),
          "the size of the handle");
    check_private();
    check_equal(xen_version(XENVER_extraversion, (void *)HYPERVISOR_VIRT_START), -XEN_EFAULT,
                "extraversion into the hypervisor's space");
    check_equal(xen_version(XENVER_get_features, (void *)8), -XEN_EFAULT, "get_features at 8");
}
