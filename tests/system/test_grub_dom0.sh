# SPDX-License-Identifier: MIT
# Proves that GRUB starts Debian's own kernel as dom0 on Pinion, up to Xen's services and `xl list` in it: from a disc on
# a PC's BIOS and on UEFI, and from one disk with a partition table, behind virtio-blk on the BIOS and behind NVMe on UEFI.
# dom0 finds ACPI and its devices' interrupts on both firmwares, and an initial ramdisk with microcode before it in the
# same file, as Debian's are.
# Takes: minutes
# Needs: all xen-image dom0-image
. "$(dirname "$0")/common.sh"

firmware=/usr/share/OVMF
uuid=$(PATH=$PATH:/sbin:/usr/sbin dumpe2fs -h "$B/dom0.img" 2>/dev/null | sed -n 's/^Filesystem UUID: *//p')
cp "$firmware/OVMF_VARS_4M.fd" "$work/vars"

# dom0's first process and its checks, in a second archive behind the initial ramdisk.
mkdir -p "$work/more/extra" "$work/early/kernel/x86/microcode"
cp -r tests/system/dom0/{init,one,lib.sh,checks} "$work/more/extra/"
head -c 4096 /dev/zero >"$work/early/kernel/x86/microcode/AuthenticAMD.bin"
archive() { # FOLDER
    (cd "$1" && find . | cpio --quiet -o -H newc -R 0:0)
}
archive "$work/more" | cat "$B/dom0/initrd.cpio" - >"$work/plain"
(archive "$work/early" && gzip -1 <"$work/plain") >"$work/with-microcode"

# entry WORDS: what GRUB does, in the words of Debian's scripts.
entry() {
    printf '%s\n' 'serial --unit=0 --speed=115200' 'terminal_output serial' "search --no-floppy --set=root $1" \
        'multiboot2 /boot/xen-pinion.gz placeholder console=com1 com1=115200,8n1 dom0_mem=512M,max:512M no-real-mode edd=off' \
        "module2 /boot/vmlinuz placeholder root=UUID=$uuid rw console=hvc0 init=/run/extra/init dom0.patience=$patience dom0.checks=services,machine,info,list" \
        'module2 --nounzip /boot/initrd.img' boot
}
tree=$work/tree
mkdir -p "$tree/boot/grub"
cp "$B/xen-pinion.gz" "$tree/boot/"
cp "$B/dom0/vmlinuz" "$tree/boot/vmlinuz"
cp "$work/plain" "$tree/boot/initrd.img"
entry '--file /boot/xen-pinion.gz' >"$tree/boot/grub/grub.cfg"
grub-mkrescue -o "$work/disc" "$tree" --locales= --fonts= --themes= \
    --install-modules='part_gpt part_msdos iso9660 multiboot2 serial normal search search_fs_file gzio configfile' >"$work/out" 2>&1 || {
    cat "$work/out"
    wrong "no disc could be made"
    finish
}
entry "--fs-uuid $uuid" >"$work/grub.cfg"
tools/image/make-disk --config "$work/grub.cfg" --add "$B/xen-pinion.gz=boot/xen-pinion.gz" \
    --add "$B/dom0/vmlinuz=boot/vmlinuz" --add "$work/with-microcode=boot/initrd.img" "$work/disk" "$B/dom0.img" || {
    wrong "no disk could be made"
    finish
}

# What dom0 writes to the disk is dropped.
boot() { # WHAT ARGUMENT...
    local what=$1
    shift
    status=0
    timeout -k 10 "$whole_patience" qemu-system-x86_64 -accel tcg -cpu qemu64 -m 1536 -smp 2 -nodefaults \
        -vga std -display none -monitor none -serial stdio -no-reboot -netdev user,id=net \
        -device virtio-net-pci,netdev=net,romfile= -drive "file=$work/disk,format=raw,if=none,id=disk,snapshot=on" "$@" \
        </dev/null 2>"$work/err" | tr -d '\r' >"$work/out"
    status=${PIPESTATUS[0]}
    echo "$what: $(grep -a -o 'dom0: .* finished.*' "$work/out")"
    expect_status 0 "$what: dom0 switched the machine off"
    expect out 'command line: placeholder console=com1 .*no-real-mode edd=off' "$what: the hypervisor's command line"
    expect out "Command line: placeholder root=UUID=$uuid rw " "$what: dom0's command line"
    expect out 'ACPI: Interpreter enabled' "$what: ACPI in dom0"
    expect out 'CHECK list: ok' "$what: xl list"
    expect out 'finished, 0 failed' "$what: all checks"
}
disc=(-drive "file=$work/disc,format=raw,if=none,id=disc,readonly=on,media=cdrom")
bios=(-machine pc)
uefi=(-machine q35 -drive "if=pflash,format=raw,readonly=on,file=$firmware/OVMF_CODE_4M.fd"
    -drive "if=pflash,format=raw,file=$work/vars")

boot "disc on BIOS" "${bios[@]}" "${disc[@]}" -device ide-cd,drive=disc,bootindex=1 -device virtio-blk-pci,drive=disk
expect_no out 'efi: EFI' "disc on BIOS: no EFI"
boot "disc on UEFI" "${uefi[@]}" "${disc[@]}" -device ide-cd,drive=disc,bus=ide.2,bootindex=1 -device virtio-blk-pci,drive=disk
expect out 'efi: EFI v2' "disc on UEFI: EFI's tables"
boot "disk on BIOS" "${bios[@]}" -device virtio-blk-pci,drive=disk,bootindex=1
boot "disk on UEFI" "${uefi[@]}" -device nvme,serial=1,drive=disk,bootindex=1
expect out 'efi: EFI v2' "disk on UEFI: EFI's tables"
finish
