/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What comes from objects stands in code spans. There, Markdown has no escapes: the characters that
 * end a span, a cell of a table or a line are replaced, and '<', for careless readers of Markdown.
 */
#include "rules/markdown.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_MAX (SVCR_MARKDOWN_MAX * 5 / 8) /* characters of the tables; details have the rest */
#define REMARKS_MAX (SVCR_MARKDOWN_MAX / 8)   /* and of remarks before them */
#define RESERVE 2048  /* characters for headings, the ends of the tables and of the details */
#define SPAN_MAX 600  /* characters of one code span */
#define ITEMS_MAX 100 /* endpoints that the details of one line name */
#define PLACES_MAX 20 /* addresses in one row */
#define ROWS_OPEN 16  /* rows of a service that an address may still join */

struct page {
	struct svcr_out *o;
	size_t left; /* characters that may still be written */
	int err;     /* -ENOMEM, or 0 */
};

/* Writes a text if there is room for all of it. Returns true if it was written. */
static bool page_whole(struct page *p, const struct svcr_buffer *text)
{
	if (p->err || text->len > p->left)
		return false;
	if (text->len)
		svcr_out_bytes(p->o, text->p, text->len);
	p->left -= text->len;
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

/* ---- Rows ------------------------------------------------------------------------ */

/* A row of a table or an item of a list, for all addresses of which the same is to be said. */
struct row {
	struct svcr_buffer head, places, tail; /* `places` stands between the others */
	size_t n;                              /* places */
	struct row *next;
};

/* The rows of one service that are not written yet, oldest first. */
struct rows {
	struct row *first;
	size_t n, written; /* lines of the report that were written */
	bool full;         /* a row did not fit */
};

static void row_free(struct row *r)
{
	free(r->head.p);
	free(r->places.p);
	free(r->tail.p);
	free(r);
}

static bool is_same_text(const struct svcr_buffer *a, const struct svcr_buffer *b)
{
	return a->len == b->len && (!a->len || memcmp(a->p, b->p, a->len) == 0);
}

static int row_append(struct svcr_buffer *to, const char *text, size_t len)
{
	struct svcr_out o = { .write = svcr_buffer_append, .arg = to };

	if (len)
		svcr_out_bytes(&o, text, len);
	return svcr_out_end(&o);
}

/* Writes the oldest row, unless the page is full, and releases it. */
static void rows_write(struct page *p, struct rows *rows)
{
	struct row *r = rows->first;
	int err = row_append(&r->head, r->places.p, r->places.len);

	if (!err)
		err = row_append(&r->head, r->tail.p, r->tail.len);
	p->err = err ? err : p->err;
	rows->full |= rows->full || !page_whole(p, &r->head);
	rows->written += rows->full ? 0 : r->n;
	rows->first = r->next;
	rows->n--;
	row_free(r);
}

/* Adds a place to a row with the same texts, or the row itself. Takes it over. */
static void rows_add(struct page *p, struct rows *rows, struct row *r)
{
	struct row **at = &rows->first;

	r->n = 1;
	for (; *at; at = &(*at)->next) {
		struct row *x = *at;

		if (x->n == PLACES_MAX || !is_same_text(&x->head, &r->head) ||
		    !is_same_text(&x->tail, &r->tail))
			continue;
		if (row_append(&x->places, ", ", 2) ||
		    row_append(&x->places, r->places.p, r->places.len))
			p->err = -ENOMEM;
		x->n++;
		row_free(r);
		return;
	}
	*at = r;
	if (++rows->n > ROWS_OPEN)
		rows_write(p, rows);
}

/* ---- The tables ------------------------------------------------------------------ */

/* How many endpoints packets from one side are sent to. */
static size_t count_of(const struct svcr_report_side *s, bool outside)
{
	if (outside)
		return !s->outside ? 0 : s->local ? s->local : s->endpoints;
	return s->inside ? s->endpoints : 0;
}

static bool is_endpoint_text(const char *text)
{
	return svcr_report_is_endpoint(text, false) || svcr_report_is_endpoint(text, true);
}

static bool texts_have_endpoint(const struct svcr_texts *t, bool local)
{
	for (size_t i = 0; i < t->n; i++)
		if (svcr_report_is_endpoint(t->v[i], local))
			return true;
	return false;
}

/* "2 -> 0"; "2 (unchanged)". */
static void out_endpoints_change(struct svcr_out *o, const struct svcr_report_line *l, bool outside)
{
	size_t before = count_of(&l->before, outside), after = count_of(&l->after, outside);
	bool local = outside && l->before.local && l->after.local;

	if (before != after || texts_have_endpoint(&l->added, local) ||
	    texts_have_endpoint(&l->removed, local))
		svcr_out(o, "%zu -> %zu", before, after);
	else
		svcr_out(o, "%zu (unchanged)", after);
}

/* The endpoints of an address and port. */
static void out_counts(struct svcr_out *o, const struct svcr_report_line *l)
{
	const struct svcr_report_side *a = &l->before, *b = &l->after;

	if (!l->in_from || !l->in_to) {
		svcr_out(o, "%zu%s", count_of(l->in_to ? b : a, false), l->in_to ? "" : " -> none");
		return;
	}
	if (count_of(a, true) == count_of(a, false) && count_of(b, true) == count_of(b, false)) {
		out_endpoints_change(o, l, false);
		return;
	}
	svcr_out_str(o, "from outside ");
	out_endpoints_change(o, l, true);
	svcr_out_str(o, ", else ");
	out_endpoints_change(o, l, false);
}

static const char *const fate_words[] = { [SVCR_STOPS] = "**stops serving**",
					  [SVCR_REMOVED] = "removed",
					  [SVCR_CHANGED] = "changed",
					  [SVCR_ADDED] = "added" };

static bool is_endpoint_item(const char *item)
{
	return (*item == '+' || *item == '-') && is_endpoint_text(item + 2);
}

/* ": 2 endpoints added, 1 removed", of an address and port that goes on. */
static const char *out_moved(struct svcr_out *o, const struct svcr_texts *items)
{
	size_t n[2][2] = { { 0, 0 }, { 0, 0 } }; /* local, added */
	bool local;

	for (size_t i = 0; i < items->n; i++)
		if (is_endpoint_item(items->v[i]))
			n[svcr_report_is_endpoint(items->v[i] + 2, true)][*items->v[i] == '+']++;
	local = !n[0][0] && !n[0][1]; /* else these are among the others */
	if (!n[local][0] && !n[local][1])
		return ": ";
	svcr_out(o, ": %zu endpoint%s added, %zu removed", n[local][1], n[local][1] == 1 ? "" : "s",
		 n[local][0]);
	return ", ";
}

/* What happens at an address and port: its fate, and all that is not an endpoint. */
static void out_what(struct page *p, struct svcr_out *o, const struct svcr_report_line *l)
{
	struct svcr_texts items = { NULL, .n = 0 };
	bool both = l->in_from && l->in_to;
	const char *before = ": ";

	svcr_out_str(o, fate_words[svcr_review_line_fate(l)]);
	svcr_review_items(l, false, true, &items);
	if (both)
		before = out_moved(o, &items);
	for (size_t i = 0; i < items.n; i++) {
		char sign = *items.v[i];

		if (is_endpoint_item(items.v[i]))
			continue;
		svcr_out_str(o, before);
		/* of what comes or goes as a whole the first word has said which */
		out_text(o, items.v[i] + (both && (sign == '+' || sign == '-') ? 0 : 2));
		before = ", ";
	}
	p->err = items.err ? items.err : p->err;
	svcr_texts_release(&items);
}

/*
 * Fills a row for a line. What it writes goes to the head first; row_part() turns to the next of
 * its texts. Returns false if there is nothing to say.
 */
typedef bool (*row_fill_fn)(struct page *p, struct svcr_out *o, struct row *r,
			    const struct svcr_report_group *g, const struct svcr_report_line *l);

static void row_part(struct page *p, struct svcr_out *o, struct svcr_buffer *to)
{
	int err = svcr_out_end(o);

	p->err = err ? err : p->err;
	o->arg = to;
}

static bool fill_service(struct page *p, struct svcr_out *o, struct row *r,
			 const struct svcr_report_group *g, const struct svcr_report_line *l)
{
	const char *port = svcr_review_port(g, l);

	svcr_out_str(o, "| ");
	markdown_group(o, g);
	svcr_out_str(o, " | ");
	out_text(o, port);
	svcr_out_str(o, *port ? " " : "");
	row_part(p, o, &r->places);
	out_text(o, l->place);
	row_part(p, o, &r->tail);
	svcr_out_str(o, " | ");
	out_what(p, o, l);
	svcr_out_str(o, " | ");
	out_counts(o, l);
	svcr_out_str(o, " |\n");
	return true;
}

static bool fill_policy(struct page *p, struct svcr_out *o, struct row *r,
			const struct svcr_report_group *g, const struct svcr_report_line *l)
{
	svcr_out_str(o, "| ");
	markdown_group(o, g);
	svcr_out(o, " | %s: ", fate_words[svcr_review_line_fate(l)]);
	row_part(p, o, &r->places);
	out_text(o, l->place);
	row_part(p, o, &r->tail);
	svcr_out_str(o, " |\n");
	return true;
}

/* Adds the row of a line. Returns false if there is nothing to say about it. */
static bool add_row_line(struct page *p, struct rows *rows, row_fill_fn fill,
			 const struct svcr_report_group *g, const struct svcr_report_line *l)
{
	struct row *r = calloc(1, sizeof(*r));
	struct svcr_out o = { .write = svcr_buffer_append, .arg = r ? &r->head : NULL };
	bool says;

	if (!r) {
		p->err = -ENOMEM;
		return true;
	}
	says = fill(p, &o, r, g, l);
	row_part(p, &o, NULL);
	if (says)
		rows_add(p, rows, r);
	else
		row_free(r);
	return says;
}

/* Writes the rows of one service. Returns how many of its lines are said. */
static size_t group_rows(struct page *p, const struct svcr_review *v, const struct svcr_report *r,
			 const struct svcr_report_group *g, row_fill_fn fill, bool *ret_full)
{
	struct rows rows = { .first = NULL };
	size_t silent = 0;

	for (size_t k = 0; k < g->n && (!v->limit || k < v->limit) && !rows.full && !p->err; k++)
		silent += !add_row_line(p, &rows, fill, g, &r->v[r->order[g->first + k]]);
	while (rows.first)
		rows_write(p, &rows);
	*ret_full = rows.full || p->err;
	return rows.written + silent;
}

/* Writes rows for the lines of services in their order, until the page is full. */
static size_t each_row(struct page *p, const struct svcr_review *v, bool policies, row_fill_fn fill,
		       bool *ret_full)
{
	const struct svcr_report *r = policies ? v->policies : v->services;
	size_t shown = 0, groups = 0;

	for (enum svcr_fate fate = 0; fate < SVCR_FATE__COUNT; fate++)
		for (size_t i = 0; i < r->ngroups && !*ret_full; i++) {
			const struct svcr_report_group *g = &r->groups[i];

			if ((policies ? SVCR_CHANGED : svcr_review_fate(g)) != fate)
				continue;
			if (v->limit && groups++ == v->limit)
				return shown;
			shown += group_rows(p, v, r, g, fill, ret_full);
		}
	return shown;
}

static void page_table(struct page *p, const struct svcr_review *v, bool policies)
{
	const struct svcr_report *r = policies ? v->policies : v->services;
	bool full = false;
	size_t shown;

	if (!r->n)
		return;
	svcr_out_str(p->o, policies ? "| NetworkPolicy | Change |\n| --- | --- |\n" :
				      "| Service | Address | Change | Endpoints |\n"
				      "| --- | --- | --- | --- |\n");
	shown = each_row(p, v, policies, policies ? fill_policy : fill_service, &full);
	if (shown < r->n)
		svcr_out(p->o, "\n... and %zu more %s left out here.\n", r->n - shown,
			 r->n - shown > 1 ? policies ? "changes, which are" :
						       "addresses and ports, which are" :
			 policies         ? "change, which is" :
					    "address and port, which is");
	svcr_out_str(p->o, "\n");
}

/* ---- Details --------------------------------------------------------------------- */

/* The endpoints or addresses that a line names: ITEMS_MAX, and the others as a number. */
static size_t out_named(struct page *p, struct svcr_out *o, const struct svcr_report_line *l,
			bool policies)
{
	struct svcr_texts items = { NULL, .n = 0 };
	const char *before = ": ";
	size_t named = 0;

	svcr_review_items(l, policies, true, &items);
	for (size_t i = 0; i < items.n; i++) {
		if ((!policies && !is_endpoint_item(items.v[i])) || named++ >= ITEMS_MAX)
			continue;
		svcr_out_str(o, before);
		out_text(o, items.v[i]);
		before = ", ";
	}
	if (named > ITEMS_MAX)
		svcr_out(o, ", and %zu more", named - ITEMS_MAX);
	svcr_out_str(o, "\n");
	p->err = items.err ? items.err : p->err;
	svcr_texts_release(&items);
	return named;
}

static bool fill_endpoints(struct page *p, struct svcr_out *o, struct row *r,
			   const struct svcr_report_group *g, const struct svcr_report_line *l)
{
	const char *port = svcr_review_port(g, l);

	svcr_out_str(o, "- ");
	markdown_group(o, g);
	svcr_out_str(o, *port ? " " : "");
	out_text(o, port);
	svcr_out_str(o, " ");
	row_part(p, o, &r->places);
	out_text(o, l->place);
	row_part(p, o, &r->tail);
	return out_named(p, o, l, false) > 0;
}

static bool fill_peers(struct page *p, struct svcr_out *o, struct row *r,
		       const struct svcr_report_group *g, const struct svcr_report_line *l)
{
	svcr_out_str(o, "- NetworkPolicy ");
	markdown_group(o, g);
	svcr_out_str(o, " ");
	row_part(p, o, &r->places);
	out_text(o, l->place);
	row_part(p, o, &r->tail);
	return out_named(p, o, l, true) > 0;
}

/* Each line of the notes, as an item of a list. */
static void page_notes(struct page *p, const char *notes)
{
	size_t left_out = 0;

	for (const char *end; *notes && !p->err; notes = end + 1) {
		struct svcr_buffer text = { .len = 0 };
		struct svcr_out o = { .write = svcr_buffer_append, .arg = &text };

		end = notes + strcspn(notes, "\n");
		svcr_out_str(&o, "- ");
		out_span(&o, notes, (size_t)(end - notes));
		svcr_out_str(&o, "\n");
		p->err = svcr_out_end(&o);
		left_out += !page_whole(p, &text);
		free(text.p);
		if (!*end)
			break;
	}
	if (left_out)
		svcr_out(p->o, "\n... and %zu more, which are left out here.\n", left_out);
}

/* What the details have; nothing, if the tables have said all. */
static void details_body(struct page *p, const struct svcr_review *v)
{
	bool full = false;

	each_row(p, v, true, fill_peers, &full);
	if (!full)
		each_row(p, v, false, fill_endpoints, &full);
	if (full)
		svcr_out_str(p->o, "\n... and more, which is left out here.\n\n");
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

/* What could not be known, in few lines, which have room of their own. */
static void page_remarks(struct page *p, const char *remarks)
{
	size_t left = p->left;

	if (!remarks || !*remarks)
		return;
	p->left = REMARKS_MAX;
	page_notes(p, remarks);
	svcr_out_str(p->o, "\n");
	p->left = left;
}

int svcr_review_markdown(const struct svcr_review *v, struct svcr_out *o)
{
	struct page p = { .o = o, .left = TABLE_MAX };

	svcr_out_str(o, "**");
	svcr_review_summary(v, o);
	svcr_out_str(o, "**");
	if (v->node) {
		svcr_out_str(o, ", on node ");
		out_text(o, v->node);
	}
	svcr_out_str(o, "\n\n");
	page_remarks(&p, v->remarks);
	page_table(&p, v, false);
	page_table(&p, v, true);
	p.left += SVCR_MARKDOWN_MAX - TABLE_MAX - REMARKS_MAX - RESERVE;
	page_details(&p, v);
	return p.err;
}

int svcr_markdown_same(const char *remarks, struct svcr_out *o)
{
	struct page p = { .o = o, .left = TABLE_MAX };
	bool open = remarks && *remarks;

	svcr_out_str(o, open ? "**No changes are known.** What is not known:\n\n" : "no changes\n");
	if (open)
		page_notes(&p, remarks);
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

int svcr_markdown_text(const char *text, const char *remarks, struct svcr_out *o)
{
	const char *last = last_line(text);
	size_t left = SVCR_MARKDOWN_MAX - REMARKS_MAX - RESERVE, lines = 0;
	struct page p = { .o = o };

	svcr_out_str(o, "**");
	out_span(o, last, strcspn(last, "\n"));
	svcr_out_str(o, "**\n\n");
	page_remarks(&p, remarks);
	svcr_out_str(o, "<details><summary>Details</summary>\n\n```\n");
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
	return p.err;
}
