/* SPDX-License-Identifier: MIT */
/* unpack-kernel: writes the ELF image that is in a packed kernel to a file of its own. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "tools/kernel.h"

enum exit_status {
    EXIT_WRITTEN,
    EXIT_NOT_WRITTEN,
    EXIT_BAD_INPUT,
    EXIT_NO_MEMORY, /* tools/fail.c ends the program so */
    EXIT_NOT_DOM0
};

static const char usage[] =
    "usage: unpack-kernel [--gzip] [--dom0] KERNEL OUTPUT\n"
    "Writes the ELF image in KERNEL, a bzImage or a packed ELF file, to the file OUTPUT, which is\n"
    "replaced only when all of it is on the disk.\n"
    "  --gzip   pack it with gzip, which GRUB unpacks\n"
    "  --dom0   only if KERNEL can be a dom0, as its notes say\n"
    "  --help   print this text\n"
    "Exit status: 0 written; 1 OUTPUT cannot be written; 2 bad usage, or KERNEL is none that "
    "Pinion\n"
    "can read; 3 not enough memory; 4 not written, because KERNEL cannot be a dom0.\n";

struct request {
    bool gzip, dom0, help;
    const char *kernel, *output;
};

static bool read_request(int argc, char **argv, struct request *request)
{
    static const struct option options[] = {{"gzip", no_argument, NULL, 'g'},
                                            {"dom0", no_argument, NULL, 'd'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        request->gzip |= option == 'g';
        request->dom0 |= option == 'd';
        request->help |= option == 'h';
        if (option == '?') {
            return false;
        }
    }
    if (argc - optind == 2) {
        request->kernel = argv[optind];
        request->output = argv[optind + 1];
    }
    return request->help || request->output;
}

/* Writes the bytes to an open file. Returns 0 or an errno. */
static int write_plain(int file, const struct buffer *bytes)
{
    size_t done = 0;

    while (done < bytes->size) {
        ssize_t wrote = write(file, bytes->bytes + done, bytes->size - done);

        if (wrote < 0 && errno != EINTR) {
            return errno;
        }
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    return 0;
}

/* The same, packed with gzip. */
static int write_gzip(int file, const struct buffer *bytes)
{
    int own = dup(file); /* gzclose closes it */
    gzFile stream = own < 0 ? NULL : gzdopen(own, "wb");
    int error = 0;

    if (!stream) {
        error = errno;
        if (own >= 0) {
            close(own);
        }
        return error;
    }
    errno = 0;
    if (gzfwrite(bytes->bytes, 1, bytes->size, stream) != bytes->size) {
        error = errno ? errno : EIO;
    }
    if (gzclose(stream) != Z_OK && !error) {
        error = errno ? errno : EIO;
    }
    return error;
}

/* Replaces the file `path`. On a failure the file is what it was, and nothing is left beside it. */
static bool replace_file(const char *path, const struct buffer *bytes, bool gzip,
                         struct failure *failure)
{
    char new_path[4096];
    struct stat there;
    int error = 0;

    if (!lstat(path, &there) && !S_ISREG(there.st_mode)) {
        return refuse(failure, "%.900s: is no regular file, and is not replaced", path);
    }
    if ((size_t)snprintf(new_path, sizeof(new_path), "%s.new", path) >= sizeof(new_path)) {
        return refuse(failure, "%.100s...: its name is too long", path);
    }
    unlink(new_path);
    int file = open(new_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (file < 0) {
        return refuse(failure, "%.900s: %s", new_path, strerror(errno));
    }
    error = gzip ? write_gzip(file, bytes) : write_plain(file, bytes);
    if (!error && fsync(file)) {
        error = errno;
    }
    if (close(file) && !error) {
        error = errno;
    }
    if (!error && rename(new_path, path)) {
        error = errno;
    }
    if (error) {
        unlink(new_path);
        return refuse(failure, "%.900s: cannot be written: %s", path, strerror(error));
    }
    return true;
}

static enum exit_status unpack_kernel(const struct request *request, struct failure *failure)
{
    struct kernel kernel = {0};
    enum exit_status status = EXIT_WRITTEN;

    if (!kernel_read(request->kernel, &kernel, failure)) {
        return EXIT_BAD_INPUT;
    }
    if (request->dom0 && kernel.image.never_dom0) {
        refuse(failure, "%.900s: cannot be a dom0, as its notes say", request->kernel);
        status = EXIT_NOT_DOM0;
    } else if (!replace_file(request->output, &kernel.elf, request->gzip, failure)) {
        status = EXIT_NOT_WRITTEN;
    }
    kernel_free(&kernel);
    return status;
}

int main(int argc, char **argv)
{
    struct request request = {0};
    struct failure failure = {0};
    enum exit_status status;

    if (!read_request(argc, argv, &request)) {
        fputs(usage, stderr);
        return EXIT_BAD_INPUT;
    }
    if (request.help) {
        return fputs(usage, stdout) == EOF || fflush(stdout) ? EXIT_NOT_WRITTEN : EXIT_WRITTEN;
    }
    status = unpack_kernel(&request, &failure);
    if (status) {
        fprintf(stderr, "unpack-kernel: %s\n", failure.sentence);
    }
    return status;
}
