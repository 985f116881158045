/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fails every allocation in turn: the functions must return -ENOMEM and leak
 * nothing. See alloc_test.h.
 */
#include "rules/alloc_test.h"
#include "kinds/kinds.h"
#include "kinds/metadata.h"
#include "map.h"
#include "rules/alloc_inputs_test.h"
#include "rules/kernel_test.h"
#include "rules/nft/decode.h"
#include "rules/nftables/layout.h"

#include <check.h>
#include <jansson.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define TARGETS 2

static int alloc_options(struct svcrules_options *o, struct svcrules_diags *d)
{
	static const char *const settings[][2] = {
		{ "node-name", "n1" },
		{ "node-ip", "192.0.2.1, 2001:db8::1" },
		{ "service-cidr", "10.96.0.0/12" },
		{ "nodeport-addresses", "192.0.2.0/24" },
		{ "zone", "z" },
		{ "cluster-cidr", "10.244.0.0/16" },
		{ "network-policy", NULL },
	};
	int err = o && d ? 0 : -ENOMEM;

	for (size_t i = 0; i < ARRAY_SIZE(settings) && !err; i++)
		err = svcrules_options_set(o, settings[i][0], settings[i][1], d);
	return err;
}

static int alloc_build(const char *target, const char *text, struct svcrules_ruleset **ret)
{
	struct svcrules_diags *d = svcrules_diags_new();
	struct svcrules_options *o = svcrules_options_new();
	struct svcrules_model *m = NULL;
	int err = alloc_options(o, d);

	if (!err)
		m = svcrules_model_new(target, o);
	if (!err && !m)
		err = -ENOMEM;
	if (!err)
		err = svcrules_model_read(m, "input", gen_fill, &text, d);
	if (!err)
		err = svcrules_build(m, o, target, d, ret);
	if (d && svcrules_diags_failed(d)) {
		if (!err)
			svcrules_ruleset_free(*ret);
		err = -ENOMEM;
	}
	svcrules_model_free(m);
	svcrules_options_free(o);
	svcrules_diags_free(d);
	return err;
}

/* ---- Attempts ----------------------------------------------------------- */

/* The hash of all output of an attempt. */
/* What attempts work on, of each target. */
static struct alloc_target {
	const struct svcrules_target *target;
	struct svcrules_ruleset *from, *to;
	struct svcrules_messages messages[FAKE_PARTS]; /* that make `from` */
	struct gen_text packed;                        /* `from` */
} targets[TARGETS];
static const struct alloc_target *tried;

static int try_print(const struct svcrules_ruleset *rs)
{
	int err = 0;

	for (size_t i = 0; tried->target->formats[i] && !err; i++)
		err = svcrules_print(rs, tried->target->formats[i], alloc_hash, NULL);
	return err;
}

static int try_build(void)
{
	struct svcrules_ruleset *rs;
	int err = alloc_build(tried->target->name, alloc_inputs[0], &rs);

	if (err)
		return err;
	err = try_print(rs);
	svcrules_ruleset_free(rs);
	return err;
}

/* The description of a refusal of each message of one stage. */
static int try_refusals(const struct svcrules_changes *c, size_t part, enum svcrules_stage stage,
			size_t count)
{
	for (size_t i = 0; i <= count; i++) {
		const struct svcrules_refusal refusal = { (uint32_t)i, -ENOTUNIQ };
		char *text = NULL;

		if (svcrules_changes_refused(c, part, stage, &refusal, 1, 0, &text) !=
		    SVCRULES_REFUSED)
			continue;
		if (!text)
			return -ENOMEM;
		alloc_hash(NULL, text, strlen(text));
		free(text);
	}
	return 0;
}

static int try_encode(struct svcrules_changes *c)
{
	int err = 0;

	for (size_t part = 0; part < c->nparts && !err; part++)
		for (int i = SVCRULES_STOP; i <= SVCRULES_REMOVE && !err; i++) {
			enum svcrules_stage stage = (enum svcrules_stage)i;
			struct svcrules_messages m;

			err = svcrules_changes_encode(c, part, stage, FAKE_NUMBER, &m);
			if (err)
				return err;
			alloc_hash(NULL, m.buf, m.len);
			err = try_refusals(c, part, stage, m.count);
			free(m.buf);
		}
	return err;
}

static int try_print_changes(const struct svcrules_changes *c)
{
	const char *const *formats = tried->target->change_formats;
	static const struct svcrules_review how = { .limit = 1,
						    .remarks = "Service a/b: one\nanother\n",
						    .node = "n" };
	struct svcrules_changes_stats stats;
	int err = svcrules_changes_stats(c, &stats);

	for (size_t i = 0; formats[i] && !err; i++)
		err = svcrules_changes_print(c, formats[i], true, alloc_hash, NULL);
	if (!err)
		err = svcrules_changes_print(c, NULL, false, alloc_hash, NULL);
	return err ? err : svcrules_changes_review(c, "markdown", &how, alloc_hash, NULL);
}

/* The changes from what was read or unpacked to the value that it was made of. */
static int try_print_changes_to(const struct svcrules_ruleset *have)
{
	struct svcrules_changes *c;
	int err = svcrules_diff(have, tried->from, &c);

	if (err)
		return err;
	alloc_hash(NULL, svcrules_changes_empty(c) ? "=" : "/", 1);
	err = try_print_changes(c);
	svcrules_changes_free(c);
	return err;
}

/* Compares; `to` is built for each attempt settling and comparing arrange it. */
static int try_changes_between(const struct svcrules_ruleset *from, struct svcrules_ruleset *to)
{
	struct svcrules_changes *c = NULL;
	bool any = false;
	int err = svcrules_settle(from, to, SVCRULES_SETTLE_APPLY, NULL);

	if (!err)
		err = svcrules_keep_removed(to, from, &any);
	if (!err)
		err = svcrules_diff(from, to, &c);
	if (!err)
		err = try_encode(c);
	if (!err)
		err = try_print_changes(c);
	svcrules_changes_free(c);
	svcrules_forget_removed(to);
	return err;
}

static int try_changes(void)
{
	struct svcrules_ruleset *to;
	int err = alloc_build(tried->target->name, alloc_inputs[1], &to);

	if (err)
		return err;
	err = try_changes_between(tried->from, to);
	svcrules_ruleset_free(to);
	return err;
}

/* From something to nothing, as when another target takes over. */
static int try_retire(void)
{
	struct svcrules_ruleset *nothing = svcrules_ruleset_empty(tried->from);
	struct svcrules_changes *c = NULL;
	int err = nothing ? svcrules_settle(tried->from, nothing, SVCRULES_SETTLE_RETIRE,
					    tried->from) :
			    -ENOMEM;

	if (!err)
		err = svcrules_diff(tried->from, nothing, &c);
	if (!err)
		err = try_encode(c);
	svcrules_changes_free(c);
	svcrules_ruleset_free(nothing);
	return err;
}

/* Rule sets of single parts, and one in a place of its own. */
static int try_parts(void)
{
	struct svcrules_options *o = svcrules_options_new();
	struct svcrules_ruleset *new, *only;
	struct svcrules_part part;
	int err = o ? 0 : -ENOMEM;

	new = o ? svcrules_ruleset_new(tried->target->name, o, "other") : NULL;
	if (!new)
		err = -ENOMEM;
	for (size_t i = 0; !err && svcrules_ruleset_part(tried->from, i, &part); i++) {
		only = svcrules_ruleset_only(tried->from, i);
		err = only ? svcrules_print(only, NULL, alloc_hash, NULL) : -ENOMEM;
		svcrules_ruleset_free(only);
	}
	svcrules_ruleset_free(new);
	svcrules_options_free(o);
	return err;
}

static int try_pack(void)
{
	struct svcrules_ruleset *back;
	int err = svcrules_pack(tried->from, alloc_hash, NULL);

	if (!err)
		err = svcrules_unpack(tried->from, tried->packed.p, tried->packed.len, &back);
	if (err)
		return err;
	err = try_print_changes_to(back);
	if (!err)
		err = svcrules_drift(back, tried->to, alloc_hash, NULL);
	svcrules_ruleset_free(back);
	return err;
}

static int try_installed(void)
{
	const struct svcrules_installed_vip *v;
	struct svcrules_installed *l;
	int err = svcrules_installed_new(tried->from, &l);

	if (err)
		return err;
	for (size_t i = 0; (v = svcrules_installed_vip(l, i)); i++) {
		alloc_hash(NULL, v->name, strlen(v->name));
		alloc_hash(NULL, v->address, strlen(v->address));
	}
	svcrules_installed_free(l);
	return 0;
}

static int try_policies(void)
{
	struct svcrules_diags *d = svcrules_diags_new();
	struct svcrules_options *o = svcrules_options_new();
	struct svcrules_policies *l = NULL;
	struct svcrules_model *m = NULL;
	const char *text = alloc_inputs[0];
	int err = alloc_options(o, d);

	if (!err)
		m = svcrules_model_new(NULL, o);
	if (!err && !m)
		err = -ENOMEM;
	if (!err)
		err = svcrules_model_read(m, "input", gen_fill, &text, d);
	if (!err && svcrules_diags_failed(d))
		err = -ENOMEM;
	if (!err)
		err = svcrules_policies_new(m, o, &l);
	for (size_t i = 0; !err && i < svcrules_policies_count(l); i++)
		alloc_hash(NULL, svcrules_policies_get(l, i)->selector,
			   strlen(svcrules_policies_get(l, i)->selector));
	svcrules_policies_free(l);
	svcrules_model_free(m);
	svcrules_options_free(o);
	svcrules_diags_free(d);
	return err;
}

static int alloc_add_file(struct svcrules_ruleset *rs, const char *name, const char *text)
{
	struct svcrules_file f = { .name = name, .mode = 0644 };

	return rs ? svcrules_files_add(rs, &f, text, text ? strlen(text) : 0) : -ENOMEM;
}

/* The files of the target, if it makes any, and two sets of files. */
static int try_files(void)
{
	static const char *const formats[] = { "diff", "text", "json" };
	struct svcrules_ruleset *from = svcrules_files_new(), *to = svcrules_files_new();
	struct svcrules_changes *c = NULL;
	struct svcrules_file f;
	int err = alloc_add_file(from, "a", "1\n2\n3\n");

	err = err ? err : alloc_add_file(from, "b", NULL);
	err = err ? err : alloc_add_file(to, "a", "0\n2\n4\n");
	err = err ? err : alloc_add_file(to, "b", "x\n");
	err = err ? err : alloc_add_file(to, "c", "");
	err = err ? err : svcrules_diff(from, to, &c);
	for (size_t i = 0; !err && i < sizeof(formats) / sizeof(*formats); i++)
		err = svcrules_changes_print(c, formats[i], false, alloc_hash, NULL);
	for (size_t part = 0; !err && part < tried->from->nparts; part++)
		for (size_t i = 0; !err && svcrules_ruleset_file(tried->from, part, i, &f); i++)
			err = svcrules_file_print(tried->from, part, i, alloc_hash, NULL);
	svcrules_changes_free(c);
	svcrules_ruleset_free(from);
	svcrules_ruleset_free(to);
	return err;
}

/* ---- Reading ------------------------------------------------------------ */

static struct fake_kernel alloc_kernel(void)
{
	return (struct fake_kernel){ .messages = tried->messages,
				     .generation = 7,
				     .alias = SVCRULES_INTERFACE_OWNER "svcrules-ipvs" };
}

static int try_reader_end(struct fake_kernel *k, struct svcrules_reader *r)
{
	struct svcrules_ruleset *have = NULL;
	int err = r ? fake_read(k, r) : -ENOMEM;

	if (!err)
		err = svcrules_reader_end(r, &have);
	if (!err)
		err = try_print_changes_to(have);
	svcrules_ruleset_free(have);
	svcrules_reader_free(r);
	return err;
}

static int try_read(void)
{
	struct fake_kernel k = alloc_kernel();

	return try_reader_end(&k, svcrules_reader_new(tried->from));
}

static int try_find_of(const char *target, const char *table)
{
	struct fake_kernel k = alloc_kernel();
	struct svcrules_reader *r = svcrules_reader_find(target, table);
	struct svcrules_ruleset *have = NULL;
	const char *name;
	uint8_t family;
	int err = r ? fake_read(&k, r) : -ENOMEM;

	if (!err)
		err = svcrules_reader_end(r, &have);
	for (size_t i = 0; !err && (name = svcrules_ruleset_table(have, i, &family)); i++)
		alloc_hash(NULL, name, strlen(name));
	svcrules_ruleset_free(have);
	svcrules_reader_free(r);
	return err;
}

static int try_find(void)
{
	int err = try_find_of(tried->target->name, NULL);

	return err ? err : try_find_of(NULL, "svcrules");
}

/* A kernel whose tables other programs made, and an interface of another table. */
static int try_obstacles(void)
{
	struct fake_kernel k = alloc_kernel();
	struct svcrules_reader *r = svcrules_reader_new(tried->from);
	struct svcrules_ruleset *have = NULL;
	char *text = NULL;
	int err, found = 0;

	k.foreign = true;
	k.alias = SVCRULES_INTERFACE_OWNER "other";
	err = r ? fake_read(&k, r) : -ENOMEM;
	if (!err)
		err = svcrules_reader_end(r, &have);
	for (size_t i = 0; !err && (found = svcrules_obstacle(have, tried->to, i, &text)) > 0;
	     i++) {
		alloc_hash(NULL, text, strlen(text));
		free(text);
	}
	svcrules_ruleset_free(have);
	svcrules_reader_free(r);
	return err ? err : found;
}

/* ---- Rules of other programs ---------------------------------------------- */

/* A rule with an expression that svcrules never makes, as nft(8) 1.0.6 does. */
static struct nftnl_rule *foreign_rule;

static void alloc_make_rule(void)
{
	struct nftnl_expr *load = nftnl_expr_alloc("meta"), *swap = nftnl_expr_alloc("byteorder");

	foreign_rule = nftnl_rule_alloc();
	ck_assert(foreign_rule && load && swap);
	nftnl_expr_set_u32(load, NFTNL_EXPR_META_KEY, NFT_META_MARK);
	nftnl_expr_set_u32(load, NFTNL_EXPR_META_DREG, NFT_REG_1);
	nftnl_expr_set_u32(swap, NFTNL_EXPR_BYTEORDER_SREG, NFT_REG_1);
	nftnl_expr_set_u32(swap, NFTNL_EXPR_BYTEORDER_DREG, NFT_REG_1);
	nftnl_expr_set_u32(swap, NFTNL_EXPR_BYTEORDER_OP, NFT_BYTEORDER_HTON);
	nftnl_expr_set_u32(swap, NFTNL_EXPR_BYTEORDER_SIZE, 4);
	nftnl_expr_set_u32(swap, NFTNL_EXPR_BYTEORDER_LEN, 4);
	nftnl_rule_add_expr(foreign_rule, load);
	nftnl_rule_add_expr(foreign_rule, swap);
}

static int try_foreign_rule(void)
{
	struct svcr_nft *n = svcr_nft_new_tables(&svcr_services_layout, "svcrules");
	char buf[1024] __attribute__((aligned(8))) = { 0 };
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *g = mnl_nlmsg_put_extra_header(nlh, sizeof(*g));
	int err;

	nlh->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE;
	g->nfgen_family = NFPROTO_IPV4;
	mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, "svcrules");
	mnl_attr_put_strz(nlh, NFTA_RULE_CHAIN, "services");
	nftnl_rule_nlmsg_build_payload(nlh, foreign_rule);
	err = n ? svcr_nft_decode(n, nlh) : -ENOMEM;
	svcr_nft_free(n);
	return err;
}

/* ---- Objects with maps --------------------------------------------------- */

struct alloc_object {
	struct svcr_metadata meta;
	struct svcr_map data;
};

static void alloc_finish_object(struct svcr_reader *r, void *object);

static const struct svcr_field object_fields[] = {
	{ SVCR_FIELD("metadata"), SVCR_F_OBJECT, offsetof(struct alloc_object, meta),
	  .fields = svcr_metadata_fields },
	{ SVCR_FIELD("data"), SVCR_F_MAP, .offset = offsetof(struct alloc_object, data) },
	SVCR_END
};

static const struct svcr_kind object_kind = {
	.kind = "Config",
	.api = "test/v1",
	.namespaced = true,
	.fields = object_fields,
	.size = sizeof(struct alloc_object),
	.finish = alloc_finish_object,
};

static void alloc_finish_object(struct svcr_reader *r, void *object)
{
	struct alloc_object *o = object, *slot;

	SVCR_READ_KEEP(r, &o->data);
	slot = svcr_model_add(r->model, &object_kind, sizeof(*slot));
	if (slot)
		*slot = *o;
	else
		r->err = -ENOMEM;
}

static int try_maps(void)
{
	static const struct svcr_kind *const reads[] = { &object_kind, NULL };
	const char *text = "{\"kind\":\"Config\",\"apiVersion\":\"test/v1\","
			   "\"metadata\":{\"name\":\"a\"},\"data\":{\"b\":\"1\",\"a\":\"2\"}}"
			   "{\"kind\":\"Config\",\"apiVersion\":\"test/v1\","
			   "\"metadata\":{\"name\":\"b\"},\"data\":{\"c\":\"3\"}}";
	struct svcrules_diags *d = svcrules_diags_new();
	struct svcrules_model *m = svcr_model_new(reads);
	int err = d && m ? svcrules_model_read(m, "input", gen_fill, &text, d) : -ENOMEM;
	const struct alloc_object *v;
	size_t n;

	if (!err) {
		v = svcr_model_objects(m, &object_kind, &n);
		for (size_t i = 0; i < n; i++)
			for (size_t k = 0; k < v[i].data.n; k++)
				alloc_hash(NULL, v[i].data.v[k].value, 1);
	}
	svcrules_model_free(m);
	svcrules_diags_free(d);
	return err;
}

/* ---- The tests ---------------------------------------------------------- */

static void alloc_setup(void)
{
	alloc_make_rule();
	for (size_t i = 0; i < TARGETS; i++) {
		struct alloc_target *t = &targets[i];

		t->target = svcrules_target(i);
		ck_assert_int_eq(alloc_build(t->target->name, alloc_inputs[0], &t->from), 0);
		ck_assert_int_eq(alloc_build(t->target->name, alloc_inputs[1], &t->to), 0);
		fake_messages(t->messages, t->from);
		t->packed = (struct gen_text){ NULL, 0 };
		ck_assert_int_eq(svcrules_pack(t->from, gen_write, &t->packed), 0);
	}
}

static void alloc_teardown(void)
{
	nftnl_rule_free(foreign_rule);
	for (size_t i = 0; i < TARGETS; i++) {
		fake_messages_release(targets[i].messages, targets[i].from->nparts);
		svcrules_ruleset_free(targets[i].from);
		svcrules_ruleset_free(targets[i].to);
		free(targets[i].packed.p);
	}
}

static const struct {
	const char *name;
	int (*call)(void);
} tries[] = {
	{ "build", try_build },         { "changes", try_changes },
	{ "retire", try_retire },       { "parts", try_parts },
	{ "pack", try_pack },           { "read", try_read },
	{ "find", try_find },           { "foreign_rule", try_foreign_rule },
	{ "obstacles", try_obstacles }, { "maps", try_maps },
	{ "files", try_files },         { "installed", try_installed },
	{ "policies", try_policies },
};

START_TEST(alloc_every_failure)
{
	int (*call)(void) = tries[(size_t)_i / TARGETS].call;
	char name[64];

	tried = &targets[(size_t)_i % TARGETS];
	snprintf(name, sizeof(name), "%s of %s", tries[(size_t)_i / TARGETS].name,
		 tried->target->name);
	ck_assert_uint_ge(alloc_every(call, 0, name), 5);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("alloc");
	TCase *tc = tcase_create("alloc");
	SRunner *runner = srunner_create(suite);
	int bad;

	json_set_alloc_funcs(__wrap_malloc, __wrap_free);
	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 60);
	tcase_add_checked_fixture(tc, alloc_setup, alloc_teardown);
	tcase_add_loop_test(tc, alloc_every_failure, 0, (int)ARRAY_SIZE(tries) * TARGETS);
	srunner_run_all(runner, CK_ENV);
	bad = srunner_ntests_failed(runner);
	srunner_free(runner);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
