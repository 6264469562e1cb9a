/* SPDX-License-Identifier: MIT */
/* Proves that hypervisor/build/dom0_screen describes each kind of screen in the form of the ABI,
 * with a frame buffer above 4 GiB in two parts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define __XEN_INTERFACE_VERSION__ 0x00040d00
#include <xen/xen.h>

#include "hypervisor/build/dom0_screen.h"
#include "hypervisor/screen/mode.h"

static void a_frame_buffer(void **unused)
{
    struct screen_mode mode = {.kind = SCREEN_PIXELS,
                               .at = 0x38c0000000,
                               .pitch = 4100,
                               .width = 1024,
                               .height = 768,
                               .bits = 32,
                               .red = {16, 8},
                               .green = {8, 8},
                               .blue = {0, 8},
                               .from_efi = true};
    struct dom0_vga_console_info info = {0};

    (void)unused;
    assert_int_equal(dom0_screen_describe(&mode, 1, 2, &info), sizeof info);
    assert_int_equal(info.video_type, XEN_VGATYPE_EFI_LFB);
    assert_int_equal(info.u.vesa_lfb.width, 1024);
    assert_int_equal(info.u.vesa_lfb.height, 768);
    assert_int_equal(info.u.vesa_lfb.bytes_per_line, 4100);
    assert_int_equal(info.u.vesa_lfb.bits_per_pixel, 32);
    assert_int_equal(info.u.vesa_lfb.lfb_base, 0xc0000000);
    assert_int_equal(info.u.vesa_lfb.ext_lfb_base, 0x38);
    assert_int_equal(info.u.vesa_lfb.lfb_size, 49);
    assert_int_equal(info.u.vesa_lfb.red_pos, 16);
    assert_int_equal(info.u.vesa_lfb.green_size, 8);
    assert_int_equal(info.u.vesa_lfb.rsvd_pos, 24);
    mode.from_efi = false;
    memset(&info, 0, sizeof info);
    assert_int_equal(dom0_screen_describe(&mode, 1, 2, &info), sizeof info);
    assert_int_equal(info.video_type, XEN_VGATYPE_VESA_LFB);
}

static void text_mode(void **unused)
{
    const struct screen_mode mode = {.kind = SCREEN_TEXT};
    struct dom0_vga_console_info info = {0};

    (void)unused;
    assert_int_equal(dom0_screen_describe(&mode, 5, 24, &info), sizeof info);
    assert_int_equal(info.video_type, XEN_VGATYPE_TEXT_MODE_3);
    assert_int_equal(info.u.text_mode_3.columns, 80);
    assert_int_equal(info.u.text_mode_3.rows, 25);
    assert_int_equal(info.u.text_mode_3.cursor_x, 5);
    assert_int_equal(info.u.text_mode_3.cursor_y, 24);
    assert_int_equal(info.u.text_mode_3.font_height, 16);
}

static void no_screen(void **unused)
{
    const struct screen_mode mode = {.kind = SCREEN_NONE};
    struct dom0_vga_console_info info = {0};

    (void)unused;
    assert_int_equal(dom0_screen_describe(&mode, 0, 0, &info), 0);
    assert_int_equal(info.video_type, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_frame_buffer),
        cmocka_unit_test(text_mode),
        cmocka_unit_test(no_screen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
