/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "out.h"
#include "wipe.h"

#include <errno.h>
#include <stdarg.h>

static void out_flush(struct svcr_out *o)
{
	if (!o->err && o->len)
		o->err = o->write(o->arg, o->buf, o->len);
	o->len = 0;
}

void svcr_out_bytes(struct svcr_out *o, const char *s, size_t len)
{
	while (len) {
		size_t part = sizeof(o->buf) - o->len;

		if (part > len)
			part = len;
		memcpy(o->buf + o->len, s, part);
		o->len += part;
		s += part;
		len -= part;
		if (o->len == sizeof(o->buf))
			out_flush(o);
	}
}

void svcr_out_str(struct svcr_out *o, const char *s)
{
	svcr_out_bytes(o, s, strlen(s));
}

/* A piece that is longer than the caller's buffer has memory of its own. */
static void out_long(struct svcr_out *o, const char *fmt, va_list ap)
{
	char *text;

	if (vasprintf(&text, fmt, ap) < 0) {
		o->err = o->err ? o->err : -ENOMEM;
		return;
	}
	svcr_out_str(o, text);
	free(text);
}

void svcr_out(struct svcr_out *o, const char *fmt, ...)
{
	char line[1024];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (n >= 0 && (size_t)n < sizeof(line)) {
		svcr_out_str(o, line);
		return;
	}
	va_start(ap, fmt);
	out_long(o, fmt, ap);
	va_end(ap);
}

int svcr_out_end(struct svcr_out *o)
{
	out_flush(o);
	return o->err;
}

/* ---- Text in memory ------------------------------------------------------- */

int svcr_buffer_append(void *arg, const char *buf, size_t len)
{
	struct svcr_buffer *t = arg;
	size_t old = t->p ? t->len + 1 : 0;
	char *p = svcr_wipe_grow(t->p, old, t->len + len + 1, t->wipe);

	if (!p)
		return -ENOMEM;
	memcpy(p + t->len, buf, len);
	t->p = p;
	t->len += len;
	p[t->len] = '\0';
	return 0;
}

void svcr_buffer_release(struct svcr_buffer *b)
{
	svcr_wipe_free(b->p, b->len, b->wipe);
	b->p = NULL;
	b->len = 0;
}
