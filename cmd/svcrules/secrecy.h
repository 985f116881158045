/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the program does before it reads Secrets, so that their bytes stay nowhere. */
#ifndef SECRECY_H
#define SECRECY_H

/*
 * From now on the process leaves no core dump, no other process of the user may read its memory,
 * and what libyaml frees is overwritten before. Commands that --validate and --then run are not
 * concerned if their process was started before.
 */
void secrecy_start(void);

#endif
