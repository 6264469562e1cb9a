# SPDX-License-Identifier: MIT
# Proves that the recount of isolation, in the running hypervisor, finds mappings too many: when the first of two guests
# ends, gdb at the emulator's stub makes two entries in a view, to a frame of the other guest and to a private page. Both
# are reported, the audits after it count them, and nothing else is found; without gdb nothing is found.
# Needs: all guests
. "$(dirname "$0")/common.sh"
command -v gdb >/dev/null || exit 77

for name in one two; do
    printf 'name = "%s"\nkernel = "%s"\nmemory = 32\n' $name "$B/guests/test_hello.elf" >"$work/$name.cfg"
done

pinion --isolation always "$work/one.cfg" "$work/two.cfg"
expect_status 0 "both guests end"
[ "$(grep -c 'audit: isolation: [1-9][0-9]* root.* 0 findings' "$work/log")" = 2 ] || wrong "a recount at each guest's end"

"$B/pinion" run --audit on --isolation always --timeout "$patience" --log "$work/log" --emulator-arg -S \
    --emulator-arg -gdb --emulator-arg "unix:$work/socket,server=on,wait=off" "$work/one.cfg" "$work/two.cfg" \
    </dev/null >"$work/out" 2>"$work/err" &
run=$!
until [ -S "$work/socket" ] || ! kill -0 $run 2>/dev/null; do sleep 0.1; done
timeout -k 5 "$patience" gdb -nx -q -batch -ex "target remote $work/socket" -x tests/system/recount/add.py \
    "$B/pinion.elf" >"$work/gdb" 2>&1
wait $run
read -r name strange private < <(sed -nE 's/^adds to (.*): frames (0x[0-9a-f]+) of .* (0x[0-9a-f]+)$/\1 \2 \3/p' "$work/gdb")
[ -n "${private:-}" ] || {
    wrong "gdb added nothing"
    cat "$work/gdb"
}
expect log "audit: $name maps frame $strange at 0x[0-9a-f]+: a frame of another domain" "the other guest's frame"
expect log "audit: $name maps frame $private at 0x[0-9a-f]+: a private page of the hypervisor" "the private page"
expect log 'audit: isolation: 2 root.* 2 findings' "the recount"
expect log 'audit: [1-9][0-9]* findings, ' "the audit that counts them"
[ "$(grep -c 'audit: .* maps frame' "$work/log")" -le 4 ] || wrong "other findings"
finish
