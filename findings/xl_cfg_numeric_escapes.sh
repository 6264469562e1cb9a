#!/bin/bash
# SPDX-License-Identifier: MIT
# Xen's reader of xl.cfg files (libxlutil 4.17) drops octal escapes without a word and refuses hexadecimal ones.
#
# Expected: in double quotes "x\101y" and "x\x41y" are both xAy. The reader knows both kinds: its messages speak
# of the digits of an "octalnumerical" and of a "hexnumerical character escape", while a backslash before any
# character without a meaning is refused as such.
# Observed: "x\101y" is read as xy, and "x\x41y" is refused for an invalid digit, as with any two digits.
# A kernel command line in such a file must contain its characters themselves.
#
# Shown without Pinion: a program of a few lines reads one setting with xlu_cfg_readdata.
# Exit status: 0 still so; 1 it has changed; 77 the packages cannot be had. Needs gcc, uuid-dev (the header
# includes uuid/uuid.h) and the libraries of an installed libxen-dev.
set -eu
version='4.17.7+13-g2445b30a44-0+deb12u1'
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

apt-get -q download {libxen-dev,libxenmisc4.17}="$version" >download.log 2>&1 || {
    cat download.log
    exit 77
}
for package in *.deb; do
    dpkg -x "$package" .
done
libraries=$folder/usr/lib/x86_64-linux-gnu

cat >read.c <<'END'
#include <libxlutil.h>
#include <stdio.h>
#include <string.h>

int main(int count, char **words)
{
    for (int i = 1; i < count; i++) {
        const char *value = "";
        XLU_Config *settings = xlu_cfg_init(stderr, "text");
        if (xlu_cfg_readdata(settings, words[i], (int)strlen(words[i])) != 0) {
            puts("refused");
        } else {
            xlu_cfg_get_string(settings, "a", &value, 1);
            printf("[%s]\n", value);
        }
        xlu_cfg_destroy(settings);
    }
}
END
gcc -Iusr/include -o read read.c "$libraries"/libxlutil.so.4.17* "-Wl,-rpath,$libraries" 2>gcc.log || {
    cat gcc.log
    exit 77
}
seen=$(./read $'a = "x\\101y"\n' $'a = "x\\x41y"\n' $'a = "x\\x7ay"\n' $'a = "x\\\\y"\n' 2>messages | tr '\n' ' ')
echo "libxlutil $version: \"x\\101y\", \"x\\x41y\", \"x\\x7ay\" and \"x\\\\y\" are read as: $seen"
cat messages
[ "$seen" = '[xy] refused refused [x\y] ' ] && grep -q 'invalid digit after backslash hexnumerical' messages
