# SPDX-License-Identifier: MIT
# Proves that --timeout stops a guest that never ends: status 124, one sentence, all that the guest has printed,
# and neither an emulator nor a file of the run is left; and that it does not concern a machine which has ended in
# time, although the reader of its output takes it only later.
# Needs: all images guests
. "$(dirname "$0")/common.sh"

mkdir "$work/tmp"
# On a slow host the guest needs more time to print its first line.
for timeout in 12 120 "$patience"; do
    TMPDIR=$work/tmp pinion --memory 192 --ramdisk "$ramdisk" \
        --cmdline "console=hvc0 $no_self_tests pinion.do=hang" "$kernel"
    expect_status 124 "time-out"
    expect err "^pinion: time-out: the guests were stopped after $timeout s\$" "the sentence"
    ! grep -q 'Linux version' "$work/out" || break
done
expect out 'Linux version' "what it printed before"
[ -z "$(ls "$work/tmp")" ] || wrong "files left behind"
grep -lqzF "TMPDIR=$work/tmp" /proc/[0-9]*/environ 2>/dev/null && wrong "an emulator left behind"

# An emulator that prints more than the command reads at once, and reports a good end immediately.
mkdir "$work/bin"
cat >"$work/bin/qemu-system-x86_64" <<'END'
#!/bin/bash
for word; do
    case $word in socket,id=console,fd=*) console=${word##*=} ;; esac
done
head -c 5000000 /dev/zero | tr '\0' x >&"$console"
exit 33
END
chmod +x "$work/bin/qemu-system-x86_64"
# On a slow host the emulator needs more time to end.
for timeout in 10 120 "$patience"; do
    (
        PATH=$work/bin:$PATH
        status=0
        "$B/pinion" run --timeout "$timeout" --log "$work/log" "$B/guests/test_hello.elf" </dev/null \
            2>"$work/err" || status=$?
        echo $status >"$work/status"
    ) | (
        sleep $((timeout + 5))
        wc -c >"$work/out"
    )
    status=$(cat "$work/status")
    [ "$status" != 0 ] || break
done
expect_status 0 "the machine had ended in time"
expect out '^5000000$' "its output, complete"
finish
