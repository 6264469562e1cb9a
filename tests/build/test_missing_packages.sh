# SPDX-License-Identifier: MIT
# Proves that `make` and `make check` on a machine without the packages say in one sentence which are missing
# and how to get them, before any error of the compiler: without headers, which a compiler that does not look
# into /usr/include shows, and without gcc and dpkg, on a PATH that lacks them.
. "$(dirname "$0")/common.sh"

# A folder like /usr/include, without three packages' headers.
real_gcc=$(PATH=/usr/bin:/bin command -v gcc) # not ccache's, which would look for gcc on PATH
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

# With them it builds, and says nothing.
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
