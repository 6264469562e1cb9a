/* SPDX-License-Identifier: MIT */
/* Results: their names, sentences and ABI error numbers, from refusals.def. */
#include "vmmu/result.h"

#include "vmmu/frame.h"
#include "vmmu/port.h"

/* The error numbers of the ABI. The host's <errno.h> may have others. */
enum { EPERM = 1, EAGAIN = 11, ENOMEM = 12, EACCES = 13, EBUSY = 16, EINVAL = 22, ENOSYS = 38 };

struct result_row {
    const char *name;
    const char *sentence;
    int error;
};

static const struct result_row results[VMMU_RESULTS] = {
    [VMMU_DONE] = {"DONE", "done", 0},
    [VMMU_AGAIN] = {"AGAIN", "interrupted, to be called again", -EAGAIN},
#define REFUSAL(name, errno_value, sentence) [VMMU_REFUSED_##name] = {#name, sentence, errno_value},
#include "vmmu/refusals.def"
#undef REFUSAL
};

static const char *const type_names[VMMU_TYPES] = {
    [VMMU_TYPE_NONE] = "none",         [VMMU_TYPE_L1] = "L1 table",
    [VMMU_TYPE_L2] = "L2 table",       [VMMU_TYPE_L3] = "L3 table",
    [VMMU_TYPE_L4] = "L4 table",       [VMMU_TYPE_DESCRIPTOR] = "descriptor page",
    [VMMU_TYPE_WRITABLE] = "writable", [VMMU_TYPE_SHARED] = "shared",
};

enum vmmu_result result_refuse(struct vmmu_domain *domain, enum vmmu_result rule, u64 word)
{
    count_up(&domain->counters.refusals, 1);
    atomic_store_explicit(&domain->last_refusal, rule, memory_order_relaxed);
    atomic_store_explicit(&domain->last_word, word, memory_order_relaxed);
    port_refused(domain, rule, word);
    return rule;
}

const char *vmmu_result_name(enum vmmu_result result)
{
    return (u32)result < VMMU_RESULTS ? results[result].name : "?";
}

const char *vmmu_result_sentence(enum vmmu_result result)
{
    return (u32)result < VMMU_RESULTS ? results[result].sentence : "?";
}

int vmmu_result_errno(enum vmmu_result result)
{
    return (u32)result < VMMU_RESULTS ? results[result].error : -EINVAL;
}

const char *vmmu_type_name(enum vmmu_type type)
{
    return (u32)type < VMMU_TYPES ? type_names[type] : "?";
}
