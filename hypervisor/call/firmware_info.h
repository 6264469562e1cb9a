/* SPDX-License-Identifier: MIT */
/* What the privileged domain asks of the firmware (platform.h, XENPF_firmware_info). */
#ifndef CALL_FIRMWARE_INFO_H
#define CALL_FIRMWARE_INFO_H

#include "hypervisor/xen.h"
#include "lib/types.h"

/* Answers the question in *info, in place; the name of the firmware's vendor goes to the guest's
 * memory. Returns 0 or a negative error number. */
s64 firmware_info(struct xenpf_firmware_info *info);

#endif
