/* SPDX-License-Identifier: MIT */
/* The two 8259 interrupt controllers. */
#include "hypervisor/cpu/asm.h"
#include "hypervisor/irq/pic.h"
#include "hypervisor/irq/vector.h"

#define FIRST_COMMAND  0x20
#define FIRST_DATA     0x21
#define SECOND_COMMAND 0xa0
#define SECOND_DATA    0xa1
#define CASCADE        2 /* the line of the first controller to which the second is connected */

#define COMMAND_START        0x11 /* edge-triggered, cascaded; three more words follow */
#define COMMAND_END          0x20
#define COMMAND_READ_SERVICE 0x0b
#define MODE_8086            0x01
#define PROBE                0x5a /* a mask that no missing port reads as */

static struct {
    bool present;
    u16 masked;
} pic = {.masked = 0xffff};

static void write_masks(void)
{
    out8(FIRST_DATA, (u8)pic.masked);
    out8(SECOND_DATA, (u8)(pic.masked >> 8));
}

bool pic_start(void)
{
    out8(FIRST_COMMAND, COMMAND_START);
    out8(SECOND_COMMAND, COMMAND_START);
    out8(FIRST_DATA, VECTOR_PIC_FIRST);
    out8(SECOND_DATA, VECTOR_PIC_FIRST + 8);
    out8(FIRST_DATA, 1 << CASCADE);
    out8(SECOND_DATA, CASCADE);
    out8(FIRST_DATA, MODE_8086);
    out8(SECOND_DATA, MODE_8086);
    out8(FIRST_DATA, PROBE);
    out8(SECOND_DATA, (u8)~PROBE);
    pic.present = in8(FIRST_DATA) == PROBE && in8(SECOND_DATA) == (u8)~PROBE;
    write_masks();
    return pic.present;
}

bool pic_is_present(void)
{
    return pic.present;
}

void pic_enable(u32 irq)
{
    pic.masked &= (u16) ~(1u << irq | 1u << CASCADE);
    write_masks();
}

bool pic_is_enabled(u32 irq)
{
    return !(pic.masked >> irq & 1);
}

/* True when the controller's in-service bit of its own line `line` (0 to 7) is set. A controller
 * also interrupts as line 7 when a request disappeared before it was acknowledged; the bit is then
 * clear. */
static bool in_service(u16 command, u32 line)
{
    out8(command, COMMAND_READ_SERVICE);
    return in8(command) >> line & 1;
}

bool pic_acknowledge(u32 irq)
{
    if (irq < 8) {
        if (irq == 7 && !in_service(FIRST_COMMAND, 7)) {
            return false;
        }
        out8(FIRST_COMMAND, COMMAND_END);
        return true;
    }
    bool real = irq != 15 || in_service(SECOND_COMMAND, 7);
    if (real) {
        out8(SECOND_COMMAND, COMMAND_END);
    }
    out8(FIRST_COMMAND, COMMAND_END);
    return real;
}
