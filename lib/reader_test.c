/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables of fields, with kinds made up here: maps, int-or-string values, the
 * release of what tables own, and which kinds a model reads.
 */
#include "kinds/kinds.h"
#include "kinds/metadata.h"

#include <check.h>
#include <errno.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

struct words {
	const char **v;
	size_t n, cap;
};

/* A kind of the test: Widget of test/v1. */
struct widget {
	struct svcr_metadata meta;
	struct svcr_map labels, few;
	struct svcr_int_or_string target;
	struct words words;
	struct {
		struct svcr_map data;
	} nested;
};

static int n_finished; /* widgets, since the model was made */

static void read_widget_word(struct svcr_reader *r, void *member)
{
	struct words *list = member;
	const char *word = svcr_read_interned(r), **slot = word ? SVCR_READ_GROW(r, list) : NULL;

	if (slot)
		*slot = word;
}

#define MEMBER(path) offsetof(struct widget, path)

static const struct svcr_field nested_fields[] = {
	{ SVCR_FIELD("data"), SVCR_F_MAP, .offset = MEMBER(nested.data) - MEMBER(nested) }, SVCR_END
};

static const struct svcr_field widget_fields[] = {
	{ SVCR_FIELD("metadata"), SVCR_F_OBJECT, MEMBER(meta), .fields = svcr_metadata_fields },
	{ SVCR_FIELD("labels"), SVCR_F_MAP, .offset = MEMBER(labels) },
	{ SVCR_FIELD("few"), SVCR_F_MAP, .offset = MEMBER(few), .max = 2 },
	{ SVCR_FIELD("target"), SVCR_F_INT_OR_STRING, .offset = MEMBER(target), .min = 1,
	  .max = 65535 },
	{ SVCR_FIELD("words"), SVCR_F_EACH, MEMBER(words), true, .read = read_widget_word },
	{ SVCR_FIELD("nested"), SVCR_F_OBJECT, MEMBER(nested), .fields = nested_fields },
	SVCR_END
};

static void finish_widget(struct svcr_reader *r, void *object);

static const struct svcr_kind kind_widget = {
	.kind = "Widget",
	.api = "test/v1",
	.namespaced = true,
	.fields = widget_fields,
	.size = sizeof(struct widget),
	.finish = finish_widget,
};

/* Its lists go with it: a test that looks at them does so before it frees the model. */
static void finish_widget(struct svcr_reader *r, void *object)
{
	struct widget *w = object, *slot;

	SVCR_READ_KEEP(r, &w->labels);
	SVCR_READ_KEEP(r, &w->few);
	SVCR_READ_KEEP(r, &w->words);
	SVCR_READ_KEEP(r, &w->nested.data);
	slot = svcr_model_add(r->model, &kind_widget, sizeof(*slot));
	ck_assert_ptr_nonnull(slot);
	*slot = *w;
	n_finished++;
}

static const struct svcr_kind *const reads_widgets[] = { &kind_widget, &svcr_kind_node, NULL };
static const struct svcr_kind *const reads_services[] = { &svcr_kind_service, NULL };
static const struct svcr_kind *const reads_nothing[] = { NULL };

/* ---- Reading a text ---------------------------------------------------- */

struct input {
	const char *text;
	size_t step;
};

/* Gives the text in pieces, with " for each '. */
static long widget_fill(void *arg, char *buf, size_t size)
{
	struct input *in = arg;
	size_t n = strnlen(in->text, size < in->step ? size : in->step);

	for (size_t i = 0; i < n; i++)
		buf[i] = in->text[i] == '\'' ? '"' : in->text[i];
	in->text += n;
	return (long)n;
}

struct fixture {
	struct svcrules_diags *diags;
	struct svcrules_model *model;
	int result;
};

static struct fixture fixture_read(const struct svcr_kind *const *reads, const char *text)
{
	struct fixture f = { svcrules_diags_new(), svcr_model_new(reads), 0 };
	struct input in = { text, 5 };

	n_finished = 0;
	f.result = svcrules_model_read(f.model, "f", widget_fill, &in, f.diags);
	return f;
}

static void fixture_free(struct fixture *f)
{
	svcrules_model_free(f->model);
	svcrules_diags_free(f->diags);
}

static const struct widget *fixture_widget(const struct fixture *f, size_t i)
{
	size_t n;
	const struct widget *w = svcr_model_objects(f->model, &kind_widget, &n);

	ck_assert_uint_gt(n, i);
	return &w[i];
}

static void assert_diag(const struct fixture *f, size_t i, const char *check, const char *field,
			const char *text)
{
	const struct svcrules_diag *g = svcrules_diags_get(f->diags, i);

	ck_assert_ptr_nonnull(g);
	ck_assert_str_eq(g->check, check);
	ck_assert_str_eq(g->field, field);
	ck_assert_str_eq(g->text, text);
}

#define WIDGET(rest) "{'apiVersion':'test/v1','kind':'Widget','metadata':{'name':'w'}" rest "}"

/* ---- Maps -------------------------------------------------------------- */

START_TEST(map_sorted)
{
	struct fixture f = fixture_read(reads_widgets,
					WIDGET(",'labels':{'b':'2','':'e','a':'1','ab':''},"
					       "'nested':{'data':{'k':'1'}}"));
	const struct svcr_map *m = &fixture_widget(&f, 0)->labels;

	ck_assert_int_eq(f.result, 0);
	ck_assert_uint_eq(m->n, 4);
	ck_assert_str_eq(m->v[0].key, "");
	ck_assert_str_eq(m->v[1].key, "a");
	ck_assert_str_eq(m->v[2].key, "ab");
	ck_assert_str_eq(m->v[3].key, "b");
	ck_assert_str_eq(svcr_map_get(m, "b"), "2");
	ck_assert_str_eq(svcr_map_get(m, "ab"), "");
	ck_assert_ptr_null(svcr_map_get(m, "c"));
	/* equal texts are one string, be they keys or values */
	ck_assert_ptr_eq(svcr_map_get(m, "a"),
			 svcr_map_get(&fixture_widget(&f, 0)->nested.data, "k"));
	fixture_free(&f);
}
END_TEST

static const struct {
	const char *rest;
	size_t n;
} map_absent[] = {
	{ "", 0 },
	{ ",'labels':null", 0 },
	{ ",'labels':{}", 0 },
	{ ",'labels':{'a':null}", 0 },
	{ ",'labels':{'a':null,'b':'x'}", 1 },
	{ ",'few':{'a':'1','b':'2'}", 0 },
};

START_TEST(map_null_is_absent)
{
	char text[200];
	struct fixture f;

	snprintf(text, sizeof(text), WIDGET("%s"), map_absent[_i].rest);
	f = fixture_read(reads_widgets, text);
	ck_assert_int_eq(f.result, 0);
	ck_assert_uint_eq(fixture_widget(&f, 0)->labels.n, map_absent[_i].n);
	ck_assert_ptr_null(svcr_map_get(&fixture_widget(&f, 0)->labels, "a"));
	fixture_free(&f);
}
END_TEST

static const struct {
	const char *rest, *check, *field, *text;
} map_errors[] = {
	{ ",'labels':[]", "type", "labels", "found a list, expected an object" },
	{ ",'labels':{'a/b':1}", "type", "labels.a/b", "found a number, expected a string" },
	{ ",'labels':{'a':{'b':'c'}}", "type", "labels.a", "found an object, expected a string" },
	{ ",'nested':{'data':{'k':true}}", "type", "nested.data.k",
	  "found true or false, expected a string" },
	{ ",'few':{'a':'1','b':'2','c':'3','d':4}", "range", "few",
	  "4 entries, expected at most 2" },
};

START_TEST(map_error)
{
	char text[200];
	struct fixture f;

	snprintf(text, sizeof(text), WIDGET("%s"), map_errors[_i].rest);
	f = fixture_read(reads_widgets, text);
	ck_assert_int_eq(f.result, -EINVAL);
	ck_assert_uint_eq(svcrules_diags_count(f.diags), 1);
	assert_diag(&f, 0, map_errors[_i].check, map_errors[_i].field, map_errors[_i].text);
	fixture_free(&f);
}
END_TEST

/* Without a limit in its field a map has at most SVCR_MAP_MAX pairs. */
START_TEST(map_default_limit)
{
	for (size_t n = SVCR_MAP_MAX; n <= SVCR_MAP_MAX + 1; n++) {
		char *text = NULL;
		size_t size;
		FILE *out = open_memstream(&text, &size);
		struct fixture f;

		fputs("{'apiVersion':'test/v1','kind':'Widget','metadata':{'name':'w'},'labels':{",
		      out);
		for (size_t i = 0; i < n; i++)
			fprintf(out, "%s'k%zu':'v%zu'", i ? "," : "", i, i % 3);
		fputs("}}", out);
		fclose(out);
		f = fixture_read(reads_widgets, text);
		ck_assert_int_eq(f.result, n > SVCR_MAP_MAX ? -EINVAL : 0);
		ck_assert_uint_eq(fixture_widget(&f, 0)->labels.n, SVCR_MAP_MAX);
		ck_assert_str_eq(svcr_map_get(&fixture_widget(&f, 0)->labels, "k4000"), "v1");
		fixture_free(&f);
		free(text);
	}
}
END_TEST

/* ---- Int or string ----------------------------------------------------- */

static const struct {
	const char *rest;
	enum svcr_int_or_string_type type;
	uint32_t number;
	const char *string;
	const char *check, *text; /* of the error; NULL: none */
} targets[] = {
	{ "", SVCR_NEITHER, 0, NULL, NULL, NULL },
	{ ",'target':null", SVCR_NEITHER, 0, NULL, NULL, NULL },
	{ ",'target':1", SVCR_INT, 1, NULL, NULL, NULL },
	{ ",'target':65535", SVCR_INT, 65535, NULL, NULL, NULL },
	{ ",'target':'http'", SVCR_STRING, 0, "http", NULL, NULL },
	{ ",'target':'8080'", SVCR_STRING, 0, "8080", NULL, NULL },
	{ ",'target':''", SVCR_STRING, 0, "", NULL, NULL },
	{ ",'target':0", SVCR_NEITHER, 0, NULL, "range", "0 is not a whole number in 1-65535" },
	{ ",'target':65536", SVCR_NEITHER, 0, NULL, "range",
	  "65536 is not a whole number in 1-65535" },
	{ ",'target':1.5", SVCR_NEITHER, 0, NULL, "range", "1.5 is not a whole number in 1-65535" },
	{ ",'target':true", SVCR_NEITHER, 0, NULL, "type",
	  "found true or false, expected a number or a string" },
	{ ",'target':{'a':[]}", SVCR_NEITHER, 0, NULL, "type",
	  "found an object, expected a number or a string" },
};

START_TEST(int_or_string)
{
	char text[200];
	struct fixture f;
	const struct svcr_int_or_string *t;

	snprintf(text, sizeof(text), WIDGET("%s"), targets[_i].rest);
	f = fixture_read(reads_widgets, text);
	ck_assert_int_eq(f.result, targets[_i].check ? -EINVAL : 0);
	t = &fixture_widget(&f, 0)->target;
	ck_assert_int_eq(t->type, targets[_i].type);
	ck_assert_uint_eq(t->number, targets[_i].number);
	if (targets[_i].string)
		ck_assert_str_eq(t->string, targets[_i].string);
	else
		ck_assert_ptr_null(t->string);
	if (targets[_i].check)
		assert_diag(&f, 0, targets[_i].check, "target", targets[_i].text);
	fixture_free(&f);
}
END_TEST

/* ---- Release ----------------------------------------------------------- */

/* Every list of an object: leak checkers see what a release forgets. */
#define ALL_LISTS "'labels':{'a':'1'},'few':{'b':'2'},'words':['x','y'],'nested':{'data':{'c':'3'}}"

START_TEST(release_empties_lists)
{
	struct svcrules_model *m = svcr_model_new(reads_widgets);
	struct svcrules_diags *d = svcrules_diags_new();
	struct svcr_reader r = { .model = m, .diags = d };
	struct input in = { "{" ALL_LISTS ",'target':3}", 3 };
	struct widget w = { .target = { .type = SVCR_NEITHER } };

	ck_assert_int_eq(svcr_json_init(&r.json, widget_fill, &in), 0);
	ck_assert(svcr_json_more_documents(&r.json));
	svcr_read_object(&r, widget_fields, &w);
	ck_assert(w.labels.n == 1 && w.few.n == 1 && w.words.n == 2 && w.nested.data.n == 1);
	svcr_read_release(widget_fields, &w);
	ck_assert(!w.labels.v && !w.few.v && !w.words.v && !w.nested.data.v);
	ck_assert(!w.labels.n && !w.few.n && !w.words.cap && !w.nested.data.cap);
	ck_assert_int_eq(w.target.type, SVCR_INT);
	svcr_read_release(widget_fields, &w); /* a second time does nothing */
	svcr_json_release(&r.json);
	svcrules_model_free(m);
	svcrules_diags_free(d);
}
END_TEST

/* Objects that were guessed to be widgets, and are given up at their end. */
static const struct {
	const char *text;
	int result;
	size_t widgets, nodes;
} given_up[] = {
	{ WIDGET("") "{" ALL_LISTS ",'metadata':{'name':'n'},'apiVersion':'v1','kind':'Node'}", 0,
	  1, 1 },
	{ WIDGET("") "{" ALL_LISTS ",'metadata':{'name':'x'},'kind':'Other'}", 0, 1, 0 },
	{ WIDGET("") "{" ALL_LISTS ",'metadata':{'name':'x'},'kind':null}", -EINVAL, 1, 0 },
	{ WIDGET("") "{" ALL_LISTS "}", -EINVAL, 1, 0 },
	{ WIDGET("") "{" ALL_LISTS ",'metadata':{'name':'x'},'kind':'Widget'}", 0, 2, 0 },
	{ WIDGET("") "{" ALL_LISTS ",", -EINVAL, 1, 0 },
	{ "{'kind':'List','items':[" WIDGET("") ",{'apiVersion':'test/v1'," ALL_LISTS
						",'kind':'Other'}]}",
	  0, 1, 0 },
	{ "{'kind':'List','items':[" WIDGET("") ",{'apiVersion':'test/v1'," ALL_LISTS
						",'kind':1}]}",
	  -EINVAL, 1, 0 },
};

START_TEST(release_when_given_up)
{
	struct fixture f = fixture_read(reads_widgets, given_up[_i].text);

	ck_assert_int_eq(f.result, given_up[_i].result);
	ck_assert_uint_eq((size_t)n_finished, given_up[_i].widgets);
	ck_assert_uint_eq(f.model->nodes.n, given_up[_i].nodes);
	fixture_free(&f);
}
END_TEST

/* ---- Which kinds are read ---------------------------------------------- */

#define MIXED \
	"{'kind':'List','items':[" \
	"{'apiVersion':'v1','kind':'Service','metadata':{'name':'s'}," \
	"'spec':{'clusterIP':'10.0.0.1'}}," \
	"{'apiVersion':'v1','kind':'Node','metadata':{'name':'n'},'spec':3}," WIDGET( \
		"") "," \
		    "{'metadata':{'name':'m'},'spec':7,'kind':'Node'}]}"

static const struct {
	const struct svcr_kind *const *reads;
	size_t services;
	const char *ignored; /* as "KIND:COUNT " of each */
} selections[] = {
	{ reads_services, 1, "Node:2 Widget:1 " },
	{ reads_nothing, 0, "Service:1 Node:2 Widget:1 " },
};

START_TEST(kinds_not_read_are_ignored)
{
	struct fixture f = fixture_read(selections[_i].reads, MIXED);
	char text[200] = "";
	const char *kind;
	size_t n, len = 0;

	ck_assert_int_eq(f.result, 0);
	ck_assert_uint_eq(svcrules_diags_count(f.diags), 0);
	ck_assert_uint_eq(svcrules_model_services(f.model), selections[_i].services);
	for (size_t i = 0; (kind = svcrules_model_ignored(f.model, i, &n)); i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s:%zu ", kind, n);
	ck_assert_str_eq(text, selections[_i].ignored);
	fixture_free(&f);
}
END_TEST

/* A kind that is not read does not even count for the API that it shares with another. */
START_TEST(kinds_table)
{
	const struct svcr_str v1 = { "v1", 2 };

	ck_assert_ptr_eq(svcr_kinds_find(svcr_kinds, "Node", "v1"), &svcr_kind_node);
	ck_assert_ptr_eq(svcr_kinds_find(svcr_kinds, "Endpoints", NULL), &svcr_kind_endpoints);
	ck_assert_ptr_null(svcr_kinds_find(svcr_kinds, "Node", "v2"));
	ck_assert_ptr_null(svcr_kinds_find(reads_services, "Node", "v1"));
	ck_assert_ptr_null(svcr_kinds_only(svcr_kinds, v1));
	ck_assert_ptr_eq(svcr_kinds_only(reads_services, v1), &svcr_kind_service);
	ck_assert_ptr_null(svcr_kinds_only(reads_nothing, v1));
}
END_TEST

START_TEST(model_lists_of_other_kinds)
{
	struct svcrules_model *m = svcr_model_new(reads_nothing);
	size_t n;

	ck_assert_ptr_null(svcr_model_objects(m, &kind_widget, &n));
	for (int i = 0; i < 100; i++) {
		*(int *)svcr_model_add(m, &kind_widget, sizeof(int)) = i;
		*(long *)svcr_model_add(m, &svcr_kind_node, sizeof(long)) = -i;
	}
	ck_assert_int_eq(((const int *)svcr_model_objects(m, &kind_widget, &n))[99], 99);
	ck_assert_uint_eq(n, 100);
	ck_assert_int_eq(((const long *)svcr_model_objects(m, &svcr_kind_node, &n))[50], -50);
	svcrules_model_free(m);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("reader");
	TCase *tc = tcase_create("reader");
	SRunner *runner = srunner_create(suite);
	int bad;

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, map_sorted);
	tcase_add_loop_test(tc, map_null_is_absent, 0, (int)ARRAY_SIZE(map_absent));
	tcase_add_loop_test(tc, map_error, 0, (int)ARRAY_SIZE(map_errors));
	tcase_add_test(tc, map_default_limit);
	tcase_add_loop_test(tc, int_or_string, 0, (int)ARRAY_SIZE(targets));
	tcase_add_test(tc, release_empties_lists);
	tcase_add_loop_test(tc, release_when_given_up, 0, (int)ARRAY_SIZE(given_up));
	tcase_add_loop_test(tc, kinds_not_read_are_ignored, 0, (int)ARRAY_SIZE(selections));
	tcase_add_test(tc, kinds_table);
	tcase_add_test(tc, model_lists_of_other_kinds);
	srunner_run_all(runner, CK_ENV);
	bad = srunner_ntests_failed(runner);
	srunner_free(runner);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
