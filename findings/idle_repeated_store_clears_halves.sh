#!/bin/bash
# SPDX-License-Identifier: MIT
# The maker of an x86-64 processor decides what a repeated store that has nothing to do leaves in RCX, RDI and RSI.
#
# Expected: with a 32-bit address size in 64-bit mode (prefix 67h) REP STOSB and REP MOVSB use ECX, EDI and ESI. With
# ECX = 0 no repetition is executed (Intel SDM, volume 2B, "REP"), so that no register is written.
# Observed: an Intel processor (family 6, model 85) clears the upper halves of RCX and RDI, and with MOVSB of RSI, too;
# AMD's (EPYC) leave all as they were. QEMU 7.2's emulation leaves all as they were. An interpreter that is compared with
# the processor that it runs on passes on one and fails on the other: tests/unit/emulate/test_execute.c lets both pass.
#
# Shown without Pinion: a program that executes both with ECX = 0, on the processor of this machine and on QEMU's.
# Exit status: 0 still so; 1 it has changed; 77 the package cannot be had, or the processor is another maker's. Needs
# binutils.
set -eu
version='1:7.2+dfsg-7+deb12u18+b3'
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

apt-get -q download qemu-user-static="$version" >download.log 2>&1 || {
    cat download.log
    exit 77
}
dpkg -x ./*.deb .

# The exit status is a set of bits, of what has been cleared: STOSB: 1 RCX, 2 RDI; MOVSB: 4 RCX, 8 RDI, 16 RSI.
cat >program.S <<'END'
        .macro  note register bit
        shr     $32, \register
        jnz     1f
        or      $\bit, %r8d
1:
        .endm
        .macro  fill register
        movabs  $0x1234567800000000, \register
        .endm
        .globl  _start
_start: xor     %r8d, %r8d
        fill    %rcx
        fill    %rdi
        .byte   0x67
        rep stosb
        note    %rcx 1
        note    %rdi 2
        fill    %rcx
        fill    %rdi
        fill    %rsi
        .byte   0x67
        rep movsb
        note    %rcx 4
        note    %rdi 8
        note    %rsi 16
        mov     %r8d, %edi
        mov     $60, %eax
        syscall
END
as --64 -o program.o program.S
ld -m elf_x86_64 -o program program.o
native=0 emulated=0
./program || native=$?
usr/bin/qemu-x86_64-static ./program || emulated=$?
maker=$(sed -n '/^vendor_id/{s/.*: //p;q}' /proc/cpuinfo)
echo "cleared halves, of 31: $maker $native, QEMU $version $emulated"
case $maker in
GenuineIntel) expected=31 ;;
AuthenticAMD) expected=0 ;;
*) exit 77 ;;
esac
[ $native = $expected ] && [ $emulated = 0 ]
