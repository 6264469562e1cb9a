# SPDX-License-Identifier: MIT
# For the tests that look for the words of tests/guests/canary.c while another guest runs.

# The words of the registers and of the vector registers, as the emulator's monitor prints registers.
seed=0xd1b54a32d192ed03
hidden=$(printf '%016x|%016x' $((seed * 9)) $((seed * 11)))

# guests_roots: of what the monitor answers to `print N` and `info registers -a`, once or more: a line `N ROOT` for each
# CPU that is in a guest, and `(in a register)` behind it if a hidden word is in one of the CPU's.
guests_roots() {
    tr -d '\r' | awk -v hidden="$hidden" '
        function say() { if (ring == 3) print sample, root, found; ring = "" }
        /^0x[0-9a-f]+$/ { next_sample = substr($0, 3) } # what `print` has answered
        /CPU#/ { say(); sample = next_sample; found = "" }
        /CPL=/ { ring = $0; sub(/.*CPL=/, "", ring); sub(/ .*/, "", ring) }
        /CR3=/ { root = $0; sub(/.*CR3=/, "", root); sub(/ .*/, "", root) }
        $0 ~ hidden { found = "(in a register)" }
        END { say() }'
}

# Of a line of canary-walk: the root of a kernel that marks its memory, and that of its user mode, where the kernel's
# memory is not there.
one='[1-9][0-9]*' any='[0-9]+'
kernel=", $one with the marker, $any with the user marker"
user=", [0-9] with the marker, $one with the user marker"
# Of any line: none of the words in memory, and no hidden word in a register.
no_registers=', 0 with the canary of the registers, 0 with that of the vector registers'
none=", 0 with the canary$no_registers *\$"
