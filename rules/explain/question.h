/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is asked: places in words, and which addresses and ports they stand for. */
#ifndef SVCR_EXPLAIN_QUESTION_H
#define SVCR_EXPLAIN_QUESTION_H

#include "rules/dns/dns.h"
#include "rules/explain/explain.h"

struct svcr_explain_asked {
	struct svcr_explainer *x;
	const struct svcrules_question *q;
	const struct svcr_dns *dns; /* NULL: no names can be resolved */
	struct svcrules_diags *d;
	/* the source: */
	const struct svcr_pod *pod; /* NULL: none */
	struct svcr_explain_place from[SVCR_FAMILY__COUNT];
	bool has[SVCR_FAMILY__COUNT]; /* it has an address of that family */
};

/*
 * These return 0, -EINVAL (a text that nobody understands), -ENOENT (the input has no such object)
 * or -ENOMEM; in the first two cases `d` has an error.
 */
int svcr_explain_from(struct svcr_explain_asked *a);
/* Adds a flow for each address of the destination that the source has an address for. */
int svcr_explain_to(struct svcr_explain_asked *a);

/* Adds a flow to an address; `name` and `detail` may be NULL. For the files of this folder. */
int svcr_explain_add_flow(struct svcr_explain_asked *a, const struct svcr_addr *to, uint16_t port,
			  const char *name, const char *detail);
/* Resolves a name and adds flows. `port` is NULL if none was given. */
int svcr_explain_resolve(struct svcr_explain_asked *a, struct svcr_str name, const char *port);
/* Adds flows to a service. */
int svcr_explain_service(struct svcr_explain_asked *a, const struct svcr_service *s,
			 const char *port);
/* Adds a flow to an endpoint of a service, whose port clients name themselves. */
int svcr_explain_endpoint(struct svcr_explain_asked *a, const struct svcr_service *s,
			  const struct svcr_addr *addr, const char *port);
/* The port of `s` that the text names, by name or number, or the only one; NULL with an error. */
const struct svcr_service_port *svcr_explain_port(struct svcr_explain_asked *a,
						  const struct svcr_service *s, const char *port);
/* True for "10.96.0.10:80" and "[fd00::1]:80". */
bool svcr_explain_is_place(const char *text);
/* Adds an error about "--from" or "--to"; returns `err`. */
int svcr_explain_wrong(struct svcr_explain_asked *a, const char *option, int err, const char *fmt,
		       ...) __attribute__((format(printf, 4, 5)));

#endif
