# SPDX-License-Identifier: MIT
# What the system tests share. A test sources this, starts guests with `pinion`, and states claims.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
B=${B:-build}
kernel=$B/vmlinuz
victim_kernel=$B/guests/torture_victim.elf
ramdisk=$B/initramfs.cpio
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
# Where instructions are counted: QEMU 10 ends when the timer of an x2APIC is read then.
no_x2apic='--emulator-arg -cpu --emulator-arg max,-x2apic'

# pinion ARG...: runs the command; leaves $status, $work/out (consoles), $work/err, $work/log.
pinion() {
    status=0
    "$B/pinion" run --timeout "${timeout:-120}" --log "$work/log" "$@" \
        </dev/null >"$work/out" 2>"$work/err" || status=$?
}

# guest NAME WORD [MEMORY]: writes NAME.cfg for a stock kernel whose init does WORD; prints its path.
guest() {
    cat >"$work/$1.cfg" <<END
# made by a test
name = "$1"
kernel = '$kernel'
ramdisk = '$ramdisk'
memory = ${3:-192}
vcpus = 1
extra = "console=hvc0 quiet panic=1 pinion.name=$1 pinion.do=$2"
END
    echo "$work/$1.cfg"
}

# victim SECONDS: writes the .cfg of a guest that dies and is started again, over and over; prints its path. It
# powers off, and is started no more, when the machine has been up for so long: others boot first.
victim() {
    cat >"$work/victim.cfg" <<END
name = "victim"
kernel = '$victim_kernel'
memory = 32
vcpus = 4
on_reboot = "restart"
on_crash = "restart"
on_poweroff = "destroy"
restarts = 1000000
extra = "until=$1"
END
    echo "$work/victim.cfg"
}

wrong() {
    echo "WRONG: $*"
    failures=$((failures + 1))
}

expect_status() {
    [ "$status" = "$1" ] || wrong "exit status $status, not $1: $2"
}

# expect out|err|log PATTERN WHAT: a line of that file matches.
expect() {
    grep -Eq -- "$2" "$work/$1" || wrong "$1 lacks /$2/: $3"
}

expect_no() {
    ! grep -Eq -- "$2" "$work/$1" || wrong "$1 has /$2/: $3"
}

# Ends the test; shows what was printed when a claim failed.
finish() {
    [ $failures = 0 ] && exit 0
    for file in out err log; do
        [ -e "$work/$file" ] && sed "s/^/$file: /" "$work/$file" | tail -n 30
    done
    exit 1
}
