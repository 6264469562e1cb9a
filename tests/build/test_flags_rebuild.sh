# SPDX-License-Identifier: MIT
# Proves that a change of flags rebuilds, once, everything that is compiled or linked with them: the flags of the
# hypervisor, of programs for the host, of guests, unit tests, ThreadSanitizer's tests, plugins and the native
# engine, and those of the linker; and that another version of the compiler rebuilds everything.
. "$(dirname "$0")/common.sh"

echo 'int spare_number(void); int spare_number(void) { return 7; }' >vmmu/spare.c
# Each row: a variable, the folder of the objects that are compiled with its flags, and a target.
compiled='
HV_CFLAGS hv build/pinion.elf
HOST_CFLAGS host build/pinion
GUEST_CFLAGS guests build/guests/test_hello.elf
CHECK_CFLAGS check build/check/tests/unit/lib/test_index
TSAN_CFLAGS tsan build/tsan/vmmu/spare.o
PLUGIN_CFLAGS plugin build/plugin/vmmu/spare.o
ENGINE_CFLAGS engine build/engine/vmmu/spare.o
'
linked='
HV_LDFLAGS build/pinion.elf
GUEST_LDFLAGS build/guests/test_hello.elf
KERNEL_LDFLAGS build/kernels/hello.pv.elf
DEMO_LDFLAGS build/demo
'
mapfile -t targets < <(printf '%s%s' "$compiled" "$linked" | awk 'NF { print $NF }' | sort -u)
add_flag() { # VARIABLE FLAG: adds the flag where a makefile sets the variable
    sed -i "s/^$1 := /&$2 /" Makefile $(ls mk/*.mk 2>/dev/null)
}
count() { # PATTERN: prints how many lines of make's output match
    grep -c -- "$1" "$work/out"
}

must_make "${targets[@]}"
cp "$work/out" "$work/first"

# check_rows ROWS: changes the flags of these rows, and expects that their objects, all of them, are compiled.
check_rows() {
    local variable folder target objects
    while read -r variable folder target; do
        [ -z "$variable" ] || add_flag "$variable" "-DCHANGED_$variable"
    done <<<"$1"
    must_make "${targets[@]}"
    while read -r variable folder target; do
        [ -n "$variable" ] || continue
        objects=$(grep -c -- "-c -o build/$folder/" "$work/first")
        [ "$objects" -gt 0 ] || wrong "$variable: nothing was compiled"
        [ "$(count "-DCHANGED_$variable .*-c -o build/$folder/")" = "$objects" ] ||
            wrong "$variable changed, and not all $objects objects of build/$folder were compiled"
    done <<<"$1"
}
check_rows "$(grep -v '^HV_' <<<"$compiled")"
expect_no ' -c -o build/hv/' "the hypervisor's flags did not change"
check_rows "$(grep '^HV_' <<<"$compiled")"
expect_no ' -c -o build/(host|guests|check)/' "only the hypervisor's flags changed"

while read -r variable target; do
    [ -z "$variable" ] || add_flag "$variable" "-Wl,--defsym=changed_$variable=1"
done <<<"$linked"
must_make "${targets[@]}"
expect_no ' -c -o ' "only linkers' flags changed"
while read -r variable target; do
    [ -z "$variable" ] || nm "$target" | grep -q "changed_$variable" ||
        wrong "$variable changed, and $target was not linked"
done <<<"$linked"
must_make "${targets[@]}"
expect_no ' -o ' "made again without a reason"

compiler() { # VERSION
    printf '%s\n' '#!/bin/sh' "[ \"\$1\" != --version ] || exec echo 'gcc $1'" 'exec gcc "$@"' >"$work/bin/compiler"
    chmod +x "$work/bin/compiler"
}
compiler 1
must_make CC=compiler build/hv/vmmu/spare.o
compiler 2
must_make CC=compiler build/hv/vmmu/spare.o
expect ' -c -o build/hv/vmmu/spare.o ' "another version of the compiler compiles anew"
finish
