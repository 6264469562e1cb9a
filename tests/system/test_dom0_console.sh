# SPDX-License-Identifier: MIT
# Proves that dom0's console is the machine's first serial port: what arrives there reaches dom0 by
# VIRQ_CONSOLE and console_io, completely and in order, also when more arrives than the hypervisor keeps; a
# prompt without a newline appears before the answer; and no line of the log stands inside a line of dom0.
# Needs: all guests
. "$(dirname "$0")/common.sh"
lines=300

input() {
    wait_until grep -q 'ready> ' "$work/out"
    echo 'the quick brown fox'
    wait_until grep -q 'QUICK BROWN FOX' "$work/out"
    for i in $(seq $lines); do
        echo "line $i of many, which are more than fit the buffer"
    done
    echo end
}

: >"$work/out"
status=0
input | timeout -k 10 "$patience" qemu-system-x86_64 -accel tcg -cpu qemu64 -m 256 -display none -serial stdio \
    -no-reboot -device isa-debug-exit,iobase=0xf4 -kernel "$B/pinion.bin" -append 'console=com1 dom0_mem=64M' \
    -initrd "$B/guests/console_echo.elf" >"$work/out" 2>"$work/err" || status=$?
expect_status 0 "dom0 powered the machine off"
expect out '^ready> THE QUICK BROWN FOX$' "the prompt and the first line"
expect out '^Test result: SUCCESS$' "dom0's verdict"
seq -f 'LINE %g OF MANY, WHICH ARE MORE THAN FIT THE BUFFER' $lines >"$work/wanted"
grep '^LINE' "$work/out" | cmp - "$work/wanted" || wrong "lines are lost, or in another order"
finish
