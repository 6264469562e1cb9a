# SPDX-License-Identifier: MIT
# Proves that the end of a run does not take longer the more memory its guests have: between the power-off of the
# last guest and the end of the machine the hypervisor executes at most 1 M instructions, with 96 MiB and with
# 4 GiB (the log counts nanoseconds, and one is one instruction under QEMU's counting), also while the memory of a
# guest that has ended before is still being given back. By default the audit, which reads all memory, is made for
# small guests only.
# Needs: all guests
. "$(dirname "$0")/common.sh"
instructions_max=1000000

micros() { # PATTERN: the time in the log of the last line that matches, in microseconds
    sed -nE "s/^\[ *([0-9]+)\.([0-9]{6})\] .*$1.*/\1\2/p" "$work/log" | tail -n 1 | sed 's/^0*//'
}

# run ARG...: as pinion, counting instructions, and without the audit unless $audit says otherwise.
run() {
    status=0
    # shellcheck disable=SC2086
    "$B/pinion" run --audit "${audit:-off}" --timeout "$patience" --log "$work/log" --emulator-arg -icount --emulator-arg shift=0,sleep=off \
        $no_x2apic "$@" </dev/null >"$work/out" 2>"$work/err" || status=$?
}

cheap() { # WHAT
    local off end
    off=$(micros 'powered off') end=$(micros 'all guests have ended')
    echo "$1: $(((end - off) * 1000)) instructions"
    [ -n "$off" ] && [ -n "$end" ] && [ $(((end - off) * 1000)) -le $instructions_max ] ||
        wrong "$1: the end takes too long"
    expect_status 0 "$1"
    expect out 'Test result: SUCCESS' "$1"
}

for memory in 96 4096; do
    run --memory $memory "$B/guests/test_hello.elf"
    cheap "a guest of $memory MiB"
done
for name in large small; do
    printf '%s\n' "name = '$name'" "kernel = '$B/guests/test_hello.elf'" \
        "memory = $([ $name = large ] && echo 2048 || echo 32)" >"$work/$name.cfg"
done
run "$work/large.cfg" "$work/small.cfg"
cheap "two guests, the second of 32 MiB"

audit=auto
run --memory 96 "$B/guests/test_hello.elf"
expect log 'audit: 0 findings' "an audit by default"
run --memory 2048 "$B/guests/test_hello.elf"
expect_status 0 "a large guest"
expect_no log 'audit:' "an audit of a large guest by default"

# With the audit the memory is given back, and all of it is checked: at most 800 instructions a frame.
audit=on
run --memory 1024 "$B/guests/test_hello.elf"
off=$(micros 'all guests have ended') end=$(micros 'audit: 0 findings')
each=$(((end - off) * 1000 / 262144))
echo "1 GiB given back and checked: $each instructions a frame"
[ -n "$off" ] && [ -n "$end" ] && [ "$each" -le 800 ] || wrong "giving memory back takes too long"
finish
