/* SPDX-License-Identifier: MIT */
/* Proves that the server of metrics listens on loopback unless it is given an address, answers in
 * the format that the client takes, and refuses other methods, pages and addresses by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/unit/tools/sample_moment.h"
#include "tools/metrics_serve.h"

static bool broken; /* the reader fails */

static bool read_sample(void *context, struct moment *moment, struct failure *failure)
{
    (void)context;
    if (broken) {
        return refuse(failure, "nothing to read");
    }
    *moment = sample_moment();
    return true;
}

static struct metrics_server *start(unsigned *port)
{
    struct metrics_address address;
    struct failure failure = {""};
    struct metrics_server *server;

    assert_true(metrics_address_read("0", &address, &failure));
    server = metrics_serve(&address, read_sample, NULL, &failure);
    assert_non_null(server);
    *port = metrics_server_port(server);
    assert_int_not_equal(*port, 0);
    return server;
}

/* Sends a request to 127.0.0.1 and returns the whole answer, up to where the server closes. */
static char *ask(unsigned port, const char *request)
{
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int client = socket(AF_INET, SOCK_STREAM, 0);
    char *answer = NULL;
    size_t size;
    FILE *out = open_memstream(&answer, &size);
    char bytes[4096];
    ssize_t count;

    assert_int_equal(connect(client, (struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(write(client, request, strlen(request)), strlen(request));
    while ((count = read(client, bytes, sizeof bytes)) > 0) {
        fwrite(bytes, 1, (size_t)count, out);
    }
    close(client);
    fclose(out);
    return answer;
}

static void expect_answer(unsigned port, const char *request, const char *status, const char *text)
{
    char *answer = ask(port, request);

    assert_memory_equal(answer, status, strlen(status));
    if (!strstr(answer, text)) {
        fail_msg("no %s in %s", text, answer);
    }
    free(answer);
}

#define HTTP " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"

static void it_answers_in_the_format_that_the_client_takes(void **state)
{
    unsigned port;
    struct metrics_server *server = start(&port);

    (void)state;
    expect_answer(port, "GET /metrics" HTTP "\r\n", "HTTP/1.1 200",
                  "# TYPE pinion_domain_cpu_seconds_total counter");
    expect_answer(port,
                  "GET /metrics" HTTP
                  "Accept: application/openmetrics-text;version=1.0.0,*/*;q=0.1\r\n\r\n",
                  "HTTP/1.1 200", "# EOF\n");
    expect_answer(port, "GET /" HTTP "\r\n", "HTTP/1.1 200", "href=\"/metrics\"");
    metrics_serve_end(server);
}

static void it_refuses_by_name(void **state)
{
    unsigned port;
    struct metrics_server *server = start(&port);

    (void)state;
    expect_answer(port, "GET /else" HTTP "\r\n", "HTTP/1.1 404", "there is only /metrics");
    expect_answer(port, "POST /metrics" HTTP "Content-Length: 2\r\n\r\nab", "HTTP/1.1 405",
                  "Allow: GET, HEAD");
    broken = true;
    expect_answer(port, "GET /metrics" HTTP "\r\n", "HTTP/1.1 503", "nothing to read");
    broken = false;
    expect_answer(port, "GET /metrics" HTTP "\r\n", "HTTP/1.1 200", "pinion_machine_cpus 4");
    metrics_serve_end(server);
}

static void a_port_in_use_is_refused(void **state)
{
    unsigned port;
    struct metrics_server *server = start(&port);
    struct metrics_address address = {.host = "127.0.0.1", .port = port};
    struct failure failure = {""};

    (void)state;
    assert_null(metrics_serve(&address, read_sample, NULL, &failure));
    assert_non_null(strstr(failure.sentence, "Address already in use"));
    metrics_serve_end(server);
}

static void addresses_are_read(void **state)
{
    struct metrics_address address;
    struct failure failure;
    static const char *const bad[] = {"",          "x",        "65536", "1.2.3.4:", "here:80",
                                      "[::1]:-1",  "1.2.3:80", ":80",   "[::1:80",  "-1",
                                      "127.0.0.1", "[::1]",    " 80"};

    (void)state;
    assert_true(metrics_address_read("9100", &address, &failure));
    assert_string_equal(address.host, "127.0.0.1");
    assert_int_equal(address.port, 9100);
    assert_true(metrics_address_read("0.0.0.0:80", &address, &failure));
    assert_string_equal(address.host, "0.0.0.0");
    assert_true(metrics_address_read("[::1]:80", &address, &failure));
    assert_string_equal(address.host, "::1");
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        failure.sentence[0] = 0;
        if (metrics_address_read(bad[i], &address, &failure) || !failure.sentence[0]) {
            fail_msg("'%s' is taken", bad[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_answers_in_the_format_that_the_client_takes),
        cmocka_unit_test(it_refuses_by_name),
        cmocka_unit_test(a_port_in_use_is_refused),
        cmocka_unit_test(addresses_are_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
