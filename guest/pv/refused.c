/* SPDX-License-Identifier: MIT */
/* Reports a refused request on the console. It is in a file of its own, so that a kernel can define
 * its own guest_refused. */
#include "guest/batch.h"
#include "guest/console.h"

void guest_refused(const struct refusal *refusal)
{
    char text[200];

    refusal_print(text, sizeof text, refusal);
    print("%s\n", text);
}
