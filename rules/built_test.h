/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rule sets for tests: built from generated clusters and from texts, compared and printed. */
#ifndef SVCR_BUILT_TEST_H
#define SVCR_BUILT_TEST_H

#include "rules/generate_test.h"
#include "rules/nft/diff.h"
#include "rules/ruleset.h"

/* A svcrules_fill_fn whose argument is a const char **. */
static inline long gen_fill(void *arg, char *buf, size_t size)
{
	const char **text = arg;
	size_t n = strlen(*text) < size ? strlen(*text) : size;

	memcpy(buf, *text, n);
	*text += n;
	return (long)n;
}

#define GEN_NETWORK_POLICY 0x10000u /* an option, beside those that gen_cluster has */

static inline struct svcrules_options *gen_options(uint32_t bits, struct svcrules_diags *d)
{
	struct svcrules_options *o = svcrules_options_new();

	if (!o || svcrules_options_set(o, "node-name", "node1", d) ||
	    svcrules_options_set(o, "node-ip", "192.0.2.1,2001:db8::1", d))
		abort();
	if (bits & 2)
		svcrules_options_set(o, "cluster-cidr", "10.244.0.0/16,fd00:244::/48", d);
	if (bits & 4)
		svcrules_options_set(o, "service-cidr", "10.96.0.0/12,fd00:96::/108", d);
	if ((bits & 24) == 24)
		svcrules_options_set(o, "masquerade-all", NULL, d);
	if (bits & GEN_NETWORK_POLICY)
		svcrules_options_set(o, "network-policy", NULL, d);
	return o;
}

struct gen_input {
	const char *target;
	struct svcrules_diags *d;
	struct svcrules_model *m;
	struct svcrules_options *o;
};

/* Aborts unless `err` is 0. */
static inline void gen_valid(const struct gen_input *in, int err)
{
	if (!err)
		return;
	for (size_t i = 0; i < svcrules_diags_count(in->d); i++)
		fprintf(stderr, "%s\n", svcrules_diags_get(in->d, i)->text);
	abort();
}

/* Reads what must be valid, for the target of that name; aborts otherwise. */
static inline struct gen_input gen_read(const char *target, const char *text, uint32_t options)
{
	struct gen_input in = { target, .d = svcrules_diags_new() };

	in.o = gen_options(options, in.d);
	in.m = svcrules_model_new(target, in.o);
	gen_valid(&in, svcrules_model_read(in.m, "generated", gen_fill, &text, in.d));
	return in;
}

/* Builds from what was read. */
static inline struct svcrules_ruleset *gen_build_input(struct gen_input *in)
{
	struct svcrules_ruleset *rs = NULL;

	gen_valid(in, svcrules_build(in->m, in->o, in->target, in->d, &rs));
	return rs;
}

static inline void gen_release(struct gen_input *in)
{
	svcrules_options_free(in->o);
	svcrules_model_free(in->m);
	svcrules_diags_free(in->d);
}

static inline struct svcrules_ruleset *gen_build_text(const char *target, const char *text,
						      uint32_t options)
{
	struct gen_input in = gen_read(target, text, options);
	struct svcrules_ruleset *rs = gen_build_input(&in);

	gen_release(&in);
	return rs;
}

static inline struct svcrules_ruleset *gen_build(const char *target, const struct gen_cluster *c,
						 uint64_t shuffle)
{
	char *text = gen_json(c, shuffle);
	struct svcrules_ruleset *rs = gen_build_text(target, text, c->options);

	free(text);
	return rs;
}

/* A rule set with nothing in it. */
static inline struct svcrules_ruleset *gen_empty(const char *target)
{
	struct svcrules_options *o = svcrules_options_new();
	struct svcrules_ruleset *rs = o ? svcrules_ruleset_new(target, o, NULL) : NULL;

	if (!rs)
		abort();
	svcrules_options_free(o);
	return rs;
}

/* The part "nft". */
static inline struct svcr_nft *gen_nft(const struct svcrules_ruleset *rs)
{
	return (struct svcr_nft *)svcr_ruleset_find(rs, &svcr_nft_ops);
}

/* ---- Compared ------------------------------------------------------------ */

static inline struct svcrules_changes *gen_diff(const struct svcrules_ruleset *from,
						struct svcrules_ruleset *to)
{
	struct svcrules_changes *c;

	if (svcrules_diff(from, to, &c))
		abort();
	return c;
}

/* The changes of the part "nft". */
static inline struct svcr_nft_changes *gen_nft_changes(const struct svcrules_changes *c)
{
	return (struct svcr_nft_changes *)svcr_changes_find(c, &svcr_nft_ops);
}

static inline bool gen_same(const struct svcrules_ruleset *from, struct svcrules_ruleset *to)
{
	struct svcrules_changes *c = gen_diff(from, to);
	bool empty = svcrules_changes_empty(c);

	svcrules_changes_free(c);
	return empty;
}

/* The messages of one stage of the i-th part; m.buf is to be freed. */
static inline struct svcrules_messages gen_encode(struct svcrules_changes *c, size_t part,
						  enum svcrules_stage stage, uint32_t number)
{
	struct svcrules_messages m;

	if (svcrules_changes_encode(c, part, stage, number, &m))
		abort();
	return m;
}

/* ---- Printed ------------------------------------------------------------- */

struct gen_text {
	char *p;
	size_t len;
};

/* A svcrules_write_fn whose argument is a struct gen_text. */
static inline int gen_write(void *arg, const char *buf, size_t len)
{
	struct gen_text *t = arg;
	char *p = realloc(t->p, t->len + len + 1);

	if (!p)
		abort();
	memcpy(p + t->len, buf, len);
	t->p = p;
	t->len += len;
	p[t->len] = '\0';
	return 0;
}

/* A svcrules_write_fn that reads what it is given and keeps its sum in a size_t. */
static inline int gen_sum(void *arg, const char *buf, size_t len)
{
	size_t *sum = arg;

	for (size_t i = 0; i < len; i++)
		*sum += (unsigned char)buf[i];
	return 0;
}

/* The rule set in a format of its target (NULL: the default); malloc'ed. */
static inline char *gen_printed(const struct svcrules_ruleset *rs, const char *format)
{
	struct gen_text t = { NULL, 0 };

	gen_write(&t, "", 0);
	if (svcrules_print(rs, format, gen_write, &t))
		abort();
	return t.p;
}

#endif
