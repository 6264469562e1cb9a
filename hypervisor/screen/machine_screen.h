/* SPDX-License-Identifier: MIT */
/* The screen of this machine: which one there is, and when the hypervisor draws on it. */
#ifndef SCREEN_MACHINE_SCREEN_H
#define SCREEN_MACHINE_SCREEN_H

#include "hypervisor/screen/mode.h"

/* Finds the screen: the frame buffer that the boot loader has described; if it has described none,
 * or one that makes no sense, a VGA in text mode if the machine has one. Maps a frame buffer. Once,
 * at boot, before map_start. */
void machine_screen_find(const struct screen_mode *given);

/* Starts to draw on the screen, if there is one. */
void machine_screen_draw(void);

/* The mode of the screen, also while the hypervisor does not draw. */
const struct screen_mode *machine_screen_mode(void);

/* The screen becomes the privileged domain's: nothing is drawn any more, and the frame buffer is
 * not mapped. */
void machine_screen_leave(void);

/* Takes the screen back, cleared, for the last words of a panic. False, and no effect: it has not
 * been left, or it is a VGA that is not in text mode any more. */
bool machine_screen_return(void);

/* Shows the cursor of text mode where the next character will be. */
void machine_screen_place_cursor(void);

#endif
