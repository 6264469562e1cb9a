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

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    void *result = to;

    __asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
    return result;
}

void *memmove(void *to, const void *from, size_t size)
{
    u8 *target = to;
    const u8 *source = from;

    if (target <= source || target >= source + size) {
        return memcpy(to, from, size);
    }
    while (size--) {
        ((volatile u8 *)target)[size] = source[size];
    }
    return to;
}

void *memset(void *to, int byte, size_t size)
{
    void *result = to;

    __asm__ volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(byte) : "memory");
    return result;
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
