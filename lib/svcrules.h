/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libsvcrules: from Kubernetes objects to kernel rule sets. See libsvcrules(3).
 *
 * Pure: every result is a function of the arguments; the library makes no
 * system call but for memory. Functions return 0 or a negative errno; outputs
 * are written on success only. Free functions accept NULL. Objects are not
 * shared between threads without the caller's lock.
 */
#ifndef SVCRULES_H
#define SVCRULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define SVCRULES_API __attribute__((visibility("default")))

/* ---- Diagnostics ------------------------------------------------------- */

enum svcrules_severity { SVCRULES_NOTICE, SVCRULES_WARNING, SVCRULES_ERROR };

struct svcrules_diag {
	enum svcrules_severity severity;
	const char *check;  /* short stable name, as in svcrules(1) DIAGNOSTICS */
	const char *source; /* file, or NULL */
	const char *object; /* "Service production/web", or NULL */
	const char *field;  /* "spec.ports[0].port", or NULL */
	const char *text;   /* the value and what was expected */
	uint64_t line, column; /* from 1; 0 when the JSON itself is not broken */
};

struct svcrules_diags; /* a list; owns its strings */

SVCRULES_API struct svcrules_diags *svcrules_diags_new(void); /* NULL: out of memory */
SVCRULES_API void svcrules_diags_free(struct svcrules_diags *d);
SVCRULES_API size_t svcrules_diags_count(const struct svcrules_diags *d);
SVCRULES_API size_t svcrules_diags_errors(const struct svcrules_diags *d);
/* True if a diagnostic was lost for want of memory. */
SVCRULES_API bool svcrules_diags_failed(const struct svcrules_diags *d);
/* The i-th, in order of the input; valid until the next addition or the free. */
SVCRULES_API const struct svcrules_diag *svcrules_diags_get(const struct svcrules_diags *d, size_t i);

/* ---- Targets ----------------------------------------------------------- */

/* An option that only one target has; see svcrules(1). */
struct svcrules_setting {
	const char *name;     /* as on the command line, without the dashes */
	const char *argument; /* what its value is: "NAME"; NULL: it has no value */
	const char *help;     /* one line */
	bool apply_only;      /* means something only where the kernel is changed */
	bool any_target;      /* means something also when another target takes over from this one */
};

struct svcrules_target {
	const char *name;                  /* "nftables" */
	const char *const *formats;        /* of svcrules_print(), ended by NULL; the first is the default */
	const char *const *change_formats; /* of svcrules_changes_print(), likewise */
	const struct svcrules_setting *settings; /* ended by an entry without a name */
	const char *table_suffix;          /* ends the name of its tables, after the option `table` */
	bool kernel;                       /* its rule sets are made in the kernel; else they are files */
	bool host_addresses;               /* the option host-ip should be set before it builds */
};

/*
 * The i-th target; NULL past the end. The first one is the default. A default format
 * that is "" cannot be asked for by another name.
 */
SVCRULES_API const struct svcrules_target *svcrules_target(size_t i);

/* ---- Options ----------------------------------------------------------- */

struct svcrules_options;

SVCRULES_API struct svcrules_options *svcrules_options_new(void); /* NULL: out of memory */
SVCRULES_API void svcrules_options_free(struct svcrules_options *o);
/*
 * Sets one option by its name on the command line without the dashes:
 * node-name, node-ip, cluster-cidr, service-cidr, masquerade-all (value NULL),
 * masquerade-mark, nodeport-addresses, zone, table, family, host-ip (addresses
 * of this host's own interfaces), or a setting of a target. Strings are copied.
 * Returns 0, -ENOENT (no such option), -EINVAL (a wrong value; `d` says which and what was
 * expected) or -ENOMEM.
 */
SVCRULES_API int svcrules_options_set(struct svcrules_options *o, const char *name, const char *value,
				      struct svcrules_diags *d);
/*
 * The value of an option as it was set; "" if it was set without a value; NULL if it was not
 * set, except for `table`, which has a default. Valid until the option is set again.
 */
SVCRULES_API const char *svcrules_options_get(const struct svcrules_options *o, const char *name);

/* ---- Reading ----------------------------------------------------------- */

struct svcrules_model; /* the objects read; owns all it holds */

/* Reads up to `size` bytes into `buf`: the number read, 0 at the end, or a negative errno. */
typedef long (*svcrules_fill_fn)(void *arg, char *buf, size_t size);

/*
 * For objects of the kinds that the target of that name reads (NULL: the default target);
 * objects of other kinds are skipped and counted. NULL: out of memory, or no such target.
 */
SVCRULES_API struct svcrules_model *svcrules_model_new(const char *target);
SVCRULES_API void svcrules_model_free(struct svcrules_model *m);
/*
 * Reads all JSON documents of one source (Lists, typed lists, single objects)
 * into `m`. `source` names it in diagnostics. Returns 0; -EINVAL when `d` got
 * errors (all that could be found; `m` must then not be built from); -ENOMEM;
 * or what `fill` returned.
 */
SVCRULES_API int svcrules_model_read(struct svcrules_model *m, const char *source, svcrules_fill_fn fill,
				     void *arg, struct svcrules_diags *d);
SVCRULES_API size_t svcrules_model_services(const struct svcrules_model *m);
/* True if a Node object of that name was read and it has addresses. */
SVCRULES_API bool svcrules_model_has_node_addresses(const struct svcrules_model *m, const char *name);
/* Objects of kinds that svcrules has no use for: how many of the i-th kind; NULL past the end. */
SVCRULES_API const char *svcrules_model_ignored(const struct svcrules_model *m, size_t i, size_t *ret_count);

/* ---- Rule sets --------------------------------------------------------- */

/*
 * What a target makes of a model, or what the kernel has of it, as a value. It consists of
 * parts, in the order in which they are applied: "nft" (tables of nf_tables, which change in
 * one transaction), "link" (addresses of the interface svcrules0), "ipvs" (virtual servers),
 * "file" (text files).
 */
struct svcrules_ruleset;

#define SVCRULES_INTERFACE "svcrules0"                  /* of kind dummy: the part "link" */
#define SVCRULES_INTERFACE_OWNER "managed by svcrules: " /* its alias; the name of the target's table follows */

/*
 * Builds the rule set of the target of that name for this node. Warnings and notices go to
 * `d`. Nothing of `m` or `o` is referred to afterwards. Returns 0, -ENOENT (no such target) or
 * -ENOMEM.
 */
SVCRULES_API int svcrules_build(const struct svcrules_model *m, const struct svcrules_options *o,
				const char *target, struct svcrules_diags *d, struct svcrules_ruleset **ret);
/*
 * An empty rule set, in the places that the options give or, unless NULL, for the tables of
 * that name. NULL: out of memory, or no such target.
 */
SVCRULES_API struct svcrules_ruleset *svcrules_ruleset_new(const char *target, const struct svcrules_options *o,
							   const char *table);
/* An empty rule set in the same places. NULL: out of memory. */
SVCRULES_API struct svcrules_ruleset *svcrules_ruleset_empty(const struct svcrules_ruleset *rs);
SVCRULES_API void svcrules_ruleset_free(struct svcrules_ruleset *rs);

struct svcrules_stats {
	/* of a rule set that was built: */
	size_t services;  /* service ports served */
	size_t endpoints; /* distinct endpoints (address and port) of them */
	size_t elements;  /* of the maps and sets of its tables */
	bool pod_cidrs_known;
	/* of any rule set: */
	bool ipv4, ipv6;  /* has tables of that family */
	bool serves;      /* sends packets to at least one service */
	uint32_t generation; /* of the kernel's nf_tables when it was read; else 0 */
	const char *table;   /* the name of its tables, there or not; "" without tables */
	const struct svcrules_target *target;
};

SVCRULES_API void svcrules_ruleset_stats(const struct svcrules_ruleset *rs, struct svcrules_stats *ret);

struct svcrules_part {
	const char *kind;  /* "nft", "link", "ipvs", "file" */
	size_t count;      /* tables, addresses or virtual servers in it */
	const char *owner; /* of "link" as the kernel has it: the name of the table that it belongs to, or "" */
	bool present;      /* of "link" as the kernel has it: there is such an interface */
};

/* The i-th part; false past the end. */
SVCRULES_API bool svcrules_ruleset_part(const struct svcrules_ruleset *rs, size_t i, struct svcrules_part *ret);
/*
 * A rule set of the i-th part alone, which goes on belonging to `rs`. To be freed, before
 * `rs`. NULL: out of memory.
 */
SVCRULES_API struct svcrules_ruleset *svcrules_ruleset_only(struct svcrules_ruleset *rs, size_t i);
/* The i-th table that is there: its name and NFPROTO_ family; NULL past the end. */
SVCRULES_API const char *svcrules_ruleset_table(const struct svcrules_ruleset *rs, size_t i, uint8_t *ret_family);

/* Takes `len` bytes of output; 0 or a negative errno, which ends the printing. */
typedef int (*svcrules_write_fn)(void *arg, const char *buf, size_t len);

/* The whole rule set in a format of its target (NULL: the default). 0, -EINVAL (no such format), -ENOMEM, or what `write` returned. */
SVCRULES_API int svcrules_print(const struct svcrules_ruleset *rs, const char *format, svcrules_write_fn write,
				void *arg);

/*
 * The tables as bytes, for svcrules_unpack() by the same build on the same machine: what was
 * left in the kernel, kept for the next run. Remembered clients are not in it. Returns 0,
 * -ENOTSUP (the rule set has other parts), -ENOMEM or what `write` returned.
 */
SVCRULES_API int svcrules_pack(const struct svcrules_ruleset *rs, svcrules_write_fn write, void *arg);
/*
 * The opposite; the same as if read from the kernel. `like` is a rule set of the same
 * target and tables. Returns 0, -ENOMEM, or -EBADMSG: these are not such bytes.
 */
SVCRULES_API int svcrules_unpack(const struct svcrules_ruleset *like, const void *buf, size_t len,
				 struct svcrules_ruleset **ret);

/* ---- Reading the kernel ------------------------------------------------ */

/*
 * Reads a rule set back. The library opens no socket: it says what to ask, and takes the
 * answers.
 *
 *	while (svcrules_reader_next(r, &request) > 0) {
 *		send request.msg; for each message of the answer: svcrules_reader_take(r, msg);
 *		svcrules_reader_answered(r, 0 or the kernel's negative errno);
 *	}
 *	svcrules_reader_end(r, &have);
 *
 * Each of the four returns -EINTR when rules changed while they were read: free the reader
 * and start again, a bounded number of times.
 */
struct svcrules_reader;

/* The netlink families that are asked. */
#define SVCRULES_NETLINK_NETFILTER "netfilter"
#define SVCRULES_NETLINK_ROUTE "route"
/* any other is the name of a generic netlink family */

struct svcrules_request {
	const char *netlink;
	size_t part; /* of the rule set, that is read */
	bool dump; /* ask for a dump (NLM_F_DUMP), else for one object (NLM_F_ACK) */
	void *msg; /* struct nlmsghdr; of a generic netlink family the caller sets nlmsg_type. Valid until the next call */
};

/* Reads what the kernel has in the places of `like`, which must outlive it. NULL: out of memory. */
SVCRULES_API struct svcrules_reader *svcrules_reader_new(const struct svcrules_ruleset *like);
/*
 * Finds tables that svcrules made, without what is in them: those of the target of that name
 * (NULL: of all targets), and only those named `table` (NULL: of any name). NULL: out of memory,
 * or no such target.
 */
SVCRULES_API struct svcrules_reader *svcrules_reader_find(const char *target, const char *table);
SVCRULES_API void svcrules_reader_free(struct svcrules_reader *r);
/* Returns 1 with a request to send, 0 (all is read), or a negative errno. */
SVCRULES_API int svcrules_reader_next(struct svcrules_reader *r, struct svcrules_request *ret);
/* Takes one message (struct nlmsghdr) of the answer. Returns 0, -ENOMEM or -EBADMSG. */
SVCRULES_API int svcrules_reader_take(struct svcrules_reader *r, const void *msg);
/* Ends the answer; `err` is 0 or the kernel's negative errno. Returns 0 (go on) or a negative errno (give up). */
SVCRULES_API int svcrules_reader_answered(struct svcrules_reader *r, int err);
/* The rule set; must follow a svcrules_reader_next() that returned 0. Returns 0 or a negative errno. */
SVCRULES_API int svcrules_reader_end(struct svcrules_reader *r, struct svcrules_ruleset **ret);

/*
 * The i-th thing of `have` that another program made and that is in the way of `want`, as a
 * sentence, malloc'ed. Returns 1 with *ret set, 0 past the end, or -ENOMEM.
 */
SVCRULES_API int svcrules_obstacle(const struct svcrules_ruleset *have, const struct svcrules_ruleset *want,
				   size_t i, char **ret);

enum svcrules_settle {
	SVCRULES_SETTLE_APPLY,
	SVCRULES_SETTLE_COMPARE, /* whatever drains may stay: it is no difference */
	SVCRULES_SETTLE_RETIRE,  /* another target serves now */
};

/*
 * Carries over into `want` what must stay of `have` for its connections: endpoints that
 * finish them, as the target's options allow. Returns 0 or -ENOMEM.
 */
SVCRULES_API int svcrules_settle(const struct svcrules_ruleset *have, struct svcrules_ruleset *want,
				 enum svcrules_settle how);

/* ---- Changes ----------------------------------------------------------- */

struct svcrules_changes; /* what leads from one rule set to another */

struct svcrules_changes_stats {
	size_t services_added, services_removed, services_changed; /* addresses and ports served */
	size_t elements_added, elements_removed;
	size_t other; /* tables, chains, sets and rules added or removed */
	size_t files; /* added, changed or removed */
	size_t servers, reals, addresses; /* virtual servers, real servers, addresses added, changed or removed */
};

/*
 * Compares two rule sets of the same target, or of single parts of the same kind. `to` is
 * arranged (numbers of endpoints, sizes of maps) so that the least changes; both must outlive
 * the result. Returns 0 or -ENOMEM.
 */
SVCRULES_API int svcrules_diff(const struct svcrules_ruleset *from, struct svcrules_ruleset *to,
			       struct svcrules_changes **ret);
SVCRULES_API void svcrules_changes_free(struct svcrules_changes *c);
SVCRULES_API bool svcrules_changes_empty(const struct svcrules_changes *c);
/* Returns 0 or -ENOMEM. */
SVCRULES_API int svcrules_changes_stats(const struct svcrules_changes *c, struct svcrules_changes_stats *ret);
/*
 * Prints in a format of the target's changes (NULL: the default, "text": a line for each
 * address and port, then what else differs, then a summary). `colour`: text with ANSI
 * colours. Returns 0, -EINVAL (no such format), -ENOMEM, or what `write` returned.
 */
SVCRULES_API int svcrules_changes_print(const struct svcrules_changes *c, const char *format, bool colour,
					svcrules_write_fn write, void *arg);

/* In which order changes are made: STOP of all parts in reverse order, then ADD in order, then REMOVE in reverse order. */
enum svcrules_stage {
	SVCRULES_STOP,   /* tables that will be deleted lose their rules first, in a transaction of their own */
	SVCRULES_ADD,    /* of "nft" the whole transaction */
	SVCRULES_REMOVE,
};

struct svcrules_messages {
	void *buf;  /* netlink messages, nlmsg_seq from 1 on; malloc'ed for the caller */
	size_t len; /* bytes */
	size_t count;
};

/*
 * The netlink messages of one stage of the i-th part, without the begin and end of a
 * transaction. `number` is that of the generic netlink family ("ipvs") or of the interface
 * ("link"). Returns 0 or -ENOMEM.
 */
SVCRULES_API int svcrules_changes_encode(struct svcrules_changes *c, size_t part, enum svcrules_stage stage,
					 uint32_t number, struct svcrules_messages *ret);

struct svcrules_refusal {
	uint32_t seq; /* nlmsg_seq of the message; 0: all of them */
	int err;      /* the kernel's negative errno */
};

enum svcrules_refused {
	SVCRULES_REFUSED,             /* the change was not made */
	SVCRULES_REFUSED_HARMLESS,    /* there was nothing left to do */
	SVCRULES_REFUSED_CONSEQUENCE, /* probably because an earlier one in the list was refused */
};

/*
 * What the i-th of `n` refusals of one stage means. Unless `ret` is NULL, a real one is
 * described there, with the service, malloc'ed; NULL: out of memory.
 */
SVCRULES_API enum svcrules_refused svcrules_changes_refused(const struct svcrules_changes *c, size_t part,
							    enum svcrules_stage stage,
							    const struct svcrules_refusal *v, size_t n, size_t i,
							    char **ret);

/* ---- Flows and clients ------------------------------------------------- */

/* A connection of UDP as conntrack knows it. Addresses in network order, ports in host order. */
struct svcrules_flow {
	uint8_t family; /* NFPROTO_ */
	const uint8_t *source, *destination; /* as the client sent it */
	uint16_t port;                       /* of the destination */
	const uint8_t *reply_source;         /* who answers: the endpoint */
	uint16_t reply_port;
};

/* True if the rule set serves UDP in that NFPROTO_ family. */
SVCRULES_API bool svcrules_has_udp(const struct svcrules_ruleset *rs, uint8_t family);
/*
 * True if a UDP flow is stale: its original destination is a service address and port in
 * `now` or in `before` (may be NULL, and of another target), and its reply does not come
 * from an endpoint that serves it in `now`.
 */
SVCRULES_API bool svcrules_flow_stale(const struct svcrules_ruleset *now, const struct svcrules_ruleset *before,
				      const struct svcrules_flow *f);
/*
 * Writes into `want` (the set removed-udp) which UDP addresses `before` serves and `want` does
 * not, so that the kernel itself remembers whose flows are still to be deleted; a run that is
 * killed in between is then completed by the next. `ret_any`: whether there are any. Returns 0
 * or -ENOMEM.
 */
SVCRULES_API int svcrules_keep_removed(struct svcrules_ruleset *want, const struct svcrules_ruleset *before,
				       bool *ret_any);
/* Removes that again, once the flows are deleted. */
SVCRULES_API void svcrules_forget_removed(struct svcrules_ruleset *want);

/*
 * The request for a dump of the clients of sticky services that the kernel remembers in that
 * NFPROTO_ family; false: none can be remembered. `buf` has SVCRULES_CLIENTS_REQUEST bytes,
 * aligned for a struct nlmsghdr.
 */
#define SVCRULES_CLIENTS_REQUEST 1024
SVCRULES_API bool svcrules_clients_request(const struct svcrules_ruleset *now, uint8_t family, void *buf);
/*
 * Takes one message of that dump and appends to `m` (zeroed at first; its buffer grows) the
 * messages that `now` demands: forget clients of endpoints that no longer serve, change timeouts.
 * Returns 0, -ENOMEM or -EBADMSG.
 */
SVCRULES_API int svcrules_clients_take(const struct svcrules_ruleset *now, const void *msg,
				       struct svcrules_messages *m);

SVCRULES_API const char *svcrules_version(void);

#ifdef __cplusplus
}
#endif
#endif
