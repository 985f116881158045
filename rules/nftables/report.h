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

/* A growing list of texts, malloc'ed; `err` is sticky. */
struct svcr_nft_texts { char **v; size_t n, cap; int err; };

/* Adds a formatted one. */
void svcr_nft_text(struct svcr_nft_texts *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* What another back end, for which the table is but a part, has to say. */
struct svcr_nft_report_more {
	const void *arg;
	/* Adds the service addresses whose rules differ by svcr_nft_report_add(). 0 or -ENOMEM. */
	int (*collect)(struct svcr_nft_report *r, const void *arg);
	/* What one side (`to`, else from) does for the address. */
	void (*texts)(struct svcr_nft_texts *t, bool to, uint8_t family, const uint8_t *key, const void *arg);
};

/* Adds a service address, once or more. 0 or -ENOMEM. */
int svcr_nft_report_add(struct svcr_nft_report *r, uint8_t family, const uint8_t *key);
/* `details`: fill in added and removed. `more` may be NULL. 0 or -ENOMEM (then it is released). */
int svcr_nft_report(struct svcr_nft_report *r, const struct svcrules_changes *c, bool details,
		    const struct svcr_nft_report_more *more);
void svcr_nft_report_release(struct svcr_nft_report *r);

/* "10.96.0.1:80/tcp", "[fd00::1]:53/udp". */
#define SVCR_NFT_VIP_TEXT 72
const char *svcr_nft_vip_text(uint8_t family, const uint8_t *key, char *buf);

#endif
