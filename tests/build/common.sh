# SPDX-License-Identifier: MIT
# Functions for the tests of the build. They make a small copy of the tree, with the real makefiles and the real
# scripts that run tests, and with small stand-ins for the hypervisor and the command. In this copy a test breaks,
# deletes and changes files. A test sources this file, which changes to the copy, and ends with `finish`.
set -u
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
cd "$root" || exit 1
. tests/patience.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
unset B MAKEFLAGS MFLAGS MAKELEVEL BUILD_LIST BUILD_LOG
export CC=gcc LC_ALL=C

copy_tree() {
    mkdir -p "$work/tree" && cd "$work/tree" || exit 1
    cp -r "$root/Makefile" "$root"/{lib,guest,tools,debian} .
    mkdir -p bench/plugin
    [ ! -e "$root/mk" ] || cp -r "$root/mk" .
    mkdir -p tests/unit/lib tests/guests hypervisor/boot hypervisor/unpack vmmu
    cp "$root"/tests/{run,conformance,on-xen,side-by-side,patience.sh,patience.h} tests
    [ ! -e "$root/tests/built.sh" ] || cp "$root/tests/built.sh" tests
    cp "$root/tests/unit/lib/test_index.c" tests/unit/lib
    cp -r "$root"/tests/guests/{common,test_hello.c} tests/guests
    cp tests/guests/test_hello.c tests/guests/random_calls.c
    rm -f tools/*.c
    find guest/kernels -name '*.c' ! -name hello.c ! -path '*/process/*' -delete
}

# A stand-in for the command: for every kernel it prints that the test succeeded.
write_command() {
    cat >tools/main.c <<'END'
#include <stdio.h>
#include <string.h>

int main(int count, char **words)
{
    FILE *kernel = fopen(words[count - 1], "r");
    if (!kernel) {
        return 2;
    }
    for (int i = 1; i < count - 1; i++) {
        FILE *log = strcmp(words[i], "--log") ? NULL : fopen(words[i + 1], "w");
        if (log) {
            fputs("audit: 0 findings\n", log);
            fclose(log);
        }
    }
    puts("Test result: SUCCESS");
    return 0;
}
END
}

write_hypervisor() {
    echo 'void boot_start(void); __attribute__((used, section(".text.first"))) void boot_start(void) { }' \
        >hypervisor/boot/start.c
    echo 'ENTRY(boot_start) SECTIONS { . = 1M; .text : { KEEP(*(.text.first)) *(.text*) } }' \
        >hypervisor/boot/pinion.lds
    echo 'void unpack(void); void unpack(void) { }' >hypervisor/unpack/unpack.c
}

# Stand-ins for scripts that would install or download packages or run an emulator: they succeed at once.
write_programs() {
    mkdir -p "$work/bin"
    printf '#!/bin/sh\nexit 1\n' >tools/fetch-xen
    printf '#!/bin/sh\necho "Test result: SUCCESS"\n' >"$work/bin/qemu-system-x86_64"
    chmod +x "$work/bin/qemu-system-x86_64"
    PATH=$work/bin:$PATH
}

# do_make WORD...: runs make; sets $status and writes $work/out.
do_make() {
    status=0
    timeout "$patience" make --no-print-directory "$@" >"$work/out" 2>&1 </dev/null || status=$?
}

wrong() {
    echo "WRONG: $*"
    sed 's/^/    /' "$work/out" | tail -n 12
    failures=$((failures + 1))
}

# must_make WORD...: runs make; if it fails, the test ends.
must_make() {
    do_make "$@"
    [ $status = 0 ] || {
        wrong "make $*: exit status $status"
        exit 1
    }
}

expect() { # PATTERN WHAT: a line of make's output must match
    grep -Eq -- "$1" "$work/out" || wrong "no line /$1/: $2"
}

expect_no() { # PATTERN WHAT
    ! grep -Eq -- "$1" "$work/out" || wrong "a line /$1/: $2"
}

expect_failure() { # WHAT
    [ $status != 0 ] || wrong "exit status 0: $1"
}

finish() {
    [ $failures = 0 ]
    exit
}

copy_tree
write_command
write_hypervisor
write_programs
