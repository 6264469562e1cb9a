# SPDX-License-Identifier: MIT
# What the toolstack says about the machine and about dom0, without any guest.

check_services() {
    grep -q control_d /proc/xen/capabilities
    pidof oxenstored
    pidof xenconsoled
    xenstore-write /pinion/test hello
    [ "$(xenstore-read /pinion/test)" = hello ]
    xenstore-rm /pinion
}
check_machine() {
    # The devices of the machine are dom0's: their interrupts come as event channels, and its network card works.
    cat /proc/interrupts
    [ "$(ls /sys/bus/pci/devices | wc -l)" -ge 4 ]
    grep -q xen-pirq /proc/interrupts
    find_card
    ip address add 10.0.2.15/24 dev "$card"
    ip link set "$card" up
    until_true 'ping -c 1 -W 1 10.0.2.2'
    ip link set "$card" down
    # The clock runs, and time does not go back.
    first=$(date +%s%N)
    second=$(date +%s%N)
    [ "$second" -gt "$first" ]
    no_complaints WARNING:
}
check_info() {
    xl info >/run/info
    cat /run/info
    for name in host release nr_cpus max_cpu_id nr_nodes cores_per_socket threads_per_core cpu_mhz hw_caps \
        total_memory free_memory sharing_freed_memory sharing_used_memory xen_major xen_minor xen_extra \
        xen_version xen_caps xen_scheduler xen_pagesize platform_params xen_commandline \
        cc_compiler cc_compile_by xend_config_format; do
        grep -q "^$name *: ." /run/info || fail "xl info has no $name"
    done
    grep -q '^xen_scheduler *: credit2$' /run/info
    grep -q '^xen_caps *:.* xen-3.0-x86_64' /run/info
    grep -q '^xen_pagesize *: 4096$' /run/info
    grep -q "^xen_version *: $(cat /sys/hypervisor/version/major).$(cat /sys/hypervisor/version/minor)" /run/info
    grep -q "^nr_cpus *: $(grep -c ^processor /proc/cpuinfo)$" /run/info
    # The hypervisor's command line is what it was booted with.
    grep -q '^xen_commandline *:.*dom0_mem=' /run/info
}
check_info_numa() {
    xl info -n >/run/info
    cat /run/info
    grep -q '^cpu_topology' /run/info
    grep -q -E '^ *0: +0 +0 +0' /run/info
    grep -q '^numa_info' /run/info
}
check_list() {
    xl list
    xl list | has -E '^Domain-0 +0 +[0-9]+ +[1-9][0-9]* +r----- +[0-9.]+$'
    [ "$(xl domid Domain-0)" = 0 ]
    [ "$(xl domname 0)" = Domain-0 ]
    xl list -l Domain-0 | has '"domid": 0'
    xl list -v | has -i uuid
}
check_uptime() {
    xl uptime | has -E '^Domain-0 +0 +[0-9]+:[0-9][0-9]:[0-9][0-9]'
}
check_vcpu_list() {
    xl vcpu-list
    [ "$(xl vcpu-list | grep -c ^Domain-0)" = "$(grep -c ^processor /proc/cpuinfo)" ]
}
check_cpupool_list() {
    xl cpupool-list
    xl cpupool-list | has -E "^Pool-0 +$(xl info nr_cpus) +credit2 +y +1$"
}
check_sched_credit2() {
    xl sched-credit2
    xl sched-credit2 | has -E '^Domain-0 +0 +256 +0'
    xl sched-credit2 -d Domain-0 -w 512
    xl sched-credit2 | has -E '^Domain-0 +0 +512 +0'
    xl sched-credit2 -d Domain-0 -w 256
}
check_dmesg() {
    xl dmesg | tail -n 5
    xl dmesg | has -i pinion || [ "$(xl dmesg | wc -l)" -gt 10 ]
}
check_debug_keys() {
    xl debug-keys h
    xl debug-keys q
    xl dmesg | has -i 'domain'
}
check_xentop() {
    xentop -b -i 1
    xentop -b -i 1 | has Domain-0
}
check_bad_commands() {
    # What does not exist is refused, and nothing changes.
    ! xl pause 4711
    ! xl destroy nobody
    ! xl create /work/nothing.cfg
    xl list | has ^Domain-0
}
