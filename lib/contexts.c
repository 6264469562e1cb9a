/* SPDX-License-Identifier: MIT */
/* Contexts: which root has which number. */
#include "lib/contexts.h"

/* Finds the context to be replaced, round and round; `kept` names two of them at most. */
static u32 choose(struct contexts *contexts, struct contexts_kept kept)
{
    u32 number;

    do {
        number = contexts->next + 1;
        contexts->next = number % CONTEXTS;
    } while (number == kept.loaded || number == kept.other);
    return number;
}

u32 contexts_take(struct contexts *contexts, mfn_t root, u64 generation, struct contexts_kept kept,
                  bool *stale)
{
    u32 number = 0;

    for (u32 i = 0; i < CONTEXTS && !number; i++) {
        number = contexts->of[i].root == root.n ? i + 1 : 0;
    }
    if (!number) {
        number = choose(contexts, kept);
        contexts->of[number - 1] = (struct context){.root = root.n};
    }
    *stale = contexts->of[number - 1].generation != generation;
    contexts->of[number - 1].generation = generation;
    return number;
}

void contexts_flushed(struct contexts *contexts, u64 generation)
{
    for (u32 i = 0; i < CONTEXTS; i++) {
        contexts->of[i].generation = generation;
    }
}

void contexts_give_up(struct contexts *contexts)
{
    *contexts = (struct contexts){.next = contexts->next};
}
