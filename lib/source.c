/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the bytes of one input to documents: which form it has, JSON or YAML. */
#include "object.h"
#include "read.h"
#include "text.h"
#include "wipe.h"
#include "yaml/yaml.h"

#include <errno.h>

#define SHOWN_MAX 100 /* bytes of a line that are shown */

struct input {
	struct svcr_text text;
	struct svcr_yaml yaml;
	bool is_yaml;
	char *first; /* the start of the YAML text */
	size_t n_first;
	size_t documents;
};

/* ---- Errors ------------------------------------------------------------- */

/* Adds an error; `at` has its check and its place. */
static void __attribute__((format(printf, 3, 4)))
source_error(struct svcr_reader *r, const struct svcrules_diag *at, const char *fmt, ...)
{
	struct svcrules_diag g = *at;
	char text[512];
	va_list ap;

	g.severity = SVCRULES_ERROR;
	g.source = r->source;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	svcr_diag(r->diags, &g, "%s", text);
}

/* The error that `says`, with the name of the input in place of FILE if a shell can read it. */
static void form_error(struct svcr_reader *r, const char *says)
{
	const struct svcrules_diag at = { .check = "format" };
	const char *file = strstr(says, "FILE");
	bool plain = r->source[strcspn(r->source, " \t\n'\"\\$`*?[]&;|<>()#~")] == '\0';

	if (file && plain)
		source_error(r, &at, "%.*s%.200s%s", (int)(file - says), says, r->source, file + 4);
	else
		source_error(r, &at, "%s", says);
}

/*
 * Text that starts with '{"' is JSON for kubectl and here, but YAML's flow style may go on
 * where JSON does not.
 */
static const char *flow_hint(const struct svcr_json *j)
{
	if (strncmp(j->message, "expected a value, found '", 25) != 0 &&
	    strncmp(j->message, "expected a key", 14) != 0)
		return "";
	return "; if it is YAML, put a line '# YAML' before it";
}

/* Reports what ended the reading, unless that is for the caller to tell. */
static void report_failure(struct svcr_reader *r, const struct input *in)
{
	const struct svcr_json *j = &r->json;
	const struct svcr_yaml *y = &in->yaml;

	if (!j->failed || j->error == -ENOMEM)
		return;
	if (in->text.broken)
		source_error(r,
			     &(struct svcrules_diag){ .check = "json",
						      .line = in->text.line,
						      .column = in->text.column },
			     "half a character in UTF-16");
	else if (in->is_yaml && y->failed && !y->unread && y->error != -ENOMEM)
		source_error(r,
			     &(struct svcrules_diag){
				     .check = "yaml", .line = y->line, .column = y->column },
			     "%s", y->message);
	else if (in->is_yaml && !j->unread)
		source_error(r,
			     &(struct svcrules_diag){
				     .check = "yaml", .line = j->line, .column = j->column },
			     "%s", j->message);
	else if (!j->unread)
		source_error(r,
			     &(struct svcrules_diag){
				     .check = "json", .line = j->line, .column = j->column },
			     "%s%s", j->message, flow_hint(j));
}

/* ---- YAML --------------------------------------------------------------- */

/* Reads the rest of the input as YAML. Returns 0 or -ENOMEM. */
static int start_yaml(struct svcr_reader *r, struct input *in)
{
	uint64_t line;
	struct svcr_str rest = svcr_json_rest(&r->json, &line);
	int err = -ENOMEM;

	in->first = malloc(rest.len + 1);
	in->n_first = rest.len;
	if (in->first) {
		memcpy(in->first, rest.p, rest.len);
		rest.p = in->first;
		err = svcr_yaml_init(&in->yaml, rest, line, svcr_text_fill, &in->text);
		in->yaml.wipe = r->model->wipe;
	}
	svcr_json_release(&r->json);
	if (!err)
		err = svcr_json_init(&r->json, svcr_yaml_fill, &in->yaml);
	r->json.returns = in->is_yaml = true;
	r->json.wipe = r->model->wipe;
	return err;
}

/* At a document that is not JSON. Returns 0, or what reading cannot go on for. */
static int read_other_form(struct svcr_reader *r, struct input *in)
{
	struct svcr_str ahead = svcr_json_ahead(&r->json, SVCR_TEXT_HEAD), line;
	bool yaml = in->documents == 0 || r->json.separated;

	if (r->json.failed)
		return 0;
	yaml = yaml || (ahead.len && *ahead.p == '#');
	if (yaml && !svcr_text_is_message(ahead))
		return start_yaml(r, in);
	line = r->model->wipe ? (struct svcr_str){ "...", 3 } : svcr_text_line(ahead, SHOWN_MAX);
	svcr_json_refuse(&r->json,
			 "expected JSON or YAML, found the text '%.*s'; is kubectl's standard "
			 "error in the file (2>&1)?",
			 (int)line.len, line.p);
	return 0;
}

/* ---- Sources ------------------------------------------------------------ */

static void read_documents(struct svcr_reader *r, struct input *in)
{
	while (!r->err && svcr_json_more_documents(&r->json)) {
		if (!in->is_yaml && !svcr_json_is_likely(&r->json)) {
			r->err = read_other_form(r, in);
			continue;
		}
		svcr_read_document(r);
		in->documents++;
	}
	if (!r->err && in->documents == 0 && !r->json.failed)
		svcr_read_error(r, "empty", "no object at all: the input is empty");
	report_failure(r, in);
}

static int read_result(const struct svcr_reader *r, const struct input *in, size_t errors)
{
	if (r->err)
		return r->err;
	if (r->json.failed && r->json.unread && !in->text.broken)
		return r->json.error;
	if (r->json.failed && r->json.error == -ENOMEM)
		return -ENOMEM;
	return svcrules_diags_errors(r->diags) > errors ? -EINVAL : 0;
}

static int read_whole_text(struct svcr_reader *r, struct input *in)
{
	size_t errors = svcrules_diags_errors(r->diags);
	int err = svcr_json_init(&r->json, svcr_text_fill, &in->text);

	r->json.wipe = r->model->wipe;
	if (!err) {
		read_documents(r, in);
		svcr_model_settle(r->model);
		err = read_result(r, in, errors);
	}
	svcr_json_release(&r->json);
	svcr_yaml_release(&in->yaml);
	svcr_wipe_free(in->first, in->n_first, r->model->wipe);
	return err;
}

static int read_source(struct svcr_reader *r, svcrules_fill_fn fill, void *arg)
{
	struct input in = { .is_yaml = false };
	const char *form = svcr_text_begin(&in.text, fill, arg);
	int err = form ? -EINVAL : read_whole_text(r, &in);

	if (form)
		form_error(r, form);
	if (r->model->wipe)
		explicit_bzero(&in, sizeof(in));
	return err;
}

int svcrules_model_read(struct svcrules_model *m, const char *source, svcrules_fill_fn fill,
			void *arg, struct svcrules_diags *d)
{
	struct svcr_reader r = { .model = m, .diags = d };
	const char *name = source ? source : "input";
	int err;

	r.source = svcr_read_intern(&r, (struct svcr_str){ name, strlen(name) });
	err = r.source ? svcr_object_init(&r) : -ENOMEM;
	if (!err)
		err = read_source(&r, fill, arg);
	free(r.object);
	if (m->wipe)
		svcrules_wipe_stack();
	return err;
}
