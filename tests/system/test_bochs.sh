# SPDX-License-Identifier: MIT
# Proves that tests/bochs/boot says by its exit status how a run on Bochs ended, whether the kernel, GRUB, Bochs or
# time ended it, and that nothing of it outlives it, not even if it is killed.
# Needs: all
. "$(dirname "$0")/common.sh"
export TMPDIR=$work/tmp
mkdir "$TMPDIR"

# boot ARGUMENT...: sets $status and writes $work/out and $work/err.
boot() {
    status=0
    tests/bochs/boot "$@" >"$work/out" 2>"$work/err" || status=$?
}

nothing_is_left() {
    [ -z "$(ls -A "$TMPDIR")" ] && ! pgrep -f -- "-f $TMPDIR" >"$work/left"
}

boot "$B/pinion.bin"
expect_status 37 "the hypervisor without a guest"
expect out 'no boot modules' "its sentence"
wait_until nothing_is_left || wrong "something is left of a whole run: $(ls "$TMPDIR")"

boot "$0"
expect_status 125 "a file that is no kernel"
expect out 'no multiboot header' "GRUB's sentence"
boot --model 8086 "$B/pinion.bin"
expect_status 125 "a model that Bochs does not have"
expect err "wrong value for parameter 'model'" "Bochs' sentence"
boot "$work/nothing"
expect_status 125 "no file"
expect err 'nothing cannot be read' "its sentence"
boot --timeout 0 "$B/pinion.bin"
expect_status 124 "no time"
wait_until nothing_is_left || wrong "something is left of a run without time: $(ls "$TMPDIR")"

tests/bochs/boot "$B/pinion.bin" >"$work/out" 2>"$work/err" &
started() { pgrep -f -- "-f $TMPDIR" >"$work/started"; }
wait_until started || wrong "Bochs does not start"
kill -KILL $!
wait $! 2>"$work/killed"
wait_until nothing_is_left || wrong "something is left of a run that was killed: $(ls "$TMPDIR"; cat "$work/left")"
finish
