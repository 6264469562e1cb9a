# SPDX-License-Identifier: MIT
# Proves that a minute of fuzzing from the kept corpus finds nothing: the engine under streams of
# operations, and every parser of guest-supplied data.
. "$(dirname "$0")/common.sh"

exec tests/fuzz/run 60
