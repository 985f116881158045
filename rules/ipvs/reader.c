/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/ipvs/reader.h"
#include "rules/ipvs/decode.h"

#include <errno.h>
#include <linux/ip_vs.h>

enum {
	STEP_SERVERS, /* a dump of all virtual servers */
	/*
	 * one request for each virtual server that the dump skipped, which happens only while
	 * another network namespace changes the kernel's list
	 */
	STEP_MISSING,
	STEP_REALS, /* a dump of the real servers of each virtual server */
	STEP_END
};

/*
 * Sets *ret to the virtual server that the i-th element of all svcr_ipvs_naming_sets names.
 * False: there are fewer.
 */
static bool named_server(const struct svcr_nft *n, size_t i, struct svcr_ipvs_server *ret)
{
	for (uint8_t f = 0; n && f < SVCR_FAMILY__COUNT; f++) {
		for (size_t k = 0; k < SVCR_IPVS_NAMING_SETS; k++) {
			const struct svcr_nft_set *s = svcr_services_set(n, f,
									 svcr_ipvs_naming_sets[k]);

			if (i >= s->n) {
				i -= s->n;
				continue;
			}
			*ret = svcr_ipvs_of_key(f, svcr_nft_elem(s, i));
			return true;
		}
	}
	return false;
}

/*
 * Finds the next virtual server that the tables name and that was not read. r->at counts the
 * elements that were examined.
 */
static bool find_missing(struct svcr_ipvs_reader *r, const struct svcr_ipvs_parts *p,
			 struct svcr_ipvs_server *ret)
{
	while (named_server(p->nft, r->at, ret)) {
		r->at++;
		if (!svcr_ipvs_find(p->ipvs, ret) && !svcr_ipvs_find_foreign(p->ipvs, ret) &&
		    svcr_ipvs_sent_to(p->nft, ret))
			return true;
	}
	return false;
}

int svcr_ipvs_reader_next(void *state, struct svcrules_ruleset *have, struct svcr_part *part,
			  struct svcrules_request *ret)
{
	struct svcr_ipvs_parts p = svcr_ipvs_parts(have);
	struct svcr_ipvs_reader *r = state;
	struct svcr_ipvs_server missing;

	(void)part;
	*ret = (struct svcrules_request){ .netlink = IPVS_GENL_NAME, .dump = true, .msg = r->buf };
	if (r->step == STEP_SERVERS)
		svcr_ipvs_ask_all(r->buf);
	if (r->step == STEP_MISSING) {
		ret->dump = false;
		if (find_missing(r, &p, &missing)) {
			svcr_ipvs_ask_one(&missing, r->buf);
			return 1;
		}
		ret->dump = true;
		r->step = STEP_REALS;
		r->at = 0;
	}
	if (r->step == STEP_REALS && r->at < p.ipvs->servers.n)
		svcr_ipvs_ask_reals(&p.ipvs->servers.v[r->at], r->buf);
	else if (r->step == STEP_REALS)
		r->step = STEP_END;
	if (r->step != STEP_END)
		return 1;
	return svcr_ipvs_decode_end(p.ipvs);
}

int svcr_ipvs_reader_take(void *state, struct svcrules_ruleset *have, struct svcr_part *part,
			  const void *msg)
{
	struct svcr_ipvs *v = (struct svcr_ipvs *)part;
	struct svcr_ipvs_reader *r = state;

	(void)have;
	return r->step == STEP_REALS ? svcr_ipvs_decode_real(v, r->at, msg) :
				       svcr_ipvs_decode(v, msg);
}

int svcr_ipvs_reader_answered(void *state, struct svcrules_ruleset *have, struct svcr_part *part,
			      int err)
{
	struct svcr_ipvs_parts p = svcr_ipvs_parts(have);
	struct svcr_ipvs_reader *r = state;

	(void)part;
	switch (r->step) {
	case STEP_SERVERS:
		if (err == -EPROTONOSUPPORT) { /* no such generic netlink family */
			p.ipvs->absent = true;
			r->step = STEP_END;
			return 0;
		}
		if (!err)
			r->step = STEP_MISSING;
		return err ? err : svcr_ipvs_own(&p);
	case STEP_MISSING:
		if (err == -ESRCH) /* the virtual server does not exist */
			return 0;
		return err ? err : svcr_ipvs_own(&p);
	default:
		r->at++;
		/* removed since the dump of all virtual servers */
		return err == -ESRCH ? -EINTR : err;
	}
}
