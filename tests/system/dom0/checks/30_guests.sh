# SPDX-License-Identifier: MIT
# With names, or `all`, only: small kernels, guests that are destroyed at bad moments, and what is left afterwards.

# kernel_config NAME KERNEL [LINE...]: writes /work/NAME.cfg of a small kernel without devices.
kernel_config() {
    local name=$1 kernel=$2
    shift 2
    printf '%s\n' "name = \"$name\"" "kernel = \"/work/kernels/$kernel.elf\"" 'memory = 32' 'vcpus = 1' \
        'on_crash = "destroy"' "$@" >"/work/$name.cfg"
}

check_small_kernels() {
    for kernel in test_pin test_grant; do
        [ -e "/work/kernels/$kernel.elf" ] || skip "no $kernel"
        kernel_config "$kernel" "$kernel"
        create "$kernel"
        on_console "$kernel" 'Test result: '
        gone "$kernel"
        cat "$(console_log "$kernel")"
        grep -a -q 'Test result: SUCCESS' "$(console_log "$kernel")"
    done
}
check_many_lives() {
    # A domain made and destroyed again and again costs no memory, and domain numbers go up.
    [ -e /work/kernels/blocked.elf ] || skip "no kernel"
    kernel_config life blocked
    create life
    xl destroy life
    gone life
    before=$(free_memory)
    first=0
    for life in $(seq "$(word lives 5)"); do
        xl create -p /work/life.cfg >/dev/null
        [ "$first" != 0 ] || first=$(xl domid life)
        last=$(xl domid life)
        xl destroy life
        gone life
    done
    echo "domain numbers $first to $last, free memory $before MiB before, $(free_memory) MiB after"
    [ "$last" = $((first + $(word lives 5) - 1)) ]
    free_at_least "$before"
    xenstore-ls /local/domain | grep -v '^  *' || true
    # xl's own process cleans up after its guest.
    until_true 'test "$(xenstore-list /local/domain | sort)" = "$(xl list | awk "NR > 1 { print \$2 }" | sort)"'
}
check_canary() {
    # For tests/system/test_dom0_isolation.sh, which reads the memory that dom0's roots map: a guest full of words that
    # are nowhere else, and a program that maps three of its frames after a while. The cable of the network card says
    # when it may go on.
    [ "$(word canary 0)" = 1 ] || skip "nobody looks"
    [ -e /work/kernels/canary.elf ] || skip "no kernel"
    find_card
    ip link set "$card" up
    kernel_config canary canary 'vcpus = 2' 'extra = "hide"'
    create canary
    on_console canary 'canary: hidden'
    xl pause canary
    read -r -a frames < <(sed -n 's/.*canary: frames \([0-9a-f ]*\).*/\1/p' "$(console_log canary)")
    python3 /run/extra/canary.py "/sys/class/net/$card/carrier" "$(xl domid canary)" "${frames[@]}"
    ip link set "$card" down
    xl destroy canary
    gone canary
}
check_destroy_in_creation() {
    # `xl create` is killed in the middle; the tools can remove what is left.
    [ -e /work/kernels/blocked.elf ] || skip "no kernel"
    before=$(free_memory)
    kernel_config cut blocked
    for wait in 0.2 0.5 1; do
        xl create -p /work/cut.cfg >/dev/null 2>&1 &
        sleep "$wait"
        kill -9 $! 2>/dev/null || true
        wait $! 2>/dev/null || true
        for number in $(guests); do
            xl destroy "$number" || true
        done
    done
    xl list
    only_dom0_left "$before"
}
check_destroy_under_load() {
    need busy 31
    before=$(free_memory)
    in_guest 31 '(while :; do dd if=/dev/zero of=/load bs=1M count=24 conv=fsync 2>/dev/null; done) >/dev/null 2>&1 &
nc -ll -p 7100 -e cat >/dev/null 2>&1 & echo started'
    (dd if=/dev/zero bs=1M count=64 2>/dev/null | nc -N 10.77.0.31 7100 >/dev/null) &
    flood=$!
    sleep 0.7
    xl destroy busy
    gone busy
    kill "$flood" 2>/dev/null || true
    # All of its 96 MiB come back.
    free_at_least $((before + 96))
    # Its journal brings its file system back, and dom0 goes on.
    e2fsck -p /work/busy.img || [ $? = 1 ]
    e2fsck -f -n /work/busy.img
    rm /work/busy.img
    no_complaints
}
