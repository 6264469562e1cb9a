/* SPDX-License-Identifier: MIT */
/* How long tests wait for what must come.
 *
 * No test may fail because the host is slow: a time-out only ends a test that hangs. This is more
 * than ten times what the longest step of any test takes on an idle machine with two CPUs. */
#ifndef TESTS_PATIENCE_H
#define TESTS_PATIENCE_H

#define PATIENCE_SECONDS 1200

#endif
