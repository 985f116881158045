/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rule sets as bytes: all parts but the first with their length before them, from the last to the
 * second, then the first, which is the largest and is written a piece at a time. And what differs
 * from a rule set that was left so.
 */
#include "list.h"
#include "rules/ruleset.h"

#include <errno.h>
#include <stdlib.h>

/* The bytes of one part. */
struct part_bytes {
	char *v; /* malloc'ed */
	size_t n, cap;
};

static int keep_part_bytes(void *arg, const char *buf, size_t len)
{
	struct part_bytes *b = arg;

	if (len > b->cap - b->n) {
		size_t cap = (b->cap + len) * 2;
		char *v = realloc(b->v, cap);

		if (!v)
			return -ENOMEM;
		b->v = v;
		b->cap = cap;
	}
	memcpy(b->v + b->n, buf, len);
	b->n += len;
	return 0;
}

static int pack_part(const struct svcr_part *p, svcrules_write_fn write, void *arg)
{
	struct part_bytes b = { NULL, .n = 0 };
	int err = p->ops->pack(p, keep_part_bytes, &b);
	uint64_t len = b.n;

	if (!err)
		err = write(arg, (const char *)&len, sizeof(len));
	if (!err && len)
		err = write(arg, b.v, b.n);
	free(b.v);
	return err;
}

static bool packs(const struct svcrules_ruleset *rs)
{
	for (size_t i = 0; i < rs->nparts; i++)
		if (!rs->parts[i]->ops->pack)
			return false;
	return rs->nparts > 0;
}

int svcrules_pack(const struct svcrules_ruleset *rs, svcrules_write_fn write, void *arg)
{
	int err = packs(rs) ? 0 : -ENOTSUP;

	for (size_t i = err ? 0 : rs->nparts; i-- > 1 && !err;)
		err = pack_part(rs->parts[i], write, arg);
	return err ? err : rs->parts[0]->ops->pack(rs->parts[0], write, arg);
}

static int unpack_parts(struct svcrules_ruleset *rs, const char *buf, size_t len)
{
	int err = 0;

	for (size_t i = rs->nparts; i-- > 1 && !err;) {
		uint64_t part;

		if (len < sizeof(part))
			return -EBADMSG;
		memcpy(&part, buf, sizeof(part));
		buf += sizeof(part);
		len -= sizeof(part);
		if (part > len)
			return -EBADMSG;
		err = rs->parts[i]->ops->unpack(buf, part, rs->parts[i]);
		buf += part;
		len -= part;
	}
	return err ? err : rs->parts[0]->ops->unpack(buf, len, rs->parts[0]);
}

int svcrules_unpack(const struct svcrules_ruleset *like, const void *buf, size_t len,
		    struct svcrules_ruleset **ret)
{
	struct svcrules_ruleset *rs;
	int err;

	if (!packs(like))
		return -ENOTSUP;
	rs = svcrules_ruleset_empty(like);
	err = rs ? unpack_parts(rs, buf, len) : -ENOMEM;
	if (err)
		svcrules_ruleset_free(rs);
	else
		*ret = rs;
	return err;
}

int svcrules_drift(const struct svcrules_ruleset *left, const struct svcrules_ruleset *have,
		   svcrules_write_fn write, void *arg)
{
	struct svcr_out o = { .write = write, .arg = arg };
	int err = 0, end;

	for (size_t i = 0; i < have->nparts && !err; i++) {
		const struct svcr_part *p = have->parts[i], *q = svcr_ruleset_find(left, p->ops);

		if (p->ops->drift && q)
			err = p->ops->drift(q, p, &o);
	}
	end = svcr_out_end(&o);
	return err ? err : end;
}
