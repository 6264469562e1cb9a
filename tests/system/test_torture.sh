# SPDX-License-Identifier: MIT
# Proves that many guests with many vCPUs, in storms of everything that touches their page tables, harm
# neither the hypervisor nor one another: a minute's share of tests/system/torture/run.
# Needs: all images guests
"$(dirname "$0")/torture/run" --minutes 1
