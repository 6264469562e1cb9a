/* SPDX-License-Identifier: MIT */
/* Describes a refused request in one line of text. */
#include "guest/batch.h"
#include "guest/space.h"
#include "lib/print.h"

int refusal_print(char *text, size_t size, const struct refusal *refusal)
{
    char where[64] = "", whose[32] = "";

    if (refusal->level) {
        if (refusal->index == REFUSAL_WHOLE_TABLE) {
            print_to(where, sizeof where, ", a level %u table", refusal->level);
        } else {
            print_to(where, sizeof where, ", entry %u of a level %u table", refusal->index,
                     refusal->level);
        }
        if (refusal->space) {
            print_to(whose, sizeof whose, " of space %lu", refusal->space->number);
        } else {
            print_to(whose, sizeof whose, " of the kernel");
        }
    }
    if (refusal->index == REFUSAL_WHOLE_TABLE) {
        return print_to(text, size, "Refused (%ld): %s, frame %lx%s%s", refusal->error,
                        refusal->request, refusal->argument, where, whose);
    }
    return print_to(text, size, "Refused (%ld): %s of %lx to %lx%s%s", refusal->error,
                    refusal->request, refusal->argument, refusal->value, where, whose);
}
