# SPDX-License-Identifier: MIT
# Proves that a dom0 runs on a machine without the old parts of a PC: without PIT, HPET, PIC, i8042, VGA, CMOS clock and
# second serial port, all at once and with each clock alone; that its console's input then arrives by the IO-APIC, or,
# without one, is asked for; and that without any serial port the machine runs all the same, and its log is in memory.
# Needs: all guests
. "$(dirname "$0")/common.sh"

bare=(-machine 'q35,hpet=off,i8042=off,pit=off,pic=off,sata=off,smbus=off,vmport=off' -nodefaults -vga none)

# boot WHAT KERNEL ARGUMENT...: boots dom0 with standard input as its console's; sets $status and writes $work/out.
boot() {
    local what=$1 kernel=$2
    shift 2
    status=0
    timeout -k 10 "$patience" qemu-system-x86_64 -accel tcg -cpu qemu64 -m 256 -display none -monitor none \
        -no-reboot -device isa-debug-exit,iobase=0xf4 -kernel "$B/pinion.bin" -append 'console=com1 dom0_mem=64M audit' \
        -initrd "$B/guests/$kernel.elf root=1" "$@" >"$work/out" 2>"$work/err" || status=$?
    [ "$status" = 33 ] || expect_status 0 "$what: dom0 powered the machine off" # 33: without ACPI's registers
}

runs() { # WHAT CLOCK ARGUMENT...
    local what=$1 clock=$2
    shift 2
    boot "$what" test_dom0_start "$@" -serial stdio </dev/null
    expect out 'Test result: SUCCESS' "$what: dom0's verdict"
    expect out "TSC [0-9]* kHz by $clock, " "$what: the clock"
    expect out 'audit: 0 findings' "$what: the audit"
}

input() {
    wait_until grep -q 'ready> ' "$work/out"
    printf '%s\n' 'the quick brown fox' end
}

hears() { # WHAT HOW ARGUMENT...
    local what=$1 how=$2
    shift 2
    : >"$work/out"
    input | boot "$what" console_echo "$@" -serial stdio
    expect out '^ready> THE QUICK BROWN FOX$' "$what: the console's input"
    expect out "$how" "$what: how it arrives"
}

runs 'nothing old' "ACPI's timer" "${bare[@]}" -smp 2
runs 'no PIT' HPET -machine pc,pit=off
runs 'PIT alone' 'timer \(8254\)' -machine pc,hpet=off,acpi=off
# No fixed ACPI registers, no clock chip: what is left is an IO-APIC, a PIT and COM1.
runs 'no PCI, no clock chip' 'timer \(8254\)' -machine microvm,rtc=off -nodefaults

hears 'nothing old' 'interrupt 4 arrives by an IO-APIC' "${bare[@]}"
hears 'no IO-APIC either' 'and no IO-APIC: what would interrupt by 4 is polled' -machine pc,pic=off,acpi=off

memory=$work/memory
boot 'no serial port' test_dom0_start "${bare[@]}" -machine memory-backend=ram \
    -object "memory-backend-file,id=ram,size=256M,share=on,mem-path=$memory" </dev/null
grep -aq 'this machine has no first serial port (COM1)' "$memory" || wrong 'no serial port: the log in memory'
grep -aq 'Domain-0: powered off' "$memory" || wrong 'no serial port: the log in memory up to the end'
finish
