/* SPDX-License-Identifier: MIT */
/* Results: the one place where a refusal is counted, remembered and told. */
#ifndef VMMU_RESULT_H
#define VMMU_RESULT_H

#include "vmmu/vmmu.h"

/* Notes that `rule` refused `word` to `domain`, and returns `rule`. */
enum vmmu_result result_refuse(struct vmmu_domain *domain, enum vmmu_result rule, u64 word);

static inline bool result_is_refusal(enum vmmu_result result)
{
    return result > VMMU_AGAIN;
}

/* What a public operation returns: `result`, noted if it is a refusal. */
static inline enum vmmu_result result_report(struct vmmu_domain *domain, enum vmmu_result result,
                                             u64 word)
{
    return result_is_refusal(result) ? result_refuse(domain, result, word) : result;
}

#endif
