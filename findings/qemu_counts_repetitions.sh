#!/bin/bash
# SPDX-License-Identifier: MIT
# QEMU 7.2 counts each repetition of a string instruction as one executed instruction.
#
# Expected: with `-icount shift=0`, where one nanosecond of the virtual clock is one instruction, REP STOSB
# over 4096 bytes is one instruction, as it is for a processor's own counter of retired instructions.
# Observed: it is 4096 instructions. A kernel that clears pages with REP STOSB seems eight times as slow at
# that as one that uses REP STOSQ. bench/run therefore measures on `-cpu qemu64`, where Linux does the latter.
#
# Shown without Pinion: a boot sector of 512 bytes reads the time stamp counter, clears 4096 bytes, reads the
# counter again, and writes the difference to QEMU's debug port.
# Exit status: 0 still so; 1 it has changed; 77 the packages cannot be had. Needs binutils and the libraries
# of an installed qemu-system-x86.
set -eu
version='1:7.2+dfsg-7+deb12u18+b3'
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

apt-get -q download {qemu-system-x86,qemu-system-common}="$version" qemu-system-data seabios >download.log 2>&1 || {
    cat download.log
    exit 77
}
for package in *.deb; do
    dpkg -x "$package" .
done

cat >sector.S <<'END'
        .code16
        .globl  _start
_start: xor     %ax, %ax
        mov     %ax, %es
        mov     $0x8000, %di
        mov     $4096, %cx
        cld
        rdtsc
        mov     %eax, %ebx
        rep stosb
        rdtsc
        sub     %ebx, %eax
        mov     %eax, %ebx
        mov     $8, %cx
1:      rol     $4, %ebx                # the next hexadecimal digit, as a character
        mov     %bl, %al
        and     $15, %al
        cmp     $10, %al
        sbb     $0x69, %al
        das
        out     %al, $0xe9
        loop    1b
        out     %al, $0xf4              # ends QEMU
        .org    510
        .word   0xaa55
END
as --32 -o sector.o sector.S
ld -m elf_i386 -Ttext 0x7c00 --oformat binary -o sector sector.o
export QEMU_MODULE_DIR=$folder/usr/lib/x86_64-linux-gnu/qemu
timeout 1200 usr/bin/qemu-system-x86_64 -L usr/share/qemu -L usr/share/seabios -accel tcg -icount shift=0,sleep=off \
    -cpu qemu64 -nodefaults -display none -no-reboot -drive file=sector,format=raw,if=floppy,read-only=on \
    -debugcon file:digits -device isa-debug-exit,iobase=0xf4,iosize=1 || true

digits=$(tr -dc 0-9A-F <digits | tail -c 8)
[ -n "$digits" ] || {
    echo "the boot sector did not run"
    exit 1
}
count=$((16#$digits))
echo "QEMU $version: REP STOSB over 4096 bytes took $count instructions"
[ "$count" -ge 4096 ]
