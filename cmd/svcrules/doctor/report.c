/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Collects what was found. */
#include "doctor/doctor.h"

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

/* Takes over the texts. */
static void doctor_add(struct doctor *d, const struct verdict_found *f)
{
	struct verdict_found *v = f->evidence ? reallocarray(d->v, d->n + 1, sizeof(*v)) : NULL;

	if (!v) {
		d->no_memory = true;
		free(f->evidence);
		free(f->mend);
		return;
	}
	d->v = v;
	v[d->n] = *f;
	v[d->n++].name = d->name;
}

/* vasprintf() that returns the text. */
static char *__attribute__((format(printf, 1, 0))) evidence_text(const char *format, va_list ap)
{
	char *text;

	return vasprintf(&text, format, ap) < 0 ? NULL : text;
}

void doctor_fine(struct doctor *d, const char *evidence, ...)
{
	struct verdict_found f = { .verdict = VERDICT_FINE };
	va_list ap;

	va_start(ap, evidence);
	f.evidence = evidence_text(evidence, ap);
	va_end(ap);
	doctor_add(d, &f);
}

void doctor_unknown(struct doctor *d, const char *evidence, ...)
{
	struct verdict_found f = { .verdict = VERDICT_UNKNOWN };
	va_list ap;

	va_start(ap, evidence);
	f.evidence = evidence_text(evidence, ap);
	va_end(ap);
	doctor_add(d, &f);
}

void doctor_find(struct doctor *d, enum verdict verdict, const char *effect, char *mend,
		 const char *evidence, ...)
{
	struct verdict_found f = { .verdict = verdict, .effect = effect, .mend = mend };
	va_list ap;

	va_start(ap, evidence);
	f.evidence = evidence_text(evidence, ap);
	va_end(ap);
	doctor_add(d, &f);
}
