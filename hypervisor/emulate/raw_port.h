/* SPDX-License-Identifier: MIT */
/* The machine's I/O ports without any check. In tests the test defines these functions. */
#ifndef EMULATE_RAW_PORT_H
#define EMULATE_RAW_PORT_H

#include "lib/types.h"

/* Read and write the `size` (1, 2 or 4) ports from `port` on by one instruction. */
u32 raw_port_read(u16 port, u32 size);
void raw_port_write(u16 port, u32 size, u32 value);

#endif
