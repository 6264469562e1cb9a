# SPDX-License-Identifier: MIT
# Proves that GRUB starts the packed image by Multiboot 2, on a PC's BIOS and on UEFI, with two CPUs: the memory map,
# ACPI's tables, the screen, the modules wherever GRUB puts them, and both command lines arrive, and a dom0 runs to its
# end, also isolated and with the console on the screen. The same image starts by Multiboot 1. Without a module, it says in a sentence what is missing, also on the frame
# buffer of UEFI.
# Needs: all guests xen-image screen-reader
. "$(dirname "$0")/common.sh"

# A loader of Multiboot 1 takes the file by the addresses in the header: from its second page on as it is in memory.
zcat "$B/xen-pinion.gz" | tail -c +4097 | cmp -n "$(stat -c %s "$B/pinion.bin")" - "$B/pinion.bin" ||
    wrong "the file's layout is not that of the memory"

firmware=/usr/share/OVMF
tree=$work/tree
mkdir -p "$tree/boot/grub"
cp "$B/xen-pinion.gz" "$tree/boot/"
cp "$B/guests/test_dom0_start.elf" "$tree/boot/dom0"
cp "$firmware/OVMF_VARS_4M.fd" "$work/vars"
modules='part_gpt part_msdos iso9660 multiboot multiboot2 serial normal search search_fs_file gzio configfile test all_video'

# image LINE...: makes a disc on which GRUB does what these lines say, and boots.
image() {
    printf '%s\n' 'serial --unit=0 --speed=115200' 'terminal_output serial' 'insmod all_video' "$@" boot >"$tree/boot/grub/grub.cfg"
    grub-mkrescue -o "$work/disc" "$tree" --install-modules="$modules" --locales= --fonts= --themes= >"$work/made" 2>&1 || {
        cat "$work/made"
        wrong "no disc could be made"
        finish
    }
}

# boot WHAT ARGUMENT...: boots the disc; sets $status and writes $work/out.
boot() {
    local what=$1
    shift
    status=0
    timeout -k 10 "$whole_patience" qemu-system-x86_64 -accel tcg -cpu qemu64 -m 512 -smp 2 -display none -monitor none \
        -serial stdio -no-reboot -device isa-debug-exit,iobase=0xf4 -cdrom "$work/disc" "$@" \
        </dev/null >"$work/out" 2>"$work/err" || status=$?
    echo "$what: status $status"
}
bios=(-machine pc)
uefi=(-machine q35 -drive "if=pflash,format=raw,readonly=on,file=$firmware/OVMF_CODE_4M.fd"
    -drive "if=pflash,format=raw,file=$work/vars")

dom0_ran() { # WHAT
    expect out 'Test result: SUCCESS' "$1: the verdict of dom0"
    expect out 'command line: placeholder console=com1 .*no-real-mode edd=off audit' "$1: the hypervisor's command line"
    expect out 'command line: placeholder root=UUID=1 quiet' "$1: dom0's command line"
    expect out '2 CPU\(s\)' "$1: the processors, from ACPI's tables"
    expect out 'audit: 0 findings' "$1: the audit"
}

words='placeholder console=com1 com1=115200,8n1 no-real-mode edd=off audit'
image "multiboot2 /boot/xen-pinion.gz $words" 'module2 /boot/dom0 placeholder root=UUID=1 quiet'
boot "BIOS" "${bios[@]}"
dom0_ran "GRUB on BIOS"
expect out 'EFI: none' "GRUB on BIOS: no EFI"
expect out 'screen: text' "GRUB on BIOS: the screen stays in text mode"
boot "UEFI" "${uefi[@]}"
dom0_ran "GRUB on UEFI"
expect out 'screen: [0-9]+ by [0-9]+ pixels of' "GRUB on UEFI: the firmware's frame buffer"
expect out 'ACPI NVS' "GRUB on UEFI: a memory map with what the firmware keeps"
expect out "EFI: [0-9]+ tables, ACPI's root pointer by one of them" "GRUB on UEFI: EFI's tables, for dom0"

# A guest's roots map neither the screen nor its text; the hypervisor draws both all the same.
image "multiboot2 /boot/xen-pinion.gz $words console=com1,vga vga=keep isolation=always" \
    'module2 /boot/dom0 placeholder root=UUID=1 quiet'
for firmware_of in bios uefi; do
    declare -n firmware_words=$firmware_of
    boot "isolated, $firmware_of" "${firmware_words[@]}"
    dom0_ran "isolated, $firmware_of"
    expect out 'audit: isolation: [1-9][0-9]* root.* 0 findings' "isolated, $firmware_of: the recount"
done

image "multiboot /boot/xen-pinion.gz $words" 'module /boot/dom0 placeholder root=UUID=1 quiet'
boot "Multiboot 1" "${bios[@]}"
dom0_ran "GRUB on BIOS, by Multiboot 1"

image "multiboot2 /boot/xen-pinion.gz noreboot"
status=0
: >"$work/out"
timeout -k 10 "$whole_patience" qemu-system-x86_64 -accel tcg -cpu qemu64 -m 512 -display none -vga std \
    -serial "file:$work/out" -monitor stdio -no-reboot -cdrom "$work/disc" "${uefi[@]}" \
    < <(monitor_when out 'the machine is halted' "screendump $work/picture" quit) >"$work/monitor" 2>"$work/err" || status=$?
expect_status 0 "no module"
expect out 'no boot modules: neither a kernel for dom0' "GRUB without a module"
"$B/read_screen" "$work/picture" "$B/font/glyphs" >"$work/screen"
expect screen 'no boot modules: neither a kernel for dom0' "GRUB without a module: the frame buffer"
expect screen 'the machine is halted' "the frame buffer"
finish
