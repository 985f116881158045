/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small files of text that an option names, read as a whole. */
#ifndef SVCRULES_TEXT_FILE_H
#define SVCRULES_TEXT_FILE_H

/*
 * Reads a file, which may be a pipe, into malloc'ed *ret. Returns 0 or a negative errno: -EFBIG for
 * more than 256 MiB, -EILSEQ for a NUL.
 */
int text_read(const char *path, char **ret);

#endif
