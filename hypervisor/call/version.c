/* SPDX-License-Identifier: MIT */
/* xen_version: what hypervisor this is and what it can do. */
#include "hypervisor/call/version.h"
#include "hypervisor/call/call.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/domain/rights.h"
#include "hypervisor/memory/guest_copy.h"
#include "hypervisor/memory/layout.h"
#include "lib/addr.h"
#include "lib/string.h"

/* The version of Xen whose ABI is implemented; guests and tools compare it. */
#define MAJOR 4
#define MINOR 17

#define FEATURES                                                                                   \
    (1u << XENFEAT_pae_pgdir_above_4gb | 1u << XENFEAT_mmu_pt_update_preserve_ad |                 \
     1u << XENFEAT_highmem_assist | 1u << XENFEAT_gnttab_map_avail_bits |                          \
     1u << XENFEAT_memory_op_vnode_supported | 1u << XENFEAT_not_direct_mapped)

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
        return MAJOR << 16 | MINOR;
    case XENVER_extraversion:
        return put_text(at, ".0-pinion", sizeof(xen_extraversion_t));
    case XENVER_compile_info:
        return compile_info(at);
    case XENVER_capabilities:
        return put_text(at, "xen-3.0-x86_64 ", sizeof(xen_capabilities_info_t));
    case XENVER_changeset:
        return put_text(at, "unavailable", sizeof(xen_changeset_info_t));
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
        return -XEN_ENOSYS;
    }
}
