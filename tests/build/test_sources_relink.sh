# SPDX-License-Identifier: MIT
# Proves that a source file that is added or removed relinks every program that it is part of: the hypervisor, the
# command, test guests, the guest library, unit tests and plugins; and that a header can be removed.
. "$(dirname "$0")/common.sh"

# Each row: a folder, the target that is linked from its sources, and the file that shows from which objects.
rows='
hypervisor/boot build/pinion.elf build/pinion.map
tools build/pinion build/pinion
tests/guests/common build/guests/common.a build/guests/common.a
tests/guests/test_hello build/guests/test_hello.elf build/guests/test_hello.elf
guest/pv build/libguest-pv.a build/libguest-pv.a
guest/native build/libguest-native.a build/libguest-native.a
lib build/check/tests/unit/lib/test_index build/check/tests/unit/lib/test_index
hypervisor/call build/check/hypervisor.a build/check/hypervisor.a
guest build/check/guest.a build/check/guest.a
bench/plugin build/bench/count.so build/bench/count.so
'
mapfile -t targets < <(awk 'NF { print $2 }' <<<"$rows")
each_row() { # FUNCTION: calls it with the spare source, the target, and the file that shows the target's objects
    local folder target shows
    while read -r folder target shows; do
        [ -z "$folder" ] || "$1" "$folder/spare_${folder//\//_}.c" "$target" "$shows"
    done <<<"$rows"
}

name_of() { basename "$1" .c; }
add_source() { echo "int $(name_of "$1")(void); int $(name_of "$1")(void) { return 7; }" >"$1"; }
delete_source() { rm "$1"; }
expect_with() { grep -q "$(name_of "$1")" "$3" || wrong "$2: linked without the new $1"; }
expect_without() { ! grep -q "$(name_of "$1")" "$3" || wrong "$2: linked with $1, which is gone"; }

mkdir hypervisor/call tests/guests/test_hello
for file in hypervisor/call/first.c bench/plugin/first.c; do
    add_source $file
done
echo '#define SPARE 0' >hypervisor/boot/spare.h
sed -i '1i #include "hypervisor/boot/spare.h"' hypervisor/boot/start.c
must_make "${targets[@]}"
each_row add_source
must_make "${targets[@]}"
each_row expect_with
each_row delete_source
must_make "${targets[@]}"
each_row expect_without
sed -i 1d hypervisor/boot/start.c
rm hypervisor/boot/spare.h
must_make "${targets[@]}"
must_make "${targets[@]}"
expect_no ' -o |ar ' "made again without a reason"
finish
