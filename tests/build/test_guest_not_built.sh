# SPDX-License-Identifier: MIT
# Proves that no test runs with a binary of an earlier build: if a test guest, a kernel, the command, the
# hypervisor or clang's hypervisor no longer builds, every test that needs it fails, by name, in `make
# conformance` and in tests/run.
. "$(dirname "$0")/common.sh"
printf '#!/bin/sh\nexit 0\n' >tools/install

must_make conformance
expect '^3 passed, 0 failed$' "the tree as it is"

spoil() { # FILE...
    for file; do
        sed -i '$a int broken = ;' "$file"
    done
}
mend() { # FILE...
    sed -i '$d' "$@"
}
do_tests() {
    status=0
    timeout "$patience" tests/run "$@" >"$work/out" 2>&1 </dev/null || status=$?
}

spoil tests/guests/test_hello.c guest/kernels/hello.c
do_make conformance
expect_failure "a test guest and a kernel do not compile"
expect '^FAILED +pinion +test_hello: not built: build/guests/test_hello.elf' "the guest, by name"
expect '^tests/guests/test_hello.c:[0-9]+:[0-9]+: error: ' "the compiler's error"
expect '^FAILED +bare +hello: not built: build/kernels/hello.native.bin' "the kernel, by name"
expect '^0 passed, 3 failed$' "the verdict"
do_tests guests
expect_failure "a test guest does not compile"
expect '^FAILED .* tests/guests/test_hello.c$' "the guest, by name, in tests/run"
mend tests/guests/test_hello.c guest/kernels/hello.c

for part in tools/main.c hypervisor/boot/start.c; do
    spoil $part
    do_tests guests
    expect_failure "$part does not compile"
    expect '^FAILED .* tests/guests/test_hello.c$' "$part does not compile: a guest that needs it"
    expect "\\| $part:[0-9]+:[0-9]+: error: " "the compiler's error"
    mend $part
done

mkdir tests/system
printf '%s\n' '# Needs: clang' 'test -e build/clang/pinion.bin' >tests/system/test_clang.sh
do_tests system
[ $status = 0 ] || wrong "a test that needs the build with clang: exit status $status"
sed -i '$a \#ifdef __clang__\n#error only with clang\n#endif' hypervisor/boot/start.c
do_tests system
expect_failure "clang does not compile the hypervisor"
expect '^FAILED .* tests/system/test_clang.sh$' "a test that needs the build with clang"
finish
