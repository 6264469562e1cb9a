/* SPDX-License-Identifier: MIT */
/* A sequence of bytes that grows: the contents of a file, an unpacked kernel, a line. */
#ifndef TOOLS_BUFFER_H
#define TOOLS_BUFFER_H

#include <stddef.h>
#include <stdint.h>

#include "tools/fail.h"

struct buffer {
    uint8_t *bytes;
    size_t size; /* bytes in use */
    size_t room; /* bytes allocated */
};

/* Makes room for `more` bytes behind those in use. */
void buffer_reserve(struct buffer *buffer, size_t more);

/* Appends a copy of `size` bytes. */
void buffer_append(struct buffer *buffer, const void *bytes, size_t size);

/* Frees the bytes; the buffer is empty and can be used again. */
void buffer_free(struct buffer *buffer);

/* Appends the contents of a regular file. Returns false if it cannot be read; the failure names the
 * path and the reason. */
bool buffer_read_file(struct buffer *buffer, const char *path, struct failure *failure);

#endif
