/* SPDX-License-Identifier: MIT */
/* The table of rights: for each right, over which targets (itself, another domain, devices, nobody)
 * a domain has it. */
#include "hypervisor/domain/rights.h"
#include "hypervisor/domain/domain.h"
#include "hypervisor/xen.h"

/* How the actor names the target. */
enum relation {
    BY_SELF,   /* DOMID_SELF */
    BY_NUMBER, /* the actor's own number */
    OTHER,     /* the number of another domain */
    DEVICES,   /* DOMID_IO and DOMID_XEN, owners of frames: no domains */
    NOBODY,    /* any other number */
    RELATIONS
};

#define NO   (-XEN_EPERM)
#define NONE (-XEN_ESRCH)

/* Who acts. */
enum role { GUEST, PRIVILEGED, ROLES };

/* The answers; 0: allowed. The calls of the ABI differ: the owner of
 * mapped frames, and that of a frame that is copied without a grant, must be named by DOMID_SELF,
 * where other calls take the actor's own number too; a guest's remote_shutdown is refused for every
 * target, and its domctl for every number. */
// clang-format off
static const s16 answers[ROLES][RIGHTS][RELATIONS] = {[GUEST] = {
    /*                    BY_SELF BY_NUMBER OTHER DEVICES NOBODY */
    [RIGHT_MEMORY]      = {0,     0,        NO,   NONE,   NONE},
    [RIGHT_PAGE_TABLES] = {0,     0,        NO,   NONE,   NONE},
    [RIGHT_MAP_FRAMES]  = {0,     NONE,     NO,   NO,     NONE},
    [RIGHT_PORTS]       = {0,     0,        NO,   NONE,   NONE},
    [RIGHT_CONNECT]     = {0,     0,        0,    NONE,   NONE},
    [RIGHT_GRANT_TABLE] = {0,     0,        NO,   NONE,   NONE},
    [RIGHT_MAP_GRANTS]  = {0,     0,        0,    NONE,   NONE},
    [RIGHT_COPY_FRAMES] = {0,     NO,       NO,   NO,     NO},
    [RIGHT_SHUT_DOWN]   = {NONE,  NO,       NO,   NONE,   NONE},
    [RIGHT_CONTROL]     = {NO,    NO,       NO,   NO,     NO},
}, [PRIVILEGED] = {
    /*                    BY_SELF BY_NUMBER OTHER DEVICES NOBODY */
    [RIGHT_MEMORY]      = {0,     0,        0,    NONE,   NONE},
    [RIGHT_PAGE_TABLES] = {0,     0,        0,    NONE,   NONE},
    [RIGHT_MAP_FRAMES]  = {0,     NONE,     0,    NO,     NONE},
    [RIGHT_PORTS]       = {0,     0,        0,    NONE,   NONE},
    [RIGHT_CONNECT]     = {0,     0,        0,    NONE,   NONE},
    [RIGHT_GRANT_TABLE] = {0,     0,        0,    NONE,   NONE},
    [RIGHT_MAP_GRANTS]  = {0,     0,        0,    NONE,   NONE},
    [RIGHT_COPY_FRAMES] = {0,     NO,       NO,   NO,     NO},
    [RIGHT_SHUT_DOWN]   = {NONE,  NO,       0,    NONE,   NONE},
    [RIGHT_CONTROL]     = {NONE,  0,        0,    NONE,   NONE},
}};
// clang-format on

bool rights_machine(const struct domain *actor)
{
    return actor->privileged;
}

struct domain *rights_target(struct domain *actor, enum right right, u16 id, s64 *error)
{
    struct domain *target = actor;
    enum relation relation = BY_SELF;

    if (id == actor->id) {
        relation = BY_NUMBER;
    } else if (id != DOMID_SELF) {
        target = domain_by_id(id);
        relation = target ? OTHER : id == DOMID_IO || id == DOMID_XEN ? DEVICES : NOBODY;
    }
    const s64 answer = answers[actor->privileged ? PRIVILEGED : GUEST][right][relation];
    if (answer) {
        *error = answer;
        return NULL;
    }
    return target;
}
