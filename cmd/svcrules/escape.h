/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text that comes from the input or the kernel, for a terminal, which must not obey it. */
#ifndef SVCRULES_ESCAPE_H
#define SVCRULES_ESCAPE_H

/*
 * `text` with escapes for control characters and invisible ones: "\n", "\x1b", "\u202e", and for
 * bytes that are no UTF-8. malloc'ed, NULL without memory.
 */
char *escape_text(const char *text);

#endif
