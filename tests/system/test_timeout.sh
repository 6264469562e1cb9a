# SPDX-License-Identifier: MIT
# Proves that --timeout stops a guest that never ends: status 124, one sentence, all that the guest has printed,
# and neither an emulator nor a file of the run is left.
. "$(dirname "$0")/common.sh"

mkdir "$work/tmp"
timeout=12
TMPDIR=$work/tmp pinion --memory 192 --ramdisk "$ramdisk" \
    --cmdline "console=hvc0 pinion.do=hang" "$kernel"
expect_status 124 "time-out"
expect err '^pinion: time-out: the guests were stopped after 12 s$' "the sentence"
expect out 'Linux version' "what it printed before"
[ -z "$(ls "$work/tmp")" ] || wrong "files left behind"
grep -lqzF "TMPDIR=$work/tmp" /proc/[0-9]*/environ 2>/dev/null && wrong "an emulator left behind"
finish
