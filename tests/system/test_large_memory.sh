# SPDX-License-Identifier: MIT
# Proves that all memory of a machine is used wherever it lies: 6 GiB with the hole below 4 GiB, and 256 GiB, of which
# the hypervisor touches no more than its tables, 24 bytes a frame, need.
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
finish
