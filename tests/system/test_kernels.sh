#!/bin/bash
# SPDX-License-Identifier: MIT
# The guest library's kernels succeed unchanged on Pinion and on the bare machine; where XEN names
# the image of Debian's hypervisor, there too.
# Needs: all kernels
set -eu
cd "$(dirname "$0")/../.."
B=${B:-build}
make --no-print-directory --silent B="$B" kernels
guest/kernels/run pinion
guest/kernels/run bare
[ -z "${XEN:-}" ] || guest/kernels/run xen
