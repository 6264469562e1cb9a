# SPDX-License-Identifier: MIT
# Proves that a minute of fuzzing from the corpus in the tree finds nothing, in the engine under streams of
# operations, in every parser of data that a guest supplies, and in those of what boot loader and firmware report.
# Takes: minutes
. "$(dirname "$0")/common.sh"

exec tests/fuzz/run 60
