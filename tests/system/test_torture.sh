# SPDX-License-Identifier: MIT
# Proves that many guests with many vCPUs, under heavy load on their page tables, harm neither the hypervisor
# nor one another: half a minute of tests/system/torture/run, and a few seconds with guests that are isolated, where a
# recount at each end finds that no root maps what it must not.
# Takes: minutes
# Needs: all images guests
"$(dirname "$0")/torture/run" --seconds 30 && "$(dirname "$0")/torture/run" --seconds 3 --isolation always
