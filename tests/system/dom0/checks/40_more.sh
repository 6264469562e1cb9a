# SPDX-License-Identifier: MIT
# Several guests, guests of other kinds, libvirt, and integrity: each boots whole Linux guests, so that
# `tests/system/dom0/run` leaves them out unless they are named, or `all`.

check_eight_vcpus() {
    config eight 18 serve 'vcpus = 8' 'memory = 160'
    create eight
    on_console eight '^eight: ready'
    [ "$(in_guest 18 nproc)" = 8 ]
    [ "$(xl vcpu-list eight | grep -c '^eight ')" = 8 ]
    xl shutdown -w eight
    gone eight
}
check_several() {
    # Three at once, which talk to one another over the bridge.
    for number in 1 2 3; do
        config "s$number" "2$number" serve 'memory = 96'
        create "s$number"
    done
    for number in 1 2 3; do
        on_console "s$number" "^s$number: ready"
    done
    [ "$(xl list | grep -c '^s[123] ')" = 3 ]
    [ "$(in_guest 21 'echo "hostname; echo from two" | nc -w 600 10.77.0.22 7000 | tail -n 1')" = 'from two' ]
    [ "$(in_guest 22 'echo "echo from three" | nc -w 600 10.77.0.23 7000')" = 'from three' ]
    xl destroy s2
    gone s2
    [ "$(in_guest 23 'echo alive')" = alive ]
    xl shutdown -w s1 s3 || xl shutdown -a -w
    gone s1
    gone s3
}
check_integrity() {
    # What a guest writes through blkback is in dom0's file, byte for byte; what dom0 writes, the guest reads.
    mib=$(word mib 64)
    truncate -s "$((mib + 8))M" /work/plain.img
    config plain 32 serve 'disk = [ "file:/work/plain0.img,xvda,w", "file:/work/plain.img,xvdb,w" ]'
    disk plain0
    create plain
    on_console plain '^plain: ready'
    sums=$(in_guest 32 "dd if=/dev/urandom of=/block bs=1M count=4 2>/dev/null
for at in \$(seq 0 4 $((mib - 1))); do
    echo \$at | dd of=/block conv=notrunc 2>/dev/null
    dd if=/block of=/dev/xvdb bs=1M seek=\$at conv=notrunc 2>/dev/null
done
sync
dd if=/dev/xvdb bs=1M count=$mib 2>/dev/null | md5sum")
    [ "$(head -c "${mib}M" /work/plain.img | md5sum)" = "$sums" ]
    xl shutdown -w plain
    gone plain
    [ "$(head -c "${mib}M" /work/plain.img | md5sum)" = "$sums" ]
    rm /work/plain.img
}
boot_files() { # IMAGE: puts a kernel, a ramdisk and GRUB's menu into it
    mount -o loop "$1" /mnt
    mkdir -p /mnt/boot/grub
    cp /srv/guests/vmlinuz /work/initrd.cpio /mnt/boot/
    cat >/mnt/boot/grub/grub.cfg <<'END'
set default=0
set timeout="0"
menuentry 'Linux' {
    linux /boot/vmlinuz root=/dev/xvda console=hvc0 quiet init=/sbin/guest-init guest.name=own guest.do=hello
    initrd /boot/initrd.cpio
}
END
    umount /mnt
}
check_pv_grub() {
    disk own
    boot_files /work/own.img
    printf '%s\n' 'name = "own"' 'kernel = "/usr/lib/grub-xen/grub-x86_64-xen.bin"' 'memory = 192' 'vcpus = 1' \
        'disk = [ "file:/work/own.img,xvda,w" ]' 'on_crash = "destroy"' >/work/own.cfg
    create own
    on_console own '^own: hello'
    gone own
}
check_pygrub() {
    [ -e /work/own.img ] || disk own
    boot_files /work/own.img
    printf '%s\n' 'name = "own"' 'bootloader = "pygrub"' 'memory = 128' 'vcpus = 1' \
        'disk = [ "file:/work/own.img,xvda,w" ]' 'on_crash = "destroy"' >/work/own.cfg
    create own
    on_console own '^own: hello'
    gone own
}
check_virsh() {
    command -v libvirtd >/dev/null || skip "no libvirt"
    config v 41 serve
    mkdir -p /var/log/libvirt /run/libvirt /var/lib/libvirt /var/cache/libvirt
    pidof libvirtd >/dev/null || libvirtd -d
    for try in $(seq 9); do
        ! virsh -c xen:///system version || break
        [ "$try" != 9 ] || fail "libvirtd does not answer: $(tail -n 5 /var/log/libvirt/libvirtd.log)"
        sleep 0.9
    done
    # From here on the default.
    export LIBVIRT_DEFAULT_URI=xen:///system
    virsh domxml-from-native xen-xl /work/v.cfg >/run/v.xml
    # libvirt reads "file:" as a disk for QEMU, which is not here, and knows no address to be chosen.
    sed -i "s/driver name='qemu' type='raw'/driver name='phy'/; /mac address=/d" /run/v.xml
    cat /run/v.xml
    rm -f "$(console_log v)"
    virsh define /run/v.xml
    virsh list --all
    virsh start v || fail "$(tail -n 20 /var/log/libvirt/libxl/*)"
    on_console v '^v: ready'
    virsh list
    [[ "$(virsh domstate v)" = running* ]]
    virsh suspend v
    [[ "$(virsh domstate v)" = paused* ]]
    virsh resume v
    until_true 'test "$(in_guest 41 "echo alive")" = alive'
    virsh save v /work/v.saved
    gone v
    virsh restore /work/v.saved || fail "$(tail -n 40 /var/log/libvirt/libxl/*)"
    until_true 'test "$(in_guest 41 "echo alive")" = alive'
    virsh destroy v
    gone v
    virsh undefine v
    rm /work/v.saved
    kill "$(pidof libvirtd)"
}
