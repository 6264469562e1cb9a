/* SPDX-License-Identifier: MIT */
/* Included ahead of every hypervisor file: no symbol is another module's, so none needs the GOT. */
#ifndef LIB_HIDDEN_H
#define LIB_HIDDEN_H
#ifndef __ASSEMBLY__
#pragma GCC visibility push(hidden)
#endif
#endif
