/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The settings of the target dns. */
#ifndef SVCR_DNS_SETTINGS_H
#define SVCR_DNS_SETTINGS_H

#include "rules/dns/dns.h"

extern const struct svcrules_setting svcr_dns_settings[];
/* NULL if the value of a setting is right, else what was expected. */
const char *svcr_dns_expected(const char *setting, const char *value);
/* Reads the settings; lists and texts are put into `a`. 0 or -ENOMEM. */
int svcr_dns_configure(struct svcr_dns_config *c, struct svcr_arena *a,
		       const struct svcrules_options *o);
/* True if `name` is the domain or below it. */
bool svcr_dns_within(const char *name, const char *domain);

#endif
