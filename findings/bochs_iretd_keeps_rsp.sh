#!/bin/bash
# SPDX-License-Identifier: MIT
# Bochs 2.7 does not load SS:RSP in an IRETD (32-bit operands) of 64-bit code to its own privilege level.
#
# Expected: in 64-bit mode an IRET of any operand size takes SS:RSP from its frame, whether the privilege level changes
# or not (Intel SDM, volume 3A, "IRET in IA-32e Mode").
# Observed: Bochs takes three words of the frame, and RSP is then behind them; a processor (AMD EPYC) takes five. The
# pseudo-code in the manual's volume 2A names the last two words with 64-bit operands alone, as Bochs has it.
# tests/guests/test_virtual8086.c has its frame directly above its stack, so that both will do.
#
# Shown without Pinion: the same instructions as a program on the processor of this machine, and in a boot sector of
# 512 bytes on Bochs.
# Exit status: 0 still so; 1 it has changed; 77 the packages cannot be had. Needs binutils and the libraries
# of an installed bochs, and an x86-64 processor.
set -eu
version='2.7+dfsg-4+deb12u1'
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

apt-get -q download {bochs,bochsbios}="$version" vgabios >download.log 2>&1 || {
    cat download.log
    exit 77
}
for package in *.deb; do
    dpkg -x "$package" .
done

cat >program.S <<'END_OF_PROGRAM'
        .globl  _start
_start: mov     %cs, %eax
        mov     %eax, frame + 4
        mov     %ss, %eax
        mov     %eax, frame + 16
        mov     $frame, %rsp
        iretl
1:      xor     %edi, %edi              # the exit status: 1, it is loaded
        cmp     $stack, %rsp
        sete    %dil
        mov     $60, %eax
        syscall
        .data
frame:  .long   1b, 0, 0x202, stack, 0
        .skip   4096
stack:
END_OF_PROGRAM
as --64 -o program.o program.S
ld -m elf_x86_64 -Ttext 0x400000 -o program program.o
native=0
./program || native=$?

cat >sector.S <<'END_OF_SECTOR'
        .set    ROOT, 0x10000           # three tables, of which the last maps the first 2 MiB
        .set    STACK, 0x7000
        .code16
        .globl  _start
_start: cli
        cld
        mov     $ROOT >> 4, %ax
        mov     %ax, %es
        xor     %di, %di
        xor     %eax, %eax
        mov     $3 * 1024, %cx
        rep stosl
        movl    $ROOT + 0x1003, %es:0
        movl    $ROOT + 0x2003, %es:0x1000
        movl    $0x83, %es:0x2000
        mov     $ROOT, %eax
        mov     %eax, %cr3
        mov     $0x20, %eax             # CR4.PAE
        mov     %eax, %cr4
        mov     $0xc0000080, %ecx       # EFER.LME
        rdmsr
        or      $1 << 8, %eax
        wrmsr
        lgdt    table
        mov     $0x80000011, %eax       # CR0: PG, ET, PE
        mov     %eax, %cr0
        ljmp    $8, $long
        .code64
long:   mov     $16, %eax
        mov     %eax, %ss
        mov     $frame, %esp
        iretl
1:      mov     $'1', %al               # it is loaded
        cmp     $STACK, %rsp
        je      2f
        mov     $'0', %al
        cmp     $frame + 12, %rsp
        je      2f
        mov     $'?', %al
2:      out     %al, $0xe9
        mov     $'\n', %al
        out     %al, $0xe9
        mov     $0x8900, %edx           # ends Bochs
        mov     $word, %esi
3:      lodsb
        out     %al, %dx
        jmp     3b
word:   .ascii  "Shutdown"
        .balign 8
frame:  .long   1b, 8, 2, STACK, 16
segments:
        .quad   0, 0x00af9a000000ffff, 0x00cf92000000ffff
table:  .word   23
        .long   segments
        .org    510
        .word   0xaa55
END_OF_SECTOR
as --64 -o sector.o sector.S
ld -m elf_x86_64 -Ttext 0x7c00 --oformat binary -o sector sector.o
truncate -s 1474560 sector
cat >bochsrc <<'END_OF_SETTINGS'
config_interface: textconfig
display_library: rfb, options="timeout=0"
memory: guest=32, host=32
romimage: file=usr/share/bochs/BIOS-bochs-latest, options=fastboot
vgaromimage: file=usr/share/vgabios/vgabios.bin
cpu: model=tigerlake, ips=50000000
clock: sync=none
floppya: 1_44=sector, status=inserted
boot: floppy
port_e9_hack: enabled=1
log: log
END_OF_SETTINGS
echo continue >commands
export LTDL_LIBRARY_PATH=$folder/usr/lib/x86_64-linux-gnu/bochs/plugins
timeout 1200 usr/bin/bochs-bin -q -f bochsrc -rc commands </dev/null >said 2>&1 || true
bochs=$(grep -axE '[01?]' said | tail -n 1)
[ -n "$bochs" ] || {
    echo "the boot sector did not run"
    exit 1
}
echo "RSP is loaded from the frame (1) or not (0): on this machine's processor $native, on Bochs $bochs"
[ "$native$bochs" = 10 ]
