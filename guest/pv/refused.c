/* SPDX-License-Identifier: MIT */
/* What is said of a refusal, unless the kernel has its own way. */
#include "guest/batch.h"
#include "guest/console.h"

void guest_refused(const struct refusal *refusal)
{
    char text[200];

    refusal_print(text, sizeof text, refusal);
    print("%s\n", text);
}
