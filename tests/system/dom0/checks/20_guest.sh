# SPDX-License-Identifier: MIT
# One guest with a disk and a network card, and every command that acts on a guest.

check_create() {
    config first 11 work
    before=$(free_memory)
    nc -l -p 7001 >/run/from-guest &
    dd if=/dev/urandom of=/run/to-guest bs=1M count=2 2>/dev/null
    nc -N -l -p 7002 </run/to-guest &
    sha256sum </run/to-guest | cut -d ' ' -f 1 | nc -N -l -p 7003 &
    create first
    xl list
    on_console first '^first: complete'
    grep -a '^first: ' "$(console_log first)"
    # What the guest says it sent is what came.
    grep -a -q "their sum: $(sha256sum </run/from-guest | cut -d ' ' -f 1)" "$(console_log first)"
    gone first
    # The first guest leaves pages of dom0's own behind (its view's tables, if guests are isolated); xl rounds down to
    # MiB. What many lives leave behind is measured by other checks.
    free_at_least $((before - 1))
    # Its file system is clean, and what it wrote is in the image.
    e2fsck -f -n /work/first.img
}
check_serve() {
    need_a
    [ "$(in_guest 12 'cat /sys/hypervisor/type')" = xen ]
    xl list a
    [ "$(xl domname "$(xl domid a)")" = a ]
}
check_console() {
    need_a
    # What comes in on the console is executed by the guest's init. `xl console` reads only from a terminal.
    rm -f /run/typed
    mkfifo /run/typed
    script -q -f -c 'xl console a' /run/console </run/typed >/dev/null 2>&1 &
    exec 5>/run/typed
    echo 'echo typed $((6 * 7))' >&5
    on_console a 'typed 42'
    until_true 'grep -a -q "typed 42" /run/console'
    exec 5>&-
    kill %1 2>/dev/null || true
}
check_pause() {
    need_a
    xl pause a
    [[ $(field a 5) = *p* ]]
    # It gets no time until it runs again.
    used=$(field a 6)
    xl list >/dev/null
    [ "$(field a 6)" = "$used" ]
    xl unpause a
    [[ $(field a 5) != *p* ]]
    until_true '[ "$(in_guest 12 "echo alive")" = alive ]'
}
check_vcpus() {
    need_a
    xl vcpu-list a
    [ "$(xl vcpu-list a | grep -c '^a ')" = 2 ]
    xl vcpu-set --ignore-host a 2
    # A distribution has udev for this.
    until_true 'test "$(in_guest 12 "echo 1 >/sys/devices/system/cpu/cpu1/online; nproc")" = 2'
    xl vcpu-set a 1
    until_true 'test "$(in_guest 12 "nproc")" = 1'
}
check_vcpu_pin() {
    need_a
    last=$(($(xl info nr_cpus) - 1))
    xl vcpu-pin a 0 "$last"
    xl vcpu-list a
    # The only CPU of a machine is all that there are.
    [ "$last" != 0 ] || last=all
    xl vcpu-list a | has -E "^a +[0-9]+ +0 +[0-9-]+ +[^ ]+ +[0-9.]+ +$last / all"
    xl vcpu-pin a 0 all
    xl vcpu-list a | has -E "^a +[0-9]+ +0 .* all / all"
}
check_sched() {
    need_a
    xl sched-credit2 -d a -w 512 -c 50
    xl sched-credit2 -d a | has -E '^a +[0-9]+ +512 +50'
    xl sched-credit2 -d a -w 256 -c 0
}
check_memory() {
    need_a
    # Less than the guest has free (13 MiB): its kernel tries to free more at growing intervals, for as long as it takes.
    xl mem-set a 90
    until_true 'test "$(field a 3)" -le 90'
    xl mem-set a 96
    until_true 'test "$(field a 3)" -ge 95'
    xl mem-max a 128
    xl list a
    [ "$(in_guest 12 'echo alive')" = alive ]
}
check_block_attach() {
    need_a
    truncate -s 8M /work/extra.img
    xl block-attach a 'file:/work/extra.img,xvdb,w'
    until_true 'test "$(in_guest 12 "test -b /dev/xvdb && echo there")" = there'
    in_guest 12 'dd if=/dev/urandom of=/dev/xvdb bs=1M count=8; sync; sha256sum </dev/xvdb' >/run/sum
    xl block-list a
    xl block-detach a xvdb
    until_true 'test "$(in_guest 12 "test -b /dev/xvdb || echo gone")" = gone'
    grep -q "$(sha256sum </work/extra.img)" /run/sum
}
check_network_attach() {
    need_a
    xl network-attach a bridge=xenbr0
    until_true 'test "$(in_guest 12 "test -e /sys/class/net/eth1 && echo there")" = there'
    xl network-list a
    xl network-detach a 1
    until_true 'test "$(in_guest 12 "test -e /sys/class/net/eth1 || echo gone")" = gone'
}
check_rename() {
    need_a
    xl rename a b
    [ -n "$(xl domid b)" ]
    xl rename b a
    [ -n "$(xl domid a)" ]
}
check_sysrq() {
    need_a
    xl sysrq a h
    on_console a 'sysrq: HELP'
}
check_xentop_guest() {
    need_a
    xentop -b -i 1 -f -n -x -v
    xentop -b -i 1 | has -E '^ +a +'
}
check_save_restore() {
    need_a
    in_guest 12 'echo kept >/run/kept'
    xl save a /work/a.saved
    gone a
    xl restore /work/a.saved
    until_true 'test "$(in_guest 12 "cat /run/kept")" = kept'
    rm /work/a.saved
    [ "$(in_guest 12 'dd if=/dev/urandom of=/x bs=1M count=2 2>/dev/null; sync; echo wrote')" = wrote ]
}
check_migrate() {
    need_a
    # Without log-dirty mode a PV guest cannot migrate alive. The command fails, and the guest lives on.
    ! timeout "$patience" xl migrate -s 'sh -c "shift; exec \"$@\"" --' a localhost </dev/null
    xl list
    [ "$(in_guest 12 'echo alive')" = alive ]
    # The side that received it may still be removing it.
    until_true '[ "$(xl list | grep -c -E "^a(--incoming)? ")" = 1 ]'
}
check_reboot() {
    need_a
    before=$(xl domid a)
    xl reboot a
    until_true 'test "$(xl domid a 2>/dev/null || echo "$before")" != "$before"'
    until_true 'test "$(in_guest 12 "echo alive")" = alive'
}
check_shutdown() {
    need_a
    xl shutdown -w a
    gone a
}
check_destroy() {
    # One with several vCPUs, which are all ended.
    need_eight
    xl destroy eight
    gone eight
}
