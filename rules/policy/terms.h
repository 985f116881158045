/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside peers: how terms and names are made and found. */
#ifndef SVCR_POLICY_TERMS_H
#define SVCR_POLICY_TERMS_H

#include "rules/policy/peers.h"

#define LOOKS_PER_ELEMENT 64

/*
 * Counts a look at a term, one for each set of labels at most: LOOKS_PER_ELEMENT looks cost
 * the classes that use the term an element, so that what one tenant writes has a bound. False: all
 * these classes are too big, and the term is dead.
 */
bool svcr_term_look(struct svcr_peers *p, struct svcr_term *t);
/* Makes n elements' cost of a class. False: the class is too big. */
bool svcr_class_charge(struct svcr_peers *p, struct svcr_pod_class *c, size_t n);
/* Returns the only copy of a term. NULL: out of memory. */
struct svcr_term *svcr_term_add(struct svcr_peers *p, struct svcr_term *like);
/* True if container ports of that name and protocol are asked for. */
bool svcr_peers_has_name(struct svcr_peers *p, const char *name, uint8_t protocol);

/* scopes.c: adds a term of kind PODS, which has its users. 0 or -ENOMEM, as all that follow. */
int svcr_scopes_add(struct svcr_peers *p, struct svcr_term *t);
/* Tells the labels of a namespace. */
int svcr_scopes_namespace(struct svcr_peers *p, const char *name, const struct svcr_labels *labels);
/* Adds the terms that a pod satisfies by its namespace and labels, with svcr_peers_found(). */
int svcr_scopes_find(struct svcr_peers *p, const struct svcr_pod *pod);
int svcr_peers_found(struct svcr_peers *p, struct svcr_term *t);
void svcr_scopes_release(struct svcr_peers *p);

#endif
