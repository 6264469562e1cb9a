# SPDX-License-Identifier: MIT
# Proves that `make` and `make check` on a machine without the packages print one sentence that names the missing
# packages and how to install them, before any error of the compiler. Missing headers are simulated by a
# compiler that does not search /usr/include, a missing gcc and dpkg by a PATH without them.
. "$(dirname "$0")/common.sh"

# A folder like /usr/include without the headers of three packages.
real_gcc=$(PATH=/usr/bin:/bin command -v gcc) # not ccache's gcc, which would search PATH for the real one
machine=$($real_gcc -print-multiarch)
mkdir "$work/include"
ln -s /usr/include/* "$work/include"
rm -r "$work/include"/{xen,zlib.h,cmocka.h}
cat >"$work/bin/gcc" <<END
#!/bin/sh
exec $real_gcc -nostdinc -isystem $($real_gcc -print-file-name=include) \
    -isystem $work/include -isystem /usr/include/$machine "\$@"
END
chmod +x "$work/bin/gcc"

export PATH=$work/bin:/usr/bin:/bin
do_make
expect_failure "headers are missing"
expect '^pinion: .*packages are missing: libxen-dev zlib1g-dev; .*apt-get install libxen-dev zlib1g-dev' "make"
expect_no 'error:' "nothing is compiled"
[ "$(grep -c -v '^make: \*\*\*' "$work/out")" = 1 ] || wrong "more than one sentence"
do_make check
expect_failure "headers are missing"
expect '^pinion: .*packages are missing: libxen-dev zlib1g-dev libcmocka-dev; ' "make check"
expect_no 'error:|FAILED' "nothing is compiled or run"

# With the headers make builds, and prints no such sentence.
ln -s /usr/include/{xen,zlib.h,cmocka.h} "$work/include"
must_make
expect_no '^pinion: ' "nothing is missing"

mkdir "$work/path"
ln -s /usr/bin/* "$work/path" 2>/dev/null
rm -f "$work/path"/{gcc,dpkg-query,dpkg,apt-get}
PATH=$work/path do_make
expect_failure "gcc is missing"
expect '^pinion: .*packages are missing: gcc; ' "without gcc and dpkg"
finish
