# SPDX-License-Identifier: MIT
# Proves, in a small Debian with Debian's own scripts of GRUB, that the package of the hypervisor can be installed,
# upgraded, removed and purged: alone, the entry of grub.cfg that is the default starts /boot/xen-pinion.gz with that
# Debian's kernel; beside Debian's Xen it stays the default, once; afterwards grub.cfg and all other files are what they
# were. Settings of the administrator are kept; where the only kernel is the cloud's, the installation says which one it needs;
# where GRUB cannot write, update-grub says so. lintian finds nothing.
# The disk made of it boots that entry; its dom0 panics, the machine restarts by itself, and then the plain kernel boots.
# Takes: minutes
# Needs: package-test images
. "$(dirname "$0")/common.sh"

packages=$PWD/$B/package
deb=$(echo "$packages"/pinion-hypervisor_*.deb)
tools_deb=$(echo "$packages"/pinion-tools_*.deb)
root=$work/root
uuid=11111111-2222-3333-4444-555555555555
title='Debian GNU/Linux, with Xen hypervisor'

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
# The entry of grub.cfg that GRUB takes as its default, found as GRUB does: the first one with that title.
default_entry() {
    local default
    default=$(sed -n 's/^   set default="\(.*\)"$/\1/p' "$boot/grub/grub.cfg" | grep -vx '${next_entry}' | head -n 1)
    awk -v title="$default" '!found && index($0, "menuentry '\''" title "'\''") == 1 { found = 1 }
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
expect entry "module2	/boot/vmlinuz-$kernel_version placeholder root=UUID=$uuid ro console=tty0 console=hvc0 quiet panic=10" \
    "the default entry's kernel"
expect entry "module2	--nounzip +/boot/initrd.img-$kernel_version" "the default entry's ramdisk"
configuration "linux	/boot/vmlinuz-$kernel_version .*console=ttyS0,115200" "the plain kernel's words are unchanged"
configuration '^set fallback=0' "what follows an image that cannot be loaded"
configuration '^      set default="0"' "what follows a boot that fails"
first=$(grep -m 1 -oE "menuentry '[^']*'" "$boot/grub/grub.cfg")
[ "$first" = "menuentry 'Debian GNU/Linux'" ] || wrong "entry 0 is $first, not the plain kernel"
[ "$(cd "$boot" && echo xen*)" = xen-pinion.gz ] || wrong "$(cd "$boot" && echo xen*) in /boot, of which each gets an entry"
[ -L "$root/etc/systemd/system/multi-user.target.wants/pinion-boot.service" ] || wrong "pinion-boot.service is not enabled"
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

# ---- the disk that boots this entry -----------------------------------------------------------------

# boot_disk PATTERN: boots until the serial port has said it; $work/out is what it said.
boot_disk() {
    local emulator
    : >"$work/out"
    timeout -k 10 "$whole_patience" qemu-system-x86_64 -accel tcg -cpu qemu64 -machine pc -m 512 -display none -monitor none \
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
[ ! -s "$work/entry" ] || wrong "the default is an entry by title although XEN_OVERRIDE_GRUB_DEFAULT is 0"
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
[ "$(grep -c "^menuentry '$title'" "$boot/grub/grub.cfg")" = 1 ] || wrong "several entries have the title of the default"
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
done_inside "upgrade" dpkg --force-depends -i /packages/"$(basename "$deb")"
cmp -s "$boot/grub/grub.cfg" "$work/alone.cfg" || wrong "grub.cfg after the upgrade is not that after an installation"
cmp -s <(gzip -dc "$boot/xen-pinion.gz") "$work/image" || wrong "the upgrade did not replace the image"
grep -q '^# old' "$root/etc/default/grub.d/pinion.cfg" && wrong "the upgrade did not replace a setting nobody had changed"

# Removed, not purged: the settings are there and have no effect.
done_inside "remove" dpkg --remove pinion-hypervisor
[ -e "$root/etc/default/grub.d/pinion.cfg" ] || wrong "removing took the settings"
diff "$work/before.cfg" <(sed '/BEGIN.*09_pinion/,/^$/d' "$boot/grub/grub.cfg") ||
    wrong "grub.cfg after the removal is not what it was"

# ---- no kernel that can be dom0 ----------------------------------------------------------------------

echo CONFIG_XEN_PV=y >"$boot/config-$kernel_version"
done_inside "the cloud kernel" dpkg --force-depends -i /packages/"$(basename "$deb")"
[ "$(grep -c 'no kernel in /boot can be .* until you install linux-image-amd64\.$' "$work/out")" = 1 ] ||
    wrong "the cloud kernel: no sentence that names the package to install"
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
