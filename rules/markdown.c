/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What comes from objects stands in code spans. There, Markdown has no escapes: the character that
 * ends a span, and those that end a cell of a table or a line, are replaced.
 */
#include "rules/markdown.h"
#include "rules/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_MAX (SVCR_MARKDOWN_MAX * 5 / 8) /* characters of the table; details have the rest */
#define RESERVE 1024 /* characters for the ends of the table and of the details, and for notes */
#define SPAN_MAX 600 /* characters of one code span */

struct page {
	struct svcr_out *o;
	size_t left; /* characters that may still be written */
	int err;     /* -ENOMEM, or 0 */
};

/* A piece that is written whole or not at all. */
struct piece {
	struct svcr_buffer text;
	struct svcr_out o;
};

static struct piece *piece_new(struct page *p)
{
	struct piece *x = calloc(1, sizeof(*x));

	if (!x) {
		p->err = -ENOMEM;
		return NULL;
	}
	x->o.write = svcr_buffer_append;
	x->o.arg = &x->text;
	return x;
}

/* Writes the piece if there is room, and releases it. Returns true if it was written. */
static bool piece_end(struct page *p, struct piece *x)
{
	bool fits;

	if (svcr_out_end(&x->o))
		p->err = -ENOMEM;
	fits = !p->err && x->text.len <= p->left;
	if (fits && x->text.len) {
		svcr_out_bytes(p->o, x->text.p, x->text.len);
		p->left -= x->text.len;
	}
	free(x->text.p);
	free(x);
	return fits;
}

static void out_span_bytes(struct svcr_out *o, const char *text, size_t len)
{
	size_t shown = len < SPAN_MAX ? len : SPAN_MAX;

	for (size_t i = 0; i < shown; i++) {
		char c = text[i];

		svcr_out(o, "%c",
			 c == '`' || c == '|' || c == '\\' || c < ' ' || c > '~' ? '?' : c);
	}
	if (shown < len)
		svcr_out_str(o, "...");
}

static void out_span(struct svcr_out *o, const char *text, size_t len)
{
	if (!len)
		return;
	svcr_out_str(o, "`");
	out_span_bytes(o, text, len);
	svcr_out_str(o, "`");
}

/* ---- The table ------------------------------------------------------------------ */

/* "2 -> 0", of an address and port. */
static void out_counts(struct svcr_out *o, const struct svcr_report_line *l)
{
	const struct svcr_report_side *a = &l->before, *b = &l->after;
	bool split = a->inside != a->outside || b->inside != b->outside;

	if (l->in_from)
		svcr_out(o, "%zu", a->inside ? a->endpoints : 0);
	svcr_out_str(o, l->in_from && l->in_to ? " -> " : l->in_from ? " -> none" : "");
	if (l->in_to)
		svcr_out(o, "%zu", b->inside ? b->endpoints : 0);
	if (!split || !l->in_from || !l->in_to)
		return;
	svcr_out(o, "; from outside %zu -> %zu",
		 !a->outside ? 0 : a->local ? a->local : a->endpoints,
		 !b->outside ? 0 : b->local ? b->local : b->endpoints);
}

static const char *const fate_words[] = { [SVCR_STOPS] = "**stops serving**",
					  [SVCR_REMOVED] = "removed",
					  [SVCR_CHANGED] = "changed",
					  [SVCR_ADDED] = "added" };

/* What happens at an address and port: its fate, and all that is not an endpoint. */
static void out_what(struct page *p, struct svcr_out *o, const struct svcr_report_line *l)
{
	struct svcr_texts items = { NULL, .n = 0 };
	const char *before = ": ";

	svcr_out_str(o, fate_words[svcr_review_line_fate(l)]);
	svcr_review_items(l, false, false, &items);
	for (size_t i = 0; i < items.n; i++) {
		const char *text = items.v[i] + 2;

		if (svcr_report_is_endpoint(text, false) || svcr_report_is_endpoint(text, true))
			continue;
		if (*items.v[i] == '+' || *items.v[i] == '-')
			text -= 2;
		svcr_out_str(o, before);
		out_span(o, text, strlen(text));
		before = ", ";
	}
	p->err = items.err ? items.err : p->err;
	svcr_texts_release(&items);
}

static bool table_row(struct page *p, const struct svcr_report_group *g,
		      const struct svcr_report_line *l)
{
	struct piece *x = piece_new(p);
	const char *port = svcr_review_port(g, l);

	if (!x)
		return false;
	svcr_out_str(&x->o, "| ");
	out_span(&x->o, g->name ? g->name : "(unknown)", g->name ? g->len : strlen("(unknown)"));
	svcr_out_str(&x->o, " | ");
	out_span(&x->o, port, strlen(port));
	svcr_out_str(&x->o, *port ? " " : "");
	out_span(&x->o, l->place, strlen(l->place));
	svcr_out_str(&x->o, " | ");
	out_what(p, &x->o, l);
	svcr_out_str(&x->o, " | ");
	out_counts(&x->o, l);
	svcr_out_str(&x->o, " |\n");
	return piece_end(p, x);
}

/* Calls `print` for each line of the services in their order, until it returns false. */
static size_t each_line(struct page *p, const struct svcr_review *v, const struct svcr_report *r,
			bool policies,
			bool (*print)(struct page *p, const struct svcr_report_group *g,
				      const struct svcr_report_line *l))
{
	size_t shown = 0, groups = 0;

	for (enum svcr_fate fate = 0; fate < SVCR_FATE__COUNT; fate++)
		for (size_t i = 0; i < r->ngroups; i++) {
			const struct svcr_report_group *g = &r->groups[i];

			if ((policies ? SVCR_CHANGED : svcr_review_fate(g)) != fate)
				continue;
			if (v->limit && groups++ == v->limit)
				return shown;
			for (size_t k = 0; k < g->n && (!v->limit || k < v->limit); k++) {
				if (!print(p, g, &r->v[r->order[g->first + k]]))
					return shown;
				shown++;
			}
		}
	return shown;
}

static void page_table(struct page *p, const struct svcr_review *v)
{
	size_t shown, left = p->left;

	if (!v->services->n)
		return;
	p->left = TABLE_MAX;
	svcr_out_str(p->o, "| Service | Address | What | Endpoints |\n| --- | --- | --- | --- |\n");
	shown = each_line(p, v, v->services, false, table_row);
	p->left = left - (TABLE_MAX - p->left);
	if (shown < v->services->n)
		svcr_out(p->o, "\n... and %zu more addresses and ports, which are left out here.\n",
			 v->services->n - shown);
	svcr_out_str(p->o, "\n");
}

/* ---- Details --------------------------------------------------------------------- */

static bool page_item_line(struct page *p, const struct svcr_report_group *g,
			   const struct svcr_report_line *l, bool policies)
{
	struct svcr_texts items = { NULL, .n = 0 };
	struct piece *x = piece_new(p);
	const char *port = policies ? "" : svcr_review_port(g, l);

	if (!x)
		return false;
	svcr_out_str(&x->o, policies ? "- NetworkPolicy " : "- ");
	out_span(&x->o, g->name ? g->name : "(unknown)", g->name ? g->len : strlen("(unknown)"));
	svcr_out_str(&x->o, *port ? " " : "");
	out_span(&x->o, port, strlen(port));
	svcr_out(&x->o, policies ? " %c " : " ", svcr_review_sign(svcr_review_line_fate(l)));
	out_span(&x->o, l->place, strlen(l->place));
	svcr_review_items(l, policies, true, &items);
	for (size_t i = 0; i < items.n; i++) {
		const char *text = items.v[i] + (*items.v[i] == '+' || *items.v[i] == '-' ? 0 : 2);

		svcr_out_str(&x->o, i ? ", " : ": ");
		out_span(&x->o, text, strlen(text));
	}
	svcr_out_str(&x->o, "\n");
	p->err = items.err ? items.err : p->err;
	svcr_texts_release(&items);
	return piece_end(p, x);
}

static bool service_item(struct page *p, const struct svcr_report_group *g,
			 const struct svcr_report_line *l)
{
	return page_item_line(p, g, l, false);
}

static bool policy_item(struct page *p, const struct svcr_report_group *g,
			const struct svcr_report_line *l)
{
	return page_item_line(p, g, l, true);
}

/* Each line of the notes, as an item of a list. */
static void page_notes(struct page *p, const char *notes)
{
	size_t left_out = 0;

	for (const char *end; *notes; notes = end + 1) {
		struct piece *x = piece_new(p);

		end = notes + strcspn(notes, "\n");
		if (!x)
			return;
		svcr_out_str(&x->o, "- ");
		out_span(&x->o, notes, (size_t)(end - notes));
		svcr_out_str(&x->o, "\n");
		left_out += !piece_end(p, x);
		if (!*end)
			break;
	}
	if (left_out)
		svcr_out(p->o, "\n... and %zu more, which are left out here.\n", left_out);
}

static void page_details(struct page *p, const struct svcr_review *v)
{
	size_t all = v->services->n + v->policies->n, shown;

	svcr_out_str(p->o, "<details><summary>Details</summary>\n\n");
	shown = each_line(p, v, v->policies, true, policy_item);
	shown += each_line(p, v, v->services, false, service_item);
	if (shown < all)
		svcr_out(p->o, "\n... and %zu more lines, which are left out here.\n\n",
			 all - shown);
	page_notes(p, v->notes);
	if (v->internals) {
		svcr_out_str(p->o, "\n... and ");
		svcr_review_internals(v, p->o);
		svcr_out_str(p->o, ".\n");
	}
	svcr_out_str(p->o, "\n</details>\n");
}

int svcr_review_markdown(const struct svcr_review *v, struct svcr_out *o)
{
	struct page p = { .o = o, .left = SVCR_MARKDOWN_MAX - RESERVE };

	svcr_out_str(o, "**");
	svcr_review_summary(v, o);
	svcr_out_str(o, "**\n\n");
	page_table(&p, v);
	page_details(&p, v);
	return p.err;
}
