# SPDX-License-Identifier: MIT
# Proves that the commands for gdb (tools/gdb/pinion.py), at the emulator's stub, name the domains and their vCPUs,
# decode a frame's words, follow an address through all four tables, and explain the last refusal; and that wrong
# arguments get one sentence.
# Needs: all guests
. "$(dirname "$0")/common.sh"
command -v gdb >/dev/null || exit 77

# Runs gdb with these commands while the guest of the test waits; its output becomes $work/gdb.
look() {
    local arguments=() command
    for command; do
        arguments+=(-ex "$command")
    done
    timeout -k 5 "$patience" gdb -nx -q -batch -ex "source $B/pinion.elf-gdb.py" \
        -ex "target remote $work/socket" "${arguments[@]}" -ex detach "$B/pinion.elf" >>"$work/gdb" 2>&1
}

"$B/pinion" run --timeout "$patience" --memory 64 --vcpus 2 --name looked-at --log "$work/log" \
    --emulator-arg -gdb --emulator-arg "unix:$work/socket,server=on,wait=off" "$B/guests/refused.elf" \
    </dev/null >"$work/out" 2>"$work/err" &
run=$!
until grep -q '^refused: frame' "$work/out" || ! kill -0 $run 2>/dev/null; do sleep 0.1; done
frame=$(sed -n 's/^refused: frame //p' "$work/out" | tr -d '\r')
[ -n "$frame" ] || wrong "the guest did not start"

look 'pinion domains' "pinion frame 0x$frame" 'pinion why-refused' 'pinion why-refused 1' \
    'pinion walk 1 0xffffffff80001000' 'pinion walk 1 0x5000' 'pinion walk 1 0xffff800000000000'
expect gdb '^domain 1 looked-at: running, 16384 frames, 1 refusals$' "the domain"
expect gdb '^  vCPU 0: blocked.*, kernel mode, kernel root 0x[0-9a-f]+, user root none$' "its first vCPU"
expect gdb '^  vCPU 1: down, kernel mode, kernel root none, user root none$' "its second vCPU"
expect gdb "^frame 0x$frame: owner domain 1, [0-9]+ references, L1 table, 1 type references, validated$" \
    "the table's words"
expect gdb '^domain 1 looked-at: WRITABLE_TABLE: a writable entry maps a page table or descriptor page: 0x' \
    "the refusal"
expect gdb "^  as an entry: 0x[0-9a-f]+: frame 0x$frame, .*read-write" "the refused entry"
[ "$(grep -c WRITABLE_TABLE "$work/gdb")" = 2 ] || wrong "why-refused does not take a domain's number"
for level in 4 3 2 1; do
    expect gdb "^L$level table 0x[0-9a-f]+ \(owner domain 1, .*L$level table, .*validated" "level $level"
done
expect gdb '^frame 0x[0-9a-f]+ \(owner domain 1, .*writable, 1 type references.*\), byte 0x0$' "the walk's end"
expect gdb 'not present$' "a walk that ends early"
expect gdb '^  a slot of the hypervisor$' "a walk into the hypervisor's part"

: >"$work/gdb"
look 'pinion frame 0xffffffffffff'
look 'pinion frame'
look 'pinion walk 7 0'
look 'pinion walk one 0'
look 'pinion walk 1 0 5'
expect gdb '^frame 0xffffffffffff: not in the frame table: no RAM$' "a frame that does not exist"
expect gdb '^usage: pinion frame MFN$' "a missing argument"
expect gdb '^there is no domain 7$' "a wrong domain"
expect gdb "^one is no domain's number$" "a domain that is no number"
expect gdb '^the domain has no vCPU 5$' "a wrong vCPU"
expect_no gdb 'Traceback' "an error of Python"
kill $run 2>/dev/null
wait $run 2>/dev/null
finish
