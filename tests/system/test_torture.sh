# SPDX-License-Identifier: MIT
# Proves that many guests with many vCPUs, under heavy load on their page tables, harm neither the hypervisor
# nor one another: half a minute of tests/system/torture/run.
# Takes: minutes
# Needs: all images guests
"$(dirname "$0")/torture/run" --seconds 30
