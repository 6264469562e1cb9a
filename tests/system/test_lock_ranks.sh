# SPDX-License-Identifier: MIT
# Proves that locks are taken in the order of hypervisor/ranks.h: guests with several vCPUs end normally on a
# hypervisor whose locks check the order (tests/ranked). As a control, the same hypervisor with the order
# reversed panics.
# Needs: all images guests
. "$(dirname "$0")/common.sh"

built=$B
make --no-print-directory -s B="$built/ranked" HV_FIRST=-Itests/ranked all >"$work/make" 2>&1 || {
    cat "$work/make"
    wrong "it does not build"
    finish
}
B=$built/ranked
for name in smp_crash smp_poweroff smp_events smp_wake smp_grant smp_vcpu_op grant_copy event_fifo console; do
    pinion --machine-cpus 4 --vcpus 4 --memory 64 "$built/guests/test_$name.elf"
    ended=0
    [ $name != smp_crash ] || ended=1
    expect_status $ended "test_$name"
    expect out 'Test result: SUCCESS' "the verdict of test_$name"
    expect_no log 'panic' "test_$name: a lock out of order"
    [ $failures = 0 ] || finish
done

# A guest that crashes again and again beside another.
pinion --machine-cpus 4 "$(victim 6)" "$(guest stock hello)"
expect_no log 'panic' "a guest that dies over and over, beside a stock Linux"
expect log 'all guests have ended' "they ended"
[ "$(grep -c 'victim: started again' "$work/log")" = 5 ] || wrong "it was not started again five times"

pinion --machine-cpus 4 --vcpus 4 --memory 192 --ramdisk "$ramdisk" \
    --cmdline "console=hvc0 $no_self_tests panic=1 pinion.do=cpus" "$kernel"
expect_status 0 "a stock Linux with several vCPUs"
expect_no log 'panic' "a stock Linux with several vCPUs"

# The same image with one word changed.
mkdir -p "$built/ranked-wrongly"
cp "$built/ranked/pinion" "$built/ranked-wrongly/"
LC_ALL=C sed 's/RANKS-UP/RANKS-DN/' "$built/ranked/pinion.bin" >"$built/ranked-wrongly/pinion.bin"
B=$built/ranked-wrongly
pinion --memory 64 "$built/guests/test_event_fifo.elf"
expect_status 3 "with the order turned round"
expect log 'lock of rank [0-9]+ is taken after one of [0-9]+' "why the hypervisor stopped"
finish
