/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the model keeps of Ingresses and IngressClasses (networking.k8s.io/v1). Strings are
 * interned; lists live in the model's arena.
 */
#ifndef SVCR_INGRESS_H
#define SVCR_INGRESS_H

#include "map.h"

#include <stdbool.h>
#include <stdint.h>

/* A port of a service: by number, or by name. */
struct svcr_ingress_backend {
	const char *service;   /* NULL: there is no backend */
	const char *port_name; /* NULL: `port` says it */
	uint16_t port;
};

enum svcr_path_type { SVCR_PATH_PREFIX, SVCR_PATH_EXACT, SVCR_PATH_IMPLEMENTATION };

struct svcr_ingress_path {
	const char *path; /* "/" if none is given */
	enum svcr_path_type type;
	struct svcr_ingress_backend backend;
};

struct svcr_ingress_rule {
	const char *host; /* in lower case, perhaps "*.x"; NULL: all hosts that no rule names */
	struct {
		struct svcr_ingress_path *v;
		size_t n, cap;
	} paths;
};

struct svcr_ingress_tls {
	const char *secret; /* NULL: none is named */
	struct {
		const char **v;
		size_t n, cap;
	} hosts;
};

struct svcr_ingress {
	const char *ns, *name, *source;
	int64_t created;
	const char *class;                    /* spec.ingressClassName; NULL: none */
	struct svcr_map annotations;          /* sorted, each key once */
	struct svcr_ingress_backend fallback; /* spec.defaultBackend */
	struct {
		struct svcr_ingress_rule *v;
		size_t n, cap;
	} rules;
	struct {
		struct svcr_ingress_tls *v;
		size_t n, cap;
	} tls;
};

struct svcr_ingress_class {
	const char *name, *source;
	const char *controller; /* "" if none is given */
	bool is_default;        /* annotation ingressclass.kubernetes.io/is-default-class */
};

#endif
