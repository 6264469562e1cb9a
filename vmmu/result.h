/* SPDX-License-Identifier: MIT */
/* Results: how an operation counts, records and reports a refusal. */
#ifndef VMMU_RESULT_H
#define VMMU_RESULT_H

#include "vmmu/vmmu.h"

/* Counts a refusal of `domain`, records it with the refused `word` for the crash report, reports it
 * by port_refused, and returns `rule`. */
enum vmmu_result result_refuse(struct vmmu_domain *domain, enum vmmu_result rule, u64 word);

/* Says whether a result is neither VMMU_DONE nor VMMU_AGAIN. */
static inline bool result_is_refusal(enum vmmu_result result)
{
    return result > VMMU_AGAIN;
}

/* Returns `result`; if it is a refusal, counts, records and reports it first, as result_refuse
 * does. */
static inline enum vmmu_result result_report(struct vmmu_domain *domain, enum vmmu_result result,
                                             u64 word)
{
    return result_is_refusal(result) ? result_refuse(domain, result, word) : result;
}

#endif
