# SPDX-License-Identifier: MIT
# How long tests wait for what must come; to be sourced in the root of the repository. Every time-out of a
# script comes from here (tests/lint/patience).
#   $patience         seconds, those of tests/patience.h; PATIENCE=N in the environment replaces them
#   $whole_patience   seconds for a whole test, of several steps

patience=${PATIENCE:-$(sed -n 's/^#define PATIENCE_SECONDS \([0-9]*\)$/\1/p' tests/patience.h)}
whole_patience=$((patience * 3))

# wait_until COMMAND...: repeats the command until it succeeds. Fails after $patience.
wait_until() {
    local end=$((SECONDS + patience))
    until "$@"; do
        [ $SECONDS -lt $end ] || return 1
        sleep 0.2
    done
}
