#!/bin/bash
# SPDX-License-Identifier: MIT
# Between Xen 4.17 and 4.20 the version of domctl, the toolstack's interface, went up by two, and for x86 one member
# was added to one structure; nothing else in it changed its size or its number.
#
# Expected: a version that a hypervisor must compare, and that went up twice in three releases, stands for structures
# that cannot be read any more: a hypervisor with the older interface cannot serve the later tools.
# Observed: createdomain has altp2m_opts before vmtrace_size. All other structures of domctl have the size that they
# had, all of its operations the number; three operations are new. sysctl's version is the same.
# A hypervisor can serve both by moving three members of one structure.
#
# Shown without Pinion: programs made with the headers of Debian 12 and of Debian 13 print sizes and numbers.
# Exit status: 0 still so; 1 it has changed; 77 the packages cannot be had. Needs gcc, and an apt that knows Debian.
set -eu
older='4.17.7+13-g2445b30a44-0+deb12u1' later='4.20.4+63-g7abfd2bce2-0+deb13u1'
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
mkdir -p state/{lists/partial,cache/archives/partial} 4.17 4.20

site=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Origin: Debian' | grep -v security | head -n 1)
[ -n "$site" ] || exit 77
for part in '' -security; do
    for release in bookworm trixie; do
        echo "deb $site$part $release$part main"
    done
done >state/sources
apt=(-q -o "Dir::Etc::SourceList=$folder/state/sources" -o Dir::Etc::SourceParts=/dev/null
    -o "Dir::State::Lists=$folder/state/lists" -o "Dir::Cache=$folder/state/cache" -o Dir::State::Status=/dev/null
    -o APT::Sandbox::User= -o Acquire::Languages=none)
apt-get "${apt[@]}" update >log 2>&1 || true
apt-get "${apt[@]}" download "libxen-dev=$older" >>log 2>&1 && dpkg -x libxen-dev_*.deb 4.17 && rm libxen-dev_*.deb &&
    apt-get "${apt[@]}" download "libxen-dev=$later" >>log 2>&1 && dpkg -x libxen-dev_*.deb 4.20 || {
    cat log
    exit 77
}

# Prints, by the headers of this folder: the versions, the size of each structure, the number of each operation.
describe() { # FOLDER
    local header=$1/usr/include/xen/domctl.h
    {
        echo '#define __XEN_TOOLS__'
        printf '#include <%s>\n' stddef.h stdint.h stdio.h xen/xen.h xen/domctl.h xen/sysctl.h
        echo 'int main(void) {'
        echo 'printf("version of domctl %#x\nversion of sysctl %#x\n", XEN_DOMCTL_INTERFACE_VERSION, XEN_SYSCTL_INTERFACE_VERSION);'
        gcc -E -D__XEN_TOOLS__ -I"$1/usr/include" -include stdint.h -include "$1/usr/include/xen/xen.h" "$header" |
            grep -oE '^struct xen_domctl_[a-z0-9_]+ \{' | cut -d ' ' -f 2 | sort -u |
            sed 's/.*/printf("size of & %zu\\n", sizeof(struct &));/'
        grep -oE '^#define XEN_DOMCTL_[a-z0-9_]+ +[0-9]+$' "$header" | cut -d ' ' -f 2 | sort -u |
            sed 's/.*/#ifdef &\nprintf("number of & %d\\n", &);\n#endif/'
        echo 'printf("place of vmtrace_size %zu\n", offsetof(struct xen_domctl_createdomain, vmtrace_size));'
        echo 'return 0; }'
    } >"$1/say.c"
    gcc -I"$1/usr/include" -o "$1/say" "$1/say.c" && "$1/say"
}
describe 4.17 >older && describe 4.20 >later
echo "domctl's structures and operations in libxen-dev $older: $(grep -c . older) lines; what $later changes:"
diff older later | grep '^[<>]' | tee changes
[ "$(grep -c '^<' changes)" = 3 ] && grep -q '^< version of domctl 0x15' changes && grep -q '^> version of domctl 0x17' changes &&
    grep -q '^< size of xen_domctl_createdomain' changes && grep -q '^< place of vmtrace_size' changes &&
    [ "$(grep '^>' changes | grep -c 'number of')" = 3 ]
