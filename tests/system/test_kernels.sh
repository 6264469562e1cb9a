#!/bin/bash
# SPDX-License-Identifier: MIT
# Proves that the guest library's kernels succeed, unchanged, on Pinion and on the bare machine, and on Debian's
# Xen if the variable XEN names its image.
# Needs: all kernels
set -eu
cd "$(dirname "$0")/../.."
B=${B:-build}
make --no-print-directory --silent B="$B" kernels
guest/kernels/run pinion
guest/kernels/run bare
[ -z "${XEN:-}" ] || guest/kernels/run xen
