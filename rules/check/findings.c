/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/check/findings.h"

#include <errno.h>
#include <stdarg.h>

#define OBJECT_SIZE 512
#define TEXT_SIZE 1024

/* ---- The table ------------------------------------------------------------------ */

static const struct {
	unsigned need;
	const char *words;
} need_words[] = {
	{ SVCR_HAS_NODE_NAME, "--node-name" }, { SVCR_HAS_ENDPOINTS, "EndpointSlices or Pods" },
	{ SVCR_HAS_SLICES, "EndpointSlices" }, { SVCR_HAS_PODS, "Pods or workloads" },
	{ SVCR_HAS_NODES, "Nodes" },           { SVCR_HAS_SERVICES, "Services" },
	{ SVCR_HAS_SECRETS, "Secrets" },
};

const char *svcr_check_needs(unsigned needs)
{
	for (size_t i = 0; i < sizeof(need_words) / sizeof(*need_words); i++)
		if (needs & need_words[i].need)
			return need_words[i].words;
	return NULL;
}

size_t svcr_check_row(const char *name)
{
	for (size_t i = 0; svcr_check_table[i].name; i++)
		if (strcmp(svcr_check_table[i].name, name) == 0)
			return i;
	return SVCR_CHECKS_MAX;
}

static bool check_count_reached(size_t i)
{
	for (size_t k = 0; k <= i; k++)
		if (!svcr_check_table[k].name)
			return true;
	return false;
}

bool svcrules_check_at(size_t i, struct svcrules_check *ret)
{
	const struct svcr_check *row = &svcr_check_table[i];

	if (i >= SVCR_CHECKS_MAX || check_count_reached(i))
		return false;
	*ret = (struct svcrules_check){ .name = row->name,
					.help = row->help,
					.needs = svcr_check_needs(row->needs),
					.severity = row->severity,
					.off = row->off,
					.reading = !row->about };
	return true;
}

/* ---- The list --------------------------------------------------------------------- */

struct svcrules_findings *svcrules_findings_new(void)
{
	struct svcrules_findings *f = calloc(1, sizeof(*f));

	for (size_t i = 0; f && svcr_check_table[i].name; i++)
		f->level[i] = svcr_check_table[i].off ? SVCRULES_CHECK_OFF : SVCRULES_CHECK_ON;
	return f;
}

void svcrules_findings_free(struct svcrules_findings *f)
{
	if (!f)
		return;
	svcr_arena_release(&f->arena);
	free(f->list.v);
	free(f);
}

int svcrules_findings_level(struct svcrules_findings *f, const char *name,
			    enum svcrules_level level)
{
	size_t row = svcr_check_row(name);

	if (row == SVCR_CHECKS_MAX)
		return -ENOENT;
	f->level[row] = level;
	return 0;
}

static const char *finding_keep(struct svcrules_findings *f, const char *s, bool *failed)
{
	const char *copy = s ? svcr_arena_strndup(&f->arena, s, strlen(s)) : NULL;

	*failed = *failed || (s && !copy);
	return copy;
}

/*
 * Adds a copy of the finding with the severity that the row has now; `fatal`: the input may not
 * have it, whatever was switched off. 0 or -ENOMEM.
 */
static int finding_add(struct svcrules_findings *f, const struct svcrules_diag *d, bool fatal)
{
	size_t row = svcr_check_row(d->check);
	bool known = row < SVCR_CHECKS_MAX, failed = false;
	struct svcrules_diag *slot, copy = *d;

	if (known && f->level[row] == SVCRULES_CHECK_OFF && !fatal)
		return 0;
	if (known && f->level[row] == SVCRULES_CHECK_ERROR)
		copy.severity = SVCRULES_ERROR;
	f->count[copy.severity] += 1 + d->more;
	if (known && ++f->found[row] > SVCR_FINDINGS_KEPT) {
		f->dropped[row] += 1 + d->more;
		return 0;
	}
	copy.check = known ? svcr_check_table[row].name : finding_keep(f, d->check, &failed);
	copy.source = finding_keep(f, d->source, &failed);
	copy.object = finding_keep(f, d->object, &failed);
	copy.field = finding_keep(f, d->field, &failed);
	copy.text = finding_keep(f, d->text, &failed);
	slot = failed ? NULL : SVCR_GROW(&f->list);
	if (!slot)
		return -ENOMEM;
	*slot = copy;
	return 0;
}

int svcr_found_diag(struct svcrules_findings *f, const struct svcrules_diag *d)
{
	size_t row = svcr_check_row(d->check);
	struct svcrules_diag copy = *d;

	if (row < SVCR_CHECKS_MAX && svcr_check_table[row].about && d->severity != SVCRULES_ERROR)
		copy.severity = svcr_check_table[row].severity;
	return finding_add(f, &copy, false);
}

int svcr_found(struct svcr_checks *c, const char *check, const struct svcr_place *at,
	       const char *fmt, ...)
{
	size_t row = svcr_check_row(check);
	char object[OBJECT_SIZE], text[TEXT_SIZE];
	struct svcrules_diag d = { .check = svcr_check_table[row].name,
				   .severity = svcr_check_table[row].severity,
				   .source = at->source,
				   .field = at->field,
				   .object = object,
				   .text = text };
	va_list ap;

	if (c->f->level[row] == SVCRULES_CHECK_OFF)
		return 0;
	snprintf(object, sizeof(object), "%s%s%s%s%s", at->kind, at->ns || at->name ? " " : "",
		 at->ns ? at->ns : "", at->ns && at->name ? "/" : "", at->name ? at->name : "");
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return finding_add(c->f, &d, false);
}

static int absent_cmp(const char *a, const char *b)
{
	return strcmp(a ? a : "", b ? b : "");
}

static int finding_sort(const void *a, const void *b)
{
	const struct svcrules_diag *x = a, *y = b;
	int d = absent_cmp(x->source, y->source);

	d = d ? d : (x->line > y->line) - (x->line < y->line);
	d = d ? d : absent_cmp(x->object, y->object);
	d = d ? d : absent_cmp(x->field, y->field);
	d = d ? d : strcmp(x->check, y->check);
	return d ? d : strcmp(x->text, y->text);
}

void svcr_findings_sort(struct svcrules_findings *f)
{
	if (f->list.n)
		qsort(f->list.v, f->list.n, sizeof(*f->list.v), finding_sort);
	for (size_t i = f->list.n; i-- > 0;) {
		size_t row = svcr_check_row(f->list.v[i].check);

		if (row == SVCR_CHECKS_MAX)
			continue;
		f->list.v[i].more += f->dropped[row];
		f->dropped[row] = 0;
	}
}

int svcrules_findings_add(struct svcrules_findings *f, const struct svcrules_diags *d)
{
	int err = svcrules_diags_failed(d) ? -ENOMEM : 0;

	for (size_t i = 0; !err && i < svcrules_diags_count(d); i++) {
		const struct svcrules_diag *g = svcrules_diags_get(d, i);
		bool fatal = g->severity == SVCRULES_ERROR;

		err = fatal ? finding_add(f, g, true) : svcr_found_diag(f, g);
	}
	svcr_findings_sort(f);
	return err;
}

/* ---- What was found ------------------------------------------------------------------- */

const struct svcrules_diag *svcrules_findings_get(const struct svcrules_findings *f, size_t i)
{
	return i < f->list.n ? &f->list.v[i] : NULL;
}

size_t svcrules_findings_count(const struct svcrules_findings *f, enum svcrules_severity severity)
{
	return f->count[severity];
}

const char *svcrules_findings_missing(const struct svcrules_findings *f, size_t i,
				      const char *const **ret_checks, size_t *ret_n)
{
	if (i >= f->nlacks)
		return NULL;
	*ret_checks = f->lacks[i].checks;
	*ret_n = f->lacks[i].n;
	return f->lacks[i].what;
}
