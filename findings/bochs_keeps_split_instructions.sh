#!/bin/bash
# SPDX-License-Identifier: MIT
# Bochs 2.7 executes an instruction that crosses the end of a page although the second page has been mapped elsewhere.
#
# Expected: after the page table has changed and the translation is flushed (INVLPG, or a load of CR3), the
# instruction's bytes in the second page are fetched by the new translation, or the fetch faults if there is none.
# Observed: the instruction as it was decoded before is executed again. Bochs' cache of decoded instructions is found
# by the physical address of the first byte alone. tests/guests/test_privileged.c takes new pages for such a claim.
#
# Shown without Pinion: a boot sector of 512 bytes, with paging, executes `mov $1, %eax` whose constant is in a second
# page; maps another page there, with the constant 2; flushes; executes it again; writes both results to Bochs'
# debug port.
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
        .set    DIRECTORY, 0x10000
        .set    TABLE, 0x11000
        .set    FIRST, 0x20000          # the page in which the instruction begins, and where it is seen
        .set    SECOND, 0x21000         # the page behind it, mapped at first
        .set    OTHER, 0x30000          # mapped in its place later
        .code16
        .globl  _start
_start: cli
        lgdt    table
        mov     %cr0, %eax
        or      $1, %al
        mov     %eax, %cr0
        ljmp    $8, $wide
        .code32
wide:   mov     $16, %ax
        mov     %ax, %ds
        mov     %ax, %es
        mov     %ax, %ss
        mov     $0x7000, %esp
        mov     $DIRECTORY, %edi        # the first 4 MiB are mapped as they are
        xor     %eax, %eax
        mov     $1024, %ecx
        rep stosl
        movl    $TABLE + 3, DIRECTORY
        mov     $3, %eax
        mov     $1024, %ecx
1:      stosl
        add     $0x1000, %eax
        loop    1b
        movb    $0xb8, FIRST + 0xfff    # mov $..., %eax
        movl    $1, SECOND
        movb    $0xc3, SECOND + 4       # ret
        movl    $2, OTHER
        movb    $0xc3, OTHER + 4
        mov     $DIRECTORY, %eax
        mov     %eax, %cr3
        mov     %cr0, %eax
        or      $0x80000000, %eax
        mov     %eax, %cr0
        jmp     2f
2:      call    print
        movl    $OTHER + 3, TABLE + 4 * (SECOND >> 12)
        invlpg  SECOND
        mov     %cr3, %eax
        mov     %eax, %cr3
        call    print
        mov     $'\n', %al
        out     %al, $0xe9
        mov     $0x8900, %dx            # ends Bochs
        mov     $word, %esi
3:      lodsb
        out     %al, %dx
        jmp     3b
word:   .ascii  "Shutdown"
print:  mov     $FIRST + 0xfff, %eax
        call    *%eax
        add     $'0', %al
        out     %al, $0xe9
        ret
        .balign 8
segments:
        .quad   0, 0x00cf9a000000ffff, 0x00cf92000000ffff
table:  .word   23
        .long   segments
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
digits=$(grep -axE '[0-9]{2}' said | tail -n 1)
[ -n "$digits" ] || {
    echo "the boot sector did not run"
    exit 1
}
echo "mov \$1, %eax gives ${digits:0:1}; as mov \$2, %eax it gives ${digits:1}"
[ "$digits" = 11 ]
