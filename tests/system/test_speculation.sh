# SPDX-License-Identifier: MIT
# Proves that the hypervisor uses each mitigation on a processor that needs it and on no other, and starts no
# guest if a mitigation that is needed is lacking. Runs on emulated processors that describe themselves as real
# ones do; checks the log and the instructions that the emulator executed.
# Needs: all guests
. "$(dirname "$0")/common.sh"
user=$B/guests/test_user_mode.elf hello=$B/guests/test_hello.elf
# Without PCID: CPUID would name it, but the emulator does not have it.
intel=Haswell,tcg-cpuid=off,x-force-features=on,-pcid,-invpcid,+md-clear,+spec-ctrl,+stibp
amd=qemu64,family=23,model=49,tcg-cpuid=off,x-force-features=on,+ibpb

# on CPU ARG...: runs the command on that processor; $work/asm lists every instruction that was executed.
on() {
    local cpu=$1
    shift
    rm -f "$work/asm"
    pinion --emulator-arg -cpu --emulator-arg "$cpu" --emulator-arg -d --emulator-arg in_asm \
        --emulator-arg -D --emulator-arg "$work/asm" "$@"
}

# barriers: prints those entry points of entry.S in which a WRMSR was executed.
barriers() {
    local entry at
    for entry in entry_common hypercall; do
        for at in $(objdump -d --no-show-raw-insn --disassemble=$entry "$B/pinion.elf" |
            sed -n 's/^\([0-9a-f]*\):.*wrmsr.*/\1/p'); do
            grep -q "^0x$at: .*wrmsr" "$work/asm" && printf '%s ' $entry
        done
    done
}

# bare_exits: prints how many exits to the guest were executed without a VERW just before.
bare_exits() {
    local iret
    iret=$(nm "$B/pinion.elf" | sed -n 's/^\([0-9a-f]*\) . \(enter_guest_iret\|fast_iret\)$/0x\1/p')
    awk -v iret="$iret" '/^0xffff8280/ && (/sysret/ || index(iret, substr($1, 1, 18))) {
            exits++
            if (before !~ /verw/) bare++
        }
        { before = $0 }
        END { print exits < 4 ? "only " exits + 0 " taken" : bare + 0 }' "$work/asm"
}

# The emulator does not speculate, and CPUID identifies it as an emulator.
on max "$hello"
expect_status 0 "on the emulator's own processor"
expect log 'speculation: mitigations: none$' "nothing is needed there"
[ -z "$(barriers)" ] || wrong "a barrier on a processor without a need"

# An Intel processor that speculatively reads any mapped memory (Meltdown): guests are isolated. Where that is
# forbidden no guest starts, and the log says why.
on "$intel" "$user"
expect_status 0 "a processor on which guests are isolated"
expect log 'mitigations: .*isolation of guests' "what is on"
expect log 'isolation: the root of a guest maps no memory of another one' "that it is done"
expect log 'audit: isolation: .* 0 findings' "the recount"
on "$intel" --isolation never "$user"
expect_status 3 "a processor that must not be made safe"
expect log "needed, but not available: isolation of guests" "what is lacking"
expect log 'no guest is started \(--mitigations partial starts it in any case\)' "what to do"
[ ! -s "$work/out" ] || wrong "the guest ran"

# The same processor with the mitigations that are permitted: buffers are cleared before each exit.
on "$intel" --mitigations partial --isolation never "$user"
expect_status 0 "--mitigations partial"
expect out 'Test result: SUCCESS' "the guest ran"
expect log 'mitigations: STIBP, .*branch barrier between guests.*buffers cleared at each exit' \
    "what is on"
[ "$(bare_exits)" = 0 ] || wrong "exits without VERW: $(bare_exits)"
[ -z "$(barriers)" ] || wrong "a barrier at each entry, where none was chosen"

on "$intel" --mitigations off "$user"
expect_status 0 "--mitigations off"
expect log 'mitigations: none \(switched off\)' "nothing is on"
grep -q verw "$work/asm" && wrong "VERW, although switched off"

# An AMD processor whose returns another guest can train: a barrier at each entry and between two guests.
# It has no need of isolation.
on "$amd" "$user"
expect_status 0 "a processor that can be made safe"
expect_no log 'isolation: the root of a guest' "isolation without a need"
expect log 'branch barrier at each entry, branch barrier between guests' "what is on"
[ "$(barriers)" = "entry_common hypercall " ] || wrong "no barrier at an entry: only at $(barriers)"
grep -q verw "$work/asm" && wrong "VERW, although the processor has no need"

for name in one two; do
    printf 'name = "%s"\nkernel = "%s"\nmemory = 64\n' $name "$hello" >"$work/$name.cfg"
done
on "$amd" "$work/one.cfg" "$work/two.cfg"
expect_status 0 "two guests"
on "qemu64,tcg-cpuid=off" "$work/one.cfg" "$work/two.cfg"
expect_status 3 "two guests without a barrier between them"
expect log 'needed, but not available: branch barrier between guests' "what is lacking"
on "qemu64,tcg-cpuid=off" "$work/one.cfg"
expect_status 0 "one of them"
finish
