/* SPDX-License-Identifier: MIT */
/* What the command writes itself to standard output and standard error. Every write is checked. */
#ifndef TOOLS_OUTPUT_H
#define TOOLS_OUTPUT_H

#include "tools/fail.h"

/* Opens descriptors 0 to 2 if they are closed; otherwise a file that is opened later could be taken
 * for standard input, output or error. A write to the replacement fails, as one to a closed
 * descriptor does. */
void output_start(void);

/* Writes a text to standard output, all of it. Returns false if that failed; the failure says why.
 */
bool output_print(const char *text, struct failure *failure);

/* Writes "pinion: ", the sentence and a newline to standard error. If that failed, output_status
 * knows. After output_is_stuck it is lost if it would have to wait. */
void output_complain(const char *sentence);

/* Writes a newline to standard error, which is in the middle of a line. */
void output_end_line(void);

/* Says whether output_complain would not have to wait for the reader of standard error. */
bool output_can_complain(void);

/* Says that a reader takes no output any more although the run is over. It may be the reader of
 * standard error, for which output_complain must not wait then: the signals that end the command
 * are blocked. */
void output_is_stuck(void);

/* Records that something could not be written, for output_status. */
void output_lost(void);

/* The exit statuses of the command, as --help lists them. */
enum exit_status {
    EXIT_BAD_INPUT = 2,
    EXIT_FAILED = 3,
    EXIT_OUTPUT = 4,
    EXIT_TIMEOUT = 124,
    EXIT_QUIT = 130
};

/* Returns `status`, or EXIT_OUTPUT instead of 0 if something could not be written. */
int output_status(int status);

/* Returns a descriptor to which the same bytes can be written without waiting for a reader: for a
 * pipe or a terminal an open file of our own that does not block, because the flags of the given
 * one belong to other processes, too. Otherwise, or if there cannot be one, `to` itself. */
int output_without_waiting(int to);

/* Closes what output_without_waiting has opened, or a file that was written. Standard output and
 * standard error stay open. Returns 0, or the errno of a write that failed only now. */
int output_close(int to);

#endif
