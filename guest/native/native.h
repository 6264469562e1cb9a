/* SPDX-License-Identifier: MIT */
/* What the files of the native backend share. The backend supports one CPU. */
#ifndef GUEST_NATIVE_NATIVE_H
#define GUEST_NATIVE_NATIVE_H

#include "guest/entry.h"

/* The root of the direct map, in boot.S. */
extern entry_t boot_root[];

/* The first C function, called by boot.S: starts the machine and runs the kernel. Does not return.
 * upper_kib: KiB of memory above 1 MiB, as Multiboot reports it. */
void native_start(u32 upper_kib);

/* Sets up the serial port. */
void console_start(void);

/* Loads the GDT, IDT and TSS, and sets up the syscall instruction. */
void trap_start(void);

/* Writes a byte to an I/O port. */
static inline void port_write(u16 port, u8 value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

/* Reads a byte from an I/O port. */
static inline u8 port_read(u16 port)
{
    u8 value;

    __asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
    return value;
}

/* Loads CR3, which also flushes the TLB. */
static inline void write_cr3(u64 value)
{
    __asm__ volatile("mov %0, %%cr3" : : "r"(value) : "memory");
}

/* Flushes the translation of one address. */
static inline void invlpg(u64 va)
{
    __asm__ volatile("invlpg (%0)" : : "r"(va) : "memory");
}

#endif
