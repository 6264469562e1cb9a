# SPDX-License-Identifier: MIT
# With names, or `all`, only: what goes wrong in the tools' hands leaves the others alone, and costs nothing.

# end_all: destroys every guest, so that a check knows what is there. xl's own process for a guest, which may be about
# to start it again, ends after its guest.
end_all() {
    local number
    until [ "$(xl list | wc -l)" = 2 ] && ! pidof xl >/dev/null; do
        for number in $(guests); do
            xl destroy "$number" || true
        done
        sleep 0.2
    done
}

check_full_disk() {
    # A guest whose saving fails, because the file system is full, lives on.
    need_a
    mkdir -p /run/full
    mount -t tmpfs -o size=8m full /run/full
    ! xl save a /run/full/a.saved || fail "96 MiB fit into 8"
    umount /run/full
    [ "$(in_guest 12 'echo alive')" = alive ]
    in_guest 12 'dd if=/dev/urandom of=/full bs=1M count=2 2>/dev/null && sync && rm /full'
    [ "$(xl list | grep -c '^a ')" = 1 ]
}
# refused LINE...: a guest with these lines, which take the place of those before, is not created.
refused() {
    config wrong 50 hello "$@"
    ! xl create /work/wrong.cfg || fail "created with $*"
    only_dom0_left "$before"
}
check_wrong_configs() {
    end_all
    before=$(free_memory)
    head -c 300000 /work/vmlinux >/work/cut
    head -c 65536 /dev/urandom >/work/noise
    refused 'kernel = "/work/nothing"'
    refused 'kernel = "/work/cut"'
    refused 'kernel = "/work/noise"'
    refused 'kernel = "/bin/true"'
    refused 'ramdisk = "/work/nothing"'
    refused 'memory = 1'
    refused 'memory = 1000000'
    refused 'vcpus = 5000'
    refused 'disk = [ "file:/work/nothing.img,xvda,w" ]'
    refused 'vif = [ "bridge=nowhere" ]'
    refused 'pci = [ "00:1f.7" ]'
    refused 'cpus = "99"'
    refused 'bootloader = "/bin/false"'
    rm /work/cut /work/noise
    no_complaints
}
check_destroy_at_any_stage() {
    # A guest destroyed in its start, in its shutdown, paused, while it is saved and while it is restored.
    end_all
    before=$(free_memory)
    config stage 51 serve
    for wait in 0 0.3 1 2 4; do
        create stage
        sleep "$wait"
        xl destroy stage
        only_dom0_left "$before"
    done
    for wait in 0 0.3 1; do
        create stage
        on_console stage '^stage: ready'
        case $wait in
        0) xl pause stage ;;
        0.3) xl shutdown stage ;;
        1) xl reboot stage ;;
        esac
        sleep "$wait"
        xl destroy stage || true # its reboot may be at a moment when there is none
        end_all
        only_dom0_left "$before"
    done
    for wait in 0.2 0.6 1.5; do
        create stage
        on_console stage '^stage: ready'
        xl save stage /work/stage.saved &
        sleep "$wait"
        xl destroy stage || true # it may be saved already
        wait $! || true
        end_all
        only_dom0_left "$before"
    done
    create stage
    on_console stage '^stage: ready'
    xl save stage /work/stage.saved
    for wait in 0.2 0.6 1.5; do
        xl restore -p /work/stage.saved &
        sleep "$wait"
        end_all
        wait $! || true
        end_all
        only_dom0_left "$before"
    done
    xl restore /work/stage.saved
    until_true 'test "$(in_guest 51 "echo alive")" = alive'
    xl destroy stage
    only_dom0_left "$before"
    rm -f /work/stage.saved /work/stage.img
    no_complaints
}
check_crowd() {
    # As many small guests at once as fit, and three with eight vCPUs each that all compute.
    end_all
    before=$(free_memory)
    crowd=$(((before - 600) / 34))
    [ "$crowd" -le 24 ] || crowd=24
    for number in $(seq "$crowd"); do
        kernel_config "small$number" blocked
        xl create "/work/small$number.cfg" >/dev/null
    done
    [ "$(xl list | grep -c '^small')" = "$crowd" ]
    for number in 1 2 3; do
        config "wide$number" "6$number" serve 'vcpus = 8' 'memory = 144'
        create "wide$number" &
    done
    wait
    for number in 1 2 3; do
        on_console "wide$number" "^wide$number: ready"
        [ "$(in_guest "6$number" nproc)" = 8 ]
    done
    for number in 1 2 3; do
        in_guest "6$number" 'for i in 1 2 3 4 5 6 7 8; do (i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done; echo done) & done; wait' \
            >"/run/wide$number" &
    done
    wait
    for number in 1 2 3; do
        [ "$(grep -c done "/run/wide$number")" = 8 ]
    done
    end_all
    only_dom0_left "$before"
    rm /work/wide?.img
}
