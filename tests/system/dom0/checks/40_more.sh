# SPDX-License-Identifier: MIT
# Several guests, guests of other kinds, libvirt, and integrity: each boots whole Linux guests, so that
# `tests/system/dom0/run` leaves them out unless they are named, or `all`.

check_eight_vcpus() {
    need_eight
    [ "$(in_guest 18 nproc)" = 8 ]
    [ "$(xl vcpu-list eight | grep -c '^eight ')" = 8 ]
}
check_several() {
    # Three at once, which talk to one another over the bridge.
    need_a
    need_eight
    need busy 31
    [ "$(xl list | grep -c -E '^(a|eight|busy) ')" = 3 ]
    [ "$(in_guest 12 'echo "echo from eight" | nc -w 600 10.77.0.18 7000')" = 'from eight' ]
    [ "$(in_guest 18 'echo "echo from busy" | nc -w 600 10.77.0.31 7000')" = 'from busy' ]
    xl pause busy
    [ "$(in_guest 12 'echo alive')" = alive ]
    xl unpause busy
    [ "$(in_guest 31 'echo alive')" = alive ]
}
check_integrity() {
    # What a guest writes through blkback is in dom0's file, byte for byte, and what dom0 has is what it reads.
    mib=$(word mib 16)
    truncate -s "${mib}M" /work/plain.img
    need_a
    xl block-attach a 'file:/work/plain.img,xvdc,w'
    until_true 'test "$(in_guest 12 "test -b /dev/xvdc && echo there")" = there'
    sums=$(in_guest 12 "dd if=/dev/urandom of=/block bs=1M count=4 2>/dev/null
for at in \$(seq 0 4 $((mib - 1))); do
    echo \$at | dd of=/block conv=notrunc 2>/dev/null
    dd if=/block of=/dev/xvdc bs=1M seek=\$at conv=notrunc 2>/dev/null
done
rm /block
sync
echo 3 >/proc/sys/vm/drop_caches
md5sum </dev/xvdc")
    xl block-detach a xvdc
    until_true 'test "$(in_guest 12 "test -b /dev/xvdc || echo gone")" = gone'
    [ "$(md5sum </work/plain.img)" = "$sums" ]
    rm /work/plain.img
}
# boot_disk: makes /work/own.img with GRUB's menu and a kernel: a small one, or a Linux as the distribution has it
# (dom0.linux=1). Sets $own_says to what its console says.
boot_disk() {
    local kernel=/work/kernels/test_pin.elf initrd='' words=''
    own_says='Test result: SUCCESS'
    if [ "$(word linux 0)" = 1 ]; then
        kernel=/srv/guests/vmlinuz initrd='initrd /boot/initrd.cpio' own_says='^own: hello'
        words='root=/dev/xvda console=hvc0 quiet init=/sbin/guest-init guest.name=own guest.do=hello'
    fi
    disk own
    mount -o loop /work/own.img /mnt
    mkdir -p /mnt/boot/grub
    cp "$kernel" /mnt/boot/kernel
    cp /work/initrd.cpio /mnt/boot/
    cat >/mnt/boot/grub/grub.cfg <<END
set default=0
set timeout="0"
menuentry 'own' {
    linux /boot/kernel $words
    $initrd
}
END
    umount /mnt
}
# own_disk_boots LINE...: a guest that boots from that disk by what the lines say.
own_disk_boots() {
    boot_disk
    printf '%s\n' 'name = "own"' "$@" 'vcpus = 1' 'disk = [ "file:/work/own.img,xvda,w" ]' 'on_crash = "destroy"' \
        >/work/own.cfg
    create own
    on_console own "$own_says"
    gone own
    rm /work/own.img
}
check_pv_grub() {
    own_disk_boots 'kernel = "/usr/lib/grub-xen/grub-x86_64-xen.bin"' 'memory = 192'
}
check_pygrub() {
    own_disk_boots 'bootloader = "pygrub"' 'memory = 128'
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
