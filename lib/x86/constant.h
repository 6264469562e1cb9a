/* SPDX-License-Identifier: MIT */
/* Constants that C and assembly share: the assembler knows no suffix for a constant's type. */
#ifndef X86_CONSTANT_H
#define X86_CONSTANT_H

#ifdef __ASSEMBLY__
#define CONSTANT_U32(literal) literal
#define CONSTANT_U64(literal) literal
#else
#define CONSTANT_U32(literal) literal##u
#define CONSTANT_U64(literal) literal##ull
#endif

#define BIT_U32(number) (CONSTANT_U32(1) << (number))
#define BIT_U64(number) (CONSTANT_U64(1) << (number))

#endif
