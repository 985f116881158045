/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What comes from objects stands in code spans. There, Markdown has no escapes: the characters that
 * end a span, a cell of a table or a line are replaced, and '<', for careless readers of Markdown.
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

/* Releases a piece that has nothing to say. Returns true: the page goes on. */
static bool piece_drop(struct piece *x)
{
	free(x->text.p);
	free(x);
	return true;
}

/* `cell`: in a cell of a table. */
static void out_code(struct svcr_out *o, const char *text, size_t len, bool cell)
{
	size_t shown = len < SPAN_MAX ? len : SPAN_MAX;

	for (size_t i = 0; i < shown; i++) {
		char c = text[i];

		if (c == '`' || c < ' ' || c > '~' || (cell && (c == '|' || c == '\\' || c == '<')))
			c = '?';
		svcr_out_bytes(o, &c, 1);
	}
	if (shown < len)
		svcr_out_str(o, "...");
}

static void out_span(struct svcr_out *o, const char *text, size_t len)
{
	if (!len)
		return;
	svcr_out_str(o, "`");
	out_code(o, text, len, true);
	svcr_out_str(o, "`");
}

static void out_text(struct svcr_out *o, const char *text)
{
	out_span(o, text, strlen(text));
}

static void markdown_group(struct svcr_out *o, const struct svcr_report_group *g)
{
	if (g->name)
		out_span(o, g->name, g->len);
	else
		out_text(o, "(unknown)");
}

/* ---- The tables ------------------------------------------------------------------ */

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
		 !a->outside ? 0 :
		 a->local    ? a->local :
			       a->endpoints,
		 !b->outside ? 0 :
		 b->local    ? b->local :
			       b->endpoints);
}

static const char *const fate_words[] = { [SVCR_STOPS] = "**stops serving**",
					  [SVCR_REMOVED] = "removed",
					  [SVCR_CHANGED] = "changed",
					  [SVCR_ADDED] = "added" };

static bool is_endpoint_item(const char *item)
{
	return (*item == '+' || *item == '-') && (svcr_report_is_endpoint(item + 2, false) ||
						  svcr_report_is_endpoint(item + 2, true));
}

/* ": 2 endpoints added, 1 removed", of an address and port that goes on. */
static const char *out_moved(struct svcr_out *o, const struct svcr_texts *items)
{
	size_t added = 0, removed = 0;

	for (size_t i = 0; i < items->n; i++) {
		added += is_endpoint_item(items->v[i]) && *items->v[i] == '+';
		removed += is_endpoint_item(items->v[i]) && *items->v[i] == '-';
	}
	if (!added && !removed)
		return ": ";
	svcr_out(o, ": %zu endpoint%s added, %zu removed", added, added == 1 ? "" : "s", removed);
	return ", ";
}

/* What happens at an address and port: its fate, and all that is not an endpoint. */
static void out_what(struct page *p, struct svcr_out *o, const struct svcr_report_line *l)
{
	struct svcr_texts items = { NULL, .n = 0 };
	const char *before = ": ";

	svcr_out_str(o, fate_words[svcr_review_line_fate(l)]);
	svcr_review_items(l, false, true, &items);
	if (l->in_from && l->in_to)
		before = out_moved(o, &items);
	for (size_t i = 0; i < items.n; i++) {
		char sign = *items.v[i];

		if (is_endpoint_item(items.v[i]))
			continue;
		svcr_out_str(o, before);
		out_text(o, items.v[i] + (sign == '+' || sign == '-' ? 0 : 2));
		before = ", ";
	}
	p->err = items.err ? items.err : p->err;
	svcr_texts_release(&items);
}

static bool markdown_service(struct page *p, const struct svcr_report_group *g,
			     const struct svcr_report_line *l)
{
	struct piece *x = piece_new(p);
	const char *port = svcr_review_port(g, l);

	if (!x)
		return false;
	svcr_out_str(&x->o, "| ");
	markdown_group(&x->o, g);
	svcr_out_str(&x->o, " | ");
	out_text(&x->o, port);
	svcr_out_str(&x->o, *port ? " " : "");
	out_text(&x->o, l->place);
	svcr_out_str(&x->o, " | ");
	out_what(p, &x->o, l);
	svcr_out_str(&x->o, " | ");
	out_counts(&x->o, l);
	svcr_out_str(&x->o, " |\n");
	return piece_end(p, x);
}

static bool markdown_policy(struct page *p, const struct svcr_report_group *g,
			    const struct svcr_report_line *l)
{
	struct piece *x = piece_new(p);

	if (!x)
		return false;
	svcr_out_str(&x->o, "| ");
	markdown_group(&x->o, g);
	svcr_out(&x->o, " | %s: ", fate_words[svcr_review_line_fate(l)]);
	out_text(&x->o, l->place);
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

static void page_table(struct page *p, const struct svcr_review *v, bool policies)
{
	const struct svcr_report *r = policies ? v->policies : v->services;
	size_t shown;

	if (!r->n)
		return;
	svcr_out_str(p->o, policies ? "| NetworkPolicy | What |\n| --- | --- |\n" :
				      "| Service | Address | What | Endpoints |\n"
				      "| --- | --- | --- | --- |\n");
	shown = each_line(p, v, r, policies, policies ? markdown_policy : markdown_service);
	if (shown < r->n)
		svcr_out(p->o, "\n... and %zu more %s, which are left out here.\n", r->n - shown,
			 policies ? "changes" : "addresses and ports");
	svcr_out_str(p->o, "\n");
}

/* ---- Details --------------------------------------------------------------------- */

/* The endpoints or addresses that a line names, if there are any. */
static bool detail_item(struct page *p, const struct svcr_report_group *g,
			const struct svcr_report_line *l, bool policies)
{
	struct svcr_texts items = { NULL, .n = 0 };
	struct piece *x = piece_new(p);
	const char *port = policies ? "" : svcr_review_port(g, l), *before = ": ";
	size_t named = 0;

	if (!x)
		return false;
	svcr_out_str(&x->o, policies ? "- NetworkPolicy " : "- ");
	markdown_group(&x->o, g);
	svcr_out_str(&x->o, *port ? " " : "");
	out_text(&x->o, port);
	svcr_out_str(&x->o, " ");
	out_text(&x->o, l->place);
	svcr_review_items(l, policies, true, &items);
	for (size_t i = 0; i < items.n; i++) {
		if (!policies && !is_endpoint_item(items.v[i]))
			continue;
		svcr_out_str(&x->o, before);
		out_text(&x->o, items.v[i]);
		before = ", ";
		named++;
	}
	svcr_out_str(&x->o, "\n");
	p->err = items.err ? items.err : p->err;
	svcr_texts_release(&items);
	return named ? piece_end(p, x) : piece_drop(x);
}

static bool service_item(struct page *p, const struct svcr_report_group *g,
			 const struct svcr_report_line *l)
{
	return detail_item(p, g, l, false);
}

static bool policy_item(struct page *p, const struct svcr_report_group *g,
			const struct svcr_report_line *l)
{
	return detail_item(p, g, l, true);
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

/* What the details have; nothing, if the tables have said all. */
static void details_body(struct page *p, const struct svcr_review *v)
{
	size_t all = v->services->n + v->policies->n, shown;

	shown = each_line(p, v, v->policies, true, policy_item);
	shown += each_line(p, v, v->services, false, service_item);
	if (shown < all)
		svcr_out(p->o, "\n... and %zu more lines, which are left out here.\n\n",
			 all - shown);
	page_notes(p, v->notes);
	if (!v->internals)
		return;
	svcr_out_str(p->o, "\n");
	svcr_review_internals(v, p->o);
	svcr_out_str(p->o, ".\n");
}

static void page_details(struct page *p, const struct svcr_review *v)
{
	struct svcr_buffer text = { .len = 0 };
	struct svcr_out body = { .write = svcr_buffer_append, .arg = &text }, *o = p->o;

	p->o = &body;
	details_body(p, v);
	p->o = o;
	if (svcr_out_end(&body))
		p->err = -ENOMEM;
	if (!p->err && text.len) {
		svcr_out_str(o, "<details><summary>Details</summary>\n");
		svcr_out_str(o, *text.p == '\n' ? "" : "\n");
		svcr_out_bytes(o, text.p, text.len);
		svcr_out_str(o, "\n</details>\n");
	}
	free(text.p);
}

/* What could not be known, in few lines. */
static void page_remarks(struct page *p, const char *remarks)
{
	if (!remarks || !*remarks)
		return;
	page_notes(p, remarks);
	svcr_out_str(p->o, "\n");
}

int svcr_review_markdown(const struct svcr_review *v, struct svcr_out *o)
{
	struct page p = { .o = o, .left = TABLE_MAX };

	svcr_out_str(o, "**");
	svcr_review_summary(v, o);
	svcr_out_str(o, "**\n\n");
	page_remarks(&p, v->remarks);
	page_table(&p, v, false);
	page_table(&p, v, true);
	p.left += SVCR_MARKDOWN_MAX - TABLE_MAX - RESERVE;
	page_details(&p, v);
	return p.err;
}

int svcr_markdown_same(const char *remarks, struct svcr_out *o)
{
	struct page p = { .o = o, .left = TABLE_MAX };

	svcr_out_str(o, "no changes\n");
	if (remarks && *remarks) {
		svcr_out_str(o, "\n");
		page_notes(&p, remarks);
	}
	return p.err;
}

/* ---- Any text --------------------------------------------------------------------- */

/* The first line of the page is the last of the text, which is its summary. */
static const char *last_line(const char *text)
{
	const char *end = text + strlen(text), *p;

	if (end > text)
		end--; /* the end of the last line */
	for (p = end; p > text && p[-1] != '\n';)
		p--;
	return p;
}

void svcr_markdown_text(const char *text, struct svcr_out *o)
{
	const char *last = last_line(text);
	size_t left = SVCR_MARKDOWN_MAX - RESERVE, lines = 0;

	svcr_out_str(o, "**");
	out_span(o, last, strcspn(last, "\n"));
	svcr_out_str(o, "**\n\n<details><summary>Details</summary>\n\n```\n");
	for (const char *end; text < last; text = end + 1) {
		end = text + strcspn(text, "\n");
		if ((size_t)(end - text) < left && !lines) {
			out_code(o, text, (size_t)(end - text), false);
			svcr_out_str(o, "\n");
			left -= (size_t)(end - text) + 1;
		} else {
			lines++;
		}
	}
	svcr_out_str(o, "```\n");
	if (lines)
		svcr_out(o, "\n... and %zu more line%s left out here.\n", lines,
			 lines == 1 ? ", which is" : "s, which are");
	svcr_out_str(o, "\n</details>\n");
}
