# SPDX-License-Identifier: MIT
# Proves that the machine ends with the command: after any signal, SIGKILL among them, neither an emulator nor a
# file of the run is left; a signal that the command's parent ignores does not end it (nohup); and the run ends
# when the reader of its output goes away.
. "$(dirname "$0")/common.sh"

mkdir "$work/tmp"
export TMPDIR=$work/tmp

# start: starts a guest that never ends, in the background; returns when the guest runs.
start() {
    rm -f "$work/out"
    "$B/pinion" run --log "$work/log" --memory 192 --ramdisk "$ramdisk" \
        --cmdline "console=hvc0 $no_self_tests pinion.do=hang" "$kernel" </dev/null >"$work/out" 2>"$work/err" &
    wait_until grep -qs 'Linux version' "$work/out" || wrong "the guest did not start"
}

# Emulators that this test started have its TMPDIR in their environment.
emulators() {
    grep -lzF "TMPDIR=$work/tmp" /proc/[0-9]*/environ 2>/dev/null | while read -r file; do
        grep -qa qemu-system "${file%environ}cmdline" 2>/dev/null && echo "$file"
    done
}

no_emulator() {
    [ -z "$(emulators)" ]
}

expect_no_emulator() {
    wait_until no_emulator || wrong "an emulator is left after $1"
}

# A run has no file on disk, not even while it lasts.
expect_no_files() {
    [ -z "$(ls "$work/tmp")" ] || wrong "files $1: $(ls "$work/tmp")"
    rm -rf "${work:?}"/tmp/*
}

# ends_by NUMBER NAME
ends_by() {
    start
    expect_no_files "during a run"
    kill "-$2" $!
    status=0
    wait $! 2>/dev/null || status=$?
    expect_status $((128 + $1)) "ended by SIG$2"
    expect_no_emulator "SIG$2"
    expect_no_files "after SIG$2"
}

start
[ -n "$(emulators)" ] || wrong "this test does not see the emulator"
kill -TERM $!
wait $! 2>/dev/null
ends_by 15 TERM
ends_by 10 USR1
ends_by 9 KILL

trap '' HUP
start
trap - HUP
kill -HUP $!
kill -TERM $!
status=0
wait $! 2>/dev/null || status=$?
expect_status 143 "SIGHUP is ignored, then ended by SIGTERM"

status=0
"$B/pinion" run --timeout "$patience" --log "$work/log" --memory 192 --ramdisk "$ramdisk" \
    --cmdline "console=hvc0 $no_self_tests pinion.do=hang" "$kernel" </dev/null 2>"$work/err" |
    grep -m 1 'Linux version' >"$work/out"
status=${PIPESTATUS[0]}
expect_status 141 "ended by SIGPIPE"
expect_no_emulator SIGPIPE
finish
