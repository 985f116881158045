/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel's refusals of changes of IPVS mean. */
#ifndef SVCR_IPVS_REFUSAL_H
#define SVCR_IPVS_REFUSAL_H

#include "rules/ipvs/diff.h"

/*
 * Returns "Service production/web:http 10.96.0.10:80/tcp" with the name from one of the tables;
 * malloc'ed, or NULL.
 */
char *svcr_ipvs_server_text(const struct svcr_nft *a, const struct svcr_nft *b,
			    const struct svcr_ipvs_server *s);
/*
 * True if the error (negative errno) of message `seq` means that there is nothing left to
 * remove.
 */
bool svcr_ipvs_harmless(const struct svcr_ipvs_changes *c, enum svcrules_stage stage, uint32_t seq,
			int err);
/*
 * True if two messages are about the same virtual server, so that one may have been refused
 * because the other was.
 */
bool svcr_ipvs_same_server(const struct svcr_ipvs_changes *c, enum svcrules_stage stage,
			   uint32_t seq, uint32_t other);
/* Says what was refused and why, with names from the tables. Malloc'ed, or NULL. */
char *svcr_ipvs_describe(const struct svcr_ipvs_changes *c, const struct svcr_nft *from,
			 const struct svcr_nft *to, enum svcrules_stage stage, uint32_t seq,
			 int err);

#endif
