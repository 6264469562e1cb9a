/* SPDX-License-Identifier: MIT */
/* A string function that is not in lib/. */
#include "tests/guests/common/guest.h"

bool starts_with(const char *text, const char *prefix)
{
    return !memcmp(text, prefix, strlen(prefix));
}
