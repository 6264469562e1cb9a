/* SPDX-License-Identifier: MIT */
/* What the privileged domain's start_info says of the machine's screen. */
#ifndef BUILD_DOM0_SCREEN_H
#define BUILD_DOM0_SCREEN_H

#include "lib/types.h"

struct dom0_vga_console_info;
struct screen_mode;

/* Describes the screen in *info, which is all zero before (xen.h). cursor_column, cursor_row: where
 * the hypervisor's text ends. Returns the size of the description; 0: there is no screen. */
u32 dom0_screen_describe(const struct screen_mode *mode, u32 cursor_column, u32 cursor_row,
                         struct dom0_vga_console_info *info);

#endif
