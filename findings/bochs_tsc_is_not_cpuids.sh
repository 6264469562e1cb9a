#!/bin/bash
# SPDX-License-Identifier: MIT
# Bochs 2.7 imitates a processor's CPUID leaves for the TSC's frequency, but not that frequency.
#
# Expected: the TSC runs as CPUID says, since a kernel that finds leaves 0x15 and 0x16 measures nothing.
# Observed: with the models corei7_skylake_x, corei3_cnl, corei7_icelake_u and tigerlake the leaves are those of the
# processor, 2.4 GHz for the last one. The TSC counts executed instructions, `ips` of them in a second of the machine's
# other clocks. A kernel that believes CPUID waits 48 times too long with ips=50000000, and its clock is too slow by
# that factor. hypervisor/time/frequency.c compares CPUID with the HPET.
#
# Shown without Pinion: a boot sector of 512 bytes reads the crystal's ratio and frequency from leaf 0x15, counts the
# ticks of the TSC between two changes of the CMOS clock's second, and writes all to Bochs' debug port.
# Exit status: 0 still so; 1 it has changed; 77 the packages cannot be had. Needs binutils and the libraries
# of an installed bochs.
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

cat >sector.S <<'END_OF_SECTOR'
        .code16
        .globl  _start
_start: mov     $0x15, %eax
        cpuid
        push    %eax
        push    %ebx
        push    %ecx
        pop     %ebx                    # the crystal's frequency in Hz
        call    print
        pop     %ebx                    # numerator
        call    print
        pop     %ebx                    # denominator
        call    print
        call    next_second
        rdtsc
        mov     %eax, %esi
        call    next_second
        rdtsc
        sub     %esi, %eax
        mov     %eax, %ebx              # ticks in a second
        call    print
        mov     $'\n', %al
        out     %al, $0xe9
        mov     $0x8900, %dx            # ends Bochs
        mov     $word, %si
1:      lodsb
        out     %al, %dx
        jmp     1b
word:   .ascii  "Shutdown"
next_second:
        xor     %al, %al
        out     %al, $0x70
        in      $0x71, %al
        mov     %al, %cl
1:      xor     %al, %al
        out     %al, $0x70
        in      $0x71, %al
        cmp     %al, %cl
        je      1b
        ret
print:  mov     $8, %cx
1:      rol     $4, %ebx                # the next hexadecimal digit, as a character
        mov     %bl, %al
        and     $15, %al
        cmp     $10, %al
        sbb     $0x69, %al
        das
        out     %al, $0xe9
        loop    1b
        mov     $' ', %al
        out     %al, $0xe9
        ret
        .org    510
        .word   0xaa55
END_OF_SECTOR
as --32 -o sector.o sector.S
ld -m elf_i386 -Ttext 0x7c00 --oformat binary -o sector sector.o
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
read -r crystal numerator denominator ticks < <(grep -aoE '([0-9A-F]{8} ){4}' said | tail -n 1)
cpuid=$((16#$crystal * 16#$numerator / 16#$denominator))
ticks=$((16#$ticks))
echo "CPUID says $cpuid Hz, the CMOS clock says $ticks Hz"
[ "$cpuid" -gt $((ticks * 2)) ]
