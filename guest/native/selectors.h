/* SPDX-License-Identifier: MIT */
/* Selectors of the bare machine's GDT. SYSCALL and SYSRET prescribe the order (AMD64 manual, volume
 * 2, 6.1.1). */
#ifndef GUEST_NATIVE_SELECTORS_H
#define GUEST_NATIVE_SELECTORS_H

#define KERNEL_CS    0x08
#define KERNEL_SS    0x10
#define USER_SS      0x1b
#define USER_CS      0x23
#define TSS_SELECTOR 0x28

#endif
