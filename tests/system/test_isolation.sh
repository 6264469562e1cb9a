# SPDX-License-Identifier: MIT
# Proves that a guest never gets memory with another guest's contents: one guest fills its memory with a
# secret, and finds it there (the control); the other searches all the memory of its kernel, and does not.
. "$(dirname "$0")/common.sh"

pinion "$(guest keeper secret)" "$(guest seeker search)"
expect_status 0 "both guests powered off"
expect out '^keeper: secret: [1-9][0-9]* MiB written' "the secret"
expect out '^keeper: search: [1-9][0-9]* MiB searched, the secret is here' "the control"
expect out '^seeker: search: 1[0-9][0-9] MiB searched, no secret here' "the search"
finish
