/* SPDX-License-Identifier: MIT */
/* The consoles to which the log and the privileged domain's console are written: COM1, and the
 * machine's screen until that domain takes it over. The log's lock guards them. */
#ifndef LOG_OUTPUT_H
#define LOG_OUTPUT_H

#include "hypervisor/screen/mode.h"

enum output { OUTPUT_COM1 = 1, OUTPUT_SCREEN = 2, OUTPUT_ALL = OUTPUT_COM1 | OUTPUT_SCREEN };

/* Chooses the consoles that are used, as far as the machine has them: a sum of enum output, for the
 * screen before output_start_screen. Without a call it is OUTPUT_ALL. */
void output_choose(u32 chosen);

/* Writes `count` bytes to every console that is used. */
void output_write(const char *bytes, u64 count);

/* Starts the machine's screen (machine_screen_start), which is empty then, if it has been chosen.
 */
void output_start_screen(const struct screen_mode *given);

/* The screen becomes the privileged domain's. */
void output_leave_screen(void);

/* Takes the screen back, empty. False, and no effect: as machine_screen_return. */
bool output_return_screen(void);

/* Writes to the screen alone, if it is used; and how many lines it has. */
void output_write_screen(const char *bytes, u64 count);
u32 output_screen_rows(void);

#endif
