# SPDX-License-Identifier: MIT
# Proves that an unchanged Debian is dom0 where guests are isolated, too: a guest that uses its disk and its network is
# created, one is saved and restored, one is destroyed, and whenever a domain ends no root maps what it must not.
# And that dom0's roots map of another guest what dom0 has mapped by its right, and only that: a guest fills its memory
# and its registers with words and is paused; at moments when dom0 is in its kernel or in user mode, the emulator stops,
# and each page that the root maps, and the CPU's registers, are searched for the words. They are nowhere; then dom0 maps
# three of the guest's frames, and the words are in these three; then it unmaps them, and they are nowhere again.
# With the word `never` as its argument it does the last part only, where guests are not isolated; the words are in many
# pages then, and the test fails.
# Takes: minutes
# Needs: all dom0-image dom0-test canary-walk
. "$(dirname "$0")/common.sh"
. tests/system/canary/lib.sh
isolation=${1:-always} samples=3 checks='create save_restore destroy canary'
[ "$isolation" = always ] || checks=canary
mkfifo "$work/canary.in" "$work/canary.out"
: >"$work/serial" >"$work/nothing" >"$work/mapped" >"$work/unmapped"

# monitor COMMAND...: prints what the emulator's monitor answers.
monitor() {
    local line
    asked=$((asked + 1))
    printf '%s\n' "$@" "print $asked" >&3
    while read -r line <&4; do
        line=${line%$'\r'}
        [ "$line" != "$(printf '0x%x' $asked)" ] || return 0
        echo "$line"
    done
}

# sample FILE: adds a line to $work/FILE for each CPU that is in dom0 now: what the root maps.
sample() {
    local root found
    monitor stop 'info registers -a' >"$work/registers"
    while read -r root found; do
        echo "$("$B/canary-walk" "$work/canary.memory" "$root" 2>&1) $found" >>"$work/$1"
    done < <(guests_roots <"$work/registers")
    monitor cont >/dev/null
}

# enough FILE [PATTERN]: there are samples of dom0's kernel and of its user mode, with the pattern behind. Without isolation
# both have the same root.
enough() {
    [ "$(grep -cE "$kernel${2:-}" "$work/$1")" -ge $samples ] &&
        { [ "$isolation" = never ] || [ "$(grep -cE "$user${2:-}" "$work/$1")" -ge $samples ]; }
}

# sampler: what the host does while dom0 runs the check `canary`: samples for each line that dom0 prints, then it lets
# dom0 go on, by the cable of its network card.
sampler() {
    local asked=0 what pattern cable
    exec 3<>"$work/canary.in" 4<>"$work/canary.out"
    while read -r what cable pattern; do
        until grep -q "dom0: canary: $what" "$work/serial"; do sleep 0.2; done
        until enough "$what" "$pattern"; do
            sample "$what"
            sleep 0.2
        done
        monitor "set_link net $cable" >/dev/null
    done <<END
nothing off
mapped on , $one with the canary
unmapped off
END
}

status=0
sampler &
sampler=$!
# shellcheck disable=SC2086
tests/system/dom0/run --canary "$work/canary" --log "$work/serial" --options "isolation=$isolation audit" \
    $checks >"$work/out" 2>&1 || status=$?
kill $sampler 2>/dev/null && wrong "the samples are not complete"
cat "$work/out"
expect_status 0 "every check passed"
expect_no out 'CHECK .*: FAILED' "a check that failed"
expect serial 'isolation: the root of a guest maps no memory of another one' "guests are isolated"
expect serial 'audit: isolation: [1-9].* 0 findings' "the recount of the roots"
expect_no serial 'audit: isolation: .* [1-9][0-9]* findings' "a page that a root must not map"
for what in nothing mapped unmapped; do
    echo "dom0's roots, $what:"
    cat "$work/$what"
done
grep -vE "$none" "$work/nothing" "$work/unmapped" && wrong "dom0's root or a CPU shows a guest that dom0 has not mapped"
frames=$(tr -d '\r' <"$work/serial" | sed -nE 's/.*dom0: canary: mapped: ([0-9a-f]+ [0-9a-f]+ [0-9a-f]+)$/\1/p')
grep -vE "$none" "$work/mapped" |
    grep -vE ", 3 with the canary$no_registers: frames ${frames:-none} *\$" && wrong "not the frames that dom0 has mapped"
finish
