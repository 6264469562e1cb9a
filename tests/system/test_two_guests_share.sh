# SPDX-License-Identifier: MIT
# Proves that two guests share pages through grants: each reads what the other wrote, and neither gets more than
# was granted. When the granter crashes the mapper goes on, and the pages keep their contents until it unmaps
# them; after that no frame is missing and every count is right.
# Needs: all guests
. "$(dirname "$0")/common.sh"

# kernel NAME [WORD]: writes NAME.cfg for one of the test guests; prints its path.
kernel() {
    cat >"$work/$1.cfg" <<END
name = "$1"
kernel = '$B/guests/$1.elf'
memory = 16
vcpus = 1
cmdline = "${2:-share}"
END
    echo "$work/$1.cfg"
}

free_frames() {
    sed -nE 's/.*audit: 0 findings, ([0-9]+) frames free.*/\1/p' "$work/log" | tail -n 1
}

pinion "$(kernel share_granter)" "$(kernel share_mapper)"
expect_status 1 "the granter ended by a crash"
expect out '^share_granter: Test result: SUCCESS' "the granter's claims"
expect out '^share_mapper: Test result: SUCCESS' "the mapper's claims"
expect out '^share_mapper: Note: the mapper goes on' "the mapper after the granter's death"
expect log 'share_granter: 3 frames are still held elsewhere' "frames that outlive their owner"
[ "$(grep -c 'audit: 0 findings' "$work/log")" = 2 ] || wrong "an audit after the crash and one last"
expect_no log 'audit: [1-9]' "findings of an audit"

# As many frames are free as after a run in which the guests share nothing.
shared=$(free_frames)
pinion "$(kernel share_granter apart)" "$(kernel share_mapper apart)"
expect_status 0 "the guests apart"
[ "$shared" = "$(free_frames)" ] || wrong "$shared frames are free, not $(free_frames)"
finish
