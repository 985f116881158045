/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stream.h"

#include <errno.h>
#include <stdlib.h>

int stream_flush(FILE *f, char *const *text)
{
	return fflush(f) != 0 || ferror(f) || !*text ? -ENOMEM : 0;
}

int stream_end(FILE *f, char **text)
{
	int err = stream_flush(f, text);

	if (fclose(f) != 0 || !*text)
		err = -ENOMEM;
	if (err) {
		free(*text);
		*text = NULL;
	}
	return err;
}

int stream_append(void *f, const char *buf, size_t len)
{
	return fwrite(buf, 1, len, f) == len ? 0 : -ENOMEM;
}
