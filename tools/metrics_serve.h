/* SPDX-License-Identifier: MIT */
/* A server of metrics: HTTP, by libmicrohttpd. It answers GET and HEAD of /metrics, in OpenMetrics
 * if the client takes that and otherwise in Prometheus' text format, and of / with a link to it. */
#ifndef TOOLS_METRICS_SERVE_H
#define TOOLS_METRICS_SERVE_H

#include "tools/fail.h"
#include "tools/metrics_text.h"

struct metrics_server;

/* Reads a moment for each request. Returns false, and the failure says why, if that fails: the
 * client then gets status 503 with that sentence. Called by one thread at a time. */
typedef bool metrics_reader(void *context, struct moment *moment, struct failure *failure);

/* Reads [ADDRESS:]PORT: an IPv4 address, an IPv6 address in brackets, or none, which means
 * 127.0.0.1; port 0: one that is free. Returns false, and the failure says what is wrong. */
struct metrics_address {
    char host[64];
    unsigned port;
};
bool metrics_address_read(const char *text, struct metrics_address *address,
                          struct failure *failure);

/* Starts the server, with a thread of its own. Returns NULL, and the failure says why, if it cannot
 * listen there. */
struct metrics_server *metrics_serve(const struct metrics_address *address, metrics_reader *reader,
                                     void *context, struct failure *failure);

/* The port on which it listens. */
unsigned metrics_server_port(struct metrics_server *server);

void metrics_serve_end(struct metrics_server *server);

#endif
