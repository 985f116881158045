/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes transitions: all parts of a rule set, stage by stage. */
#ifndef SVCRULES_KERNEL_MAKE_H
#define SVCRULES_KERNEL_MAKE_H

#include "kernel/driver.h"

/*
 * Makes the kernel have t->want: first the tables, then what the other parts add, then what they
 * remove; in the end the kernel forgets clients and flows of endpoints that are gone. A change
 * that is refused does not keep the others from being made, unless they would make no sense. A
 * run that is killed anywhere is completed by the next one. Returns an exit code, with findings;
 * the caller calls make_release() in every case.
 */
int make_all(struct transition *t);
/* The same without the tables, clients and flows. */
int make_rest(struct transition *t);
/*
 * Asks the kernel whether it would accept the parts that it can be asked about. Nothing is
 * changed. Returns and releases as make_all().
 */
int make_check(struct transition *t);
/*
 * Compares t->have with t->want, if that was not done before. Returns an exit code, with
 * findings.
 */
int make_compare(struct transition *t);
/* Frees what the functions above and the drivers made. */
void make_release(struct transition *t);

#endif
