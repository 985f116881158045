/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From events of a walk to sentences. */
#ifndef SVCR_EXPLAIN_TELL_H
#define SVCR_EXPLAIN_TELL_H

#include "rules/explain/explain.h"
#include "rules/nft/eval.h"

/* A part of the connections on its way through the chains. */
struct svcr_explain_walker {
	struct svcr_explainer *x;
	struct svcr_nft_eval eval;
	struct svcr_explain_steps *steps; /* where sentences go */
	size_t told;                      /* events that sentences were made of */
	const char *where;                /* the hook: "prerouting" */
	const char *policy_where;         /* of sentences about policies; NULL: "policy" */
	const char *marked;               /* why it is to be masqueraded; NULL: it is not */
	const char *name;                 /* of the service that was found; NULL: none */
	bool from_pod;                    /* its source is in the pods' prefixes */
	bool local;                       /* the endpoints of this node alone, for outsiders */
};

/* Makes sentences of the events since the last call; `fate`: how the chain ended. 0 or -ENOMEM. */
int svcr_explain_tell(struct svcr_explain_walker *w, enum svcr_nft_fate fate);
/* The same for one chain of the tables that serve Services, and of those for policies. */
int svcr_explain_tell_services(struct svcr_explain_walker *w, enum svcr_nft_fate fate);
int svcr_explain_tell_policies(struct svcr_explain_walker *w, enum svcr_nft_fate fate);
/* Why a connection whose destination was translated keeps its source; NULL: not known. */
const char *svcr_explain_unmasked(const struct svcr_explain_walker *w);
/* The seconds for which a client keeps the endpoint of the service asked for; 0: it is not kept. */
uint32_t svcr_explain_remembered(const struct svcr_explain_walker *w);
/* Adds a sentence about an event. 0 or -ENOMEM. */
int svcr_explain_say(struct svcr_explain_walker *w, const struct svcr_nft_event *v,
		     const char *where, const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* "10.96.0.10:80", "[fd00::1]:80" into buf[SVCR_IPVS_PLACE_TEXT]. */
static inline const char *svcr_explain_place_text(const struct svcr_addr *a, uint16_t port,
						  char *buf)
{
	return svcr_ipvs_place_text(a, port, buf);
}

#endif
