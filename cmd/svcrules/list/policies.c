/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NetworkPolicies, from the input. */
#include "list/list.h"

static const char *isolates_text(bool ingress, bool egress)
{
	return ingress && egress ? "ingress,egress" : ingress ? "ingress" : egress ? "egress" : "";
}

static void policy_row(struct listing *l, const struct svcrules_policy *p)
{
	struct columns *t = &l->table;
	char age[AGE_TEXT];

	listing_row(l, p->ns);
	columns_add(t, "%s", p->name);
	columns_add(t, "%s", p->selector);
	columns_add(t, "%s", age_text(l->now, p->created, age));
	if (!l->wide)
		return;
	columns_add(t, "%s", isolates_text(p->ingress, p->egress));
	if (p->counted) {
		columns_add(t, "%zu", p->here);
		columns_add(t, "%zu", p->pods);
	} else {
		columns_add(t, "<unknown>");
		columns_add(t, "<unknown>");
	}
}

static void policy_json(struct listing *l, const struct svcrules_policy *p)
{
	char age[AGE_TEXT];

	listing_row(l, p->ns);
	fputs(", \"name\": ", stdout);
	json_put(p->name);
	fputs(", \"selector\": ", stdout);
	json_put(p->selector);
	printf(", \"ingress\": %s, \"egress\": %s, \"age\": ", p->ingress ? "true" : "false",
	       p->egress ? "true" : "false");
	json_put(p->created ? age_text(l->now, p->created, age) : NULL);
	if (p->counted)
		printf(", \"pods\": %zu, \"pods_here\": %zu}", p->pods, p->here);
	else
		fputs(", \"pods\": null, \"pods_here\": null}", stdout);
}

int list_policies(struct listing *l, const struct svcrules_policies *p)
{
	list_start(l, "NAME|POD-SELECTOR|AGE", "ISOLATES|PODS(HERE)|PODS(ALL)");
	for (size_t i = 0; i < svcrules_policies_count(p); i++) {
		const struct svcrules_policy *q = svcrules_policies_get(p, i);

		if (!listing_takes(l, q->ns, q->name))
			continue;
		if (l->json)
			policy_json(l, q);
		else
			policy_row(l, q);
	}
	list_end(l);
	return 0;
}

static void installed_policy_json(struct listing *l, const struct svcrules_installed_policy *p)
{
	listing_row(l, p->ns);
	fputs(", \"name\": ", stdout);
	json_put(p->name);
	printf(", \"ingress\": %s, \"egress\": %s, \"pods_here\": %zu}",
	       p->ingress ? "true" : "false", p->egress ? "true" : "false", p->pods);
}

int list_installed_policies(struct listing *l, const struct svcrules_installed *k)
{
	const struct svcrules_installed_policy *p;
	struct columns *t = &l->table;

	list_start(l, "NAME|POD-SELECTOR|AGE", "ISOLATES|PODS(HERE)|PODS(ALL)");
	for (size_t i = 0; (p = svcrules_installed_policy(k, i)); i++) {
		if (!listing_takes(l, p->ns, p->name))
			continue;
		if (l->json) {
			installed_policy_json(l, p);
			continue;
		}
		listing_row(l, p->ns);
		columns_add(t, "%s", p->name);
		columns_add(t, "<unknown>");
		columns_add(t, "<unknown>");
		if (l->wide) {
			columns_add(t, "%s", isolates_text(p->ingress, p->egress));
			columns_add(t, "%zu", p->pods);
			columns_add(t, "<unknown>");
		}
	}
	list_end(l);
	return 0;
}
