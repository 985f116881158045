/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Exit codes; svcrules(1) EXIT STATUS. */
#ifndef SVCRULES_EXIT_H
#define SVCRULES_EXIT_H

enum {
	EXIT_DONE = 0,    /* done, or no difference */
	EXIT_DIFFERS = 1, /* diff only */
	EXIT_USAGE = 2,
	EXIT_INPUT = 3,
	EXIT_KERNEL = 4, /* refused, permission missing, or no more memory or disk */
	EXIT_BUSY = 5,   /* another svcrules is at work */
	EXIT_LOSS = 6,   /* apply only: more would be lost than --max-lost allows */
};

#endif
