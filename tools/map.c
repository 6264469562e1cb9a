/* SPDX-License-Identifier: MIT */
/* The command `pinion map`: reads snapshots, from files or from the hypervisor, and writes them as
 * a page, as a text or to a file. */
#include "tools/map.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "tools/map_hypervisor.h"
#include "tools/map_page.h"
#include "tools/map_text.h"
#include "tools/output.h"

/* Writes all bytes. Returns 0 or an errno. */
static int write_all(int to, const struct buffer *bytes)
{
    for (size_t done = 0; done < bytes->size;) {
        const ssize_t wrote = write(to, bytes->bytes + done, bytes->size - done);

        if (wrote < 0 && errno != EINTR) {
            return errno;
        }
        done += wrote > 0 ? (size_t)wrote : 0;
    }
    return 0;
}

bool map_write_file(const char *path, const struct buffer *bytes, struct failure *failure)
{
    const bool standard = !strcmp(path, "-");
    const int to =
        standard ? STDOUT_FILENO : open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    int error = to < 0 ? errno : write_all(to, bytes);

    if (to >= 0 && !standard && close(to) && !error) {
        error = errno;
    }
    return !error || refuse(failure, "%.900s: cannot be written: %s",
                            standard ? "standard output" : path, strerror(error));
}

/* Reads the snapshots that the options name. Returns the exit status; 0: they are read. */
static int read_snapshots(const struct map_options *options, struct snapshot *snapshot,
                          unsigned *count, struct failure *failure)
{
    for (unsigned i = 0; i < options->files; i++) {
        if (!snapshot_read_file(&snapshot[i], options->file[i], failure)) {
            return EXIT_BAD_INPUT;
        }
    }
    *count = options->files;
    if (!options->files) {
        const char *label = options->label ? options->label : "now";

        if (!map_hypervisor_record(label, options->domain, &snapshot[0], failure)) {
            return EXIT_FAILED;
        }
        *count = 1;
    }
    for (unsigned i = 0; i < *count && options->domain >= 0; i++) {
        if (!snapshot_domain(&snapshot[i], (uint16_t)options->domain)) {
            refuse(failure, "map: there is no domain %ld%s%.200s", options->domain,
                   options->files ? " in " : "", options->files ? options->file[i] : "");
            return EXIT_BAD_INPUT;
        }
        snapshot_keep_tables(&snapshot[i], (uint16_t)options->domain);
    }
    return 0;
}

/* Writes what the options demand. Returns the exit status. */
static int write_snapshots(const struct map_options *options, struct snapshot *snapshot,
                           unsigned count, struct failure *failure)
{
    struct buffer bytes = {0};
    bool well = true;

    if (options->record) {
        snapshot_write(&snapshot[0], 6, &bytes);
        well = map_write_file(options->record, &bytes, failure);
        bytes.size = 0;
    }
    if (well && (options->text || (!options->record && !options->output))) {
        map_text(&snapshot[count - 1], count > 1 ? &snapshot[0] : NULL, &bytes);
        well = map_write_file("-", &bytes, failure);
        bytes.size = 0;
    }
    if (well && options->output) {
        map_page(snapshot, count, MAP_PAGE_SNAPSHOT_MAX, &bytes);
        well = map_write_file(options->output, &bytes, failure);
    }
    buffer_free(&bytes);
    return well ? 0 : EXIT_OUTPUT;
}

int map(int count, char **words)
{
    struct failure failure = {0};
    struct map_options options;
    struct snapshot snapshot[2] = {0};
    unsigned snapshots = 0;
    int status = EXIT_BAD_INPUT;

    if (map_options_read(&options, count, words, &failure)) {
        if (options.help) {
            status = output_print(map_help_text, &failure) ? 0 : EXIT_OUTPUT;
        } else {
            status = read_snapshots(&options, snapshot, &snapshots, &failure);
            status = status ? status : write_snapshots(&options, snapshot, snapshots, &failure);
        }
    }
    if (failure.sentence[0]) {
        output_complain(failure.sentence);
    }
    snapshot_free(&snapshot[0]);
    snapshot_free(&snapshot[1]);
    return output_status(status);
}
