/* SPDX-License-Identifier: MIT */
/* Selectors, descriptors and gates (AMD64 manual, volume 2, 4.5 to 4.8). */
#ifndef X86_DESCRIPTOR_H
#define X86_DESCRIPTOR_H

#include "lib/x86/constant.h"

/* A selector: index, table, requested ring. */
#define SELECTOR_INDEX 0xfff8 /* times the size of a descriptor */
#define SELECTOR_LDT   4      /* of the LDT; clear: of the GDT */
#define SELECTOR_RING  3

#define DESCRIPTOR_TYPE    (CONSTANT_U64(0xf) << 40)
#define DESCRIPTOR_CODE    BIT_U64(43) /* of a segment: code; clear: data */
#define DESCRIPTOR_SEGMENT BIT_U64(44) /* code or data; clear: system */
#define DESCRIPTOR_RING    (CONSTANT_U64(3) << 45)
#define DESCRIPTOR_PRESENT BIT_U64(47)
#define DESCRIPTOR_LONG    BIT_U64(53) /* 64-bit code */
#define DESCRIPTOR_DEFAULT BIT_U64(54) /* 32-bit code or stack */
#define DESCRIPTOR_BASE    CONSTANT_U64(0xff0000ffffff0000)

/* Ring 0, present, accessed, base 0, limit 4 GiB; readable or writable. */
#define DESCRIPTOR_FLAT_CODE64 CONSTANT_U64(0x00af9b000000ffff)
#define DESCRIPTOR_FLAT_CODE32 CONSTANT_U64(0x00cf9b000000ffff)
#define DESCRIPTOR_FLAT_DATA   CONSTANT_U64(0x00cf93000000ffff)

/* System descriptors, present; each takes two slots. */
#define DESCRIPTOR_LDT (DESCRIPTOR_PRESENT | (CONSTANT_U64(2) << 40))
#define DESCRIPTOR_TSS (DESCRIPTOR_PRESENT | (CONSTANT_U64(9) << 40))

/* A gate's third word: kind and ring, besides the number of an interrupt stack. */
#define GATE_INTERRUPT 0x8e00u
#define GATE_RING_3    0x6000u /* INT n of ring 3 may use it */

/* The error code of an exception that a selector or gate caused: its index, and where it is. */
#define SELECTOR_ERROR_IDT 2u

#ifndef __ASSEMBLY__

#include "lib/types.h"

/* One entry of the IDT. */
struct gate {
    u16 offset_low, selector, type, offset_middle;
    u32 offset_high, reserved;
};

/* What LGDT and LIDT load. */
struct table_pointer {
    u16 limit;
    u64 base;
} __attribute__((packed));

/* The first slot of a system descriptor, DESCRIPTOR_TSS or _LDT; the second is base >> 32. */
static inline u64 descriptor_system(u64 kind, u64 base, u64 limit)
{
    return kind | (limit & 0xffff) | (limit >> 16 & 0xf) << 48 | (base & 0xffffff) << 16 |
           (base >> 24 & 0xff) << 56;
}

#endif
#endif
