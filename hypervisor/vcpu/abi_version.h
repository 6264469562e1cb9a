/* SPDX-License-Identifier: MIT */
/* The version of Xen that guests and tools see. A distribution's tools start only
 * on the version that they belong to. */
#ifndef VCPU_ABI_VERSION_H
#define VCPU_ABI_VERSION_H

#include "lib/types.h"

#define ABI_VERSION_MAJOR        4u
#define ABI_VERSION_MINOR        17u /* the default, and the least; docs/abi.md describes it */
#define ABI_VERSION_MINOR_LATEST 20u /* beyond which the tools' calls have other forms */

/* Sets the minor version, from ABI_VERSION_MINOR to ABI_VERSION_MINOR_LATEST. At boot, before any
 * domain runs. */
void abi_version_set_minor(u32 minor);

/* The version as XENVER_version and CPUID give it: the major one in the upper 16 bits. (version.h)
 */
u32 abi_version(void);

#endif
