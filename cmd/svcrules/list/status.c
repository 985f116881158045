/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "list/status.h"
#include "escape.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define NANO 1000000000ll

struct status_entry *status_entry_add(struct status_report *r)
{
	struct status_entry *v;

	if (r->n == r->cap) {
		v = reallocarray(r->v, r->cap + 4, sizeof(*v));
		if (!v)
			return NULL;
		r->v = v;
		r->cap += 4;
	}
	v = &r->v[r->n++];
	*v = (struct status_entry){ .target = NULL };
	return v;
}

bool status_as_left(const struct status_report *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (!r->v[i].drift || *r->v[i].drift)
			return false;
	return r->n > 0;
}

void status_release(struct status_report *r)
{
	for (size_t i = 0; i < r->n; i++) {
		svcrules_installed_free(r->v[i].installed);
		svcrules_ruleset_free(r->v[i].have);
		last_run_release(&r->v[i].last);
		free(r->v[i].tables);
		free(r->v[i].drift);
	}
	free(r->v);
	*r = (struct status_report){ .now = 0 };
}

/* ---- Times and inputs --------------------------------------------------------------- */

#define WHEN_TEXT 40

static const char *when_text(int64_t ns, char buf[static WHEN_TEXT])
{
	time_t seconds = (time_t)(ns / NANO);
	struct tm tm;

	if (!ns || !gmtime_r(&seconds, &tm) || !strftime(buf, WHEN_TEXT, "%Y-%m-%dT%H:%M:%SZ", &tm))
		return "an unknown time";
	return buf;
}

/* A line of the inputs: an input file as it was read. */
struct status_input {
	uint64_t size;
	int64_t written;  /* 0: not a plain file */
	const char *name; /* up to the end of the line */
	int len;
};

/* Takes the next line of *text. */
static bool input_next(const char **text, struct status_input *ret)
{
	const char *end = strchr(*text, '\n');
	int at = 0;

	if (!end || sscanf(*text, "%" SCNu64 " %" SCNd64 " %n", &ret->size, &ret->written, &at) < 2)
		return false;
	ret->name = *text + at;
	ret->len = (int)(end - ret->name);
	*text = end + 1;
	return true;
}

/* What became of the file since it was read. */
static const char *input_state(const struct status_input *in)
{
	char *path = strndup(in->name, (size_t)in->len);
	const char *state = "";
	struct stat st;

	if (!in->written || !path)
		state = "not a file that can be read again";
	else if (stat(path, &st) < 0)
		state = "gone now";
	else if (st.st_mtim.tv_sec * NANO + st.st_mtim.tv_nsec != in->written ||
		 (uint64_t)st.st_size != in->size)
		state = "written again since";
	else
		state = "unchanged since";
	free(path);
	return state;
}

static void digest_text(const struct last_run *l, char buf[static 2 * SIPHASH_SIZE + 1])
{
	for (size_t i = 0; i < SIPHASH_SIZE; i++)
		snprintf(buf + 2 * i, 3, "%02x", l->digest[i]);
}

/* ---- Numbers of what there is ---------------------------------------------------------- */

struct installed_counts {
	size_t services, ports, vips, endpoints, policies;
	bool failed; /* memory was short */
};

static int counted_place_cmp(const void *a, const void *b)
{
	const struct svcrules_installed_endpoint *const *x = a, *const *y = b;
	int d = strcmp((*x)->address, (*y)->address);

	return d ? d : (int)(*x)->port - (int)(*y)->port;
}

/* Distinct addresses and ports of endpoints. */
static void count_places(const struct svcrules_installed *k, struct installed_counts *n)
{
	const struct svcrules_installed_endpoint **v, *e;
	size_t all = 0;

	for (size_t i = 0; i < n->vips; i++)
		all += svcrules_installed_vip(k, i)->nendpoints;
	v = calloc(all + 1, sizeof(const struct svcrules_installed_endpoint *));
	n->failed = !v;
	all = 0;
	for (size_t i = 0; v && i < n->vips; i++)
		for (size_t at = 0; (e = svcrules_installed_endpoint(k, i, at)); at++)
			v[all++] = e;
	if (v && all)
		qsort((void *)v, all, sizeof(*v), counted_place_cmp);
	for (size_t i = 0; v && i < all; i++)
		n->endpoints += i == 0 || counted_place_cmp(&v[i - 1], &v[i]) != 0;
	free((void *)v);
}

static struct installed_counts count_installed(const struct svcrules_installed *k)
{
	const struct svcrules_installed_vip *v, *last = NULL;
	struct installed_counts n = { .vips = svcrules_installed_vips(k) };

	for (size_t i = 0; (v = svcrules_installed_vip(k, i)); i++) {
		bool same = last && strcmp(last->ns, v->ns) == 0 &&
			    strcmp(last->name, v->name) == 0;

		n.services += !same;
		n.ports += !same || strcmp(last->port_name, v->port_name) != 0;
		last = v;
	}
	while (svcrules_installed_policy(k, n.policies))
		n.policies++;
	count_places(k, &n);
	return n;
}

/* ---- Text ----------------------------------------------------------------------------------- */

static const char *s_of(size_t n)
{
	return n == 1 ? "" : "s";
}

static void text_places(const struct status_entry *e)
{
	printf("%s: ", e->target);
	if (*e->tables)
		printf("table%s %s", strchr(e->tables, ',') ? "s" : "", e->tables);
	else
		printf("no table");
	if (e->interface)
		printf("; interface %s with %zu address%s", SVCRULES_INTERFACE, e->addresses,
		       e->addresses == 1 ? "" : "es");
	if (e->has_servers)
		printf("; %zu virtual server%s", e->servers, s_of(e->servers));
	putchar('\n');
}

static void text_inputs(const struct status_report *r, const struct last_run *l)
{
	char age[AGE_TEXT], digest[2 * SIPHASH_SIZE + 1];
	const char *at = l->inputs;
	struct status_input in;

	digest_text(l, digest);
	while (input_next(&at, &in)) {
		char *name = strndup(in.name, (size_t)in.len), *escaped;

		escaped = name ? escape_text(name) : NULL;
		printf("  input:    %s, %" PRIu64 " byte%s",
		       !escaped                  ? "(out of memory)" :
		       strcmp(escaped, "-") == 0 ? "standard input" :
						   escaped,
		       in.size, in.size == 1 ? "" : "s");
		if (in.written)
			printf(", written %s ago, %s", age_text(r->now, in.written, age),
			       input_state(&in));
		putchar('\n');
		free(escaped);
		free(name);
	}
	printf("  checksum: %s (of the input and the command line)\n", digest);
}

static size_t count_elements_of(const struct status_entry *e)
{
	struct svcrules_stats stats;

	svcrules_ruleset_stats(e->have, &stats);
	return stats.elements;
}

static void text_served(const struct status_entry *e)
{
	struct installed_counts n = count_installed(e->installed);
	bool as_left = e->drift && !*e->drift;

	printf("  serves:   %zu service%s (%zu port%s) at %zu address%s and port%s, ", n.services,
	       s_of(n.services), n.ports, s_of(n.ports), n.vips, n.vips == 1 ? "" : "es",
	       s_of(n.vips));
	printf("%zu endpoint%s, %zu element%s", n.endpoints, s_of(n.endpoints),
	       count_elements_of(e), s_of(count_elements_of(e)));
	if (n.policies)
		printf(", %zu network polic%s", n.policies, n.policies == 1 ? "y" : "ies");
	if (n.policies && as_left)
		printf(" for %zu pod%s", e->last.stats.isolated_pods,
		       s_of(e->last.stats.isolated_pods));
	putchar('\n');
}

static void text_drift(const struct status_entry *e)
{
	const char *at = e->drift;

	if (!at) {
		puts("  drift:    unknown");
		return;
	}
	if (!*at)
		puts("  drift:    none, all is as the last run left it");
	for (const char *end; (end = strchr(at, '\n')); at = end + 1)
		printf("  drift:    %.*s\n", (int)(end - at), at);
}

void status_text(const struct status_report *r)
{
	char age[AGE_TEXT], when[WHEN_TEXT];

	if (!r->n && r->table)
		printf("there are no tables '%s' of svcrules in this network namespace\n",
		       r->table);
	else if (!r->n)
		puts("nothing is installed in this network namespace");
	for (size_t i = 0; i < r->n; i++) {
		const struct status_entry *e = &r->v[i];

		text_places(e);
		if (e->known) {
			printf("  version:  svcrules %s\n", e->last.version);
			printf("  changed:  %s ago (%s)\n", age_text(r->now, e->last.changed, age),
			       when_text(e->last.changed, when));
			printf("  last run: %s ago (%s)\n", age_text(r->now, e->last.ran, age),
			       when_text(e->last.ran, when));
			text_inputs(r, &e->last);
		} else {
			puts("  version:  unknown; made by svcrules, as the tables' comment "
			     "says, but no run of this\n"
			     "            program and user left its state here");
		}
		if (*e->tables)
			text_served(e);
		text_drift(e);
	}
}

/* ---- JSON ------------------------------------------------------------------------------------ */

/* An array of the pieces of a text that end with one of `ends`. */
static void json_pieces(const char *text, const char *end)
{
	putchar('[');
	for (const char *at = text, *comma = ""; *at; comma = ", ") {
		size_t len = strcspn(at, end);
		char *piece = strndup(at, len);

		fputs(comma, stdout);
		json_put(piece);
		free(piece);
		at += len;
		at += strspn(at, end);
		at += *at == ' ';
	}
	putchar(']');
}

static void json_time(const char *key, int64_t ns)
{
	char when[WHEN_TEXT];

	printf(", \"%s\": ", key);
	json_put(ns ? when_text(ns, when) : NULL);
}

static void json_inputs(const struct last_run *l)
{
	const char *at = l->inputs, *comma = "";
	char digest[2 * SIPHASH_SIZE + 1];
	struct status_input in;

	fputs(", \"inputs\": [", stdout);
	for (; input_next(&at, &in); comma = ", ") {
		char *name = strndup(in.name, (size_t)in.len);

		printf("%s{\"name\": ", comma);
		json_put(name);
		printf(", \"bytes\": %" PRIu64, in.size);
		json_time("written", in.written);
		fputs(", \"now\": ", stdout);
		json_put(in.written ? input_state(&in) : NULL);
		putchar('}');
		free(name);
	}
	digest_text(l, digest);
	printf("], \"checksum\": \"%s\"", digest);
}

static void json_served(const struct status_entry *e)
{
	struct installed_counts n = count_installed(e->installed);

	printf(", \"services\": %zu, \"ports\": %zu, \"served_addresses\": %zu, "
	       "\"endpoints\": %zu, \"elements\": %zu, \"policies\": %zu",
	       n.services, n.ports, n.vips, n.endpoints, count_elements_of(e), n.policies);
	if (e->known)
		printf(", \"isolated_pods\": %zu", e->last.stats.isolated_pods);
}

static void json_entry(const struct status_entry *e)
{
	fputs("{\"target\": ", stdout);
	json_put(e->target);
	fputs(", \"tables\": ", stdout);
	json_pieces(e->tables, ",");
	printf(", \"interface\": %s, \"interface_addresses\": %zu, "
	       "\"virtual_servers\": %zu",
	       e->interface ? "\"" SVCRULES_INTERFACE "\"" : "null", e->addresses, e->servers);
	fputs(", \"version\": ", stdout);
	json_put(e->known ? e->last.version : NULL);
	if (e->known) {
		json_time("changed", e->last.changed);
		json_time("last_run", e->last.ran);
		json_inputs(&e->last);
	}
	json_served(e);
	fputs(", \"drift\": ", stdout);
	if (e->drift)
		json_pieces(e->drift, "\n");
	else
		fputs("null", stdout);
	putchar('}');
}

void status_json(const struct status_report *r)
{
	printf("{\"version\": 1, \"as_left\": %s, \"installed\": [",
	       status_as_left(r) ? "true" : "false");
	for (size_t i = 0; i < r->n; i++) {
		fputs(i ? ",\n " : "\n ", stdout);
		json_entry(&r->v[i]);
	}
	puts(r->n ? "\n]}" : "]}");
}
