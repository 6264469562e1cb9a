/* SPDX-License-Identifier: MIT */
/* Functions for memory and strings, with the names and contracts of the C library. The compiler
 * inserts calls of them, too. */
#ifndef LIB_STRING_H
#define LIB_STRING_H

#include "lib/types.h"

void *memcpy(void *to, const void *from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);

/* Fills a page with zeroes. page: on a page boundary. */
void page_clear(void *page);

size_t strlen(const char *s);
int strcmp(const char *a, const char *b);

#endif
