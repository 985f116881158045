/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the network policies of another node decide, where the connection goes on to. */
#ifndef SVCR_EXPLAIN_ELSEWHERE_H
#define SVCR_EXPLAIN_ELSEWHERE_H

#include "rules/explain/tell.h"

/*
 * If policies are enforced and the destination is a pod of another node of the input, walks the
 * tables for policies that this node would have. *ret is how the packet leaves them. 0 or -ENOMEM.
 */
int svcr_explain_elsewhere(struct svcr_explain_walker *w, bool masqueraded,
			   enum svcr_nft_fate *ret);
void svcr_explain_elsewhere_release(struct svcr_explainer *x);

#endif
