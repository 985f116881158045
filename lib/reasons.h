/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why a port of a service has no endpoint, or is not served: found on demand, from the model and
 * the view. What is found does not depend on the order of the input.
 */
#ifndef SVCR_REASONS_H
#define SVCR_REASONS_H

#include "view.h"

/*
 * In the order in which they are asked for: the first that holds is the reason. lib/reasons.c has
 * for each a stable name and a few words without numbers.
 */
enum svcr_why {
	SVCR_WHY_NONE, /* it has endpoints, and is served */
	/* the service, or one of its addresses, is left out: */
	SVCR_WHY_EXTERNAL_NAME, /* its type */
	SVCR_WHY_OTHER_PROXY,   /* a label gives it to another proxy */
	SVCR_WHY_HEADLESS,      /* its clusterIP is None */
	SVCR_WHY_PENDING,       /* no cluster IP yet */
	SVCR_WHY_NO_PORTS,      /* no port that can be used */
	SVCR_WHY_TOO_LARGE,     /* more elements than --max-elements */
	SVCR_WHY_BAD_ADDRESS,   /* no service can have the address */
	SVCR_WHY_NO_FAMILY,     /* no cluster IP of that family, or the option family */
	SVCR_WHY_CONFLICT,      /* another service has the address and port */
	SVCR_WHY_NOBODY,        /* loadBalancerSourceRanges admit nobody */
	/* it has no endpoint: */
	SVCR_WHY_NO_SLICE,     /* no slice names the service */
	SVCR_WHY_NO_POD,       /* endpoints come from Pods, and the selector matches none */
	SVCR_WHY_NO_ENDPOINT,  /* its slices are empty */
	SVCR_WHY_FQDN,         /* its slices have names, not addresses */
	SVCR_WHY_PORT,         /* its slices have other ports */
	SVCR_WHY_PROTOCOL,     /* they have the port for another protocol */
	SVCR_WHY_FAMILY,       /* they have addresses of the other family alone */
	SVCR_WHY_BAD_ENDPOINT, /* they have addresses alone that no endpoint can have */
	SVCR_WHY_NOT_READY,    /* none is ready, and none serves while it terminates */
	SVCR_WHY_ELSEWHERE,    /* policy Local: all that could be used are on other nodes */
	SVCR_WHY__COUNT
};

#define SVCR_WHY_NAMES 3 /* names that a reason lists; it counts the others */

struct svcr_reason {
	enum svcr_why why;
	const struct svcr_service *service;
	const struct svcr_service_port *port; /* NULL: of the whole service */
	uint8_t family;
	bool local;       /* for the traffic policy Local */
	bool legacy;      /* it uses an Endpoints object instead of EndpointSlices */
	bool from_pods;   /* its endpoints come from Pods */
	size_t slices;    /* that name the service */
	size_t endpoints; /* WHY_NOT_READY, ELSEWHERE, BAD_ENDPOINT, FAMILY: at the port */
	/* PORT: ports of the slices for its protocol; ELSEWHERE: nodes; sorted, interned */
	const char *names[SVCR_WHY_NAMES];
	size_t nnames;       /* of all, not only of those that are listed */
	const char *nearest; /* PORT: the name that is probably meant; NULL: none */
	uint8_t protocol;    /* PROTOCOL: the one that the slices have */
	struct svcr_addr
		addr; /* BAD_ADDRESS, CONFLICT: of the service; BAD_ENDPOINT: one of them */
	const struct svcr_vip *winner; /* CONFLICT */
	size_t max;                    /* TOO_LARGE: --max-elements */
	/* With Pods in the model, of a service with a selector; else `selected` is false: */
	struct {
		bool selected;  /* the members below are set */
		size_t matched; /* pods that the selector matches, without those that have ended */
		size_t ready;   /* of these */
		const char *name;   /* one that is not ready, the longest so; NULL: none */
		int64_t since;      /* when it became so, nanoseconds since 1970; 0: unknown */
		bool lacks_target;  /* no container of the pods has a port named targetPort */
		const char *target; /* that name */
		/* NO_POD: a label that more pods would match with; key NULL: none */
		const char *key, *value; /* of the selector */
		const char *meant;       /* the value that pods have instead; NULL: any value */
		size_t with;             /* how many pods have it */
		size_t in_namespace;     /* pods of the namespace, all told */
	} pods;
};

/* What reasons are found with. The model, the options and the view must outlive it. */
struct svcr_reasons {
	const struct svcrules_model *model;
	const struct svcrules_options *options;
	const struct svcr_view *view;
};

/*
 * Why one port of `s` has no endpoint in one family, for the traffic policy Cluster or Local. The
 * service need not be served. ret->why is SVCR_WHY_NONE if it has endpoints. The time depends on
 * the objects of this service, and on the Pods of its namespace. 0 or -ENOMEM.
 */
int svcr_reason_port(const struct svcr_reasons *r, const struct svcr_service *s,
		     const struct svcr_service_port *port, uint8_t family, bool local,
		     struct svcr_reason *ret);
/* The same for an address and port of the view: the policy is that of packets from inside. */
int svcr_reason_vip(const struct svcr_reasons *r, const struct svcr_vip *v, bool outside,
		    struct svcr_reason *ret);
/* Why the whole service has no rules; SVCR_WHY_NONE: it has. */
void svcr_reason_service(const struct svcr_reasons *r, const struct svcr_service *s,
			 struct svcr_reason *ret);
/* Why the service is not served at one of its addresses; SVCR_WHY_NONE: it is. */
void svcr_reason_address(const struct svcr_reasons *r, const struct svcr_service *s,
			 const struct svcr_service_port *port, const struct svcr_addr *a,
			 uint16_t number, struct svcr_reason *ret);

#define SVCR_REASON_TEXT 512
/*
 * Writes the reason as one phrase into `buf` of SVCR_REASON_TEXT bytes and returns it: "2 endpoints,
 * none is ready". "" for SVCR_WHY_NONE.
 */
const char *svcr_reason_text(const struct svcr_reason *why, char *buf);
/* A stable name, as of a check: "not-ready". */
const char *svcr_why_name(enum svcr_why why);
/*
 * A few words for a comment in the kernel, without numbers and names, so that the comment stays the
 * same while the reason does: "no endpoint is ready".
 */
const char *svcr_why_words(enum svcr_why why);

#endif
