# SPDX-License-Identifier: MIT
# What the checks in dom0 use. /work is a disk of the test: vmlinux (an unpacked kernel of the distribution),
# initrd.cpio (leads it to its disk), small.img (a root file system with busybox), kernels/ (small test kernels).

# check_names [FILE...]: of all checks without one.
check_names() {
    [ $# -gt 0 ] || set -- /run/extra/checks/*.sh
    sed -n 's/^check_\([a-z0-9_]*\)() {.*/\1/p' "$@"
}

# word NAME DEFAULT: the number that the kernel's command line gives as dom0.NAME=N.
word() {
    local found
    found=$(grep -o " dom0\.$1=[0-9]*" /proc/cmdline || true)
    [ -n "$found" ] && echo "${found#*=}" || echo "$2"
}

fail() {
    echo "$*"
    exit 1
}
skip() {
    echo "$*"
    exit 77
}

# has [OPTION...] PATTERN: whether a line of the input matches. It reads all of it: `grep -q` alone, at the end of a pipe,
# ends with the first such line, and then a command that goes on writing fails.
has() {
    local status=0
    grep -q "$@" || status=$?
    cat >/dev/null
    return $status
}

# until_true 'COMMAND': repeats it until it succeeds. The check's own limit ends what never does.
until_true() {
    until eval "$1"; do
        sleep 0.2
    done
}

console_log() { # GUEST
    echo "/var/log/xen/console/guest-$1.log"
}
# on_console GUEST PATTERN: waits until a line of the guest's console matches. Fails if the guest ends without it.
on_console() {
    local gone=false
    until grep -a -q -E -- "$2" "$(console_log "$1")" 2>/dev/null; do
        if $gone; then
            tail -n 20 "$(console_log "$1")"
            fail "$1 has ended, and its console has no /$2/"
        fi
        sleep 0.2
        ! is_gone "$1" || gone=true
    done
}

# disk GUEST: makes a copy of the small disk for it.
disk() {
    cp --sparse=always /work/small.img "/work/$1.img"
}

# config NAME NUMBER DO [LINE...]: writes /work/NAME.cfg, of a Linux on its own disk with address 10.77.0.NUMBER.
# Without its kernel's self-tests of ciphers, which are a fifth of its boot.
config() {
    local name=$1 number=$2 do=$3
    shift 3
    [ -e "/work/$name.img" ] || disk "$name"
    cat >"/work/$name.cfg" <<END
name = "$name"
kernel = "/work/vmlinux"
ramdisk = "/work/initrd.cpio"
extra = "root=/dev/xvda console=hvc0 quiet cryptomgr.notests init=/sbin/guest-init guest.name=$name guest.ip=10.77.0.$number guest.do=$do guest.mib=2"
memory = 96
vcpus = 1
disk = [ "file:/work/$name.img,xvda,w" ]
vif = [ "bridge=xenbr0" ]
END
    [ $# = 0 ] || printf '%s\n' "$@" >>"/work/$name.cfg"
}

# create NAME: starts the guest of /work/NAME.cfg.
create() {
    rm -f "$(console_log "$1")"
    xl create "/work/$1.cfg"
}

# need NAME NUMBER [LINE...]: a guest that serves; starts it if it does not run. Guests are left running for the
# next check that needs them: to boot one is most of a check's work.
need() {
    ! xl domid "$1" >/dev/null 2>&1 || return 0
    config "$1" "$2" serve "${@:3}"
    create "$1"
    on_console "$1" "^$1: ready"
}
need_a() { # which may have a second vCPU
    need a 12 'maxvcpus = 2'
}
need_eight() {
    need eight 18 'vcpus = 8' 'memory = 160'
}

# in_guest NUMBER COMMAND: a shell's command in the guest with this address; prints its output.
in_guest() {
    nc -N -w 600 "10.77.0.$1" 7000 <<<"$2"
}

# find_card: sets $card to the name of the machine's network card. Skips the check if there is none.
find_card() {
    card=$(find /sys/devices/pci* -path "*/net/*" -prune | sed "s,.*/,," | sed -n 1p)
    [ -n "$card" ] || skip "no network card"
}

is_gone() { # NAME
    ! xl domid "$1" >/dev/null 2>&1
}
gone() { # NAME: waits until it is
    until_true "is_gone '$1'"
}

# field NAME COLUMN: of `xl list`: 2 number, 3 memory, 4 vCPUs, 5 state.
field() {
    xl list "$1" | awk -v column="$2" 'NR == 2 { print $column }'
}

# guests: the numbers of all guests.
guests() {
    xl list | awk 'NR > 1 && $2 > 0 { print $2 }'
}
# no_complaints [PATTERN]: dom0's kernel has reported no fault of its own, and no line that matches.
no_complaints() {
    ! dmesg | grep -E "BUG:|Oops|Call Trace${1:+|$1}" || fail "dom0's kernel complains"
}
free_memory() {
    xl info free_memory
}
# free_at_least MIB: waits until so much memory is free. dom0's services release a domain's last frames after its end.
free_at_least() {
    until_true "test \"\$(free_memory)\" -ge $1"
}
# only_dom0_left BEFORE: waits until there is no guest and as much free memory as before, in MiB.
only_dom0_left() {
    until_true 'test "$(xl list | wc -l)" = 2'
    free_at_least "$1"
}
