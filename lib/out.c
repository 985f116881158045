/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "out.h"

#include <errno.h>
#include <stdarg.h>

static void flush(struct svcr_out *o)
{
	if (!o->err && o->len)
		o->err = o->write(o->arg, o->buf, o->len);
	o->len = 0;
}

void svcr_out_str(struct svcr_out *o, const char *s)
{
	size_t len = strlen(s);

	while (len) {
		size_t part = sizeof(o->buf) - o->len;

		if (part > len)
			part = len;
		memcpy(o->buf + o->len, s, part);
		o->len += part;
		s += part;
		len -= part;
		if (o->len == sizeof(o->buf))
			flush(o);
	}
}

void svcr_out(struct svcr_out *o, const char *fmt, ...)
{
	char line[1024];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= sizeof(line)) { /* all that is printed is bounded well below */
		o->err = o->err ? o->err : -EOVERFLOW;
		return;
	}
	svcr_out_str(o, line);
}

int svcr_out_end(struct svcr_out *o)
{
	flush(o);
	return o->err;
}
