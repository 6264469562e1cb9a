# SPDX-License-Identifier: MIT
# Proves that all memory of a machine is used wherever it lies: 6 GiB with the hole below 4 GiB, and 256 GiB, of which
# the hypervisor touches no more than its tables, 24 bytes a frame, need. `pinion map` draws a machine with 64 GiB in a
# small file and a small page.
# Needs: all guests
. "$(dirname "$0")/common.sh"

# boot GIB: boots a small dom0 on a machine with memory that the host need not have; sets $status, writes $work/out, and
# sets $touched to the MiB that QEMU has had in memory, as seen last before its end.
boot() {
    local pid
    timeout -k 10 "$patience" qemu-system-x86_64 -accel tcg -cpu qemu64 -m "$1G" -display none -monitor none \
        -machine q35,memory-backend=ram -object "memory-backend-ram,id=ram,size=$1G,reserve=off" -serial stdio \
        -no-reboot -device isa-debug-exit,iobase=0xf4 -kernel "$B/pinion.bin" -append 'console=com1 dom0_mem=64M' \
        -initrd "$B/guests/test_dom0_start.elf" </dev/null >"$work/out" 2>"$work/err" &
    pid=$!
    touched=0 status=0
    while kill -0 $pid 2>/dev/null; do
        local emulator now
        emulator=$(pgrep -P $pid)
        now=$(sed -n 's/^VmHWM:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/${emulator:-none}/status" 2>/dev/null)
        [ -z "$now" ] || touched=$((now / 1024))
        sleep 0.1
    done
    wait $pid || status=$?
    expect_status 0 "$1 GiB: dom0 powered the machine off"
    expect out 'Test result: SUCCESS' "$1 GiB: dom0's verdict"
    free=$(sed -n 's/.* \([0-9]*\) MiB free, .*/\1/p' "$work/out")
    echo "$1 GiB: $free MiB free, $touched MiB touched"
    [ "${free:-0}" -gt $(($1 * 1024 - $1 * 8 - 64)) ] || wrong "$1 GiB: only ${free:-0} MiB are free"
    [ $touched -lt $((300 + $1 * 8)) ] || wrong "$1 GiB: $touched MiB were touched"
}

boot 6
expect out 'memory 0x100000000 to 0x1ffffffff: RAM' 'the part above 4 GiB'
boot 256
expect out 'memory 0x100000000 to 0x407fffffff: RAM' 'the part above 4 GiB'

# ---- the map of 64 GiB ----
pinion --audit off --machine-memory 65536 --memory 64 --map "$work/large.map" "$B/guests/test_pin.elf"
expect_status 0 "a guest in 64 GiB, recorded"
"$B/pinion" map "$work/large.map" >"$work/out" || wrong "no map of 64 GiB as text"
# The 64 GiB, and the hole below 4 GiB.
expect out '^together +17039360 +66560\.0$' "all frames"
expect out '^d1 guest \(ended\) +L4 table, pinned +1 ' "the guest's root among them"
"$B/pinion" map "$work/large.map" -o "$work/large.html" || wrong "no page of 64 GiB"
for file in large.map large.html; do
    bytes=$(wc -c <"$work/$file")
    echo "$file: $bytes bytes"
    [ "$bytes" -lt 200000 ] || wrong "$file has $bytes bytes"
done
if command -v chromium >/dev/null; then
    timeout -k 5 "$patience" chromium --headless=new --no-sandbox --disable-gpu --user-data-dir="$work/profile" \
        --virtual-time-budget=20000 --dump-dom "file://$work/large.html#by=owner" >"$work/dom" 2>"$work/browser"
    grep -q 'data-ready' "$work/dom" || wrong "the page of 64 GiB is not drawn: $(tail -n 3 "$work/browser")"
    expect dom 'data-look="d1 guest \(ended\)" data-frames="[0-9]+"' "the guest in the legend"
fi
finish
