/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "list.h"
#include "options.h"
#include "pod_slices.h"
#include "rules/json.h"
#include "rules/nft/decode.h"
#include "rules/nft/pack.h"
#include "rules/nftables/layout.h"
#include "rules/policy/build.h"
#include "rules/target.h"

#include <errno.h>
#include <stdlib.h>

int svcr_ruleset_add(struct svcrules_ruleset *rs, struct svcr_part *p)
{
	struct svcr_part **slot = p ? svcr_grow((void **)&rs->parts, &rs->nparts, &rs->cap,
						sizeof(*slot)) :
				      NULL;

	if (slot) {
		*slot = p;
		return 0;
	}
	if (p)
		p->ops->free(p);
	return -ENOMEM;
}

struct svcr_part *svcr_ruleset_find(const struct svcrules_ruleset *rs,
				    const struct svcr_part_ops *ops)
{
	for (size_t i = 0; i < rs->nparts; i++)
		if (rs->parts[i]->ops == ops)
			return rs->parts[i];
	return NULL;
}

static struct svcr_nft *nft_of_ruleset(const struct svcrules_ruleset *rs)
{
	return rs ? (struct svcr_nft *)svcr_ruleset_find(rs, &svcr_nft_ops) : NULL;
}

static const struct svcr_nft *nft_part(const struct svcrules_ruleset *rs)
{
	return nft_of_ruleset(rs);
}

void svcrules_ruleset_free(struct svcrules_ruleset *rs)
{
	if (!rs)
		return;
	for (size_t i = 0; i < rs->nparts && !rs->borrowed; i++)
		rs->parts[i]->ops->free(rs->parts[i]);
	free(rs->parts);
	svcr_serving_free(rs->serving);
	svcr_refusals_free(rs->refusals);
	free(rs);
}

/* Makes an empty rule set of `t`. NULL: out of memory. */
static struct svcrules_ruleset *ruleset_make(const struct svcr_target *t,
					     const struct svcrules_options *o, const char *table)
{
	struct svcrules_ruleset *rs = calloc(1, sizeof(*rs));
	char name[256];

	if (!rs)
		return NULL;
	rs->target = t;
	snprintf(name, sizeof(name), "%s%s", o->table, t->info.table_suffix);
	if (t->make(rs, o, table ? table : name) == 0)
		return rs;
	svcrules_ruleset_free(rs);
	return NULL;
}

struct svcrules_ruleset *svcrules_ruleset_new(const char *target, const struct svcrules_options *o,
					      const char *table)
{
	const struct svcr_target *t = svcr_target_find(target);
	struct svcrules_options *defaults = o ? NULL : svcrules_options_new();
	struct svcrules_ruleset *rs = NULL;

	if (t && (o || defaults))
		rs = ruleset_make(t, o ? o : defaults, table);
	svcrules_options_free(defaults);
	return rs;
}

int svcrules_build(const struct svcrules_model *m, const struct svcrules_options *o,
		   const char *target, struct svcrules_diags *d, struct svcrules_ruleset **ret)
{
	const struct svcr_target *t = svcr_target_find(target);
	struct svcrules_ruleset *rs;
	int err;

	if (!t)
		return -ENOENT;
	rs = ruleset_make(t, o, NULL);
	err = rs ? svcr_pods_tell(m, d) : -ENOMEM;
	if (!err)
		err = t->build(m, o, d, rs);
	if (!err && nft_of_ruleset(rs))
		err = svcr_policy_build(m, o, d, nft_of_ruleset(rs), &rs->stats);
	if (!err && nft_of_ruleset(rs))
		rs->stats.elements = svcr_nft_count_elements(nft_of_ruleset(rs));
	if (err)
		svcrules_ruleset_free(rs);
	else
		*ret = rs;
	return err;
}

struct svcrules_ruleset *svcrules_ruleset_empty(const struct svcrules_ruleset *rs)
{
	struct svcrules_ruleset *like = calloc(1, sizeof(*like));
	int err = like ? 0 : -ENOMEM;

	if (like)
		like->target = rs->target;
	for (size_t i = 0; i < rs->nparts && !err; i++)
		err = svcr_ruleset_add(like, rs->parts[i]->ops->like(rs->parts[i]));
	if (!err)
		return like;
	svcrules_ruleset_free(like);
	return NULL;
}

bool svcrules_ruleset_part(const struct svcrules_ruleset *rs, size_t i, struct svcrules_part *ret)
{
	if (i >= rs->nparts)
		return false;
	*ret = (struct svcrules_part){ .kind = rs->parts[i]->ops->kind, .owner = "" };
	if (rs->parts[i]->ops->describe_part)
		rs->parts[i]->ops->describe_part(rs->parts[i], ret);
	return true;
}

struct svcrules_ruleset *svcrules_ruleset_only(struct svcrules_ruleset *rs, size_t i)
{
	struct svcrules_ruleset *only = i < rs->nparts ? calloc(1, sizeof(*only)) : NULL;
	struct svcr_part **slot;

	if (!only)
		return NULL;
	*only = (struct svcrules_ruleset){ .target = rs->target,
					   .borrowed = true,
					   .stats = rs->stats };
	slot = svcr_grow((void **)&only->parts, &only->nparts, &only->cap, sizeof(*slot));
	if (slot) {
		*slot = rs->parts[i];
		return only;
	}
	free(only);
	return NULL;
}

const char *svcrules_ruleset_table(const struct svcrules_ruleset *rs, size_t i, uint8_t *ret_family)
{
	const struct svcr_nft *n = nft_part(rs);

	for (size_t k = 0; n && k < n->ntables; k++) {
		if (!n->tables[k].present || i--)
			continue;
		*ret_family = svcr_nft_nfproto(n->tables[k].family);
		return n->tables[k].name;
	}
	return NULL;
}

bool svcrules_ruleset_concerned(const struct svcrules_ruleset *rs, const void *msg)
{
	const struct svcr_nft *n = nft_part(rs);

	return n && svcr_nft_concerned(n, msg);
}

void svcrules_ruleset_stats(const struct svcrules_ruleset *rs, struct svcrules_stats *ret)
{
	const struct svcr_nft *n = nft_part(rs);

	*ret = rs->stats;
	for (size_t i = 0; n && i < n->ntables; i++) {
		const struct svcr_nft_table *t = &n->tables[i];

		if (strcmp(t->layout->serves, SVCR_POLICY_WORD) == 0) {
			ret->policy_ipv4 |= t->present && t->family == SVCR_IPV4;
			ret->policy_ipv6 |= t->present && t->family == SVCR_IPV6;
			continue;
		}
		ret->ipv4 = ret->ipv4 || (t->present && t->family == SVCR_IPV4);
		ret->ipv6 = ret->ipv6 || (t->present && t->family == SVCR_IPV6);
		ret->serves = ret->serves || t->sets[t->layout->names].n > 0;
	}
	ret->generation = n ? n->generation : 0;
	ret->table = n && n->ntables ? n->tables[0].name : "";
	ret->target = &rs->target->info;
}

/* ---- Printing ----------------------------------------------------------- */

static int json_parts(const struct svcrules_ruleset *rs, json_t *root)
{
	int err = 0;

	for (int at = 1; at <= SVCR_PRINT_ORDERS; at++)
		for (size_t i = 0; i < rs->nparts && !err; i++)
			if (rs->parts[i]->ops->print_order == at)
				err = rs->parts[i]->ops->json(rs->parts[i], rs, root);
	return err;
}

static int ruleset_json(const struct svcrules_ruleset *rs, svcrules_write_fn write, void *arg)
{
	json_t *root = json_pack("{s:i}", "version", 1);
	int err = root ? json_parts(rs, root) : -ENOMEM;

	if (!err)
		return svcr_json_dump(root, write, arg);
	json_decref(root);
	return err;
}

/*
 * Prints a part if it belongs to the format. All parts belong to the format "", each below its
 * heading.
 */
static void print_part(const struct svcrules_ruleset *rs, const struct svcr_part *p,
		       const char *format, bool *first, struct svcr_out *o)
{
	const struct svcr_part_ops *ops = p->ops;

	if (*format && (!ops->format || strcmp(ops->format, format) != 0))
		return;
	if (!*format)
		svcr_out(o, "%s# %s\n", *first ? "" : "\n", ops->heading);
	*first = false;
	ops->print(p, rs, o);
}

static int ruleset_text(const struct svcrules_ruleset *rs, const char *format,
			svcrules_write_fn write, void *arg)
{
	struct svcr_out o = { .write = write, .arg = arg };
	bool first = true;

	for (int at = 1; at <= SVCR_PRINT_ORDERS; at++)
		for (size_t i = 0; i < rs->nparts; i++)
			if (rs->parts[i]->ops->print_order == at)
				print_part(rs, rs->parts[i], format, &first, &o);
	return svcr_out_end(&o);
}

const char *svcr_format(const char *const *formats, const char *format)
{
	if (!format)
		return formats[0];
	for (; *formats; formats++)
		if (strcmp(*formats, format) == 0)
			return format;
	return NULL;
}

const char *svcrules_unprintable(const struct svcrules_ruleset *rs, const char *format, bool files)
{
	if (!rs->target->unprintable)
		return NULL;
	return rs->target->unprintable(rs, files ? NULL :
						   svcr_format(rs->target->info.formats, format));
}

int svcrules_print(const struct svcrules_ruleset *rs, const char *format, svcrules_write_fn write,
		   void *arg)
{
	format = svcr_format(rs->target->info.formats, format);
	if (!format)
		return -EINVAL;
	if (strcmp(format, "json") == 0)
		return ruleset_json(rs, write, arg);
	return ruleset_text(rs, format, write, arg);
}

int svcrules_pack(const struct svcrules_ruleset *rs, svcrules_write_fn write, void *arg)
{
	const struct svcr_nft *n = nft_part(rs);

	return n && rs->nparts == 1 ? svcr_nft_pack(n, write, arg) : -ENOTSUP;
}

int svcrules_unpack(const struct svcrules_ruleset *like, const void *buf, size_t len,
		    struct svcrules_ruleset **ret)
{
	struct svcrules_ruleset *rs;
	int err;

	if (!nft_part(like) || like->nparts != 1)
		return -ENOTSUP;
	rs = svcrules_ruleset_empty(like);
	err = rs ? svcr_nft_unpack(buf, len, (struct svcr_nft *)rs->parts[0]) : -ENOMEM;
	if (err)
		svcrules_ruleset_free(rs);
	else
		*ret = rs;
	return err;
}

/* ---- Questions that only a target answers -------------------------------- */

int svcrules_obstacle(const struct svcrules_ruleset *have, const struct svcrules_ruleset *want,
		      size_t i, char **ret)
{
	for (size_t k = 0; k < have->nparts; k++) {
		const struct svcr_part *p = have->parts[k];
		size_t n = 0;
		int found;

		/* obstacles are counted by asking for each: there are few */
		for (; p->ops->obstacle && (found = p->ops->obstacle(p, have, want, n, ret)); n++) {
			if (found < 0 || i-- == 0)
				return found;
			free(*ret);
		}
		if (n > 0) /* only the first part with obstacles is reported */
			return 0;
	}
	return 0;
}

int svcrules_settle(const struct svcrules_ruleset *have, struct svcrules_ruleset *want,
		    enum svcrules_settle how)
{
	return want->target->settle ? want->target->settle(have, want, how) : 0;
}

bool svcrules_flow_stale(const struct svcrules_ruleset *now, const struct svcrules_ruleset *before,
			 const struct svcrules_flow *f)
{
	return now->target->flow_stale && now->target->flow_stale(now, before, f);
}

const char *svcrules_errno_text(int err)
{
	const char *text = strerrordesc_np(-err);

	switch (-err) {
	case EPERM: return "needs CAP_NET_ADMIN (root)";
	case EINTR:
	case ERESTART: return "another program keeps changing nftables; try again";
	case EBADMSG: return "the kernel's answer could not be understood";
	case EMSGSIZE:
		return "the change is larger than this namespace may send; run as root, or raise "
		       "net.core.wmem_max";
	default: return text ? text : "unknown error";
	}
}
