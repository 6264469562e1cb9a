/* SPDX-License-Identifier: MIT */
/* Names of domains, from the xenstore. */
#include "tools/toolstack.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <xenstore.h>

/* Without the daemon the library would wait for an answer of the kernel, which never comes: so the
 * daemon is tried first. */
struct xs_handle *toolstack_open(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int daemon = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool runs;

    snprintf(address.sun_path, sizeof address.sun_path, "%s", xs_daemon_socket());
    runs = daemon >= 0 && !connect(daemon, (const struct sockaddr *)&address, sizeof address);
    if (daemon >= 0) {
        close(daemon);
    }
    return runs ? xs_open(0) : NULL;
}

void toolstack_close(struct xs_handle *store)
{
    if (store) {
        xs_close(store);
    }
}

bool toolstack_name(struct xs_handle *store, unsigned id, char *name, size_t size)
{
    char path[64], *found;
    unsigned length;
    bool named;

    if (!store) {
        return false;
    }
    snprintf(path, sizeof path, "/local/domain/%u/name", id);
    found = xs_read(store, XBT_NULL, path, &length);
    named = found && *found;
    if (named) {
        snprintf(name, size, "%s", found);
    }
    free(found);
    return named;
}
