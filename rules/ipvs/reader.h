/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading virtual servers back: which requests are sent in which order; see decode.h. */
#ifndef SVCR_IPVS_READER_H
#define SVCR_IPVS_READER_H

#include "rules/ipvs/encode.h"

struct svcr_ipvs_reader {
	int step;
	/* the element that is examined, or the virtual server whose real servers are read */
	size_t at;
	char buf[SVCR_IPVS_REQUEST_SIZE] __attribute__((aligned(8)));
};

/* The operations of the same names in struct svcr_part_ops. */
int svcr_ipvs_reader_next(void *state, struct svcrules_ruleset *have, struct svcr_part *p,
			  struct svcrules_request *ret);
int svcr_ipvs_reader_take(void *state, struct svcrules_ruleset *have, struct svcr_part *p,
			  const void *msg);
int svcr_ipvs_reader_answered(void *state, struct svcrules_ruleset *have, struct svcr_part *p,
			      int err);

#endif
