/* SPDX-License-Identifier: MIT */
/* Functions for memory and strings. Copies and fills are written in assembly, because the compiler
 * may turn a loop in memcpy into a call of memcpy. They use words of eight bytes, because an
 * emulator executes one step for each word or byte. */
#include "lib/string.h"

void *memcpy(void *to, const void *from, size_t size)
{
    void *result = to;
    size_t words = size / 8;

    __asm__ volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
    size &= 7;
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
    return result;
}

void *memmove(void *to, const void *from, size_t size)
{
    if ((uintptr_t)to - (uintptr_t)from >= size) {
        return memcpy(to, from, size);
    }

    /* `to` lies inside the source, so the copy must begin at the end. */
    void *last_to = (char *)to + size - 1;
    const void *last_from = (const char *)from + size - 1;
    __asm__ volatile("std\n\trep movsb\n\tcld"
                     : "+D"(last_to), "+S"(last_from), "+c"(size)
                     :
                     : "memory");
    return to;
}

void *memset(void *to, int byte, size_t size)
{
    void *result = to;
    size_t words = size / 8;
    u64 pattern = (u8)byte * 0x0101010101010101ull;

    __asm__ volatile("rep stosq" : "+D"(to), "+c"(words) : "a"(pattern) : "memory");
    size &= 7;
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(pattern) : "memory");
    return result;
}

/* Written as stores, because an emulator needs about ten times as long for a string instruction. */
void page_clear(void *page)
{
    u64 *at = page;

    for (u64 *end = at + 512; at < end; at += 8) {
        at[0] = at[1] = at[2] = at[3] = 0;
        at[4] = at[5] = at[6] = at[7] = 0;
        __asm__ volatile(""
                         :
                         :
                         : "memory"); /* keeps the compiler from making this a call of memset */
    }
}

int memcmp(const void *a, const void *b, size_t size)
{
    const u8 *x = a, *y = b;

    for (; size; size--, x++, y++) {
        if (*x != *y) {
            return *x < *y ? -1 : 1;
        }
    }
    return 0;
}

size_t strlen(const char *s)
{
    const char *end = s;

    while (*end) {
        end++;
        __asm__ volatile("" : "+r"(end)); /* keeps the compiler from making this a call of strlen */
    }
    return (size_t)(end - s);
}

int strcmp(const char *a, const char *b)
{
    for (; *a && *a == *b; a++, b++)
        ;
    return (int)(u8)*a - (int)(u8)*b;
}
