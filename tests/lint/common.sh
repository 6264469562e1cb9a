# SPDX-License-Identifier: MIT
# What every lint shares: the lists of files, one line for each finding, the exit status. A lint sources
# this file; it then runs in the root of the tree, and ends with `finish`.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
findings=0

# found TEXT: report one finding.
found() {
    echo "$*"
    findings=$((findings + 1))
}

# found_lines: report each line of the input as a finding.
found_lines() {
    local line
    while IFS= read -r line; do
        found "$line"
    done
}

# finish: end the lint. Exit status 0: no finding.
finish() {
    [ $findings = 0 ]
    exit
}

folders=(lib vmmu hypervisor guest tools bench tests findings)

# c_files: every C source and header.
c_files() {
    find "${folders[@]}" -name '*.[ch]' 2>/dev/null | sort
}

# other_files: every assembly file, linker script, makefile and script.
other_files() {
    find "${folders[@]}" \( -name '*.S' -o -name '*.lds' -o -name '*.sh' -o -name '*.def' \) | sort
    find Makefile mk -name 'Makefile' -o -name '*.mk' 2>/dev/null | sort
    scripts
}

# scripts: every file without a suffix that begins with #!, and .sh files that do.
scripts() {
    find "${folders[@]}" .ci -type f \( ! -name '*.*' -o -name '*.sh' \) ! -path '*/corpus/*' \
        -exec awk 'FNR == 1 && /^#!/ { print FILENAME } { nextfile }' {} + 2>/dev/null | sort
}
