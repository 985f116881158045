/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the program does before it reads Secrets, so that their bytes stay nowhere. */
#ifndef SECRECY_H
#define SECRECY_H

/*
 * Loads what parses certificates. From now on the process leaves no core dump, no other process of
 * the user may read its memory, and what libyaml and libcrypto free is overwritten before. The
 * process that runs the commands of --validate and --then must have been started before, as these
 * may leave core dumps. Returns an exit code, after a message if it is not EXIT_DONE.
 */
int secrecy_start(void);

/* The same in two steps: the second loads what parses certificates, if there are any. */
void secrecy_begin(void);
int secrecy_certificates(void);

#endif
