/* SPDX-License-Identifier: MIT */
/* Round trips of a byte between two processes through a pair of sockets. */
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/guest/measure.h"

/* Sends back each byte that it gets. */
static void echo(int wire)
{
    char byte;

    while (read(wire, &byte, 1) == 1) {
        if (write(wire, &byte, 1) != 1) {
            _exit(1);
        }
    }
    _exit(0);
}

static void trip(int wire)
{
    char byte = 0;

    must(write(wire, &byte, 1) == 1 && read(wire, &byte, 1) == 1, "a trip");
}

void field_unix(unsigned count)
{
    int end_of[2];

    must(!socketpair(AF_UNIX, SOCK_STREAM, 0, end_of), "socketpair");
    const pid_t child = fork();
    if (!child) {
        close(end_of[0]);
        echo(end_of[1]);
    }
    close(end_of[1]);
    trip(end_of[0]);
    begin(field_unix);
    for (unsigned i = 0; i < count; i++) {
        trip(end_of[0]);
    }
    end();
    close(end_of[0]);
    wait_for(child);
}

/* Starts the network of this machine alone, 127.0.0.1. */
static void start_loopback(int any)
{
    struct ifreq request = {.ifr_name = "lo"};

    must(!ioctl(any, SIOCGIFFLAGS, &request), "lo");
    request.ifr_flags |= IFF_UP;
    must(!ioctl(any, SIOCSIFFLAGS, &request), "lo up");
}

static int tcp_socket(void)
{
    const int one = 1, wire = socket(AF_INET, SOCK_STREAM, 0);

    must(wire >= 0, "socket");
    setsockopt(wire, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    return wire;
}

void field_tcp(unsigned count)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    const int door = tcp_socket(), wire = tcp_socket();

    start_loopback(door);
    must(!bind(door, (struct sockaddr *)&address, sizeof(address)) && !listen(door, 1) &&
             !getsockname(door, (struct sockaddr *)&address, &length),
         "listen");
    const pid_t child = fork();
    if (!child) {
        close(wire);
        echo(accept(door, NULL, NULL));
    }
    close(door);
    must(!connect(wire, (struct sockaddr *)&address, sizeof(address)), "connect");
    trip(wire);
    begin(field_tcp);
    for (unsigned i = 0; i < count; i++) {
        trip(wire);
    }
    end();
    close(wire);
    wait_for(child);
}
