/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fills the rules for iptables-restore(8) from a view. */
#ifndef SVCR_IPT_BUILD_H
#define SVCR_IPT_BUILD_H

#include "rules/iptables/part.h"
#include "view.h"

/*
 * Fills the empty part, which takes the memory of the view's lists over: the view must be released
 * all the same. 0 or -ENOMEM.
 */
int svcr_ipt_build(struct svcr_view *view, const struct svcrules_options *o, struct svcr_ipt *p);

#endif
