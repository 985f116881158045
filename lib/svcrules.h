/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libsvcrules compiles Kubernetes objects to rule sets. See libsvcrules(3).
 *
 * Every result depends on the arguments only: the library makes no system calls
 * except for memory. Functions return 0 or a negative errno; outputs
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
/* True if a diagnostic was lost because memory was short. */
SVCRULES_API bool svcrules_diags_failed(const struct svcrules_diags *d);
/*
 * Returns the i-th diagnostic, in order of the input; valid until one is added or the list
 * freed.
 */
SVCRULES_API const struct svcrules_diag *svcrules_diags_get(const struct svcrules_diags *d, size_t i);

/* ---- Targets ----------------------------------------------------------- */

/* An option that only one target has; see svcrules(1). */
struct svcrules_setting {
	const char *name;     /* as on the command line, without the dashes */
	const char *argument; /* what its value is: "NAME"; NULL: it has no value */
	const char *help;     /* one line */
	bool apply_only;      /* has an effect only when the kernel is changed */
	bool any_target;      /* has an effect also when another target takes over from this one */
};

struct svcrules_target {
	const char *name;                  /* "nftables" */
	const char *const *formats;        /* for svcrules_print(); ended by NULL */
	const char *const *change_formats; /* for svcrules_changes_print(); ended by NULL */
	const struct svcrules_setting *settings; /* ended by an entry without a name */
	/* the name of its tables is the option `table` and this */
	const char *table_suffix;
	/* its rule sets are applied to the kernel; else they are files */
	bool kernel;
	/* the option host-ip should be set before svcrules_build() */
	bool host_addresses;
};

/*
 * Returns the i-th target; NULL past the end. The first target is the default, and so is the
 * first of its formats. The format "" (all parts, each below a heading) is chosen by NULL only.
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
 * Returns the value of an option as it was set; "" if it was set without a value; NULL if it
 * was not set, except for `table`, which has a default. Valid until the option is set again.
 */
SVCRULES_API const char *svcrules_options_get(const struct svcrules_options *o, const char *name);

/* ---- Reading ----------------------------------------------------------- */

struct svcrules_model; /* the objects read; owns all it holds */

/*
 * Reads up to `size` bytes into `buf`. Returns the number read, 0 at the end, or a negative
 * errno.
 */
typedef long (*svcrules_fill_fn)(void *arg, char *buf, size_t size);

/*
 * Makes a model for the kinds of objects that the target of that name (NULL: the default)
 * reads. Objects of other kinds are skipped and counted. Returns NULL when memory is short, or
 * if there is no such target.
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
/* Returns the name of the i-th kind of skipped objects, and their number; NULL past the end. */
SVCRULES_API const char *svcrules_model_ignored(const struct svcrules_model *m, size_t i, size_t *ret_count);

/* ---- Rule sets --------------------------------------------------------- */

/*
 * A rule set as a value: what a target builds from a model, or what the kernel has. It consists
 * of parts, in the order in which they are applied: "nft" (tables of nf_tables, which change in
 * one transaction), "link" (addresses of the interface svcrules0), "ipvs" (virtual servers),
 * "file" (text files).
 */
struct svcrules_ruleset;

#define SVCRULES_INTERFACE "svcrules0"                  /* of kind dummy, for the part "link" */
#define SVCRULES_INTERFACE_OWNER "managed by svcrules: " /* its alias begins so, and ends with the name of the target's tables */

/*
 * Builds the rule set of the target of that name for this node. Warnings and notices go to `d`.
 * The rule set does not refer to `m` or `o`, which may be freed before it. Returns 0, -ENOENT
 * (no such target) or -ENOMEM.
 */
SVCRULES_API int svcrules_build(const struct svcrules_model *m, const struct svcrules_options *o,
				const char *target, struct svcrules_diags *d, struct svcrules_ruleset **ret);
/*
 * Makes an empty rule set of a target for the tables named `table`, or with `table` NULL for
 * the name that the options give. NULL: out of memory, or no such target.
 */
SVCRULES_API struct svcrules_ruleset *svcrules_ruleset_new(const char *target, const struct svcrules_options *o,
							   const char *table);
/* Makes an empty rule set for the same tables, interfaces and files. NULL: out of memory. */
SVCRULES_API struct svcrules_ruleset *svcrules_ruleset_empty(const struct svcrules_ruleset *rs);
SVCRULES_API void svcrules_ruleset_free(struct svcrules_ruleset *rs);

struct svcrules_stats {
	/* of rule sets from svcrules_build(): */
	size_t services;  /* service ports served */
	size_t endpoints; /* distinct endpoints (address and port) of these */
	size_t elements;  /* elements of the maps and sets of its tables */
	bool pod_cidrs_known;
	/* of any rule set: */
	bool ipv4, ipv6;  /* has tables of that family */
	bool serves;      /* serves at least one service */
	uint32_t generation; /* of nf_tables when it was read from the kernel; else 0 */
	const char *table;   /* the name of its tables, even if none is present; "" if the target has none */
	const struct svcrules_target *target;
};

SVCRULES_API void svcrules_ruleset_stats(const struct svcrules_ruleset *rs, struct svcrules_stats *ret);

struct svcrules_part {
	const char *kind;  /* "nft", "link", "ipvs", "file" */
	size_t count;      /* tables, addresses or virtual servers in it */
	const char *owner; /* of a "link" in the kernel: the name of the tables that it belongs to, or "" */
	bool present;      /* of a "link" in the kernel: the interface exists; of a "file": there is one */
};

/* Describes the i-th part; false past the end. */
SVCRULES_API bool svcrules_ruleset_part(const struct svcrules_ruleset *rs, size_t i, struct svcrules_part *ret);
/*
 * Makes a rule set of the i-th part alone. It borrows the part from `rs` and must be freed
 * before `rs`. NULL: out of memory.
 */
SVCRULES_API struct svcrules_ruleset *svcrules_ruleset_only(struct svcrules_ruleset *rs, size_t i);
/*
 * Returns the name of the i-th table that is present, and its NFPROTO_ family; NULL past the
 * end.
 */
SVCRULES_API const char *svcrules_ruleset_table(const struct svcrules_ruleset *rs, size_t i, uint8_t *ret_family);

/* Takes `len` bytes of output. Returns 0, or a negative errno, which ends the printing. */
typedef int (*svcrules_write_fn)(void *arg, const char *buf, size_t len);

/*
 * Prints a rule set in a format of its target (NULL: the default). Returns 0, -EINVAL (no such
 * format), -ENOMEM, or what `write` returned.
 */
SVCRULES_API int svcrules_print(const struct svcrules_ruleset *rs, const char *format, svcrules_write_fn write,
				void *arg);

/*
 * Writes the tables as bytes for svcrules_unpack(), by which a later run on the same machine
 * with the same build knows what the kernel has. Remembered clients are not included. Returns
 * 0, -ENOTSUP (the rule set has other parts than tables), -ENOMEM or what `write` returned.
 */
SVCRULES_API int svcrules_pack(const struct svcrules_ruleset *rs, svcrules_write_fn write, void *arg);
/*
 * Makes a rule set from such bytes, as if it had been read from the kernel. `like` is a rule
 * set of the same target and tables. Returns 0, -ENOMEM, or -EBADMSG (the bytes are of other
 * tables, or damaged).
 */
SVCRULES_API int svcrules_unpack(const struct svcrules_ruleset *like, const void *buf, size_t len,
				 struct svcrules_ruleset **ret);

/* ---- Reading the kernel ------------------------------------------------ */

/*
 * Reads a rule set from the kernel. The library opens no socket: it makes the requests, and
 * takes the answers.
 *
 *	while (svcrules_reader_next(r, &request) > 0) {
 *		send request.msg; for each message of the answer: svcrules_reader_take(r, msg);
 *		svcrules_reader_answered(r, 0 or the kernel's negative errno);
 *	}
 *	svcrules_reader_end(r, &have);
 *
 * Each of the four functions may return -EINTR: the rules changed while they were read. Then
 * free the reader and start again, a bounded number of times.
 */
struct svcrules_reader;

/* The netlink families of requests. */
#define SVCRULES_NETLINK_NETFILTER "netfilter"
#define SVCRULES_NETLINK_ROUTE "route"
/* any other is the name of a generic netlink family */

struct svcrules_request {
	const char *netlink;
	size_t part; /* the part that is read */
	bool dump; /* send with NLM_F_DUMP; else for one object, with NLM_F_ACK */
	/*
	 * struct nlmsghdr; of a generic netlink family the caller sets nlmsg_type. Valid until
	 * the next call
	 */
	void *msg;
};

/*
 * Makes a reader of the tables, addresses and virtual servers in the kernel that `like`, which
 * must outlive it, is for. NULL: out of memory.
 */
SVCRULES_API struct svcrules_reader *svcrules_reader_new(const struct svcrules_ruleset *like);
/*
 * Makes a reader that finds tables made by svcrules, without their contents: the tables of the
 * target of that name (NULL: of all targets) that are named `table` (NULL: of any name). NULL:
 * out of memory, or no such target.
 */
SVCRULES_API struct svcrules_reader *svcrules_reader_find(const char *target, const char *table);
SVCRULES_API void svcrules_reader_free(struct svcrules_reader *r);
/* Returns 1 with a request to send, 0 (all is read), or a negative errno. */
SVCRULES_API int svcrules_reader_next(struct svcrules_reader *r, struct svcrules_request *ret);
/* Takes one message (struct nlmsghdr) of the answer. Returns 0, -ENOMEM or -EBADMSG. */
SVCRULES_API int svcrules_reader_take(struct svcrules_reader *r, const void *msg);
/*
 * Ends the answer; `err` is 0 or the kernel's negative errno. Returns 0 (continue) or a
 * negative errno (give up).
 */
SVCRULES_API int svcrules_reader_answered(struct svcrules_reader *r, int err);
/*
 * Returns the rule set in *ret; must follow a svcrules_reader_next() that returned 0. Returns 0
 * or a negative errno.
 */
SVCRULES_API int svcrules_reader_end(struct svcrules_reader *r, struct svcrules_ruleset **ret);

/*
 * Describes the i-th obstacle: something in `have` that another program made and that `want`
 * cannot change. Returns 1 with a malloc'ed sentence in *ret, 0 past the end, or -ENOMEM.
 */
SVCRULES_API int svcrules_obstacle(const struct svcrules_ruleset *have, const struct svcrules_ruleset *want,
				   size_t i, char **ret);

enum svcrules_settle {
	SVCRULES_SETTLE_APPLY,
	SVCRULES_SETTLE_COMPARE, /* endpoints that drain are no difference */
	SVCRULES_SETTLE_RETIRE,  /* another target serves from now on */
};

/*
 * Adds to `want` the endpoints of `have` that are no longer wanted but must stay until their
 * connections end, as the target's options allow. Returns 0 or -ENOMEM.
 */
SVCRULES_API int svcrules_settle(const struct svcrules_ruleset *have, struct svcrules_ruleset *want,
				 enum svcrules_settle how);

/* ---- Changes ----------------------------------------------------------- */

struct svcrules_changes; /* all that differs between two rule sets */

struct svcrules_changes_stats {
	size_t services_added, services_removed, services_changed; /* addresses and ports served */
	size_t elements_added, elements_removed;
	size_t other; /* tables, chains, sets and rules added or removed */
	size_t files; /* added, changed or removed */
	/* added, changed or removed: virtual servers, real servers, addresses */
	size_t servers, reals, addresses;
};

/*
 * Compares two rule sets of the same target, or of single parts of the same kind. Indexes of
 * endpoints and sizes of maps in `to` are adapted to `from`, so that as little as possible
 * changes. Both must outlive the result. Returns 0 or -ENOMEM.
 */
SVCRULES_API int svcrules_diff(const struct svcrules_ruleset *from, struct svcrules_ruleset *to,
			       struct svcrules_changes **ret);
SVCRULES_API void svcrules_changes_free(struct svcrules_changes *c);
SVCRULES_API bool svcrules_changes_empty(const struct svcrules_changes *c);
/* Returns 0 or -ENOMEM. */
SVCRULES_API int svcrules_changes_stats(const struct svcrules_changes *c, struct svcrules_changes_stats *ret);
/*
 * Prints changes in one of the target's change formats. The default (NULL) is "text": a line
 * for each address and port, then all other differences, then a summary. `colour`: text with
 * ANSI colours. Returns 0, -EINVAL (no such format), -ENOMEM, or what `write` returned.
 */
SVCRULES_API int svcrules_changes_print(const struct svcrules_changes *c, const char *format, bool colour,
					svcrules_write_fn write, void *arg);

/*
 * The stages of a change: STOP for all parts in reverse order, then ADD for all parts in order,
 * then REMOVE for all parts in reverse order.
 */
enum svcrules_stage {
	/* deletes the rules of tables that will be deleted, in a transaction before */
	SVCRULES_STOP,
	SVCRULES_ADD,    /* for "nft": the whole transaction */
	SVCRULES_REMOVE,
};

struct svcrules_messages {
	void *buf;  /* netlink messages, nlmsg_seq counts from 1; malloc'ed for the caller */
	size_t len; /* bytes */
	size_t count;
};

/*
 * Makes the netlink messages of one stage of the changes of a part, without the begin and end
 * of a transaction. `number` is the number of the generic netlink family (part "ipvs") or of
 * the interface (part "link"). Returns 0 or -ENOMEM.
 */
SVCRULES_API int svcrules_changes_encode(struct svcrules_changes *c, size_t part, enum svcrules_stage stage,
					 uint32_t number, struct svcrules_messages *ret);

struct svcrules_refusal {
	uint32_t seq; /* nlmsg_seq of the message; 0: all messages */
	int err;      /* the kernel's negative errno */
};

enum svcrules_refused {
	SVCRULES_REFUSED,             /* the change was not made */
	SVCRULES_REFUSED_HARMLESS,    /* there was nothing left to do */
	SVCRULES_REFUSED_CONSEQUENCE, /* probably because an earlier one in the list was refused */
};

/*
 * Tells what the i-th of `n` refusals of one stage means. Unless `ret` is NULL, *ret is a
 * malloc'ed sentence with the service (NULL: out of memory) if the answer is SVCRULES_REFUSED.
 */
SVCRULES_API enum svcrules_refused svcrules_changes_refused(const struct svcrules_changes *c, size_t part,
							    enum svcrules_stage stage,
							    const struct svcrules_refusal *v, size_t n, size_t i,
							    char **ret);

/* ---- Flows and clients ------------------------------------------------- */

/*
 * A UDP flow in the connection tracking. Addresses are in network order, ports in host order.
 */
struct svcrules_flow {
	uint8_t family; /* NFPROTO_ */
	const uint8_t *source, *destination; /* as sent by the client */
	uint16_t port;                       /* of the destination */
	const uint8_t *reply_source;         /* the endpoint that answers */
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
 * Writes the UDP service addresses that `before` serves and `want` does not into the set
 * removed-udp of `want`. So the kernel remembers which flows must still be deleted, and if a
 * run is killed before it deletes them, the next one does. Sets *ret_any if there are any.
 * Returns 0 or -ENOMEM.
 */
SVCRULES_API int svcrules_keep_removed(struct svcrules_ruleset *want, const struct svcrules_ruleset *before,
				       bool *ret_any);
/* Empties that set again, after the flows were deleted. */
SVCRULES_API void svcrules_forget_removed(struct svcrules_ruleset *want);

/*
 * Makes the request for a dump of the clients of sticky services that the kernel remembers in
 * an NFPROTO_ family. False: there can be none. `buf` has SVCRULES_CLIENTS_REQUEST bytes,
 * aligned for a struct nlmsghdr.
 */
#define SVCRULES_CLIENTS_REQUEST 1024
SVCRULES_API bool svcrules_clients_request(const struct svcrules_ruleset *now, uint8_t family, void *buf);
/*
 * Takes one message of that dump. Appends messages to `m` (zeroed before the first call) that
 * delete clients of endpoints which no longer serve in `now`, and change timeouts. Returns 0,
 * -ENOMEM or -EBADMSG.
 */
SVCRULES_API int svcrules_clients_take(const struct svcrules_ruleset *now, const void *msg,
				       struct svcrules_messages *m);

SVCRULES_API const char *svcrules_version(void);

#ifdef __cplusplus
}
#endif
#endif
