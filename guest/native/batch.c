/* SPDX-License-Identifier: MIT */
/* Batches on the bare machine: every change is a store that cannot be refused, so they do nothing.
 */
#include "guest/batch.h"
#include "guest/backend.h"

void batch_open(void)
{
}

int batch_close(void)
{
    return 0;
}

int batch_flush(void)
{
    return 0;
}

struct batch_now batch_now(void)
{
    return (struct batch_now){0, 0};
}

int batch_now_end(struct batch_now now)
{
    (void)now;
    return 0;
}

struct batch_counts batch_counts(void)
{
    return (struct batch_counts){0, 0, 0};
}
