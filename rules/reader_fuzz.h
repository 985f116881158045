/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For fuzz targets: rule sets compared in every way, and readers that get any answers. */
#ifndef SVCR_READER_FUZZ_H
#define SVCR_READER_FUZZ_H

#include "fuzz_main.h"
#include "rules/built_test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#define REQUESTS_MAX 200 /* of one reader */

/* ---- Compared ------------------------------------------------------------ */

static inline void fuzz_describe(const struct svcrules_changes *c, size_t part,
				 enum svcrules_stage stage, size_t count)
{
	for (size_t i = 0; i <= count + 1; i++) {
		const struct svcrules_refusal v[] = { { 1, -EPERM },
						      { (uint32_t)i, -(int)(i % 120) - 1 } };
		char *text = NULL;

		svcrules_changes_refused(c, part, stage, v, 2, 1, &text);
		free(text);
	}
}

static inline void fuzz_compare(const struct svcrules_ruleset *from, struct svcrules_ruleset *to)
{
	struct svcrules_changes *c = gen_diff(from, to);
	const struct svcrules_target *target = svcrules_target(0);
	struct svcrules_changes_stats stats;
	struct svcrules_stats of;
	size_t sum = 0;

	svcrules_ruleset_stats(to, &of);
	target = of.target;
	for (size_t part = 0; part < to->nparts; part++)
		for (int stage = SVCRULES_STOP; stage <= SVCRULES_REMOVE; stage++) {
			struct svcrules_messages m = gen_encode(c, part, (enum svcrules_stage)stage,
								29);

			gen_sum(&sum, m.buf, m.len);
			fuzz_describe(c, part, (enum svcrules_stage)stage, m.count);
			free(m.buf);
		}
	for (size_t i = 0; target->change_formats[i]; i++)
		if (svcrules_changes_print(c, target->change_formats[i], i & 1, gen_sum, &sum))
			abort();
	if (svcrules_changes_stats(c, &stats))
		abort();
	svcrules_changes_free(c);
}

/* ---- Read ---------------------------------------------------------------- */

struct fuzz_kernel {
	struct svcrules_reader *reader;
	const uint8_t *data;
	size_t size;
	uint64_t rng; /* for which messages come, and errors */
};

static inline void fuzz_take_one(const void *msg, void *arg)
{
	struct fuzz_kernel *k = arg;

	if (!gen_one_in(&k->rng, 8) && svcrules_reader_take(k->reader, msg) == -ENOMEM)
		abort();
}

/* The generation is always 7, or the readers would not get far. */
static inline void fuzz_take_generation(struct svcrules_reader *r)
{
	char buf[64] __attribute__((aligned(8))) = { 0 };
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN;
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct nfgenmsg));
	mnl_attr_put_u32(nlh, NFTA_GEN_ID, htonl(7));
	svcrules_reader_take(r, nlh);
}

static inline bool fuzz_asks_generation(const struct svcrules_request *q)
{
	return strcmp(q->netlink, SVCRULES_NETLINK_NETFILTER) == 0 &&
	       ((const struct nlmsghdr *)q->msg)->nlmsg_type ==
		       (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN);
}

/* Answers all requests; false: the reader gave up. */
static inline bool fuzz_answer(struct fuzz_kernel *k)
{
	static const int errors[] = { ENOENT, EAFNOSUPPORT, ESRCH, EPROTONOSUPPORT,
				      ENODEV, EPERM,        EINTR, EBUSY };
	struct svcrules_request q;
	int found;

	for (int i = 0; (found = svcrules_reader_next(k->reader, &q)) > 0; i++) {
		const struct nlmsghdr *nlh = q.msg;
		int err = gen_one_in(&k->rng, 16) ? -errors[gen_random(&k->rng, 8)] : 0;

		if (nlh->nlmsg_len > 1024 || i == REQUESTS_MAX)
			return false;
		if (fuzz_asks_generation(&q))
			fuzz_take_generation(k->reader);
		else
			fuzz_messages(k->data, k->size, fuzz_take_one, k);
		if (svcrules_reader_answered(k->reader, err))
			return false;
	}
	return found == 0;
}

static inline void fuzz_use(const struct svcrules_ruleset *have, struct svcrules_ruleset *like)
{
	struct svcrules_stats stats;
	size_t sum = 0;
	char *text;

	svcrules_ruleset_stats(have, &stats);
	for (size_t i = 0; svcrules_obstacle(have, like, i, &text) > 0; i++)
		free(text);
	if (svcrules_settle(have, like, SVCRULES_SETTLE_APPLY, NULL) ||
	    svcrules_print(have, NULL, gen_sum, &sum))
		abort();
	/* fails where other programs chose names that are not UTF-8 */
	svcrules_print(have, "json", gen_sum, &sum);
	fuzz_compare(have, like);
}

static inline void fuzz_read(const char *target, struct fuzz_kernel k)
{
	struct gen_cluster cluster = gen_cluster(5, 8);
	struct svcrules_ruleset *like = gen_build(target, &cluster, 0), *have = NULL;

	k.reader = svcrules_reader_new(like);
	if (fuzz_answer(&k) && svcrules_reader_end(k.reader, &have) == 0)
		fuzz_use(have, like);
	svcrules_ruleset_free(have);
	svcrules_reader_free(k.reader);
	svcrules_ruleset_free(like);
	free(cluster.v);
}

/* Finds tables of one target or of all (NULL), and removes what was found. */
static inline void fuzz_find(const char *target, const char *table, struct fuzz_kernel k)
{
	struct svcrules_ruleset *have = NULL, *nothing;

	k.reader = svcrules_reader_find(target, table);
	if (fuzz_answer(&k) && svcrules_reader_end(k.reader, &have) == 0) {
		nothing = svcrules_ruleset_empty(have);
		fuzz_compare(have, nothing);
		svcrules_ruleset_free(nothing);
	}
	svcrules_ruleset_free(have);
	svcrules_reader_free(k.reader);
}

/* Runs the readers of all targets with the messages as answers. */
static inline void fuzz_readers(const uint8_t *data, size_t size)
{
	const struct svcrules_target *t;

	for (uint64_t seed = 0; seed < 3; seed++) {
		const struct fuzz_kernel k = { NULL, data, size, seed + size };

		for (size_t i = 0; (t = svcrules_target(i)); i++) {
			fuzz_read(t->name, k);
			fuzz_find(t->name, NULL, k);
		}
		fuzz_find(NULL, NULL, k);
		fuzz_find(NULL, "svcrules", k);
	}
}

#endif
