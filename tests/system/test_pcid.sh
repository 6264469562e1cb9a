# SPDX-License-Identifier: MIT
# Proves that translations are kept exactly where the processor has PCID and INVPCID and the command line does not
# forbid it, and that guests which depend on what a load of a root drops find nothing stale either way. On Bochs: QEMU's
# processors have no PCID.
# Needs: all guests
. "$(dirname "$0")/common.sh"

kept='TLB: translations are kept by PCID' dropped='TLB: each load of a root drops the translations'

# boot MODEL SENTENCE WORD...: dom0's kernel on this processor; the log has the sentence.
boot() {
    local model=$1 sentence=$2 status=0
    shift 2
    tests/bochs/boot --model "$model" --timeout "$patience" \
        "$B/pinion.bin console=com1 com1=115200,8n1 dom0_mem=64M audit mitigations=off $*" \
        "$B/guests/test_dom0_start.elf" >"$work/out" 2>"$work/err" || status=$?
    expect_status 0 "$model $*" # dom0 switches the machine off
    expect out "$sentence" "how $model treats translations $*"
    expect out 'audit: 0 findings' "the audit on $model $*"
}

boot corei7_skylake_x "$kept"
boot corei7_skylake_x "$dropped" pcid=no
boot corei7_ivy_bridge_3770k "$dropped" # PCID, but no INVPCID
boot ryzen "$dropped"

for model in corei7_haswell_4770 ryzen; do
    for guest in test_new_baseptr test_stale_walk test_user_mode test_m2p_strict test_page_tables; do
        printf '%s\n' 'pinion 1' 'mitigations off' 'ram zeroed' 'audit on' "guest $guest" 'memory 64' 'vcpus 1' 'kernel 1' \
            >"$work/handoff"
        status=0
        tests/bochs/boot --model "$model" --timeout "$patience" --com2 "$work/console" "$B/pinion.bin" "$work/handoff" \
            "$B/guests/$guest.elf" >"$work/out" 2>"$work/err" || status=$?
        expect_status 33 "$guest on $model"
    done
done
finish
