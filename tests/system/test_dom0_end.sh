# SPDX-License-Identifier: MIT
# Proves that the machine ends with its dom0: switched off when dom0 powers off, by ACPI's S5 or by sched_op; reset when
# dom0 reboots; and after a crash of dom0 reset, with a report in the log. On both of QEMU's machines, with and
# without the emulator's exit port, on one and on two CPUs.
# Also that dom0 gets the memory that its words ask for, as far as it is there.
# Needs: all guests
. "$(dirname "$0")/common.sh"

# machine WORD ARGUMENT...: runs dom0 with this word; sets $status and writes $work/out.
machine() {
    local word=$1
    shift
    status=0
    timeout -k 10 "$patience" qemu-system-x86_64 -accel tcg -cpu qemu64 -m 256 -display none -serial stdio -monitor none \
        "$@" -kernel "$B/pinion.bin" -append "console=com1 dom0_mem=${memory:-64M} ${words:-}" \
        -initrd "$B/guests/machine_end.elf $word" </dev/null >"$work/out" 2>"$work/err" || status=$?
}

for kind in pc q35; do
    for word in off: poweroff:; do
        machine "$word" -M "$kind" -smp 2
        expect_status 0 "dom0 on $kind ends by $word"
        expect out 'dom0 starts' "dom0 on $kind"
    done
    machine reboot: -M "$kind" -no-reboot
    expect_status 0 "dom0 on $kind reboots"
    expect out 'Domain-0: rebooted' "the reboot of dom0 on $kind"
    words=panic=1 machine crash: -M "$kind" -smp 2 -no-reboot
    expect_status 0 "dom0 on $kind crashes"
    expect out 'the machine restarts in 1 seconds' "the restart after dom0's crash on $kind"
    expect out 'Domain-0: crash: ' "the report of dom0's crash on $kind"
done

# A machine that resets itself starts again.
machine reboot: -M q35 -device isa-debug-exit,iobase=0xf4 -no-reboot
expect_status 0 "a reboot does not use the exit port"
machine crash: -device isa-debug-exit,iobase=0xf4
expect_status 35 "a crash uses the exit port if there is one"

# has_memory WORD PATTERN: dom0_mem=WORD gives dom0 as many MiB as the pattern says.
has_memory() {
    memory=$1 machine poweroff:
    expect_status 0 "dom0 with dom0_mem=$1"
    expect out "Domain-0: domain 0, $2 MiB" "the memory of dom0 with dom0_mem=$1"
}
has_memory 64M,max:32M 32
has_memory max:48M 48
has_memory -100M '1[34][0-9]'
has_memory 25% '[56][0-9]'
has_memory 16M,min:40M 40
has_memory 8G '2[34][0-9]'
expect out 'dom0 gets 2[34][0-9] MiB of memory instead of 8192 MiB' "that the machine has less"
finish
