/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kind of part "zones": printed as files of RFC 1035, and compared record by record. */
#include "rules/dns/records.h"
#include "rules/json.h"

#include <errno.h>
#include <stdlib.h>

/* The times of the SOA record, as the cluster's own server has them. */
#define REFRESH 7200
#define RETRY 1800
#define EXPIRE 86400

struct dns_changes {
	struct svcr_part_changes part;
	const struct svcr_dns *from, *to;
	size_t added, removed;
};

static const struct svcr_dns *dns_of(const struct svcr_part *p)
{
	return (const struct svcr_dns *)p;
}

static const struct dns_changes *dns_changes_of(const struct svcr_part_changes *c)
{
	return (const struct dns_changes *)c;
}

static void dns_free(struct svcr_part *p)
{
	svcr_dns_free((struct svcr_dns *)p);
}

static struct svcr_part *dns_like(const struct svcr_part *p)
{
	struct svcr_dns *v = calloc(1, sizeof(*v));
	const char *domain = dns_of(p)->config.domain;

	if (!v)
		return NULL;
	v->part.ops = &svcr_dns_ops;
	v->config.domain = svcr_arena_strndup(&v->arena, domain, strlen(domain));
	if (v->config.domain)
		return &v->part;
	svcr_dns_free(v);
	return NULL;
}

static bool dns_same_place(const struct svcr_part *a, const struct svcr_part *b)
{
	return strcmp(dns_of(a)->config.domain, dns_of(b)->config.domain) == 0;
}

static void dns_describe_part(const struct svcr_part *p, struct svcrules_part *ret)
{
	ret->count = dns_of(p)->nzones;
	ret->present = dns_of(p)->nzones > 0;
}

/* ---- Printed ------------------------------------------------------------------ */

static void print_zone(const struct svcr_dns *v, size_t zone, struct svcr_out *o)
{
	struct svcr_dns_cursor c = { .v = v, .zone = zone, .one_zone = true };
	const struct svcr_dns_zone *z = &v->zones[zone];
	struct svcr_dns_writer w = { .v = v };
	struct svcr_dns_record r;

	svcr_out(o, "; %s\n$ORIGIN %s\n$TTL %u\n", z->file, z->name, v->config.ttl);
	svcr_out(o, "%s SOA %s. hostmaster.%s. %u %d %d %d %u\n", z->name, v->config.primary,
		 v->config.domain, z->serial, REFRESH, RETRY, EXPIRE, v->config.ttl);
	while (!o->err && svcr_dns_next(&c, &r)) {
		size_t len = svcr_dns_write(&w, &r);

		w.line[len] = '\n';
		svcr_out_bytes(o, w.line, len + 1);
	}
}

static void dns_print(const struct svcr_part *p, const struct svcrules_ruleset *rs,
		      struct svcr_out *o)
{
	(void)rs;
	for (size_t i = 0; i < dns_of(p)->nzones; i++) {
		svcr_out_str(o, i ? "\n" : "");
		print_zone(dns_of(p), i, o);
	}
}

static bool dns_file(const struct svcr_part *p, size_t i, struct svcrules_file *ret)
{
	if (i >= dns_of(p)->nzones)
		return false;
	*ret = (struct svcrules_file){ .name = dns_of(p)->zones[i].file, .mode = 0644 };
	return true;
}

static void dns_file_print(const struct svcr_part *p, size_t i, struct svcr_out *o)
{
	print_zone(dns_of(p), i, o);
}

/* ---- JSON ---------------------------------------------------------------------- */

/* {"name": "...", "type": "A", "data": "..."}; with `op` before these unless it is NULL. */
static json_t *record_json(struct svcr_dns_writer *w, const struct svcr_dns_record *r,
			   const char *op)
{
	svcr_dns_write(w, r);
	w->line[w->type - 1] = w->line[w->data - 1] = '\0';
	if (op) /* the format "s*" would leave it out when memory is short */
		return json_pack("{s:s, s:s, s:s, s:s}", "op", op, "name", w->line, "type",
				 w->line + w->type, "data", w->line + w->data);
	return json_pack("{s:s, s:s, s:s}", "name", w->line, "type", w->line + w->type, "data",
			 w->line + w->data);
}

static json_t *records_json(const struct svcr_dns *v, size_t zone)
{
	struct svcr_dns_cursor c = { .v = v, .zone = zone, .one_zone = true };
	struct svcr_dns_writer w = { .v = v };
	json_t *list = json_array();
	struct svcr_dns_record r;

	while (list && svcr_dns_next(&c, &r))
		list = svcr_json_append(list, record_json(&w, &r, NULL));
	return list;
}

static json_t *zone_json(const struct svcr_dns *v, size_t zone)
{
	const struct svcr_dns_zone *z = &v->zones[zone];

	return json_pack("{s:s, s:s, s:I, s:I, s:s+, s:o}", "name", z->name, "file", z->file,
			 "serial", (json_int_t)z->serial, "ttl", (json_int_t)v->config.ttl,
			 "primary", v->config.primary, ".", "records", records_json(v, zone));
}

static int dns_json(const struct svcr_part *p, const struct svcrules_ruleset *rs, json_t *root)
{
	json_t *list = json_array();

	(void)rs;
	for (size_t i = 0; list && i < dns_of(p)->nzones; i++)
		list = svcr_json_append(list, zone_json(dns_of(p), i));
	return list ? svcr_json_set(root, "zones", list) : -ENOMEM;
}

/* ---- Changes --------------------------------------------------------------------- */

/* Calls `each` for every record that only one of both has, in order; it says whether to go on. */
static void each_change(const struct dns_changes *c,
			bool (*each)(void *arg, const struct svcr_dns *v,
				     const struct svcr_dns_record *r, bool added),
			void *arg)
{
	struct svcr_dns_cursor a = { .v = c->from }, b = { .v = c->to };
	struct svcr_dns_record x, y;
	bool old = svcr_dns_next(&a, &x), new = svcr_dns_next(&b, &y), on = true;

	while (on && (old || new)) {
		int d = !old ? 1 : !new ? -1 : svcr_dns_record_cmp(&x, &y);

		if (d)
			on = each(arg, d < 0 ? c->from : c->to, d < 0 ? &x : &y, d > 0);
		if (d <= 0)
			old = svcr_dns_next(&a, &x);
		if (d >= 0)
			new = svcr_dns_next(&b, &y);
	}
}

static bool count_change(void *arg, const struct svcr_dns *v, const struct svcr_dns_record *r,
			 bool added)
{
	struct dns_changes *c = arg;

	(void)v;
	(void)r;
	c->added += added;
	c->removed += !added;
	return true;
}

static int dns_diff(const struct svcr_part *from, struct svcr_part *to,
		    struct svcr_part_changes **ret)
{
	struct dns_changes *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->part.ops = &svcr_dns_ops;
	c->from = dns_of(from);
	c->to = dns_of(to);
	each_change(c, count_change, c);
	*ret = &c->part;
	return 0;
}

static void dns_changes_free(struct svcr_part_changes *c)
{
	free(c);
}

/* Records stay, and how long they may be remembered differs. */
static bool ttl_differs(const struct dns_changes *c)
{
	return c->from->nzones && c->to->nzones && c->from->config.ttl != c->to->config.ttl;
}

static bool dns_changes_empty(const struct svcr_part_changes *c)
{
	return !dns_changes_of(c)->added && !dns_changes_of(c)->removed &&
	       !ttl_differs(dns_changes_of(c));
}

static void dns_count(const struct svcr_part_changes *c, struct svcrules_changes_stats *stats)
{
	stats->other += dns_changes_of(c)->added + dns_changes_of(c)->removed;
}

struct change_text {
	struct svcr_out *o;
	struct svcr_dns_writer w;
};

static bool print_change(void *arg, const struct svcr_dns *v, const struct svcr_dns_record *r,
			 bool added)
{
	struct change_text *t = arg;
	size_t len;

	t->w.v = v;
	t->w.last = NULL;
	len = svcr_dns_write(&t->w, r);
	t->w.line[len] = '\n';
	svcr_out_str(t->o, added ? "+ " : "- ");
	svcr_out_bytes(t->o, t->w.line, len + 1);
	return !t->o->err;
}

static void dns_print_changes(const struct svcr_part_changes *c, struct svcr_out *o)
{
	struct change_text t = { .o = o };

	each_change(dns_changes_of(c), print_change, &t);
	if (ttl_differs(dns_changes_of(c)))
		svcr_out(o, "~ $TTL %u -> %u\n", dns_changes_of(c)->from->config.ttl,
			 dns_changes_of(c)->to->config.ttl);
}

static void dns_print_summary(const struct svcr_part_changes *c, struct svcr_out *o)
{
	const struct dns_changes *n = dns_changes_of(c);

	svcr_out(o, "%zu record%s added, %zu removed", n->added, n->added == 1 ? "" : "s",
		 n->removed);
}

struct change_json {
	json_t *list; /* NULL: out of memory */
	struct svcr_dns_writer w;
};

static bool json_change(void *arg, const struct svcr_dns *v, const struct svcr_dns_record *r,
			bool added)
{
	struct change_json *t = arg;

	t->w.v = v;
	t->w.last = NULL;
	t->list = svcr_json_append(t->list, record_json(&t->w, r, added ? "add" : "remove"));
	return t->list;
}

static int dns_json_rest(const struct svcr_part_changes *c, json_t *root)
{
	struct change_json t = { .list = json_array() };

	if (t.list)
		each_change(dns_changes_of(c), json_change, &t);
	return t.list ? svcr_json_set(root, "records", t.list) : -ENOMEM;
}

static int dns_json_summary(const struct svcr_part_changes *c, bool alone, json_t *summary)
{
	int err = svcr_json_set(summary, "records_added",
				json_integer((json_int_t)dns_changes_of(c)->added));

	(void)alone;
	return err ? err :
		     svcr_json_set(summary, "records_removed",
				   json_integer((json_int_t)dns_changes_of(c)->removed));
}

const struct svcr_part_ops svcr_dns_ops = {
	.kind = "zones",
	.format = "text",
	.heading = "zones",
	.print_order = 4,
	.free = dns_free,
	.like = dns_like,
	.same_place = dns_same_place,
	.describe_part = dns_describe_part,
	.print = dns_print,
	.json = dns_json,
	.file = dns_file,
	.file_print = dns_file_print,
	.diff = dns_diff,
	.changes_free = dns_changes_free,
	.changes_empty = dns_changes_empty,
	.count = dns_count,
	.print_changes = dns_print_changes,
	.print_rest = dns_print_changes,
	.print_summary = dns_print_summary,
	.json_rest = dns_json_rest,
	.json_summary = dns_json_summary,
};
