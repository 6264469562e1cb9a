# SPDX-License-Identifier: MIT
# Proves that a machine without a part that we take for granted either runs a guest, or is refused with status 3
# and one sentence that names the part; it neither hangs nor ends with a success that shows nothing.
# Needs: all guests
. "$(dirname "$0")/common.sh"

hello=$B/guests/test_hello.elf

# machine WORD...: runs the guest on the machine that QEMU makes of these arguments.
machine() {
    local arguments=() word
    for word; do
        arguments+=(--emulator-arg "$word")
    done
    what="$*"
    pinion --memory 64 "${arguments[@]}" "$hello"
}

runs() {
    machine "$@"
    expect_status 0 "$what"
    expect out 'Test result: SUCCESS' "$what: the guest's console"
}

lacks() { # SENTENCE WORD...
    local sentence=$1
    shift
    machine "$@"
    expect_status 3 "$what"
    [ "$(cat "$work/err")" = "pinion: $sentence" ] || wrong "$what: $(cat "$work/err")"
    [ ! -s "$work/out" ] || wrong "$what: the guest has run"
}

no_com1='the machine has no first serial port (COM1), to which the hypervisor writes its log'
no_com2="the hypervisor failed: this machine has no second serial port (COM2), which carries the guests' consoles"
no_clock="the hypervisor failed: no clock: nobody reports the TSC's frequency (CPUID, a hypervisor below), and this \
machine has no counter to measure it: HPET, ACPI's timer or timer (8254)"
no_long='the hypervisor failed: this processor does not report a 64-bit mode (CPUID leaf 0x80000001)'
no_nx='the hypervisor failed: this processor does not report the NX bit, or it is switched off'
no_syscall='the hypervisor failed: this processor does not report the instruction SYSCALL, by which guests call'
second_port=(-device 'isa-serial,index=1,chardev=console')

lacks "$no_com2" -M microvm
lacks "$no_com1" -M microvm,isa-serial=off
lacks "$no_clock" -M pc,pit=off,acpi=off
lacks "$no_long" -cpu qemu32
lacks "$no_nx" -cpu max,-nx
lacks "$no_syscall" -cpu max,-syscall

runs -M microvm "${second_port[@]}" # neither PCI nor i8042
runs -M pc,pic=off,pit=off,hpet=off # input by the IO-APIC, the clock by ACPI's timer
runs -M pc,pic=off,acpi=off         # input is asked for, the clock by the PIT
runs -M q35,acpi=off,hpet=off,i8042=off
runs -M isapc -cpu qemu64
runs -cpu max,level=7 # XSAVE, but no leaf that describes it

machine -M microvm,rtc=off "${second_port[@]}"
expect_status 0 "no clock chip"
expect out 'Hello from' "no clock chip: the guest's console"
expect log 'no battery-backed clock \(CMOS\) with a valid date' "no clock chip: the log"
finish
