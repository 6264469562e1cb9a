/* SPDX-License-Identifier: MIT */
/* Measures exits: has the hypervisor record its timeline, and adds the records up as they come. One
 * tool at a time can have it record. */
#ifndef TOOLS_MEASURE_H
#define TOOLS_MEASURE_H

#include "tools/fail.h"
#include "tools/moment.h"

struct measure;
struct watch;

/* Starts. Returns NULL, and the failure says why, if the hypervisor cannot record now. One that has
 * no timeline at all is no failure: then its moments have no exits. */
struct measure *measure_start(struct watch *watch, struct failure *failure);

/* Takes what was recorded until now. To be called often: what finds no room in the hypervisor is
 * counted as lost. Returns false, and the failure says why. */
bool measure_take(struct measure *measure, struct failure *failure);

/* Waits for `seconds`, and takes meanwhile, or until SIGINT or SIGTERM arrives, which the caller
 * has blocked: then *ended is set. Returns as measure_take. */
bool measure_wait(struct measure *measure, unsigned seconds, bool *ended, struct failure *failure);

/* Reads a moment, with the exits since the start. Returns as measure_take. */
bool measure_moment(struct measure *measure, struct moment *moment, struct failure *failure);

/* Stops the hypervisor's recording. */
void measure_end(struct measure *measure);

/* The milliseconds after which it is time to take again. */
#define MEASURE_MS 20u

#endif
