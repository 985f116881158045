/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtual servers as ipvsadm(8) saves and restores them, and as JSON. */
#ifndef SVCR_IPVS_PRINT_H
#define SVCR_IPVS_PRINT_H

#include "rules/ipvs/diff.h"
#include "rules/json.h"

/* Commands that ipvsadm -R reads. */
void svcr_ipvs_out(struct svcr_out *o, const struct svcr_ipvs *v);
void svcr_ipvs_out_changes(struct svcr_out *o, const struct svcr_ipvs_changes *c);
/*
 * As a JSON array, with the names that the tables `names` have; svcrules(5) describes the form.
 * NULL: out of memory.
 */
json_t *svcr_ipvs_json_servers(const struct svcr_ipvs *v, const struct svcr_nft *names);

#endif
