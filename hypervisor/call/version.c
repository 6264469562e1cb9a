/* SPDX-License-Identifier: MIT */
/* xen_version: what hypervisor this is and what it can do. */
#include "hypervisor/call/version.h"
#include "hypervisor/call/call.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/rights.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/memory/layout.h"
#include "hypervisor/vcpu/abi_version.h"
#include "lib/addr.h"
#include "lib/string.h"

#define FEATURES                                                                                   \
    (1u << XENFEAT_pae_pgdir_above_4gb | 1u << XENFEAT_mmu_pt_update_preserve_ad |                 \
     1u << XENFEAT_highmem_assist | 1u << XENFEAT_gnttab_map_avail_bits |                          \
     1u << XENFEAT_memory_op_vnode_supported | 1u << XENFEAT_not_direct_mapped)

static const char extra[] = ".0-pinion";
static const char capabilities[] = "xen-3.0-x86_64 ";
static const char changeset[] = "unavailable";
static const char *command_line = "";

void version_command_line(const char *text)
{
    command_line = text;
}

/* Copies a text to the guest as an array of `size` bytes, filled up with zeroes; a text that does
 * not fit is cut, and the last byte is always 0. */
static s64 put_text(u64 at, const char *text, u64 size)
{
    char bytes[64];
    u64 length = strlen(text);

    for (u64 done = 0; done < size; done += sizeof bytes) {
        u64 part = size - done < sizeof bytes ? size - done : sizeof bytes;

        memset(bytes, 0, sizeof bytes);
        if (done < length) {
            memcpy(bytes, text + done, length - done < part ? length - done : part);
        }
        if (done + part == size) {
            bytes[part - 1] = 0;
        }
        if (!copy_to_guest(at + done, bytes, part)) {
            return -XEN_EFAULT;
        }
    }
    return 0;
}

/* Operations that Xen has since 4.18. (version.h of libxen-dev 4.20) */
enum {
    VERSION_EXTRA2 = 11,
    VERSION_CAPABILITIES2 = 12,
    VERSION_CHANGESET2 = 13,
    VERSION_COMMAND_LINE2 = 14,
};
#define MINOR_WITH_LENGTHS 18u

/* Copies a text to the guest without its 0, behind the u32 at `at`, which says how much room there
 * is. Returns the text's length; at 0 asks for no more than that. */
static s64 put_with_length(u64 at, const char *text)
{
    u64 length = strlen(text);
    u32 room;

    if (!at) {
        return (s64)length;
    }
    if (!GET_GUEST(&room, at)) {
        return -XEN_EFAULT;
    }
    if (room < length) {
        return -XEN_ENOBUFS;
    }
    return copy_to_guest(at + sizeof room, text, length) ? (s64)length : -XEN_EFAULT;
}

/* Serves an operation of later versions, if this is one. */
static s64 later_version(const struct domain *domain, u32 operation, u64 at)
{
    if ((abi_version() & 0xffff) < MINOR_WITH_LENGTHS) {
        return -XEN_ENOSYS;
    }
    switch (operation) {
    case VERSION_EXTRA2:
        return put_with_length(at, extra);
    case VERSION_CAPABILITIES2:
        return put_with_length(at, capabilities);
    case VERSION_CHANGESET2:
        return put_with_length(at, changeset);
    case VERSION_COMMAND_LINE2:
        return put_with_length(at, rights_machine(domain) ? command_line : "");
    default:
        return -XEN_ENOSYS;
    }
}

static s64 compile_info(u64 at)
{
    struct xen_compile_info info;

    memset(&info, 0, sizeof info);
    memcpy(info.compiler, __VERSION__,
           sizeof __VERSION__ < sizeof info.compiler ? sizeof __VERSION__
                                                     : sizeof info.compiler - 1);
    memcpy(info.compile_by, "pinion", sizeof "pinion");
    memcpy(info.compile_domain, "pinion", sizeof "pinion");
    /* The image is the same whenever it is built. */
    memcpy(info.compile_date, "not recorded", sizeof "not recorded");
    return PUT_GUEST(at, &info) ? 0 : -XEN_EFAULT;
}

static s64 platform_parameters(u64 at)
{
    struct xen_platform_parameters parameters = {.virt_start = LAYOUT_START};

    return PUT_GUEST(at, &parameters) ? 0 : -XEN_EFAULT;
}

static s64 get_features(const struct domain *domain, u64 at)
{
    struct xen_feature_info info;

    if (!GET_GUEST(&info, at)) {
        return -XEN_EFAULT;
    }
    if (info.submap_idx >= XENFEAT_NR_SUBMAPS) {
        return -XEN_EINVAL;
    }
    info.submap = info.submap_idx ? 0 : FEATURES;
    if (!info.submap_idx && rights_machine(domain)) {
        info.submap |= 1u << XENFEAT_dom0;
    }
    return PUT_GUEST(at, &info) ? 0 : -XEN_EFAULT;
}

static s64 guest_handle(const struct domain *domain, u64 at)
{
    return PUT_GUEST(at, &domain->toolstack.handle) ? 0 : -XEN_EFAULT;
}

s64 call_xen_version(struct vcpu *vcpu, struct call *call)
{
    u64 at = call->argument[1];

    switch ((u32)call->argument[0]) {
    case XENVER_version:
        return abi_version();
    case XENVER_extraversion:
        return put_text(at, extra, sizeof(xen_extraversion_t));
    case XENVER_compile_info:
        return compile_info(at);
    case XENVER_capabilities:
        return put_text(at, capabilities, sizeof(xen_capabilities_info_t));
    case XENVER_changeset:
        return put_text(at, changeset, sizeof(xen_changeset_info_t));
    case XENVER_platform_parameters:
        return platform_parameters(at);
    case XENVER_get_features:
        return get_features(vcpu->domain, at);
    case XENVER_pagesize:
        return at ? -XEN_EINVAL : (s64)PAGE_SIZE;
    case XENVER_guest_handle:
        return guest_handle(vcpu->domain, at);
    case XENVER_commandline:
        return put_text(at, rights_machine(vcpu->domain) ? command_line : "",
                        sizeof(xen_commandline_t));
    case XENVER_build_id:
        return -XEN_ENODATA;
    default:
        return later_version(vcpu->domain, (u32)call->argument[0], at);
    }
}
