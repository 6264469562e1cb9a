#!/bin/bash
# SPDX-License-Identifier: MIT
# OpenBSD's netcat (1.219), sending a file, stops in the middle of it when its peer says that it will send nothing, and
# its exit status is 0. busybox' nc says so as soon as its input ends.
#
# Expected: a TCP connection has two directions, and the end of one says nothing about the other; netcat has an option
# (-N) for saying it. A receiver without anything to send, `nc HOST PORT </dev/null >FILE`, gets the whole file.
# Observed: of 8 MiB, 16 KiB arrive, or a few MiB. Both programs end with status 0, so that the loss is seen by
# comparing only. A receiver whose input does not end gets all. So a guest with busybox and a dom0 with netcat lose
# data between them (tools/dom0/guest-init gives its receivers an input that does not end).
#
# Shown without Pinion: the two programs of Debian, over the loopback device; the receiver's input is empty in one half
# of the tries, and a pipe to which nobody writes in the other.
# Exit status: 0 still so; 1 it has changed; 77 the packages cannot be had.
set -eu
netcat='1.219-1'
busybox='1:1.35.0-4+deb12u1+b1'
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

apt-get -q download netcat-openbsd="$netcat" busybox-static="$busybox" libbsd0=0.11.7-2 libmd0=1.0.4-2 >download.log 2>&1 || {
    cat download.log
    exit 77
}
for package in *.deb; do
    dpkg -x "$package" .
done
export LD_LIBRARY_PATH=$folder/usr/lib/x86_64-linux-gnu:$folder/lib/x86_64-linux-gnu

size=$((8 << 20))
head -c $size /dev/urandom >sent
mkfifo never
port=$((20000 + $$ % 20000))
is_open() {
    grep -q "$(printf ':%04X .* 0A ' $port)" /proc/net/tcp
}

# receive INPUT: sets $arrived to how much of the file a receiver with this input gets, and $statuses to how both end.
receive() {
    local sender status=0
    port=$((port + 1))
    bin/nc.openbsd -N -l 127.0.0.1 $port <sent >/dev/null &
    sender=$!
    until is_open; do
        kill -0 $sender
        sleep 0.1
    done
    bin/busybox nc 127.0.0.1 $port <>"$1" >got || status=$?
    statuses=$status
    status=0
    wait $sender || status=$?
    statuses+=$status
    arrived=$(wc -c <got)
}

changed=0
for try in 1 2 3; do
    for input in /dev/null never; do
        receive $input
        echo "netcat $netcat to busybox $busybox, its input $input: $arrived of $size bytes, exit statuses ${statuses:0:1} and ${statuses:1}"
        [ "$statuses" = 00 ] || changed=1
        case $input in
        never) [ "$arrived" = $size ] || changed=1 ;;
        *) [ "$arrived" -lt $size ] || changed=1 ;;
        esac
    done
done
exit $changed
