/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SVCRULES_WARN_H
#define SVCRULES_WARN_H

struct nfnl;
struct svcrules_nft;

/* Warns of common mistakes in this host's setup that keep `wanted` from working. Changes nothing. */
void warn_host(struct nfnl *n, const struct svcrules_nft *wanted);

#endif
