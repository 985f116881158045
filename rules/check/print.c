/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings as text, and for programs. */
#include "out.h"
#include "rules/check/findings.h"
#include "rules/json.h"
#include "rules/nginx/checks.h"

#include <errno.h>
#include <inttypes.h>

#define STDIN_NAME "standard input" /* no file */

static bool is_file(const struct svcrules_diag *d)
{
	return d->source && strcmp(d->source, STDIN_NAME) != 0;
}

/* ---- Text ------------------------------------------------------------------------ */

static const char *const severity_words[] = {
	[SVCRULES_NOTICE] = "notice", [SVCRULES_WARNING] = "warning", [SVCRULES_ERROR] = "error"
};

/* A finding is one line, whatever the input has. */
static void put_line(struct svcr_out *o, const char *s)
{
	for (; *s; s++) {
		if (*s == '\n' || *s == '\r')
			svcr_out_str(o, *s == '\n' ? "\\n" : "\\r");
		else
			svcr_out_bytes(o, s, 1);
	}
}

/* "OBJECT: FIELD: TEXT" */
static void put_message(struct svcr_out *o, const struct svcrules_diag *d)
{
	if (d->object) {
		put_line(o, d->object);
		svcr_out_str(o, ": ");
	}
	if (d->field) {
		put_line(o, d->field);
		svcr_out_str(o, ": ");
	}
	put_line(o, d->text);
}

static void put_finding(struct svcr_out *o, const struct svcrules_diag *d)
{
	svcr_out(o, "%s: ", severity_words[d->severity]);
	put_line(o, d->source ? d->source : "");
	if (d->line)
		svcr_out(o, ":%" PRIu64, d->line);
	if (d->column)
		svcr_out(o, ":%" PRIu64, d->column);
	svcr_out_str(o, d->source || d->line ? ": " : "");
	put_message(o, d);
	svcr_out(o, " [%s]\n", d->check);
	if (d->more)
		svcr_out(o, "%s: ... and %" PRIu64 " more [%s]\n", severity_words[d->severity],
			 d->more, d->check);
}

/* "not run without Nodes: vip-in-pod-cidr, vip-is-node" */
static void put_lacks(struct svcr_out *o, const struct svcrules_findings *f)
{
	if (f->idle)
		svcr_out_str(o, "nothing to check: the input has no Service, EndpointSlice, "
				"NetworkPolicy or Ingress\n");
	for (size_t i = 0; i < f->nlacks; i++) {
		svcr_out(o, "not run without %s:", f->lacks[i].what);
		for (size_t k = 0; k < f->lacks[i].n; k++)
			svcr_out(o, "%s %s", k ? "," : "", f->lacks[i].checks[k]);
		svcr_out_str(o, "\n");
	}
}

static void put_counts(struct svcr_out *o, const struct svcrules_findings *f)
{
	const char *comma = "";

	for (int s = SVCRULES_ERROR; s >= SVCRULES_NOTICE; s--) {
		if (f->count[s])
			svcr_out(o, "%s%zu %s%s", comma, f->count[s], severity_words[s],
				 f->count[s] == 1 ? "" : "s");
		comma = f->count[s] ? ", " : comma;
	}
	if (*comma)
		svcr_out_str(o, "\n");
	else if (!f->idle)
		svcr_out_str(o, "nothing found\n");
	put_lacks(o, f);
}

static int print_text(const struct svcrules_findings *f, svcrules_write_fn write, void *arg)
{
	struct svcr_out o = { .write = write, .arg = arg };

	for (size_t i = 0; i < f->list.n; i++)
		put_finding(&o, &f->list.v[i]);
	put_counts(&o, f);
	return svcr_out_end(&o);
}

/* ---- GitHub Actions ------------------------------------------------------------------ */

/* A value of a command; `property`: one before the second pair of colons. */
static void put_escaped(struct svcr_out *o, const char *s, bool property)
{
	for (; s && *s; s++) {
		if (*s == '%' || *s == '\r' || *s == '\n' || (property && (*s == ':' || *s == ',')))
			svcr_out(o, "%%%02X", (unsigned char)*s);
		else
			svcr_out_bytes(o, s, 1);
	}
}

static void put_command(struct svcr_out *o, const struct svcrules_diag *d)
{
	svcr_out(o, "::%s ", severity_words[d->severity]);
	if (is_file(d)) {
		svcr_out_str(o, "file=");
		put_escaped(o, d->source, true);
		svcr_out_str(o, ",");
	}
	if (d->line)
		svcr_out(o, "line=%" PRIu64 ",", d->line);
	if (d->column)
		svcr_out(o, "col=%" PRIu64 ",", d->column);
	svcr_out_str(o, "title=");
	put_escaped(o, d->check, true);
	svcr_out_str(o, "::");
	if (d->object) {
		put_escaped(o, d->object, false);
		svcr_out_str(o, ": ");
	}
	if (d->field) {
		put_escaped(o, d->field, false);
		svcr_out_str(o, ": ");
	}
	put_escaped(o, d->text, false);
	if (d->more)
		svcr_out(o, " (and %" PRIu64 " more)", d->more);
	svcr_out_str(o, "\n");
}

static int print_github(const struct svcrules_findings *f, svcrules_write_fn write, void *arg)
{
	struct svcr_out o = { .write = write, .arg = arg };

	for (size_t i = 0; i < f->list.n; i++)
		put_command(&o, &f->list.v[i]);
	put_lacks(&o, f); /* no command: for those who read the log */
	return svcr_out_end(&o);
}

/* ---- JSON ------------------------------------------------------------------------------ */

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

/* The bytes of the UTF-8 character there; 0: there is none. */
static size_t character(const char *s)
{
	char text[5];
	unsigned char c = (unsigned char)*s;
	size_t n = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;

	snprintf(text, sizeof(text), "%.*s", (int)n, s);
	return svcr_nginx_is_utf8(text) ? n : 0;
}

/* A copy with another character for each byte that is no UTF-8; malloc'ed. */
static char *utf8_copy(const char *s)
{
	char *copy = malloc(strlen(s) * strlen(REPLACEMENT) + 1), *to = copy;

	while (copy && *s) {
		size_t n = character(s);

		to = mempcpy(to, n ? s : REPLACEMENT, n ? n : strlen(REPLACEMENT));
		s += n ? n : 1;
	}
	if (copy)
		*to = '\0';
	return copy;
}

/* A string that may be absent, and that may not be UTF-8: the name of a file, or text cut off. */
static json_t *text_member(json_t *object, const char *name, const char *s)
{
	char *copy = NULL;

	if (!s)
		return object;
	if (!svcr_nginx_is_utf8(s))
		s = copy = utf8_copy(s);
	object = svcr_json_member(object, name, s ? json_string(s) : NULL);
	free(copy);
	return object;
}

static json_t *number_member(json_t *object, const char *name, uint64_t n)
{
	return n ? svcr_json_member(object, name, json_integer((json_int_t)n)) : object;
}

static json_t *json_finding(const struct svcrules_diag *d)
{
	json_t *j = json_object();

	j = text_member(j, "severity", severity_words[d->severity]);
	j = text_member(j, "check", d->check);
	j = text_member(j, "file", d->source);
	j = number_member(j, "line", d->line);
	j = number_member(j, "column", d->column);
	j = text_member(j, "object", d->object);
	j = text_member(j, "field", d->field);
	j = text_member(j, "text", d->text);
	return number_member(j, "more", d->more);
}

static json_t *json_lacks(const struct svcrules_findings *f)
{
	json_t *list = json_array();

	for (size_t i = 0; i < f->nlacks; i++) {
		json_t *j = text_member(json_object(), "needs", f->lacks[i].what);
		json_t *names = json_array();

		for (size_t k = 0; k < f->lacks[i].n; k++)
			names = svcr_json_append(names, json_string(f->lacks[i].checks[k]));
		list = svcr_json_append(list, svcr_json_member(j, "checks", names));
	}
	return list;
}

static int print_json(const struct svcrules_findings *f, svcrules_write_fn write, void *arg)
{
	json_t *list = json_array(), *j = json_object();

	for (size_t i = 0; i < f->list.n; i++)
		list = svcr_json_append(list, json_finding(&f->list.v[i]));
	j = svcr_json_member(svcr_json_member(j, "version", json_integer(1)), "findings", list);
	j = svcr_json_member(j, "errors", json_integer((json_int_t)f->count[SVCRULES_ERROR]));
	j = svcr_json_member(j, "warnings", json_integer((json_int_t)f->count[SVCRULES_WARNING]));
	j = svcr_json_member(j, "notices", json_integer((json_int_t)f->count[SVCRULES_NOTICE]));
	return svcr_json_dump(svcr_json_member(j, "not_run", json_lacks(f)), write, arg);
}

/* ---- SARIF ------------------------------------------------------------------------------- */

static const char *const sarif_levels[] = {
	[SVCRULES_NOTICE] = "note", [SVCRULES_WARNING] = "warning", [SVCRULES_ERROR] = "error"
};

static json_t *sarif_text(const char *text)
{
	return text_member(json_object(), "text", text);
}

static json_t *sarif_rules(void)
{
	json_t *list = json_array();

	for (const struct svcr_check *row = svcr_check_table; row->name; row++) {
		json_t *j = text_member(json_object(), "id", row->name);
		json_t *level = text_member(json_object(), "level", sarif_levels[row->severity]);

		level = svcr_json_member(level, "enabled", json_boolean(!row->off));
		j = svcr_json_member(j, "shortDescription", sarif_text(row->help));
		list = svcr_json_append(list, svcr_json_member(j, "defaultConfiguration", level));
	}
	return list;
}

/* The name of a file as a reference of RFC 3986; one from the root on with its scheme. */
static json_t *sarif_uri(const char *path)
{
	struct svcr_buffer text = { .len = 0 };
	struct svcr_out o = { .write = svcr_buffer_append, .arg = &text };
	json_t *j = NULL;

	svcr_out_str(&o, *path == '/' ? "file://" : "");
	for (const char *p = path; *p; p++) {
		bool plain = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
			     (*p >= '0' && *p <= '9') || strchr("-._~/", *p);

		svcr_out(&o, plain ? "%c" : "%%%02X", (unsigned char)*p);
	}
	if (!svcr_out_end(&o))
		j = json_string(text.p ? text.p : "");
	free(text.p);
	return j;
}

static json_t *sarif_physical(const struct svcrules_diag *d)
{
	json_t *j = svcr_json_member(json_object(), "artifactLocation",
				     svcr_json_member(json_object(), "uri", sarif_uri(d->source)));
	json_t *region;

	if (!d->line)
		return j;
	region = number_member(json_object(), "startLine", d->line);
	return svcr_json_member(j, "region", number_member(region, "startColumn", d->column));
}

static json_t *sarif_logical(const struct svcrules_diag *d)
{
	char name[1024];
	json_t *j = text_member(json_object(), "name", d->object);

	snprintf(name, sizeof(name), "%s%s%s", d->object, d->field ? "/" : "",
		 d->field ? d->field : "");
	j = text_member(j, "fullyQualifiedName", name);
	return svcr_json_append(json_array(), text_member(j, "kind", "object"));
}

static json_t *sarif_result(const struct svcrules_diag *d)
{
	size_t row = svcr_check_row(d->check);
	json_t *j = text_member(json_object(), "ruleId", d->check), *at;
	char text[2048];

	if (row < SVCR_CHECKS_MAX)
		j = svcr_json_member(j, "ruleIndex", json_integer((json_int_t)row));
	j = text_member(j, "level", sarif_levels[d->severity]);
	snprintf(text, sizeof(text), "%s%s%s%s%s", d->object ? d->object : "",
		 d->object ? ": " : "", d->field ? d->field : "", d->field ? ": " : "", d->text);
	j = svcr_json_member(j, "message", sarif_text(text));
	if (d->more)
		j = svcr_json_member(j, "properties",
				     number_member(json_object(), "more", d->more));
	if (!is_file(d) && !d->object)
		return j;
	at = json_object();
	if (is_file(d))
		at = svcr_json_member(at, "physicalLocation", sarif_physical(d));
	if (d->object)
		at = svcr_json_member(at, "logicalLocations", sarif_logical(d));
	return svcr_json_member(j, "locations", svcr_json_append(json_array(), at));
}

static int print_sarif(const struct svcrules_findings *f, svcrules_write_fn write, void *arg)
{
	json_t *driver = text_member(json_object(), "name", "svcrules");
	json_t *results = json_array(), *run, *j;

	driver = text_member(driver, "version", svcrules_version());
	driver = svcr_json_member(driver, "rules", sarif_rules());
	for (size_t i = 0; i < f->list.n; i++)
		results = svcr_json_append(results, sarif_result(&f->list.v[i]));
	run = svcr_json_member(json_object(), "tool",
			       svcr_json_member(json_object(), "driver", driver));
	run = svcr_json_member(run, "results", results);
	run = svcr_json_member(run, "properties",
			       svcr_json_member(json_object(), "notRun", json_lacks(f)));
	j = text_member(json_object(), "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
	j = text_member(j, "version", "2.1.0");
	return svcr_json_dump(svcr_json_member(j, "runs", svcr_json_append(json_array(), run)),
			      write, arg);
}

/* ---- Formats -------------------------------------------------------------------------------- */

int svcrules_findings_print(const struct svcrules_findings *f, const char *format,
			    svcrules_write_fn write, void *arg)
{
	static const struct {
		const char *name;
		int (*print)(const struct svcrules_findings *f, svcrules_write_fn write, void *arg);
	} formats[] = { { "text", print_text },
			{ "json", print_json },
			{ "sarif", print_sarif },
			{ "github", print_github } };

	for (size_t i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (!format || strcmp(format, formats[i].name) == 0)
			return formats[i].print(f, write, arg);
	return -EINVAL;
}
