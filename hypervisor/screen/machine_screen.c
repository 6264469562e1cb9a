/* SPDX-License-Identifier: MIT */
/* The screen of this machine. */
#include "hypervisor/screen/machine_screen.h"
#include "hypervisor/cpu/asm.h"
#include "hypervisor/memory/map.h"
#include "hypervisor/screen/screen.h"

#define TEXT_MEMORY 0xb8000u

/* VGA's ports. An absent one reads as NOTHING. */
#define PORT_OUTPUT        0x3cc /* miscellaneous output, to read */
#define PORT_GRAPHICS      0x3ce /* index; the value is at the next port */
#define GRAPHICS_MODE      6
#define GRAPHICS_MODE_MASK 0x0d
#define GRAPHICS_MODE_TEXT 0x0c /* no graphics; the memory begins at b8000 */
#define PORT_CONTROLLER    0x3d4
#define CONTROLLER_CURSOR  14 /* the high byte; the low one is next */
#define NOTHING            0xff

static struct {
    struct screen_mode mode;
    void *memory;
    bool left; /* to the privileged domain */
} machine_screen;

static struct screen_text text IMAGE_PRIVATE; /* has what dom0 writes to its console */

static void start(void)
{
    screen_start(&machine_screen.mode, machine_screen.memory, map_private(&text));
}

static u8 read_indexed(u16 port, u8 index)
{
    out8(port, index);
    return in8(port + 1);
}

static void write_indexed(u16 port, u8 index, u8 value)
{
    out8(port, index);
    out8(port + 1, value);
}

/* True when there is a VGA, and it shows characters. */
static bool is_in_text_mode(void)
{
    return in8(PORT_OUTPUT) != NOTHING &&
           (read_indexed(PORT_GRAPHICS, GRAPHICS_MODE) & GRAPHICS_MODE_MASK) == GRAPHICS_MODE_TEXT;
}

void machine_screen_find(const struct screen_mode *given)
{
    machine_screen.mode.kind = SCREEN_NONE;
    if (screen_mode_is_sound(given)) {
        machine_screen.memory = map_screen(maddr(given->at), screen_mode_size(given));
        if (machine_screen.memory) {
            machine_screen.mode = *given;
        }
    } else if (is_in_text_mode()) {
        machine_screen.memory = direct(maddr(TEXT_MEMORY));
        machine_screen.mode.kind = SCREEN_TEXT;
    }
}

void machine_screen_draw(void)
{
    if (machine_screen.mode.kind != SCREEN_NONE) {
        start();
    }
}

const struct screen_mode *machine_screen_mode(void)
{
    return &machine_screen.mode;
}

void machine_screen_leave(void)
{
    if (!screen_is_on()) {
        return;
    }
    screen_stop();
    machine_screen.left = true;
    if (machine_screen.mode.kind == SCREEN_PIXELS) {
        map_screen_show(false);
    }
}

bool machine_screen_return(void)
{
    if (!machine_screen.left || (machine_screen.mode.kind == SCREEN_TEXT && !is_in_text_mode())) {
        return false;
    }
    machine_screen.left = false;
    if (machine_screen.mode.kind == SCREEN_PIXELS) {
        map_screen_show(true);
    }
    start();
    return true;
}

void machine_screen_place_cursor(void)
{
    u32 column, row;

    if (machine_screen.mode.kind != SCREEN_TEXT || !screen_is_on()) {
        return;
    }
    screen_cursor(&column, &row);
    const u32 at = row * SCREEN_TEXT_COLUMNS + column;
    write_indexed(PORT_CONTROLLER, CONTROLLER_CURSOR, (u8)(at >> 8));
    write_indexed(PORT_CONTROLLER, CONTROLLER_CURSOR + 1, (u8)at);
}
