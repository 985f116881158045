/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In what virtual servers and addresses differ from those that were left; and as bytes. */
#ifndef SVCR_IPVS_DRIFT_H
#define SVCR_IPVS_DRIFT_H

#include "rules/ipvs/servers.h"

/* Each prints a line for each kind of difference. Real servers that drain are not compared. */
void svcr_ipvs_drift(const struct svcr_ipvs *left, const struct svcr_ipvs *have,
		     struct svcr_out *o);
void svcr_link_drift(const struct svcr_link *left, const struct svcr_link *have,
		     struct svcr_out *o);

/* Writing returns what `write` returned; reading 0, -ENOMEM or -EBADMSG. */
int svcr_ipvs_pack(const struct svcr_ipvs *v, svcrules_write_fn write, void *arg);
int svcr_ipvs_unpack(const void *buf, size_t len, struct svcr_ipvs *into);
int svcr_link_pack(const struct svcr_link *l, svcrules_write_fn write, void *arg);
int svcr_link_unpack(const void *buf, size_t len, struct svcr_link *into);

#endif
