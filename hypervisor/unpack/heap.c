/* SPDX-License-Identifier: MIT */
/* The functions of the C library that the compression libraries call. */
#include "hypervisor/unpack/heap.h"

#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 64u

static struct {
    u8 *at;
    u64 left;
} heap;

void heap_start(void *memory, u64 size)
{
    u64 skip = -(u64)memory & (ALIGNMENT - 1);

    heap.at = (u8 *)memory + skip;
    heap.left = size > skip ? size - skip : 0;
}

void *malloc(size_t size)
{
    u64 whole = (size + ALIGNMENT - 1) & ~(u64)(ALIGNMENT - 1);
    void *result = heap.at;

    if (whole < size || whole > heap.left) {
        return NULL;
    }
    heap.at += whole;
    heap.left -= whole;
    return result;
}

void *calloc(size_t count, size_t size)
{
    u64 bytes;
    void *result = __builtin_mul_overflow(count, size, &bytes) ? NULL : malloc(bytes);

    return result ? memset(result, 0, bytes) : NULL;
}

void free(void *memory)
{
    (void)memory;
}

/* Copies `size` bytes, 16 at a time; the last 16 overlap those before. `size`: at least 16. */
static void copy_blocks(u8 *to, const u8 *from, size_t size)
{
    u8 *last = to + size - 16;
    const u8 *end = from + size - 16;

    for (; from < end; from += 16, to += 16) {
        __asm__ volatile("movups (%0), %%xmm0; movups %%xmm0, (%1)"
                         :
                         : "r"(from), "r"(to)
                         : "memory", "xmm0");
    }
    __asm__ volatile("movups (%0), %%xmm0; movups %%xmm0, (%1)"
                     :
                     : "r"(end), "r"(last)
                     : "memory", "xmm0");
}

/* Two copies of a part's size that may overlap each other make a copy of up to twice that size. */
#define COPY_TWICE(type, to, from, size)                                                           \
    do {                                                                                           \
        type first_, last_;                                                                        \
        first_ = *(const type *)(from);                                                            \
        last_ = *(const type *)((from) + (size) - sizeof(type));                                   \
        *(type *)(to) = first_;                                                                    \
        *(type *)((to) + (size) - sizeof(type)) = last_;                                           \
    } while (0)

typedef u64 __attribute__((aligned(1), may_alias)) any_u64;
typedef u32 __attribute__((aligned(1), may_alias)) any_u32;
typedef u16 __attribute__((aligned(1), may_alias)) any_u16;

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    u8 *target = to;
    const u8 *source = from;

    if (size >= 16) {
        copy_blocks(target, source, size);
    } else if (size >= 8) {
        COPY_TWICE(any_u64, target, source, size);
    } else if (size >= 4) {
        COPY_TWICE(any_u32, target, source, size);
    } else if (size >= 2) {
        COPY_TWICE(any_u16, target, source, size);
    } else if (size) {
        *target = *source;
    }
    return to;
}

void *memmove(void *to, const void *from, size_t size)
{
    u8 *target = to;
    const u8 *source = from;

    if (target <= source || target >= source + size) {
        for (; size >= 8; size -= 8, target += 8, source += 8) {
            *(any_u64 *)target = *(const any_u64 *)source;
        }
        while (size--) {
            *(volatile u8 *)target++ = *source++;
        }
        return to;
    }
    while (size--) {
        ((volatile u8 *)target)[size] = source[size];
    }
    return to;
}

void *memset(void *to, int byte, size_t size)
{
    u8 *target = to;
    u64 words = size / 8, word = (u8)byte * 0x0101010101010101ull;

    __asm__ volatile("rep stosq" : "+D"(target), "+c"(words) : "a"(word) : "memory");
    for (size &= 7; size; size--) {
        *(volatile u8 *)target++ = (u8)byte;
    }
    return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const u8 *one = a, *two = b;

    while (size && *one == *two) {
        one++;
        two++;
        size--;
    }
    return size ? *one - *two : 0;
}

int strcmp(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return (u8)*a - (u8)*b;
}

/* The compiler of the libraries inserted calls of these. */
void *__memcpy_chk(void *to, const void *from, size_t size, size_t room);
_Noreturn void __stack_chk_fail(void);

void *__memcpy_chk(void *to, const void *from, size_t size, size_t room)
{
    return size <= room ? memcpy(to, from, size) : (__builtin_trap(), NULL);
}

_Noreturn void __stack_chk_fail(void)
{
    __builtin_trap();
}

/* libzstd calls these, if they exist, to trace its own work; 0: do not. */
unsigned long long ZSTD_trace_decompress_begin(const void *context);
void ZSTD_trace_decompress_end(unsigned long long trace, const void *result);

unsigned long long ZSTD_trace_decompress_begin(const void *context)
{
    (void)context;
    return 0;
}

void ZSTD_trace_decompress_end(unsigned long long trace, const void *result)
{
    (void)trace;
    (void)result;
}
