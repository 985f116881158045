/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A transition made: all parts of a rule set, stage by stage. */
#ifndef SVCRULES_KERNEL_MAKE_H
#define SVCRULES_KERNEL_MAKE_H

#include "kernel/driver.h"

/*
 * Makes the kernel have t->want: tables, what the other parts add, what they remove, then what
 * the rules before left behind. A change that is refused keeps none of the others from being
 * made, unless nothing further would make sense. t->have is needed only if there are parts
 * that do not read themselves. A run that is killed anywhere is completed by the next. Returns
 * an exit code, with findings; make_release() in every case.
 */
int make_all(struct transition *t);
/* The same without tables and without what is left behind. */
int make_rest(struct transition *t);
/* Asks the kernel whether it would accept what can be asked about. */
int make_check(struct transition *t);
/* Compares t->have with t->want, unless that is done. An exit code. */
int make_compare(struct transition *t);
void make_release(struct transition *t);

#endif
