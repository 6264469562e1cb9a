/* SPDX-License-Identifier: MIT */
/* The version of Xen that guests and tools see. */
#include "hypervisor/vcpu/abi_version.h"

static struct {
    u32 minor;
} shown = {.minor = ABI_VERSION_MINOR};

void abi_version_set_minor(u32 minor)
{
    shown.minor = minor;
}

u32 abi_version(void)
{
    return ABI_VERSION_MAJOR << 16 | shown.minor;
}
