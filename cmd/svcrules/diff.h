/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SVCRULES_DIFF_H
#define SVCRULES_DIFF_H

struct svcrules_changes;

/* Prints the changes as text, a summary line last. */
int diff_print_text(const struct svcrules_changes *c);

#endif
