/* SPDX-License-Identifier: MIT */
/* The address map. The ABI gives the hypervisor L4 slots 256 to 271 and nothing else. The last two
 * columns are the access rights of guests and of the hypervisor:
 *
 *   slot  from                what                                        guest   hypervisor
 *   256   0xffff800000000000  machine-to-physical array, 8 bytes a frame   r--     r--
 *   257   0xffff808000000000  (free)
 *   258   0xffff810000000000  descriptor windows, 128 KiB a vCPU:          ---     rw- / r--
 *                             16 GDT pages, then 16 LDT pages;
 *                             rw- where the processor sets accessed bits,
 *                             r-- for the page of zeroes
 *   259   0xffff818000000000  (free)
 *   260   0xffff820000000000  devices, uncached, one page each             ---     rw-
 *   261   0xffff828000000000  the hypervisor's image                       ---     r-x r-- rw-
 *         0xffff828000200000  the screen's frame buffer, write-combining,      ---     rw-
 *                             1022 MiB at most, while the hypervisor draws
 *         0xffff828040000000  CPU regions, 64 KiB a CPU (cpu/cpu.h):       ---     rw- / r-x
 *                             a direct jump from there reaches the image
 *   262   0xffff830000000000  direct map of all memory, 4.5 TiB at most    ---     rw-
 *   ..270
 *   271   0xffff878000000000  frame table, 16 bytes a frame                ---     rw-
 *
 * The rest of the address space is the guest's. All L4 tables share these 16 slots, but some have
 * nothing in slot 256: user roots need not show the M2P (vmmu/vmmu.h, hides_m2p).
 *
 * The frame table is last, for safety under speculation. A guest may give a wrong frame number, of
 * at most 52 bits, and the processor may speculatively read the frame table's element for it before
 * it knows that the number is refused. That element's address is behind the frame table, where
 * nothing is mapped, or it is in the guest's own part of the address space. */
#ifndef MEMORY_LAYOUT_H
#define MEMORY_LAYOUT_H

#define LAYOUT_FIRST_SLOT 256
#define LAYOUT_SLOTS      16
#define LAYOUT_START      0xffff800000000000
#define LAYOUT_END        0xffff880000000000

#define LAYOUT_M2P     0xffff800000000000
#define LAYOUT_WINDOWS 0xffff810000000000
#define LAYOUT_DEVICES 0xffff820000000000
#define LAYOUT_IMAGE   0xffff828000000000
#define LAYOUT_SCREEN  0xffff828000200000
#define LAYOUT_CPUS    0xffff828040000000
#define LAYOUT_DIRECT  0xffff830000000000
#define LAYOUT_FRAMES  0xffff878000000000

#define LAYOUT_DIRECT_SIZE 0x48000000000 /* slots 262..270 */

/* The physical address at which the loader puts the image. One 2 MiB page holds all of it. */
#define LAYOUT_IMAGE_LOAD 0x200000
#define LAYOUT_IMAGE_SIZE 0x200000

#define WINDOW_SIZE  0x20000 /* bytes of the descriptor window of one vCPU */
#define WINDOW_PAGES 32
#define WINDOW_LDT   16 /* the number of the first LDT page in a window */
#define WINDOWS_MAX  4096
#define WINDOWS_END  (LAYOUT_WINDOWS + WINDOWS_MAX * WINDOW_SIZE)

#ifndef __ASSEMBLY__

#include "lib/types.h"

/* The address of descriptor window number `window`. */
static inline u64 window_address(u32 window)
{
    return LAYOUT_WINDOWS + (u64)window * WINDOW_SIZE;
}

#endif
#endif
