/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading guesses that an object has the kind of the previous one; this is no more than a
 * short cut: diagnostics and rule sets are those of objects whose kind is not guessed.
 */
#include "model.h"
#include "rules/ruleset.h"

#include <check.h>
#include <errno.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

struct guess_input {
	const char *text;
};

/* Gives the text in pieces of 3 bytes. */
static long guess_fill(void *arg, char *buf, size_t size)
{
	struct guess_input *in = arg;
	size_t n = strnlen(in->text, size < 3 ? size : 3);

	memcpy(buf, in->text, n);
	in->text += n;
	return (long)n;
}

#define TO_A "'metadata':{'name':'e#','labels':{'kubernetes.io/service-name':'s1'}}"

/*
 * Members of objects, to be printed in any order; # becomes a number that differs
 * in each object.
 */
static const char *const objects[][5] = {
	{ "'kind':'Service'", "'apiVersion':'v1'", "'metadata':{'name':'s#'}",
	  "'spec':{'clusterIP':'10.0.0.#','ports':[{'port':80}]}" },
	{ "'kind':'Service'", "'apiVersion':''", "'metadata':{'name':'s#'}",
	  "'spec':{'clusterIPs':['10.0.1.#',3],'ports':[{'port':0}],'externalIPs':['x']}" },
	{ "'kind':'Service'", "'apiVersion':'serving.knative.dev/v1'", "'metadata':{'name':'s#'}",
	  "'spec':3" },
	{ "'kind':'EndpointSlice'", "'apiVersion':'discovery.k8s.io/v1'", TO_A,
	  "'endpoints':[{'addresses':['10.1.0.#'],'hints':{'forZones':[{'name':'z'}]},"
	  "'nodeName':'n1'}]",
	  "'ports':[{'port':8080}],'addressType':'IPv4'" },
	{ "'kind':'EndpointSlice'", "'apiVersion':null", TO_A,
	  "'endpoints':[{'addresses':['x','y'],'conditions':3}]",
	  "'addressType':'IPv4','ports':[{'port':'x'}]" },
	{ "'kind':'Endpoints'", "'apiVersion':'v1'", "'metadata':{'name':'s1'}",
	  "'subsets':[{'addresses':[{'ip':'10.2.0.#'},{'ip':'x'}],'ports':[{'port':1}]},{}]" },
	{ "'kind':'Node'", "'metadata':{'name':'n#'}", "'spec':{'podCIDRs':['10.244.0.0/16','x']}",
	  "'status':{'addresses':[{'type':'InternalIP','address':'192.0.2.#'},"
	  "{'type':'ExternalIP','address':'y'}]}" },
	{ "'kind':'List'", "'apiVersion':'v1'", "'items':[{'kind':'Service'}]" },
	{ "'kind':'Service'", "'metadata':{'name':'s#'}",
	  "'subsets':[{'addresses':[{'ip':'x'}]},{}]", "'spec':{}" },
	{ "'kind':'Other'", "'apiVersion':'discovery.k8s.io/v1'", TO_A, "'endpoints':[{}]",
	  "'ports':[{'port':0}]" },
	{ "'kind':null", "'apiVersion':'discovery.k8s.io/v1'", TO_A,
	  "'endpoints':[{'addresses':['x']}]" },
	{ "'kind':['EndpointSlice']", "'apiVersion':'discovery.k8s.io/v1'", TO_A,
	  "'ports':[{'port':0}]" },
	{ "'apiVersion':'discovery.k8s.io/v1'", TO_A,
	  "'items':[{'apiVersion':'v1',"
	  "'kind':'Service',"
	  "'metadata':{'name':'i','namespace':'ns'},'spec':{'clusterIP':'10.0.0.1'}}]",
	  "'ports':[{'port':0}]" },
	{ "'kind':7", "'metadata':{'name':'s#'}", "'spec':{'ports':[{'port':0}]}" },
	{ "'apiVersion':'v1'", "'metadata':{'name':'x y'}", "'spec':{'ports':3}" },
};

static unsigned int guess_random(uint64_t *state, unsigned int n)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned int)(*state >> 33) % n;
}

static void guess_print_shuffled(FILE *f, uint64_t *state, unsigned int number)
{
	const char *const *o = objects[guess_random(state, (unsigned int)ARRAY_SIZE(objects))];
	const char *order[5];
	unsigned int n = 0;

	for (; n < 5 && o[n]; n++) {
		unsigned int k = guess_random(state, n + 1);

		order[n] = order[k];
		order[k] = o[n];
	}
	fputc('{', f);
	for (unsigned int i = 0; i < n; i++) {
		if (i)
			fputc(',', f);
		for (const char *p = order[i]; *p; p++)
			if (*p == '#')
				fprintf(f, "%u", number);
			else
				fputc(*p == '\'' ? '"' : *p, f);
	}
	fputc('}', f);
}

/*
 * Returns malloc'ed objects in a row. `apart`: an ignored object stands between
 * any two, so that no kind can be guessed from the previous object. The last
 * `cut` bytes are missing; every object has more.
 */
static char *guess_row(unsigned int seed, bool apart, bool list, size_t cut)
{
	uint64_t state = seed;
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	ck_assert_ptr_nonnull(f);
	fputs(list ? "{\"kind\":\"List\",\"items\":[\n" : "", f);
	for (unsigned int i = 1, n = 2 + guess_random(&state, 6); i <= n; i++) {
		if (apart)
			fprintf(f, "{\"kind\":\"ConfigMap\"}%s\n", list ? "," : "");
		guess_print_shuffled(f, &state, i);
		fputs(i < n && list ? ",\n" : "\n", f);
	}
	fputs(list ? "]}" : "", f);
	fclose(f);
	text[size - cut] = '\0';
	return text;
}

static int guess_write(void *arg, const char *buf, size_t len)
{
	return fwrite(buf, 1, len, arg) == len ? 0 : -EIO;
}

/*
 * Returns diagnostics and rules as text. Indices of objects without a name, and
 * lines, are left out: they differ between the inputs that are compared.
 */
static char *guess_outcome(const char *target, const char *text, bool whole)
{
	struct svcrules_diags *d = svcrules_diags_new();
	struct svcrules_model *m = svcrules_model_new(target, NULL);
	struct svcrules_options *o = svcrules_options_new();
	struct svcrules_ruleset *rs;
	struct guess_input in = { text };
	char *out = NULL;
	size_t size;
	FILE *f = open_memstream(&out, &size);

	ck_assert_ptr_nonnull(f);
	fprintf(f, "%d\n", svcrules_model_read(m, "f", guess_fill, &in, d));
	for (size_t i = 0; i < svcrules_diags_count(d); i++) {
		const struct svcrules_diag *g = svcrules_diags_get(d, i);
		const char *field = g->field ? g->field : "", *object = g->object ? g->object : "";

		fprintf(f, "%d %s %.*s %.*s %s %u\n", g->severity, g->check,
			(int)strcspn(object, "["), object, strncmp(field, "items", 5) == 0 ? 5 : -1,
			field, g->text, (unsigned int)g->column);
	}
	if (whole) /* an object that is cut may be in the model or not */
		fprintf(f, "%zu services, %zu slices, %zu nodes\n", m->services.n, m->slices.n,
			m->nodes.n);
	ck_assert_int_eq(svcrules_build(m, o, target, d, &rs), 0);
	ck_assert_int_eq(svcrules_print(rs, NULL, guess_write, f), 0);
	fclose(f);
	svcrules_ruleset_free(rs);
	svcrules_options_free(o);
	svcrules_model_free(m);
	svcrules_diags_free(d);
	return out;
}

/*
 * The outcome does not depend on whether an object was guessed to have the kind
 * of the previous one.
 */
START_TEST(guess_or_not)
{
	const char *target = svcrules_target((size_t)_i)->name;

	for (unsigned int seed = 0; seed < 1500; seed++) {
		size_t cut = seed % 3 ? 0 : seed / 3 % 50;
		char *row = guess_row(seed, false, seed % 2, cut);
		char *apart = guess_row(seed, true, seed % 2, cut);
		char *a = guess_outcome(target, row, !cut), *b = guess_outcome(target, apart, !cut);

		ck_assert_msg(strcmp(a, b) == 0, "%.999s\ngives %.999s\nand apart %.999s", row, a,
			      b);
		free(a);
		free(b);
		free(row);
		free(apart);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("guess");
	TCase *tc = tcase_create("guess");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, guess_or_not, 0, 2); /* each target */
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
