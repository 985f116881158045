/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why a port of a service has no endpoint, or is not served: found on demand, from the model and
 * the view. What is found does not depend on the order of the input.
 */
#ifndef SVCR_REASONS_H
#define SVCR_REASONS_H

#include "view.h"

/* lib/reason_text.c has for each a stable name, and a few words without numbers. */
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
	/* it is served, and drops or refuses: */
	SVCR_WHY_NOBODY,       /* loadBalancerSourceRanges admit nobody */
	SVCR_WHY_NO_SLICE,     /* no slice names the service */
	SVCR_WHY_NO_POD,       /* endpoints come from Pods, and no Pod becomes one */
	SVCR_WHY_NO_ENDPOINT,  /* its slices are empty */
	SVCR_WHY_FQDN,         /* its slices have names, not addresses */
	SVCR_WHY_PORT,         /* its slices have other ports */
	SVCR_WHY_PROTOCOL,     /* they have the port for another protocol */
	SVCR_WHY_FAMILY,       /* they have addresses of the other family alone */
	SVCR_WHY_BAD_ENDPOINT, /* they have addresses alone that no endpoint can have */
	SVCR_WHY_NOT_READY,    /* none is ready, and none serves while it terminates */
	SVCR_WHY_ELSEWHERE,    /* policy Local: those that could be used are on other nodes */
	SVCR_WHY__COUNT
};

#define SVCR_TARGETS_ASKED 16 /* named targetPorts of one service that are looked up in Pods */
#define SVCR_WHY_NAMES 3      /* names that a reason lists; it counts the others */

/* What the Pods of the model say about a service with a selector. */
struct svcr_pod_facts {
	bool known;         /* the members below are set */
	bool planned;       /* they count templates of workloads */
	size_t matched;     /* pods that the selector matches, without those that have ended */
	size_t ready;       /* of these, ready and not terminating */
	size_t ended;       /* pods that the selector matches, and that have ended */
	size_t all;         /* pods of the namespace */
	unsigned families;  /* of the addresses of those matched, as bits */
	const char *name;   /* the one that is not ready for the longest time; NULL: none */
	uint32_t since;     /* when it became so, seconds since 1970; 0: unknown */
	const char *target; /* of a port: its targetPort, if no container of them has that name */
	const char *target_near; /* the name of a container's port that is meant; NULL: none */
	/* if none matches: the label of the selector that is probably wrong; NULL: none is known */
	const struct svcr_pair *wrong;
	const char *meant; /* the value that pods have; NULL: they have no such label */
	size_t with;       /* how many pods have that value, or no such label */
	bool near;         /* the value looks like that of the selector */
};

struct svcr_reason {
	enum svcr_why why;
	const struct svcr_service *service;
	const struct svcr_service_port *port; /* NULL: of the whole service */
	uint8_t family;
	bool local;       /* for the traffic policy Local */
	bool legacy;      /* it uses an Endpoints object instead of EndpointSlices */
	bool from_pods;   /* its endpoints come from Pods */
	size_t slices;    /* that name the service */
	size_t endpoints; /* at the port: all (NOT_READY, FAMILY...) or usable ones (ELSEWHERE) */
	size_t here;      /* ELSEWHERE: on this node, not ready */
	/* PORT: of the slices, for its protocol; ELSEWHERE: nodes. Sorted; "" is an unnamed port */
	const char *names[SVCR_WHY_NAMES];
	size_t nnames;         /* of all, not only of those that are listed */
	const char *nearest;   /* PORT: the name that is probably meant; NULL: none */
	bool no_number;        /* PORT: the slices have it without a number */
	uint8_t protocol;      /* PROTOCOL: the one that the slices have */
	struct svcr_addr addr; /* BAD_ADDRESS, CONFLICT: of the service; BAD_ENDPOINT: the first */
	uint16_t number;       /* CONFLICT: of the port there */
	const struct svcr_vip *winner; /* CONFLICT */
	size_t max;                    /* TOO_LARGE: --max-elements */
	struct svcr_pod_facts pods;    /* with the option `explain` */
};

/* What reasons are found with. The model, the options and the view must outlive it. */
struct svcr_reasons {
	const struct svcrules_model *model;
	const struct svcrules_options *options;
	const struct svcr_view *view;
	bool pods;  /* asks Pods, too, which may take longer */
	bool brief; /* finds the kind of a reason alone, and no facts */
	/* of the service that was asked for last: */
	const struct svcr_service *last;
	struct svcr_pod_facts facts;
	struct {
		const struct svcr_service_port *port;
		const char *name, *near;
	} targets[SVCR_TARGETS_ASKED]; /* its targetPorts that were looked up in Pods */
	size_t ntargets;
	size_t endpoints; /* of all its slices */
	bool fqdn;        /* all its slices have names for addresses */
	bool named;       /* the lists of ports are filled, but `nodes`, which is scratch space */
	struct svcr_port_names {
		const char **v; /* sorted, each once; "" is an unnamed port */
		size_t n, cap;
	} ports[3], numberless[3], nodes; /* of slices: TCP, UDP, SCTP; those without a number */
	/* of the service whose address was asked for last: the families of its cluster IPs */
	const struct svcr_service *families_of;
	bool families[SVCR_FAMILY__COUNT];
};

/* The options say whether Pods are asked. Allocates nothing. */
void svcr_reasons_init(struct svcr_reasons *r, const struct svcrules_model *m,
		       const struct svcrules_options *o, const struct svcr_view *view);
void svcr_reasons_release(struct svcr_reasons *r);

/*
 * Why one port of `s` has no endpoint in one family, for the traffic policy Cluster or Local. The
 * service need not be served. ret->why is SVCR_WHY_NONE if it has endpoints. The time depends on
 * the objects of this service, and on the Pods of its namespace. 0 or -ENOMEM.
 */
int svcr_reason_port(struct svcr_reasons *r, const struct svcr_service *s,
		     const struct svcr_service_port *port, uint8_t family, bool local,
		     struct svcr_reason *ret);
/* Why an address and port of the view refuses or drops packets from inside, or from outside. */
int svcr_reason_vip(struct svcr_reasons *r, const struct svcr_vip *v, bool outside,
		    struct svcr_reason *ret);
/* Why the whole service has no rules; SVCR_WHY_NONE: it has. */
void svcr_reason_service(const struct svcr_reasons *r, const struct svcr_service *s,
			 struct svcr_reason *ret);
/*
 * Why the service is not served at one of its addresses, or the node's, and the port `number`;
 * SVCR_WHY_NONE: it is.
 */
void svcr_reason_address(struct svcr_reasons *r, const struct svcr_service *s,
			 const struct svcr_service_port *port, const struct svcr_addr *a,
			 uint16_t number, struct svcr_reason *ret);
/* The address, protocol and port of the view; NULL: it has none. */
const struct svcr_vip *svcr_view_find(const struct svcr_view *view, const struct svcr_addr *a,
				      uint8_t protocol, uint16_t port);

#define SVCR_REASON_TEXT 768
/*
 * Writes the reason as one phrase into `buf` of SVCR_REASON_TEXT bytes and returns it:
 * "2 endpoints, none is ready". "" for SVCR_WHY_NONE.
 */
const char *svcr_reason_text(const struct svcr_reason *why, char *buf);
/* A stable name, as of a check: "not-ready". */
const char *svcr_why_name(enum svcr_why why);
/*
 * A few words for a comment in the kernel, without numbers and names, so that the comment stays the
 * same while the reason does: "no endpoint is ready".
 */
const char *svcr_why_words(enum svcr_why why);

/* Fills the facts about a service with a selector, and of one port the targetPort. 0 or -ENOMEM. */
int svcr_pod_facts_find(struct svcr_pod_index *x, const struct svcrules_model *m,
			const struct svcr_service *s, struct svcr_pod_facts *ret);
int svcr_pod_facts_target(const struct svcr_pod_index *x, const struct svcrules_model *m,
			  const struct svcr_service *s, const struct svcr_service_port *port,
			  struct svcr_pod_facts *f);

#endif
