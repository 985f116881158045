/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of rules, as iptables-restore(8) reads it. */
#ifndef SVCR_IPT_TEXT_H
#define SVCR_IPT_TEXT_H

#include "out.h"
#include "rules/iptables/value.h"

/* Writes the rules of chain number `chain` of a table, a line for each: "-A CHAIN ...". */
void svcr_ipt_print_chain(const struct svcr_ipt_family *f, uint8_t table, uint32_t chain,
			  struct svcr_out *o);

#endif
