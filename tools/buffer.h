/* SPDX-License-Identifier: MIT */
/* A growing run of bytes: file contents, unpacked kernels, lines. */
#ifndef TOOLS_BUFFER_H
#define TOOLS_BUFFER_H

#include <stddef.h>
#include <stdint.h>

#include "tools/fail.h"

struct buffer {
    uint8_t *bytes;
    size_t size;
    size_t room; /* allocated */
};

/* Makes room for `more` bytes behind the present ones. */
void buffer_reserve(struct buffer *buffer, size_t more);
void buffer_append(struct buffer *buffer, const void *bytes, size_t size);
void buffer_free(struct buffer *buffer);

/* Reads a whole regular file. The sentence names the path and the reason. */
bool buffer_read_file(struct buffer *buffer, const char *path, struct failure *failure);

#endif
