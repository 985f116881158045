/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Collects what was found. */
#include "doctor/doctor.h"
#include "escape.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

const struct svcrules_installed_vip *doctor_vip(const struct doctor *d, size_t i)
{
	return d->services ? svcrules_installed_vip(d->services, i) : NULL;
}

char *doctor_text(const char *format, ...)
{
	char *text;
	va_list ap;

	va_start(ap, format);
	if (vasprintf(&text, format, ap) < 0)
		text = NULL;
	va_end(ap);
	return text;
}

/* Names of interfaces, and of others' chains, may hold any bytes. Takes over the text. */
static char *doctor_escape(char *text)
{
	char *escaped = text ? escape_text(text) : NULL;

	free(text);
	return escaped;
}

/* Takes over the command. */
static void __attribute__((format(printf, 3, 0)))
doctor_add(struct doctor *d, struct verdict_found f, const char *evidence, va_list ap)
{
	struct verdict_found *v = NULL;
	bool mends = f.mend;

	if (vasprintf(&f.evidence, evidence, ap) < 0)
		f.evidence = NULL;
	f.name = d->name;
	f.evidence = doctor_escape(f.evidence);
	f.mend = doctor_escape(f.mend);
	if (f.evidence && (f.mend || !mends))
		v = reallocarray(d->v, d->n + 1, sizeof(*v));
	if (v) {
		d->v = v;
		v[d->n++] = f;
		return;
	}
	d->no_memory = true;
	free(f.evidence);
	free(f.mend);
}

void doctor_fine(struct doctor *d, const char *evidence, ...)
{
	va_list ap;

	va_start(ap, evidence);
	doctor_add(d, (struct verdict_found){ .verdict = VERDICT_FINE }, evidence, ap);
	va_end(ap);
}

void doctor_unknown(struct doctor *d, const char *evidence, ...)
{
	va_list ap;

	va_start(ap, evidence);
	doctor_add(d, (struct verdict_found){ .verdict = VERDICT_UNKNOWN }, evidence, ap);
	va_end(ap);
}

void doctor_find(struct doctor *d, enum verdict verdict, const char *effect, char *mend,
		 const char *evidence, ...)
{
	va_list ap;

	va_start(ap, evidence);
	doctor_add(d, (struct verdict_found){ .verdict = verdict, .effect = effect, .mend = mend },
		   evidence, ap);
	va_end(ap);
}
