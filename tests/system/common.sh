# SPDX-License-Identifier: MIT
# Functions for the system tests. A test sources this file, starts guests with `pinion`, and checks the results.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
B=${B:-build}
. tests/patience.sh
kernel=$B/vmlinuz
victim_kernel=$B/guests/torture_victim.elf
ramdisk=$B/initramfs.cpio
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0
# For runs that count instructions: in these QEMU 10 aborts when a guest reads the timer of an x2APIC.
no_x2apic='--emulator-arg -cpu --emulator-arg max,-x2apic'

# For tests that are about something else: without the self-tests of ciphers, which are a quarter of a Linux' boot.
no_self_tests=cryptomgr.notests
# A kernel's own watchdogs take a slow host for a kernel that hangs. A kernel that hangs does not end.
no_watchdogs='rcupdate.rcu_cpu_stall_suppress=1 nosoftlockup hung_task_panic=0'

# pinion ARG...: runs the command, with audits, none of which may find anything; sets $status and writes $work/out
# (consoles), $work/err and $work/log.
pinion() {
    status=0
    "$B/pinion" run --audit on --timeout "${timeout:-$patience}" --log "$work/log" "$@" \
        </dev/null >"$work/out" 2>"$work/err" || status=$?
    [ ! -e "$work/log" ] || expect_no log 'audit: (isolation: .* )?[1-9][0-9]* finding' "findings of an audit"
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
extra = "console=hvc0 quiet panic=1 $no_self_tests pinion.name=$1 pinion.do=$2"
END
    echo "$work/$1.cfg"
}

# victim LIVES: writes the .cfg of a guest that crashes or reboots and is restarted, so that it lives so many
# times; prints its path. 0: it powers off instead.
victim() {
    cat >"$work/victim.cfg" <<END
name = "victim"
kernel = '$victim_kernel'
memory = 32
vcpus = 4
on_reboot = "restart"
on_crash = "restart"
on_poweroff = "destroy"
restarts = $(($1 > 1 ? $1 - 1 : 1))
extra = "$([ "$1" -gt 0 ] || echo retire)"
END
    echo "$work/victim.cfg"
}

# monitor_when FILE PATTERN COMMAND...: commands for the monitor of an emulator, given when $work/FILE has a line that
# matches. Until then it asks for the status, so that it ends when the emulator does.
monitor_when() {
    local file=$1 pattern=$2
    shift 2
    until grep -qE "$pattern" "$work/$file" 2>/dev/null; do
        echo "info status"
        sleep 0.2
    done
    printf '%s\n' "$@"
}

wrong() {
    echo "WRONG: $*"
    failures=$((failures + 1))
}

expect_status() {
    [ "$status" = "$1" ] || wrong "exit status $status, not $1: $2"
}

# expect out|err|log PATTERN WHAT: a line of that file must match.
expect() {
    grep -Eq -- "$2" "$work/$1" || wrong "$1 lacks /$2/: $3"
}

# expect_no out|err|log PATTERN WHAT: no line of it may. Prints the first ones that do.
expect_no() {
    ! grep -Eq -- "$2" "$work/$1" || wrong "$1 has /$2/: $3: $(grep -E -m 3 -- "$2" "$work/$1" | tr '\n' '|')"
}

# Ends the test; if a check failed, prints the end of each output.
finish() {
    [ $failures = 0 ] && exit 0
    for file in out err log; do
        [ -e "$work/$file" ] && sed "s/^/$file: /" "$work/$file" | tail -n 30
    done
    exit 1
}
