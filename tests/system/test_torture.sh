# SPDX-License-Identifier: MIT
# Proves that many guests with many vCPUs, under heavy load on their page tables, harm neither the hypervisor
# nor one another: half a minute of tests/system/torture/run, a part of it with guests that are isolated.
# Takes: minutes
# Needs: all images guests
"$(dirname "$0")/torture/run" --seconds 21 && "$(dirname "$0")/torture/run" --seconds 9 --isolation always
