# SPDX-License-Identifier: MIT
# Proves that a machine which cannot start dom0 says why in one sentence, on COM1 and on the screen, and restarts after
# a delay: no modules, kernels and ramdisks that are cut or not made for this, too little memory, a
# processor without what is needed. With noreboot it halts instead. And that the end of the log of a hypervisor that
# failed is shown by the next boot.
# Takes: minutes
# Needs: all guests images
. "$(dirname "$0")/common.sh"

dom0=$B/guests/machine_end.elf

# machine ARGUMENT...: starts a machine whose monitor reads its commands here; sets $status, writes $work/out.
machine() {
    status=0
    timeout -k 10 "$patience" qemu-system-x86_64 -accel tcg -cpu qemu64 -m 128 -display none -vga std \
        -serial "file:$work/out" -monitor stdio -kernel "$B/pinion.bin" "$@" >"$work/monitor" 2>"$work/err" || status=$?
}

# fails WHAT SENTENCE ARGUMENT...: the machine says the sentence, on both consoles, and resets itself.
fails() {
    local what=$1 sentence=$2
    shift 2
    : >"$work/out" >"$work/monitor" >"$work/screen"
    machine -no-reboot -no-shutdown -append "${words:-panic=1}" "$@" \
        < <(monitor_when monitor 'paused \(shutdown\)' "pmemsave 0xb8000 4000 \"$work/screen\"" quit)
    [ "$status" = 0 ] || wrong "$what: no reset"
    grep -qF "$sentence" "$work/out" || wrong "$what: COM1 lacks \"$sentence\""
    # A cell is a character and its colour, 7; a sentence goes on in the next line.
    tr -d '\007' <"$work/screen" | grep -qF "$sentence" || wrong "$what: the screen lacks \"$sentence\""
    echo "$what: $(grep -F "$sentence" "$work/out" | head -n 1)"
}

fails "no module" 'no boot modules: neither a kernel for dom0 nor guests of `pinion run`'
: >"$work/empty"
head -c 1000000 "$kernel" >"$work/cut"
head -c 16000 "$dom0" >"$work/cut-elf"
{
    head -c 300000 "$kernel"
    head -c 100000 /dev/zero
    tail -c +400001 "$kernel"
} >"$work/damaged"
fails "an empty kernel" "dom0's kernel cannot be used: it is neither an ELF image nor a bzImage" -initrd "$work/empty x"
fails "a cut bzImage" "it is truncated: its payload does not end within the file" -initrd "$work/cut x" -m 256
fails "a damaged bzImage" "cannot be used: " -initrd "$work/damaged x" -m 512
fails "a cut ELF image" "dom0 cannot be started: truncated: a header or a segment lies outside the file" \
    -initrd "$work/cut-elf x"
fails "an empty ramdisk" "dom0's ramdisk, the second boot module, is empty" -initrd "$dom0 x,$work/empty"
fails "a kernel that cannot be dom0" "install linux-image-amd64" -initrd "$B/guests/never_dom0.elf x"
fails "a kernel that requires what Pinion lacks" \
    "dom0 cannot be started: its notes require a feature that Pinion lacks: supervisor_mode_kernel" \
    -initrd "$B/guests/needs_feature.elf x"
words="panic=1 dom0_mem=1M" fails "too little memory for dom0" \
    "dom0 cannot be started: its memory is too small for its kernel and ramdisk" -initrd "$dom0 x,$work/cut"
fails "too little memory" "too little memory: no room" -initrd "$dom0 x" -m 5
fails "no SYSCALL" "this processor does not report the instruction SYSCALL" -initrd "$dom0 x" -cpu qemu64,-syscall
fails "a 32-bit processor" "this processor does not report a 64-bit mode" -initrd "$dom0 x" -cpu qemu32

# The machine halts.
: >"$work/out" >"$work/monitor"
machine -no-reboot -append noreboot < <(monitor_when out 'the machine is halted' quit)
expect_status 0 "noreboot"

# The next boot shows the end of the log, after a real reset, which leaves the memory as it is.
: >"$work/out" >"$work/monitor"
machine -append panic=1 -initrd "$dom0 fail:" < <(monitor_when out '\| .*dom0 asked for a failure' quit)
expect_status 0 "a failure and the next boot"
expect out 'the boot before \(number 1\) ended in a failure' "the number of the boot that failed"
expect out '\| \[ .*Domain-0: domain 0,' "its log"
finish
