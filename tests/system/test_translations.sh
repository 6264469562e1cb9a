# SPDX-License-Identifier: MIT
# Proves what the hypervisor's own page tables let guests do, by what the emulator's monitor lists while a guest
# is blocked: only the M2P has the user bit, it is read-only and not executable, and its translations are not
# global, because a load of CR3 must drop them (a user root may be without the M2P).
# Needs: all build/guests/blocked.elf
. "$(dirname "$0")/common.sh"

mkfifo "$work/monitor.in" "$work/monitor.out" "$work/console"
cat "$work/monitor.out" >"$work/tlb" &
reader=$!
"$B/pinion" run --timeout "$patience" --memory 32 --log "$work/log" \
    --emulator-arg -chardev --emulator-arg "pipe,id=m,path=$work/monitor" \
    --emulator-arg -mon --emulator-arg chardev=m,mode=readline \
    "$B/guests/blocked.elf" </dev/null >"$work/console" 2>"$work/err" &
run=$!
exec 3<>"$work/console" 4<>"$work/monitor.in"
read -r -t "$patience" -u 3 line
[ "${line:-}" = blocked ] || wrong "the guest wrote '${line:-}'"
printf 'info tlb\nquit\n' >&4
wait $run
exec 5<>"$work/monitor.out" 5>&- # the reader ends, even if no emulator has ever written
wait $reader

# Lines such as `ffff800000000000: 0000000008000000 X-PDA--U-`, where X is the bit that forbids execution.
tr -d '\r' <"$work/tlb" | grep -aE '^[0-9a-f]{16}: [0-9a-f]{16} ' >"$work/out"
expect out '^ffff8280[0-9a-f]{8}: [0-9a-f]{16} -G-.A...-$' "the hypervisor's code"
expect out '^ffff8000[0-9a-f]{8}: [0-9a-f]{16} X-P.A--U-$' "the M2P"
expect_no out '^ffff8[1-7][0-9a-f]{10}: [0-9a-f]{16} .......U.$' "the user bit outside the M2P"
expect_no out '^ffff80[0-9a-f]{10}: [0-9a-f]{16} ([^X]|.G|........W)' "more rights in the M2P"
finish
