# SPDX-License-Identifier: MIT
# Proves an upper limit of what a boot costs: in a 1 GiB machine with one guest of 768 MiB the hypervisor
# executes at most 100 M instructions before the guest's kernel executes its first (one tick is one
# instruction under QEMU's counting), and its text, data and fixed tables are together below 2 MiB.
. "$(dirname "$0")/common.sh"
instructions_max=100000000 bytes_max=$((2 << 20))

# The guest need not run: the log has all figures before the guest starts.
"$B/pinion" run --timeout "$patience" --log "$work/log" --machine-memory 1024 --memory 768 \
    --ramdisk "$ramdisk" --cmdline "console=hvc0" --emulator-arg -icount \
    --emulator-arg shift=0,sleep=off $no_x2apic "$kernel" </dev/null >"$work/out" 2>"$work/err" &
running=$!
has_figures() {
    grep -q 'boot: [0-9]* TSC ticks' "$work/log" 2>/dev/null || ! kill -0 $running 2>/dev/null
}
wait_until has_figures
kill $running 2>/dev/null
wait $running 2>/dev/null

instructions=$(sed -n 's/.*boot: \([0-9]*\) TSC ticks.*/\1/p' "$work/log")
bytes=$(size -A "$B/pinion.elf" |
    awk '$1 ~ /^\.(boot|text|rodata|data|bss|extable)$/ { sum += $2 } END { print sum + 0 }')
echo "boot: ${instructions:-no} instructions (at most $instructions_max)"
echo "image: $bytes bytes of text, data and fixed tables (at most $bytes_max)"
[ "${instructions:-$((instructions_max + 1))}" -le $instructions_max ] ||
    wrong "the hypervisor executes too much before its guest does"
[ "$bytes" -gt 0 ] && [ "$bytes" -lt $bytes_max ] || wrong "the hypervisor is too large"
finish
