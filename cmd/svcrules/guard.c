/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guard.h"
#include "say.h"

#include <errno.h>

#define MIN_DEFAULT 20     /* addresses that are served */
#define PERCENT_DEFAULT 50 /* of them may be lost */
#define LIMIT_MAX 1000000000ul

int guard_read(const struct arguments *a, struct guard *ret)
{
	const char *value = a->value[OPT_MAX_LOST];
	unsigned long n;
	char *end;

	*ret = (struct guard){ .percent = true, .limit = PERCENT_DEFAULT, .min = MIN_DEFAULT };
	if (!value)
		return EXIT_DONE;
	*ret = (struct guard){ .all = strcmp(value, "all") == 0 };
	if (ret->all)
		return EXIT_DONE;
	errno = 0;
	n = strtoul(value, &end, 10);
	ret->percent = *end == '%';
	end += ret->percent;
	if (*value < '0' || *value > '9' || *end || errno || n > (ret->percent ? 100 : LIMIT_MAX)) {
		say("--max-lost: '%s' is not valid, expected a number of addresses, a percentage "
		    "such as 80%%, or all",
		    value);
		return EXIT_USAGE;
	}
	ret->limit = n;
	return EXIT_DONE;
}

static bool guard_allows(const struct guard *g, const struct svcrules_loss *l)
{
	if (g->all || !l->lost || l->served < g->min)
		return true;
	return g->percent ? l->lost * 100 <= l->served * g->limit : l->lost <= g->limit;
}

/* "production/web, production/api", without the names of ports. */
static void names_text(const struct svcrules_loss *l, char *buf, size_t size)
{
	size_t n = (size_t)snprintf(buf, size, "%s", l->nnames ? "" : "unknown services");

	for (size_t i = 0; i < l->nnames && n < size; i++)
		n += (size_t)snprintf(buf + n, size - n, "%s%.*s", i ? ", " : "",
				      (int)strcspn(l->names[i], ":"), l->names[i]);
}

char *guard_objection(const struct guard *g, const struct svcrules_changes *c, int *ret_err)
{
	char names[SVCRULES_LOSS_NAMES * 160];
	struct svcrules_loss l;
	char *text;

	*ret_err = 0;
	svcrules_changes_loss(c, &l);
	if (guard_allows(g, &l))
		return NULL;
	names_text(&l, names, sizeof(names));
	if (asprintf(&text,
		     "%zu of %zu addresses and ports that are served now would be refused, dropped "
		     "or gone, of %s%s",
		     l.lost, l.served, names, l.lost > l.nnames ? " and others" : "") >= 0)
		return text;
	*ret_err = -ENOMEM;
	return NULL;
}

int guard_warn(const struct guard *g, const struct svcrules_changes *c)
{
	int err;
	char *text = guard_objection(g, c, &err);

	if (text)
		say("warning: %s; apply needs --max-lost to do this", text);
	free(text);
	return err ? say_enomem() : EXIT_DONE;
}
