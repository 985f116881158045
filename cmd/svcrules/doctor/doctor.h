/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What `svcrules doctor` looks at. Each examination reads something of this host, changes nothing,
 * and adds what it found.
 */
#ifndef SVCRULES_DOCTOR_H
#define SVCRULES_DOCTOR_H

#include "kernel/session.h"

enum verdict {
	VERDICT_FINE,
	VERDICT_NOTE,    /* right on many nodes, and worth to know on some */
	VERDICT_TROUBLE, /* services do not work, or not always */
	VERDICT_UNKNOWN, /* could not be looked at */
};

/* All texts of one finding are in plain words, without a full stop. */
struct verdict_found {
	enum verdict verdict;
	const char *name;   /* of the examination */
	char *evidence;     /* what is there; malloc'ed */
	const char *effect; /* on Services; NULL: none */
	char *mend;         /* a command, or what to do; malloc'ed, NULL: nothing */
};

struct doctor {
	struct session *session;             /* NULL: no nf_tables, or no permission */
	struct svcrules_stats stats;         /* of the rules of svcrules in the kernel */
	bool installed;                      /* there are any */
	struct svcrules_ruleset *have;       /* these, or NULL */
	struct svcrules_installed *services; /* what they serve, or NULL */
	const char *name;                    /* of the examination that runs */
	struct verdict_found *v;
	size_t n;
	bool no_memory;
};

/*
 * Add a finding. `evidence` is a format; what it makes is escaped as messages are. Without memory,
 * d->no_memory is set.
 */
void doctor_fine(struct doctor *d, const char *evidence, ...) __attribute__((format(printf, 2, 3)));
void doctor_unknown(struct doctor *d, const char *evidence, ...)
	__attribute__((format(printf, 2, 3)));
/* Takes over `mend`, the command that helps; NULL: there is none. `effect` is borrowed. */
void doctor_find(struct doctor *d, enum verdict verdict, const char *effect, char *mend,
		 const char *evidence, ...) __attribute__((format(printf, 5, 6)));
/* A malloc'ed text for `mend`. */
char *doctor_text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The i-th address and port that the rules here serve, or NULL. */
const struct svcrules_installed_vip *doctor_vip(const struct doctor *d, size_t i);

/* The examinations; doctor.c has their names. */
void doctor_forwarding(struct doctor *d);
void doctor_bridges(struct doctor *d);
void doctor_reverse_path(struct doctor *d);
void doctor_conntrack_room(struct doctor *d);
void doctor_conntrack_window(struct doctor *d);
void doctor_local_ports(struct doctor *d);
void doctor_listeners(struct doctor *d);
void doctor_forward_chains(struct doctor *d);
void doctor_proxies(struct doctor *d);
void doctor_features(struct doctor *d);
void doctor_flush(struct doctor *d);
void doctor_modules(struct doctor *d);
void doctor_settings(struct doctor *d);
void doctor_clock(struct doctor *d);
void doctor_tunnels(struct doctor *d);
void doctor_routes(struct doctor *d);
void doctor_state(struct doctor *d);

#endif
