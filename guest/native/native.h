/* SPDX-License-Identifier: MIT */
/* What the files of the native backend have in common. It runs on one CPU. */
#ifndef GUEST_NATIVE_NATIVE_H
#define GUEST_NATIVE_NATIVE_H

#include "guest/entry.h"

extern entry_t boot_root[];

void native_start(u32 upper_kib); /* from boot.S */
void console_start(void);
void trap_start(void);

static inline void port_write(u16 port, u8 value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static inline u8 port_read(u16 port)
{
    u8 value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

static inline void write_cr3(u64 value)
{
    __asm__ volatile("mov %0, %%cr3" : : "r"(value) : "memory");
}

static inline void invlpg(u64 va)
{
    __asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}

#endif
