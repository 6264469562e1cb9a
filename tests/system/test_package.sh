# SPDX-License-Identifier: MIT
# Proves, in a small Debian with Debian's own scripts of GRUB, that the package of the hypervisor can be installed,
# upgraded, removed and purged: alone, the entry of grub.cfg that is the default starts /boot/xen-pinion.gz with that
# Debian's kernel; beside Debian's Xen it stays the default, once; afterwards grub.cfg and all other files are what they
# were. Kernels that are there, come and go have a copy that GRUB unpacks, where there is room and they can be dom0.
# Settings of the administrator are kept; where the only kernel is the cloud's, the installation says which one it
# needs; where GRUB cannot write, update-grub says so. lintian finds nothing. The disk made of it boots that entry, with
# an unpacked kernel; its dom0 panics, the machine restarts by itself, and then the plain kernel boots.
# Takes: minutes
# Needs: package-test images
. "$(dirname "$0")/common.sh"

packages=$PWD/$B/package
deb=$(echo "$packages"/pinion-hypervisor_*.deb)
tools_deb=$(echo "$packages"/pinion-tools_*.deb)
root=$work/root
uuid=11111111-2222-3333-4444-555555555555
title='Debian GNU/Linux, with Pinion hypervisor'

# inside COMMAND...: in the small Debian, as its root; appends to $work/out.
inside() {
    local status=0
    fakeroot -i "$work/owners" -s "$work/owners" tools/package/inside "$root" "$@" >>"$work/out" 2>&1 || status=$?
    return $status
}
# done_inside WHAT COMMAND...: must succeed; $work/out then has its output alone.
done_inside() {
    local what=$1
    shift
    : >"$work/out"
    inside "$@" || {
        wrong "$what: \`$*\` failed"
        finish
    }
}
boot=$root/boot
configuration() {
    expect_in "$boot/grub/grub.cfg" "$@"
}
expect_in() { # FILE PATTERN WHAT
    grep -Eq -- "$2" "$1" || {
        wrong "${1#"$work"/} lacks /$2/: $3"
        grep -nE 'menuentry |multiboot|module|default|fallback' "$1"
    }
}
# The entry of grub.cfg that GRUB takes as its default, found as GRUB does: the first one with that identifier.
default_entry() {
    local default
    default=$(sed -n 's/^   set default="\(.*\)"$/\1/p' "$boot/grub/grub.cfg" | grep -vx '${next_entry}' | head -n 1)
    awk -v name="$default" '!found && /^menuentry / && index($0, " $menuentry_id_option '\''" name "'\'' {") { found = 1 }
        found { print } found && /^}/ { exit }' "$boot/grub/grub.cfg"
}
# What there is: every file's mode, name and contents, without the records of dpkg and of its log.
listing() {
    (cd "$root" && find . -path ./proc -prune -o -path ./var/lib/dpkg -prune -o -path ./var/log -prune -o -path ./var/cache -prune -o \
        -path ./dev -prune -o -path ./sys -prune -o -path ./tmp -prune -o -printf '%y %m %p %l\n' | sort &&
        find boot etc usr/sbin -type f -exec sha256sum {} + | sort -k 2)
}

# ---- the small Debian -------------------------------------------------------------------------------

mkdir "$root"
touch "$work/owners"
fakeroot -s "$work/owners" tar -x -f "$packages/root.tar" -C "$root" --exclude='./dev/*'
mkdir -p "$root/dev/disk/by-uuid" "$boot/grub" "$root/packages"
touch "$root/dev/disk/by-uuid/$uuid"
cp "$deb" "$packages/xen.deb" "$packages/xen-common.deb" "$root/packages/"
# It has no disk: what GRUB would find out about it, this says.
cp tools/package/grub-probe "$root/usr/sbin/"
export GRUB_UUID=$uuid GRUB_ABSTRACTION=
kernel_version=6.1.0-test-amd64
cp "$B/vmlinuz" "$boot/vmlinuz-$kernel_version"
"$B/unpack-kernel" "$B/vmlinuz" "$work/elf" || wrong "the kernel cannot be unpacked"
cpio --quiet -o -H newc </dev/null >"$boot/initrd.img-$kernel_version"
echo CONFIG_XEN_DOM0=y >"$boot/config-$kernel_version"
grub-editenv "$boot/grub/grubenv" create
cat >"$root/etc/default/grub" <<'END'
GRUB_DEFAULT=0
GRUB_TIMEOUT=1
GRUB_TERMINAL="serial console"
GRUB_DISTRIBUTOR=Debian
GRUB_CMDLINE_LINUX_DEFAULT="quiet"
GRUB_CMDLINE_XEN_DEFAULT="panic=1"
GRUB_CMDLINE_LINUX="console=tty0 console=ttyS0,115200"
END
done_inside "before" update-grub
listing >"$work/before"
cp "$boot/grub/grub.cfg" "$work/before.cfg"

# ---- alone ------------------------------------------------------------------------------------------

done_inside "install" dpkg --force-depends -i /packages/"$(basename "$deb")"
expect_no out 'WARN|warn|install linux-image' "installing alone needs no warning"
default_entry >"$work/entry"
expect entry "^menuentry '$title'" "the default entry"
expect entry 'multiboot2	/boot/xen-pinion.gz placeholder +panic=1 +\$\{xen_rm_opts\}' "the default entry's hypervisor"
expect entry "module2	/boot/pinion/vmlinuz-$kernel_version.gz placeholder root=UUID=$uuid ro console=tty0 console=hvc0 quiet panic=10" \
    "the default entry's kernel"
expect entry '^	insmod gzio$' "the default entry can read what is packed with gzip"
expect entry "module2	--nounzip +/boot/initrd.img-$kernel_version" "the default entry's ramdisk"
configuration "linux	/boot/vmlinuz-$kernel_version .*console=ttyS0,115200" "the plain kernel's words are unchanged"
configuration '^set fallback=0' "what follows an image that cannot be loaded"
configuration '^      set default="0"' "what follows a boot that fails"
first=$(grep -m 1 -oE "menuentry '[^']*'" "$boot/grub/grub.cfg")
[ "$first" = "menuentry 'Debian GNU/Linux'" ] || wrong "entry 0 is $first, not the plain kernel"
[ "$(cd "$boot" && echo xen*)" = xen-pinion.gz ] || wrong "$(cd "$boot" && echo xen*) in /boot, of which each gets an entry"
[ -L "$root/etc/systemd/system/multi-user.target.wants/pinion-boot.service" ] || wrong "pinion-boot.service is not enabled"
copy=$boot/pinion/vmlinuz-$kernel_version.gz
gzip -dc "$copy" | cmp - "$work/elf" || wrong "the copy of the kernel is not its ELF image"
gzip -dc "$boot/xen-pinion.gz" >"$work/image"
readelf -S "$work/image" | grep -q symtab && wrong "the image has symbols, which GRUB would load"
cp "$boot/grub/grub.cfg" "$work/alone.cfg"

# Debian 13's tools, beside which the hypervisor has to be of their version.
mkdir -p "$root/usr/lib/xen-4.20/bin"
: >"$root/usr/lib/xen-4.20/bin/xl"
done_inside "with Debian 13's tools" update-grub
configuration 'multiboot2	/boot/xen-pinion.gz placeholder xen-version=4.20' "the version that Debian 13's tools want"
rm -r "$root/usr/lib/xen-4.20"
done_inside "without them" update-grub
cmp "$boot/grub/grub.cfg" "$work/alone.cfg" || wrong "grub.cfg differs though the tools are gone"

# ---- kernels come and go, and the disk is full ---------------------------------------------------------

# hooks postinst|postrm VERSION: what the package of a kernel does.
hooks() {
    done_inside "the hooks $1 of $2" run-parts --report --exit-on-error --arg="$2" --arg="/boot/vmlinuz-$2" "/etc/kernel/$1.d"
}
kernel_of() { # of the default entry
    default_entry | sed -n 's/^\tmodule2\t\([^-][^ ]*\) .*/\1/p'
}
is_kernel() { # PATH WHAT
    [ "$(kernel_of)" = "$1" ] || wrong "$2: the default entry's kernel is $(kernel_of), not $1"
}
newer=6.1.1-test-amd64
cp "$B/vmlinuz" "$boot/vmlinuz-$newer"
echo CONFIG_XEN_DOM0=y >"$boot/config-$newer"
hooks postinst $newer
is_kernel "/boot/pinion/vmlinuz-$newer.gz" "a kernel was installed"
configuration "^		module2	/boot/pinion/vmlinuz-$kernel_version.gz placeholder root=.* ro single" "the older kernel's entries"
# As on a full disk, a file cannot become as large as it would have to.
limited() {
    (
        trap '' XFSZ
        ulimit -f 4096
        "$@"
    )
}
limited hooks postinst $newer
expect out "no unpacked copy of the kernel $newer \(.*vmlinuz-$newer.gz: cannot be written: .*\), so that" "no room for the copy"
is_kernel "/boot/vmlinuz-$newer" "no room for the copy"
[ "$(ls "$boot/pinion")" = "vmlinuz-$kernel_version.gz" ] || wrong "no room for the copy: $(ls "$boot/pinion") is in /boot/pinion"
hooks postinst $newer
is_kernel "/boot/pinion/vmlinuz-$newer.gz" "there is room again"
touch -d yesterday "$boot/vmlinuz-$newer"
done_inside "another kernel of the same version" update-grub
is_kernel "/boot/vmlinuz-$newer" "another kernel of the same version, whose copy was not made"
head -c 100000 "$B/vmlinuz" >"$boot/vmlinuz-$newer"
hooks postinst $newer
expect out "no unpacked copy of the kernel $newer \(/boot/vmlinuz-$newer: truncated: .*\), so that" "a kernel that is cut"
rm "$boot/vmlinuz-$newer" "$boot/config-$newer"
hooks postrm $newer
is_kernel "/boot/pinion/vmlinuz-$kernel_version.gz" "a kernel was removed"
cmp "$boot/grub/grub.cfg" "$work/alone.cfg" || wrong "grub.cfg differs after a kernel came and went"
cp "$B/vmlinuz" "$boot/vmlinuz-$newer"
echo CONFIG_XEN_PV=y >"$boot/config-$newer"
hooks postinst $newer
[ ! -e "$boot/pinion/vmlinuz-$newer.gz" ] || wrong "there is a copy of a kernel that cannot be dom0"
rm "$boot/vmlinuz-$newer" "$boot/config-$newer"
hooks postrm $newer

# /boot as a file system of its own: GRUB's paths begin there.
mv "$root/usr/bin/grub-mkrelpath" "$work/mkrelpath"
printf '%s\n' '#!/bin/sh' 'for path; do :; done' 'echo "${path#/boot}"' >"$root/usr/bin/grub-mkrelpath"
chmod +x "$root/usr/bin/grub-mkrelpath"
done_inside "/boot apart" update-grub
is_kernel "/pinion/vmlinuz-$kernel_version.gz" "/boot is a file system of its own"
mv "$work/mkrelpath" "$root/usr/bin/grub-mkrelpath"
sed -i '$aGRUB_DISABLE_SUBMENU=y' "$root/etc/default/grub"
done_inside "without submenus" update-grub
is_kernel "/boot/pinion/vmlinuz-$kernel_version.gz" "without submenus"
sed -i '$d' "$root/etc/default/grub"
done_inside "as before" update-grub
cmp "$boot/grub/grub.cfg" "$work/alone.cfg" || wrong "grub.cfg is not what it was"

# unpack-kernel says what is wrong, and leaves nothing half written.
refused() { # STATUS PATTERN ARGUMENT...
    local wanted=$1 pattern=$2 got=0
    shift 2
    "$B/unpack-kernel" "$@" >"$work/out" 2>&1 || got=$?
    [ $got = "$wanted" ] || wrong "unpack-kernel $*: exit status $got, not $wanted"
    expect out "$pattern" "unpack-kernel $*"
    [ ! -e "$work/made" ] && [ ! -e "$work/made.new" ] || wrong "unpack-kernel $*: something was written"
}
head -c 100000 "$B/vmlinuz" >"$work/cut"
refused 2 'cut: truncated: its payload ends' "$work/cut" "$work/made"
refused 2 'not a kernel: neither a bzImage nor an ELF image' "$work/before" "$work/made"
refused 2 'cannot be read: No such file' "$work/none" "$work/made"
refused 2 '^usage: ' "$B/vmlinuz"
refused 2 '^usage: ' --other "$B/vmlinuz" "$work/made"
refused 0 '^usage: ' --help
refused 1 'No such file or directory' "$B/vmlinuz" "$work/none/made"
limited refused 1 'made: cannot be written: File too large' --gzip "$B/vmlinuz" "$work/made"
refused 1 'is no regular file' --gzip "$B/vmlinuz" "$work"

# ---- the disk that boots this entry -----------------------------------------------------------------

# boot_disk PATTERN: boots until the serial port has said it; $work/out is what it said.
# The clock counts instructions: the plain kernel panics when its timer is late, as on a busy host.
boot_disk() {
    local emulator
    : >"$work/out"
    timeout -k 10 "$whole_patience" qemu-system-x86_64 -accel tcg -icount shift=4,sleep=off -cpu qemu64 -machine pc -m 512 -display none -monitor none \
        -nodefaults -serial "file:$work/out" -drive "file=$work/disk,format=raw,if=virtio,cache=unsafe" \
        </dev/null >"$work/err" 2>&1 &
    emulator=$!
    while kill -0 $emulator 2>/dev/null && ! grep -a -q -E -- "$1" "$work/out"; do sleep 0.3; done
    kill $emulator 2>/dev/null
    wait $emulator 2>/dev/null
    expect out "$1" "the disk: $2"
}
state() {
    debugfs -R 'cat /boot/grub/grubenv' "$work/disk?offset=$((root_at * 512))" 2>/dev/null | sed -n 's/^pinion_state=//p'
}
mkdir "$work/files"
cp -r "$boot" "$work/files/"
tools/image/make-disk --uuid $uuid --size 128 "$work/disk" "$work/files" >"$work/made" 2>&1 || {
    cat "$work/made"
    wrong "no disk could be made"
    finish
}
root_at=$(sfdisk -d "$work/disk" | sed -n 's/^[^ ]*disk1 : start= *\([0-9]*\),.*/\1/p')
boot_disk 'Pinion did not come up at the last boot' "the restart after a dom0 that has no root file system"
expect out "dom0's command line: placeholder root=UUID=$uuid ro console=tty0 console=hvc0 quiet panic=10" "the disk: dom0's words"
expect out 'Kernel panic - not syncing: VFS' "the disk: dom0's end"
# GRUB gave the hypervisor the ELF image, not the packed kernel.
expect out "dom0's kernel: $(($(stat -c %s "$work/elf") >> 10)) KiB at" "the disk: dom0's kernel is as large as its ELF image"
expect_no out "dom0's kernel: .*unpacked" "the disk: the hypervisor had to unpack dom0's kernel"
boot_disk 'Kernel panic - not syncing: VFS' "the plain kernel starts, after a boot that failed"
expect_no out "dom0's command line" "the boot after a boot that failed is Pinion's again"
[ "$(state)" = failed ] || wrong "after two boots pinion_state is '$(state)', not failed"

# What a system that has come up does.
grub-editenv "$boot/grub/grubenv" set pinion_state=tried
done_inside "the plain kernel was chosen" /usr/libexec/pinion/boot-result
grep -q pinion_state "$boot/grub/grubenv" && wrong "the plain kernel was chosen, and pinion_state is still tried"
grub-editenv "$boot/grub/grubenv" set pinion_state=failed
done_inside "the entry before has come up" /usr/libexec/pinion/boot-result
expect out "Pinion's dom0 did not come up" "what the entry before says"
grep -q pinion_state=failed "$boot/grub/grubenv" || wrong "the entry before has come up, and nobody knows why"
grub-editenv "$boot/grub/grubenv" unset pinion_state

# ---- settings of the administrator ------------------------------------------------------------------

echo XEN_OVERRIDE_GRUB_DEFAULT=0 >>"$root/etc/default/grub"
done_inside "another default" update-grub
default_entry >"$work/entry"
[ ! -s "$work/entry" ] || wrong "the default is Pinion's entry although XEN_OVERRIDE_GRUB_DEFAULT is 0"
grep -q pinion_state "$boot/grub/grub.cfg" && wrong "what follows a boot that fails, although Pinion is not the default"
sed -i 's/^XEN_OVERRIDE.*/GRUB_DEFAULT=saved\nPINION_RECOVERY=1\nGRUB_CMDLINE_LINUX_XEN_REPLACE="mine"/' "$root/etc/default/grub"
done_inside "a saved default" update-grub
configuration '^      set default="\$\{saved_entry\}"' "the entry before is the saved one"
configuration 'module2.* ro mine quiet panic=10' "the administrator's own words for dom0"
sed -i '/^GRUB_DEFAULT=saved/,$d' "$root/etc/default/grub"
GRUB_ABSTRACTION=lvm
done_inside "on LVM" update-grub
expect out 'pinion: GRUB cannot write /boot/grub/grubenv on lvm' "what update-grub says on LVM"
grep -q pinion_state "$boot/grub/grub.cfg" && wrong "GRUB would write its environment on LVM"
GRUB_ABSTRACTION=

# ---- beside Debian's Xen, upgraded from a version before ---------------------------------------------

done_inside "Xen" dpkg --force-depends -i /packages/xen.deb /packages/xen-common.deb
expect_no out 'GRUB_DEFAULT changed' "the two packages want the same default"
default_entry >"$work/entry"
expect entry 'multiboot2	/boot/xen-pinion.gz' "the default entry beside Debian's Xen"
expect entry "^menuentry '$title'" "the default entry beside Debian's Xen"
is_kernel "/boot/pinion/vmlinuz-$kernel_version.gz" "beside Debian's Xen"
configuration '/boot/xen-4.17-amd64.gz' "Debian's Xen stays in the menu"
done_inside "Xen goes" dpkg --purge xen-hypervisor-4.17-amd64 xen-hypervisor-common
cmp -s "$boot/grub/grub.cfg" "$work/alone.cfg" || wrong "grub.cfg is not what it was before Debian's Xen came and went"

done_inside "purge" dpkg --purge pinion-hypervisor
listing | diff "$work/before" - || wrong "the package left a trace"
cmp "$boot/grub/grub.cfg" "$work/before.cfg" || wrong "grub.cfg is not what it was"
dpkg-deb -R "$deb" "$work/old"
sed -i 's/^Version:.*/Version: 0~before/' "$work/old/DEBIAN/control"
echo old >"$work/old/boot/xen-pinion.gz"
echo '# old' >>"$work/old/etc/default/grub.d/pinion.cfg"
dpkg-deb -Znone --root-owner-group -b "$work/old" "$root/packages/old.deb" >"$work/made"
done_inside "the version before" dpkg --force-depends -i /packages/old.deb
made=$(stat -c '%i %Y' "$copy")
done_inside "upgrade" dpkg --force-depends -i /packages/"$(basename "$deb")"
cmp -s "$boot/grub/grub.cfg" "$work/alone.cfg" || wrong "grub.cfg after the upgrade is not that after an installation"
cmp -s <(gzip -dc "$boot/xen-pinion.gz") "$work/image" || wrong "the upgrade did not replace the image"
[ "$(stat -c '%i %Y' "$copy")" = "$made" ] || wrong "the upgrade made the copy of a kernel anew"
grep -q '^# old' "$root/etc/default/grub.d/pinion.cfg" && wrong "the upgrade did not replace a setting nobody had changed"

# Removed, not purged: the settings are there and have no effect.
done_inside "remove" dpkg --remove pinion-hypervisor
[ -e "$root/etc/default/grub.d/pinion.cfg" ] || wrong "removing took the settings"
[ ! -e "$boot/pinion" ] || wrong "removing left the copies of kernels"
hooks postinst $kernel_version # which the settings still name
diff "$work/before.cfg" <(sed '/BEGIN.*_pinion/,/^$/d' "$boot/grub/grub.cfg") ||
    wrong "grub.cfg after the removal is not what it was"

# ---- no kernel that can be dom0 ----------------------------------------------------------------------

echo CONFIG_XEN_PV=y >"$boot/config-$kernel_version"
done_inside "the cloud kernel" dpkg --force-depends -i /packages/"$(basename "$deb")"
[ "$(grep -c 'no kernel in /boot can be .* until you install linux-image-amd64\.$' "$work/out")" = 1 ] ||
    wrong "the cloud kernel: no sentence that names the package to install"
[ ! -e "$boot/pinion" ] || wrong "the cloud kernel: there is a copy of it"
grep -q 'pinion_state\|xen-pinion' "$boot/grub/grub.cfg" && wrong "the cloud kernel: grub.cfg speaks of Pinion"
done_inside "purge" dpkg --purge pinion-hypervisor

# ---- the packages themselves -------------------------------------------------------------------------

lintian --allow-root --fail-on error,warning "$deb" "$tools_deb" >"$work/out" 2>&1 || wrong "lintian has findings"
dpkg-deb -x "$tools_deb" "$work/tools"
"$work/tools/usr/lib/pinion/pinion" run --help >"$work/out" || wrong "the command of pinion-tools does not run"
[ "$(readlink -f "$work/tools/usr/bin/pinion")" -ef "$work/tools/usr/lib/pinion/pinion" ] ||
    [ "$(readlink "$work/tools/usr/bin/pinion")" = ../lib/pinion/pinion ] || wrong "/usr/bin/pinion is not the command"
[ -s "$work/tools/usr/lib/pinion/pinion.bin" ] || wrong "the command's hypervisor is not beside it"
finish
