/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of virtual and real servers, in the order in which they are made. */
#ifndef SVCR_IPVS_DIFF_H
#define SVCR_IPVS_DIFF_H

#include "rules/ipvs/servers.h"

enum svcr_ipvs_op { /* In this order: nothing is removed before everything new is there. */
		    IPVS_ADD_SERVER,
		    IPVS_EDIT_SERVER,
		    IPVS_ADD_REAL,
		    IPVS_EDIT_REAL,
		    IPVS_DEL_REAL,   /* the first removal */
		    IPVS_DEL_SERVER, /* with its real servers */
		    IPVS_OP__COUNT
};

struct svcr_ipvs_change {
	enum svcr_ipvs_op op;
	const struct svcr_ipvs_server *server; /* as it is to be; of DEL: as it was */
	const struct svcr_ipvs_real *real;
};

struct svcr_ipvs_changes {
	struct svcr_part_changes part; /* first: these are the changes of a part */
	const struct svcr_ipvs *from, *to;
	SVCR_LIST(struct svcr_ipvs_change) v; /* sorted by op */
	size_t nservers, nreals;              /* changes of each */
};

/* Compares; both must outlive the result. 0 or -ENOMEM. */
int svcr_ipvs_diff(const struct svcr_ipvs *from, const struct svcr_ipvs *to,
		   struct svcr_ipvs_changes **ret);
void svcr_ipvs_changes_free(struct svcr_ipvs_changes *c);
/* The changes of one stage: additions and edits, or removals. Returns their number. */
size_t svcr_ipvs_stage(const struct svcr_ipvs_changes *c, enum svcrules_stage stage,
		       const struct svcr_ipvs_change **ret);
/* The change that message `seq` of a stage makes, or NULL. */
const struct svcr_ipvs_change *svcr_ipvs_change(const struct svcr_ipvs_changes *c,
						enum svcrules_stage stage, uint32_t seq);

#endif
