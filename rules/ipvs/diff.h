/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of virtual servers, real servers and addresses, in the order in which they are made. */
#ifndef SVCR_IPVS_DIFF_H
#define SVCR_IPVS_DIFF_H

#include "rules/ipvs/ruleset.h"

enum svcr_ipvs_op { /* those up to EDIT_REAL first: nothing goes before all that comes is there */
	IPVS_ADD_SERVER,
	IPVS_EDIT_SERVER,
	IPVS_ADD_REAL,
	IPVS_EDIT_REAL,
	IPVS_DEL_REAL,
	IPVS_DEL_SERVER, /* with its real servers */
	IPVS_OP__COUNT
};

struct svcr_ipvs_change {
	enum svcr_ipvs_op op;
	const struct svcr_ipvs_server *server; /* as it is to be; of DEL: as it was */
	const struct svcr_ipvs_real *real;
};

struct svcrules_ipvs_changes {
	const struct svcrules_ipvs *from, *to;
	SVCR_LIST(struct svcr_ipvs_change) v; /* sorted by op */
	SVCR_LIST(const struct svcr_addr *) bind, unbind;
	struct svcrules_ipvs_changes_stats stats;
};

/* The changes of one stage: additions, or removals. Returns their number. */
size_t svcr_ipvs_stage(const struct svcrules_ipvs_changes *c, bool removals, const struct svcr_ipvs_change **ret);

#endif
