/* SPDX-License-Identifier: MIT */
/* The features that a PV kernel requires, as the note FEATURES names them. */
#ifndef LIB_PVFEATURES_H
#define LIB_PVFEATURES_H

#include "lib/types.h"

#define PVFEATURES_NAME 32 /* bytes of a name with its 0; a longer one is cut */

/* Looks in the note for a feature that the kernel requires and Pinion lacks.
 * text: the note's `size` bytes, up to its first 0: names of features.h without "XENFEAT_", with a
 * | between two of them. One that begins with ! is required, others are welcome. Returns true, and
 * the first such feature in `name`, with ? for what cannot be printed. Source: Xen's public header
 * elfnote.h. */
bool pvfeatures_lacking(const u8 *text, u64 size, char name[PVFEATURES_NAME]);

#endif
