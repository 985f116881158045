/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes as the comment of a pull request. */
#ifndef SVCR_MARKDOWN_H
#define SVCR_MARKDOWN_H

#include "rules/review.h"

#define SVCR_MARKDOWN_MAX 65535 /* characters: what GitHub takes for a comment, less one */

/*
 * Prints a table of addresses and ports, and the details, which are collapsed: SVCR_MARKDOWN_MAX
 * characters at most, all of them ASCII. Names and reasons are in code spans, in which neither
 * Markdown nor HTML nor "@name" mean anything. 0 or -ENOMEM; errors of writing are in `o`.
 */
int svcr_review_markdown(const struct svcr_review *v, struct svcr_out *o);
/* Prints that nothing is known to change, and what could not be known. 0 or -ENOMEM. */
int svcr_markdown_same(const char *remarks, struct svcr_out *o);
/* Prints lines of text in the same way; the last of them is the summary. 0 or -ENOMEM. */
int svcr_markdown_text(const char *text, const char *remarks, struct svcr_out *o);

#endif
