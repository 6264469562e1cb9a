/* SPDX-License-Identifier: MIT */
/* A sequence of bytes that grows, in allocated memory. */
#include "tools/buffer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void buffer_reserve(struct buffer *buffer, size_t more)
{
    if (buffer->room - buffer->size >= more) {
        return;
    }
    buffer->room = buffer->size + more > 2 * buffer->room ? buffer->size + more : 2 * buffer->room;
    buffer->bytes = grow(buffer->bytes, buffer->room);
}

void buffer_append(struct buffer *buffer, const void *bytes, size_t size)
{
    if (!size) {
        return;
    }
    buffer_reserve(buffer, size);
    memcpy(buffer->bytes + buffer->size, bytes, size);
    buffer->size += size;
}

void buffer_free(struct buffer *buffer)
{
    free(buffer->bytes);
    *buffer = (struct buffer){0};
}

bool buffer_read_file(struct buffer *buffer, const char *path, struct failure *failure)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    struct stat state;
    ssize_t got = 1;

    if (file < 0) {
        return refuse(failure, "%s: cannot be read: %s", path, strerror(errno));
    }
    if (fstat(file, &state) || !S_ISREG(state.st_mode)) {
        close(file);
        return refuse(failure, "%s: cannot be read: %s", path,
                      S_ISDIR(state.st_mode) ? "it is a folder" : "it is not a regular file");
    }
    buffer_reserve(buffer, (size_t)state.st_size + 1);
    while (got > 0) {
        buffer_reserve(buffer, 65536);
        got = read(file, buffer->bytes + buffer->size, buffer->room - buffer->size);
        if (got > 0) {
            buffer->size += (size_t)got;
        }
    }
    if (got < 0) {
        refuse(failure, "%s: cannot be read: %s", path, strerror(errno));
    }
    close(file);
    return got == 0;
}
