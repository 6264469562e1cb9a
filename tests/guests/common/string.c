/* SPDX-License-Identifier: MIT */
/* The string function that tests have and lib/ has not. */
#include "tests/guests/common/guest.h"

bool starts_with(const char *text, const char *prefix)
{
    return !memcmp(text, prefix, strlen(prefix));
}
