/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes told in services: what a reader of the input would recognise. */
#ifndef SVCR_NFT_REPORT_H
#define SVCR_NFT_REPORT_H

#include "rules/nftables/diff.h"

/* One service address whose rules differ. */
struct svcr_nft_vip_change {
	uint8_t family;
	uint8_t key[SVCR_NFT_VIP_MAX];
	bool in_from, in_to;
	const char *name; /* namespace/name:port, or NULL if nobody wrote it down */
	/* what only one side has: endpoints "10.244.1.7:8080" and properties such as "affinity 10s"; malloc'ed */
	char **added, **removed;
	size_t nadded, nremoved;
};

struct svcr_nft_report {
	struct svcr_nft_vip_change *v; /* sorted by family and key */
	size_t n, cap;
};

/* `details`: fill in added and removed. 0 or -ENOMEM (then it is released). */
int svcr_nft_report(struct svcr_nft_report *r, const struct svcrules_changes *c, bool details);
void svcr_nft_report_release(struct svcr_nft_report *r);

/* "10.96.0.1:80/tcp", "[fd00::1]:53/udp". */
#define SVCR_NFT_VIP_TEXT 72
const char *svcr_nft_vip_text(uint8_t family, const uint8_t *key, char *buf);

#endif
