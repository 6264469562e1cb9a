/* SPDX-License-Identifier: MIT */
/* Makes all symbols hidden. The compiler includes this before every file of the hypervisor, which
 * is linked as one module and therefore needs no global offset table. */
#ifndef LIB_HIDDEN_H
#define LIB_HIDDEN_H
#ifndef __ASSEMBLY__
#pragma GCC visibility push(hidden)
#endif
#endif
