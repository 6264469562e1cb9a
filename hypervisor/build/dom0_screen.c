/* SPDX-License-Identifier: MIT */
/* What the privileged domain's start_info says of the machine's screen. */
#include "hypervisor/build/dom0_screen.h"
#include "hypervisor/screen/font.h"
#include "hypervisor/screen/screen.h"

/* The first version in which a frame buffer may lie above 4 GiB. */
#define __XEN_INTERFACE_VERSION__ 0x00040d00
#include <xen/xen.h>

#define SIZE_UNIT 16 /* shift: the size of a frame buffer is in units of 64 KiB */

static void describe_pixels(const struct screen_mode *mode, struct dom0_vga_console_info *info)
{
    info->video_type = mode->from_efi ? XEN_VGATYPE_EFI_LFB : XEN_VGATYPE_VESA_LFB;
    info->u.vesa_lfb.width = (u16)mode->width;
    info->u.vesa_lfb.height = (u16)mode->height;
    info->u.vesa_lfb.bytes_per_line = (u16)mode->pitch;
    info->u.vesa_lfb.bits_per_pixel = (u16)mode->bits;
    info->u.vesa_lfb.lfb_base = (u32)mode->at;
    info->u.vesa_lfb.ext_lfb_base = (u32)(mode->at >> 32);
    info->u.vesa_lfb.lfb_size =
        (u32)((screen_mode_size(mode) + (1u << SIZE_UNIT) - 1) >> SIZE_UNIT);
    info->u.vesa_lfb.red_pos = mode->red.at;
    info->u.vesa_lfb.red_size = mode->red.size;
    info->u.vesa_lfb.green_pos = mode->green.at;
    info->u.vesa_lfb.green_size = mode->green.size;
    info->u.vesa_lfb.blue_pos = mode->blue.at;
    info->u.vesa_lfb.blue_size = mode->blue.size;
    if (mode->bits == 32) { /* the byte that no colour has */
        const u32 used = mode->red.at + mode->green.at + mode->blue.at;

        info->u.vesa_lfb.rsvd_size = 8;
        info->u.vesa_lfb.rsvd_pos = (u8)(used <= 48 ? 48 - used : 0);
    }
}

static void describe_text(u32 column, u32 row, struct dom0_vga_console_info *info)
{
    info->video_type = XEN_VGATYPE_TEXT_MODE_3;
    info->u.text_mode_3.font_height = FONT_HEIGHT;
    info->u.text_mode_3.cursor_x = (u16)column;
    info->u.text_mode_3.cursor_y = (u16)row;
    info->u.text_mode_3.rows = SCREEN_TEXT_ROWS;
    info->u.text_mode_3.columns = SCREEN_TEXT_COLUMNS;
}

u32 dom0_screen_describe(const struct screen_mode *mode, u32 cursor_column, u32 cursor_row,
                         struct dom0_vga_console_info *info)
{
    switch (mode->kind) {
    case SCREEN_PIXELS:
        describe_pixels(mode, info);
        return sizeof *info;
    case SCREEN_TEXT:
        describe_text(cursor_column, cursor_row, info);
        return sizeof *info;
    case SCREEN_NONE:
        break;
    }
    return 0;
}
