/* SPDX-License-Identifier: MIT */
/* A server of metrics. */
#include "tools/metrics_serve.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/options.h"

#define CLIENTS_MAX       16u
#define SECONDS_FOR_QUERY 30u

struct metrics_server {
    struct MHD_Daemon *daemon;
    metrics_reader *reader;
    void *context;
};

static const char home_page[] = "<!DOCTYPE html><html lang=\"en\"><title>Pinion</title>"
                                "<p><a href=\"/metrics\">Metrics of Pinion</a></html>\n";

bool metrics_address_read(const char *text, struct metrics_address *address,
                          struct failure *failure)
{
    const char *colon = strrchr(text, ':'), *port = colon ? colon + 1 : text;
    size_t length = colon ? (size_t)(colon - text) : 0;
    unsigned char number[sizeof(struct in6_addr)];
    unsigned long long value;

    snprintf(address->host, sizeof address->host, "%s", "127.0.0.1");
    if (!number_read(port, 0, 65535, &value)) {
        return refuse(failure, "it does not end with a port, a number from 0 to 65535");
    }
    address->port = (unsigned)value;
    if (!colon) {
        return true;
    }
    if (length >= 2 && text[0] == '[' && text[length - 1] == ']') {
        text++;
        length -= 2;
    }
    if (length >= sizeof address->host) {
        return refuse(failure, "the address is too long");
    }
    memcpy(address->host, text, length);
    address->host[length] = 0;
    if (inet_pton(AF_INET, address->host, number) != 1 &&
        inet_pton(AF_INET6, address->host, number) != 1) {
        return refuse(failure, "%s is not an IP address", address->host);
    }
    return true;
}

static enum MHD_Result answer(struct MHD_Connection *connection, unsigned status, const char *type,
                              void *text, size_t size, enum MHD_ResponseMemoryMode mode)
{
    struct MHD_Response *response = MHD_create_response_from_buffer(size, text, mode);
    enum MHD_Result result;

    if (!response) {
        return MHD_NO;
    }
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    }
    result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result answer_text(struct MHD_Connection *connection, unsigned status,
                                   const char *text)
{
    return answer(connection, status, "text/plain; charset=utf-8", (void *)(uintptr_t)text,
                  strlen(text), MHD_RESPMEM_MUST_COPY);
}

/* Chooses the format that the client takes. */
static enum metrics_format negotiate(struct MHD_Connection *connection)
{
    const char *accept =
        MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);

    return accept && strstr(accept, "application/openmetrics-text") ? METRICS_OPENMETRICS
                                                                    : METRICS_PROMETHEUS;
}

static enum MHD_Result answer_metrics(struct metrics_server *server,
                                      struct MHD_Connection *connection)
{
    enum metrics_format format = negotiate(connection);
    struct failure failure;
    struct moment moment;
    char *text = NULL;
    size_t size = 0;
    FILE *out;

    if (!server->reader(server->context, &moment, &failure)) {
        return answer_text(connection, MHD_HTTP_SERVICE_UNAVAILABLE, failure.sentence);
    }
    out = open_memstream(&text, &size);
    if (out) {
        metrics_write(out, &moment, format);
    }
    moment_free(&moment);
    if (!out || fclose(out)) {
        return answer_text(connection, MHD_HTTP_INTERNAL_SERVER_ERROR, "out of memory\n");
    }
    return answer(connection, MHD_HTTP_OK, metrics_media_type[format], text, size,
                  MHD_RESPMEM_MUST_FREE);
}

static enum MHD_Result on_request(void *context, struct MHD_Connection *connection,
                                  const char *path, const char *method, const char *version,
                                  const char *upload, size_t *upload_size, void **request)
{
    static int begun; /* its address marks a request whose headers have been read */

    (void)version;
    (void)upload;
    if (!*request) { /* the first call of a request comes before its body */
        *request = &begun;
        return MHD_YES;
    }
    if (*upload_size) {
        *upload_size = 0;
        return MHD_YES;
    }
    if (strcmp(method, MHD_HTTP_METHOD_GET) && strcmp(method, MHD_HTTP_METHOD_HEAD)) {
        return answer_text(connection, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD\n");
    }
    if (!strcmp(path, "/metrics")) {
        return answer_metrics(context, connection);
    }
    if (!strcmp(path, "/")) {
        return answer(connection, MHD_HTTP_OK, "text/html; charset=utf-8",
                      (void *)(uintptr_t)home_page, sizeof home_page - 1, MHD_RESPMEM_PERSISTENT);
    }
    return answer_text(connection, MHD_HTTP_NOT_FOUND, "there is only /metrics\n");
}

/* Makes a socket that listens there; -1, and errno says why, if that fails. */
static int listen_at(const struct metrics_address *address)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)address->port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)address->port)};
    const bool is_v4 = inet_pton(AF_INET, address->host, &v4.sin_addr) == 1;
    const struct sockaddr *to = is_v4 ? (const struct sockaddr *)&v4 : (const struct sockaddr *)&v6;
    int on = 1, listener;

    inet_pton(AF_INET6, address->host, &v6.sin6_addr);
    listener = socket(to->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0) {
        return -1;
    }
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, to, is_v4 ? sizeof v4 : sizeof v6) || listen(listener, CLIENTS_MAX)) {
        int error = errno;

        close(listener);
        errno = error;
        return -1;
    }
    return listener;
}

struct metrics_server *metrics_serve(const struct metrics_address *address, metrics_reader *reader,
                                     void *context, struct failure *failure)
{
    int listener = listen_at(address);
    struct metrics_server *server;

    if (listener < 0) {
        refuse(failure, "--listen: %s port %u: %s", address->host, address->port, strerror(errno));
        return NULL;
    }
    server = grow(NULL, sizeof *server);
    *server = (struct metrics_server){.reader = reader, .context = context};
    server->daemon = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, on_request, server,
        MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_CONNECTION_LIMIT, CLIENTS_MAX,
        MHD_OPTION_CONNECTION_TIMEOUT, SECONDS_FOR_QUERY, MHD_OPTION_END);
    if (!server->daemon) {
        refuse(failure, "--listen: the server cannot start");
        close(listener);
        free(server);
        return NULL;
    }
    return server;
}

unsigned metrics_server_port(struct metrics_server *server)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);

    return info ? info->port : 0;
}

void metrics_serve_end(struct metrics_server *server)
{
    MHD_stop_daemon(server->daemon);
    free(server);
}
