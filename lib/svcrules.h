/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libsvcrules compiles Kubernetes objects to kernel rule sets. See libsvcrules(3).
 *
 * The library is pure: each result depends on the arguments alone, and it makes no system
 * call except for memory. Unless stated otherwise, functions return 0 or a negative errno, and
 * write results on success only. Free functions accept NULL. One thread at a time may use
 * an object.
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
	const char *check;     /* short stable name, as in svcrules(1) DIAGNOSTICS */
	const char *source;    /* file, or NULL */
	const char *object;    /* "Service production/web", or NULL */
	const char *field;     /* "spec.ports[0].port", or NULL */
	const char *text;      /* the value, and what was expected */
	uint64_t line, column; /* counted from 1; 0 unless the JSON or YAML itself is broken */
	uint64_t more;         /* further ones of its check, severity and source, not kept */
};

/* Of each check, severity and source; others are counted (errors of the target nginx: 1000). */
#define SVCRULES_DIAGS_KEPT 20

struct svcrules_diags; /* a list; owns its strings */

SVCRULES_API struct svcrules_diags *svcrules_diags_new(void); /* NULL: out of memory */
SVCRULES_API void svcrules_diags_free(struct svcrules_diags *d);
/* The number of those kept, and of all errors. */
SVCRULES_API size_t svcrules_diags_count(const struct svcrules_diags *d);
SVCRULES_API size_t svcrules_diags_errors(const struct svcrules_diags *d);
/* True if a diagnostic was lost because memory was short. */
SVCRULES_API bool svcrules_diags_failed(const struct svcrules_diags *d);
/* In the order of the input; NULL past the end. Valid until one is added or all are freed. */
SVCRULES_API const struct svcrules_diag *svcrules_diags_get(const struct svcrules_diags *d,
							    size_t i);

/* ---- Targets ----------------------------------------------------------- */

/* An option of one target; see svcrules(1). */
struct svcrules_setting {
	const char *name;     /* on the command line, without the dashes */
	const char *argument; /* the word for its value: "NAME"; NULL: it has no value */
	const char *help;     /* one line */
	bool apply_only;      /* has an effect only when the kernel is changed */
	bool compile_only;    /* has an effect only on what is printed, or becomes files */
	bool file;            /* its value is the text of a file, which the command line names */
	bool repeatable;      /* each value counts: svcrules_options_get() has spaces between */
	bool annotation;      /* its value is the name of an annotation: svcrules_annotation() */
};

struct svcrules_target {
	const char *name; /* "nftables" */
	/* Formats of svcrules_print() and svcrules_changes_print(): default first, NULL last. */
	const char *const *formats;
	const char *const *change_formats;
	const struct svcrules_setting *settings; /* the last entry has no name */
	const char *table_suffix; /* the end of its tables' names, after the value of `table` */
	bool kernel;              /* its rule sets are made in the kernel; otherwise files */
	bool host_addresses;      /* the option host-ip should be set before it builds */
	bool secrets;             /* it reads Secrets: a program should leave no core dump */
	const char *needs;        /* the kind without which an input is an error; NULL: none */
	bool explained;           /* svcrules_explain() can follow its rule sets */
	bool any_input;           /* an input without services, or without cluster IPs, is right */
	/* Whose files with `worker` are, and the setting that names another user; NULL: none. */
	const char *worker, *worker_setting;
	const char *const *modules; /* of the kernel, beside those of nf_tables; NULL: none */
};

/*
 * The i-th target, or NULL past the end. The first is the default. A default format "" has no
 * other name than NULL: it prints all parts, each below a heading.
 */
SVCRULES_API const struct svcrules_target *svcrules_target(size_t i);
/* The target that gives its tables such names. */
SVCRULES_API const struct svcrules_target *svcrules_target_of_table(const char *table);

/* An annotation of an object that a target knows. The strings are valid for ever. */
struct svcrules_annotation {
	const char *origin;   /* the program whose annotation it is: "ingress-nginx" */
	const char *prefix;   /* the first part of its name, with the slash */
	const char *name;     /* the rest of it */
	const char *expected; /* what a right value is, in words; NULL: the annotation is refused */
	const char *note;     /* what differs from its origin, or why it is refused; or NULL */
};

/*
 * The i-th annotation that the target of that name (NULL: the default target) knows, in no
 * particular order; false past the end, or if there is no such target.
 */
SVCRULES_API bool svcrules_annotation(const char *target, size_t i,
				      struct svcrules_annotation *ret);

/* ---- Options ----------------------------------------------------------- */

struct svcrules_options;

SVCRULES_API struct svcrules_options *svcrules_options_new(void); /* NULL: out of memory */
SVCRULES_API void svcrules_options_free(struct svcrules_options *o);
/*
 * Sets one option by its name on the command line without the dashes: node-name, node-ip,
 * cluster-cidr, service-cidr, masquerade-all, network-policy, reasons and explain (value NULL;
 * reasons reads what only reasons need, explain also names of pods), masquerade-mark,
 * nodeport-addresses, zone, table, family, host-ip (addresses of this host's own interfaces, which
 * are the node's if neither node-ip nor the Node object has any), or a setting of a target. Copies
 * the strings. Returns 0, -ENOENT (no such option), -EINVAL (`d` gets the wrong value and what was
 * expected) or -ENOMEM.
 */
SVCRULES_API int svcrules_options_set(struct svcrules_options *o, const char *name,
				      const char *value, struct svcrules_diags *d);
/*
 * The value of an option: as it was set, "" if it was set without a value, NULL if it was not
 * set. `table` has a default. Valid until the option is set again.
 */
SVCRULES_API const char *svcrules_options_get(const struct svcrules_options *o, const char *name);

/* ---- Reading ----------------------------------------------------------- */

struct svcrules_model; /* the objects that were read */

/* Reads up to `size` bytes into `buf`. Returns their number, 0 at the end, or a negative errno. */
typedef long (*svcrules_fill_fn)(void *arg, char *buf, size_t size);

/*
 * An empty model for the target of that name (NULL: the default target). It reads the kinds of
 * objects that the target needs with these options (NULL: the defaults), of which `network-policy`
 * and `explain` count here, and counts other objects. NULL: out of memory, or no such target.
 */
SVCRULES_API struct svcrules_model *svcrules_model_new(const char *target,
						       const struct svcrules_options *o);
SVCRULES_API void svcrules_model_free(struct svcrules_model *m);
/* Ends work with Secrets: overwrites what earlier calls left on the stack and in registers. */
SVCRULES_API void svcrules_wipe_stack(void);
/*
 * Reads all documents of one source into `m`: JSON or YAML, objects, Lists, typed lists, arrays
 * of them, and watch events. `source` names it in diagnostics. Of an object that is read twice,
 * also from several sources, the copy with the higher resourceVersion remains. Returns 0, -EINVAL
 * (`d` gets all errors that can be found, and `m` must not be built from, unless all of them have
 * the check "not-kubernetes": then something else than Kubernetes objects was left out), -ENOMEM,
 * or what `fill` returned.
 */
SVCRULES_API int svcrules_model_read(struct svcrules_model *m, const char *source,
				     svcrules_fill_fn fill, void *arg, struct svcrules_diags *d);
SVCRULES_API size_t svcrules_model_services(const struct svcrules_model *m);
/* The number of Services that have a cluster IP; *ret_pending: of those that should have one. */
SVCRULES_API size_t svcrules_model_cluster_ips(const struct svcrules_model *m, size_t *ret_pending);
/*
 * True if the objects are from an API server, as far as can be seen: a Service has a
 * creationTimestamp, which every server adds, or there is a Node.
 */
SVCRULES_API bool svcrules_model_answered(const struct svcrules_model *m);
/*
 * The kind of a list ("objects" for a List) of which the last page is missing: an API server
 * answers in pages if it is asked with a limit, and metadata.continue says that one follows.
 * NULL: none is missing, as far as can be seen.
 */
SVCRULES_API const char *svcrules_model_incomplete(const struct svcrules_model *m);
/* The i-th kind of objects that are read, and their number; NULL past the end. */
SVCRULES_API const char *svcrules_model_kind(const struct svcrules_model *m, size_t i,
					     size_t *ret_count);
/* True if a Node object of that name was read and has addresses. */
SVCRULES_API bool svcrules_model_has_node_addresses(const struct svcrules_model *m,
						    const char *name);
/* The i-th kind of objects that were skipped, and their number; NULL past the end. */
SVCRULES_API const char *svcrules_model_ignored(const struct svcrules_model *m, size_t i,
						size_t *ret_count);

/* ---- Rule sets --------------------------------------------------------- */

/*
 * The rules that a target makes from a model, or that the kernel has, as a value. A rule set
 * consists of parts, in the order in which they are applied: "nft" (tables of nf_tables, which
 * change in one transaction), "link" (addresses of the interface svcrules0), "ipvs" (virtual
 * servers), "file" (a text file), "zones" (DNS zones).
 */
struct svcrules_ruleset;

/* The end of the name of the tables that enforce network policies, whatever the target. */
#define SVCRULES_POLICY_SUFFIX "-policy"
#define SVCRULES_INTERFACE "svcrules0" /* of kind dummy: the part "link" */
/* Its alias, before the name of the target's tables. */
#define SVCRULES_INTERFACE_OWNER "managed by svcrules: "

/*
 * Builds the rule set of this node for the target of that name (NULL: the default target). `d`
 * gets warnings and notices. *ret does not refer to `m` and `o`. Returns 0, -ENOENT (no such
 * target), -EINVAL (`d` has errors: what the target cannot make of these objects) or -ENOMEM.
 */
SVCRULES_API int svcrules_build(const struct svcrules_model *m, const struct svcrules_options *o,
				const char *target, struct svcrules_diags *d,
				struct svcrules_ruleset **ret);
/*
 * An empty rule set for tables named `table` or, if that is NULL, for the tables that the options
 * name (`o` NULL: the defaults). NULL: out of memory, or no such target.
 */
SVCRULES_API struct svcrules_ruleset *svcrules_ruleset_new(const char *target,
							   const struct svcrules_options *o,
							   const char *table);
/* An empty rule set for the same tables, interface and files. NULL: out of memory. */
SVCRULES_API struct svcrules_ruleset *svcrules_ruleset_empty(const struct svcrules_ruleset *rs);
SVCRULES_API void svcrules_ruleset_free(struct svcrules_ruleset *rs);

struct svcrules_stats {
	/* Of a rule set that was built: */
	size_t services;  /* that are served */
	size_t ports;     /* of these, that are served */
	size_t endpoints; /* their distinct endpoints (address and port) */
	/* services that are left out, each counted once: */
	size_t headless, external_names;
	size_t pending;       /* without a cluster IP yet */
	size_t others;        /* another proxy's */
	size_t nowhere;       /* without ports, or with addresses that they cannot have */
	size_t isolated_pods; /* pods of this node that network policies select */
	size_t policies;      /* that select any of them */
	bool pod_cidrs_known;
	/*
	 * An address of IPv4 and one of IPv6, as text, that this node needs a route to for its own
	 * connections to services; "": none.
	 */
	char routed[2][46];
	/* Of any rule set: */
	size_t elements;               /* of the maps and sets of the tables */
	bool ipv4, ipv6;               /* has tables of that family for services */
	bool policy_ipv4, policy_ipv6; /* has tables of that family for network policies */
	bool serves;                   /* sends packets to at least one service */
	uint32_t generation; /* of the kernel's nf_tables when the rule set was read; otherwise 0 */
	const char *table;   /* the name of its tables, even if they do not exist; or "" */
	const struct svcrules_target *target;
};

SVCRULES_API void svcrules_ruleset_stats(const struct svcrules_ruleset *rs,
					 struct svcrules_stats *ret);

struct svcrules_part {
	const char *kind;  /* "nft", "link", "ipvs", "file" */
	size_t count;      /* tables, addresses, virtual servers or files in it */
	const char *owner; /* of a "link" in the kernel: the name of its target's tables, or "" */
	bool present;      /* of a "link" in the kernel: it exists; of a "file": it exists */
};

/* The i-th part; false past the end. */
SVCRULES_API bool svcrules_ruleset_part(const struct svcrules_ruleset *rs, size_t i,
					struct svcrules_part *ret);
/* A rule set with only the i-th part of `rs`, to be freed before it. NULL: out of memory. */
SVCRULES_API struct svcrules_ruleset *svcrules_ruleset_only(struct svcrules_ruleset *rs, size_t i);
/* The name and the NFPROTO_ family of the i-th table that exists; NULL past the end. */
SVCRULES_API const char *svcrules_ruleset_table(const struct svcrules_ruleset *rs, size_t i,
						uint8_t *ret_family);

/* Takes `len` bytes of output. Returns 0, or a negative errno, which ends the printing. */
typedef int (*svcrules_write_fn)(void *arg, const char *buf, size_t len);

/*
 * Says why the rule set cannot be printed in that format (NULL: the default), or become files
 * (`files`), with the options that it was built with. NULL: it can.
 */
SVCRULES_API const char *svcrules_unprintable(const struct svcrules_ruleset *rs, const char *format,
					      bool files);
/*
 * Prints the rule set in a format of its target (NULL: the default format). Returns 0, -EINVAL (no
 * such format), -ENOMEM, or what `write` returned.
 */
SVCRULES_API int svcrules_print(const struct svcrules_ruleset *rs, const char *format,
				svcrules_write_fn write, void *arg);

/* ---- Files ------------------------------------------------------------- */

/* A file that a rule set makes: targets with `kernel` false. */
struct svcrules_file {
	/*
	 * Valid as long as the rule set. One component of a path, which begins with no dot, and
	 * no other file of the rule set has it.
	 */
	const char *name;
	unsigned mode; /* permission bits: 0644 or, of a secret, 0600 */
	bool secret;   /* holds a key: it must be 0600 from the moment it exists */
	bool worker;   /* the server's worker processes open it: it must be their user's */
};

/* The i-th file of part number `part`; false past the end. */
SVCRULES_API bool svcrules_ruleset_file(const struct svcrules_ruleset *rs, size_t part, size_t i,
					struct svcrules_file *ret);
/*
 * Writes the text of that file, a piece at a time. Returns 0, -EINVAL (no such file), -ENOMEM, or
 * what `write` returned.
 */
SVCRULES_API int svcrules_file_print(const struct svcrules_ruleset *rs, size_t part, size_t i,
				     svcrules_write_fn write, void *arg);
/*
 * An empty rule set for svcrules_files_add(), of no target: two such sets can be compared, and
 * their changes printed as "diff" (the default: lines that come and go), "text" or "json". NULL:
 * out of memory.
 */
SVCRULES_API struct svcrules_ruleset *svcrules_files_new(void);
/*
 * Adds a file, as a part, and copies its text and name. `text` NULL: there is no such file, which
 * keeps its place beside the one of another set. Returns 0 or -ENOMEM.
 */
SVCRULES_API int svcrules_files_add(struct svcrules_ruleset *rs, const struct svcrules_file *f,
				    const char *text, size_t len);

/* ---- Bytes ------------------------------------------------------------- */

/*
 * Writes the parts, without remembered clients, as bytes for svcrules_unpack() by the same build on
 * the same machine. Returns 0, -ENOTSUP (files are parts of it), -ENOMEM or what `write` returned.
 */
SVCRULES_API int svcrules_pack(const struct svcrules_ruleset *rs, svcrules_write_fn write,
			       void *arg);
/*
 * Makes a rule set of such bytes, as if it had been read from the kernel. `like` is for the same
 * places. Returns 0, -ENOTSUP, -ENOMEM, or -EBADMSG: the bytes are of another build or not valid.
 * The caller must see to it that nobody else changed them, as by a sum.
 */
SVCRULES_API int svcrules_unpack(const struct svcrules_ruleset *like, const void *buf, size_t len,
				 struct svcrules_ruleset **ret);

/* ---- Reading the kernel ------------------------------------------------ */

/*
 * A reader reads a rule set from the kernel. The library opens no socket: the reader makes
 * requests, which the caller sends, and takes the answers.
 *
 *	while (svcrules_reader_next(r, &request) > 0) {
 *		send request.msg; for each message of the answer: svcrules_reader_take(r, msg);
 *		svcrules_reader_answered(r, 0 or the kernel's negative errno);
 *	}
 *	svcrules_reader_end(r, &have);
 *
 * Each of the four functions returns -EINTR if rules changed while they were read: free the
 * reader and start again, a limited number of times. A caller who takes the kernel's notifications
 * of nf_tables can go on if other tables changed: see svcrules_reader_watched().
 */
struct svcrules_reader;

/* The netlink family of a request; any other value is the name of a generic netlink family. */
#define SVCRULES_NETLINK_NETFILTER "netfilter"
#define SVCRULES_NETLINK_ROUTE "route"

struct svcrules_request {
	const char *netlink;
	size_t part; /* the number of the part that is read */
	bool dump;   /* asks for a dump (NLM_F_DUMP); otherwise for one object (NLM_F_ACK) */
	/*
	 * A struct nlmsghdr, valid until the next call. The caller adds to nlmsg_flags
	 * NLM_F_REQUEST and NLM_F_DUMP or NLM_F_ACK, and sets nlmsg_seq and, for a generic netlink
	 * family, nlmsg_type.
	 */
	void *msg;
};

/*
 * Reads the tables, the interface and the virtual servers that `like` is for. `like` must outlive
 * the reader. NULL: out of memory.
 */
SVCRULES_API struct svcrules_reader *svcrules_reader_new(const struct svcrules_ruleset *like);
/*
 * Finds tables that svcrules made, without their content: of the target of that name (NULL: of all
 * targets), and with the name `table` (NULL: with any name). NULL: out of memory, or no such
 * target.
 */
SVCRULES_API struct svcrules_reader *svcrules_reader_find(const char *target, const char *table);
SVCRULES_API void svcrules_reader_free(struct svcrules_reader *r);
/*
 * Must come before the first request: changes of nf_tables while it is read are no error. The
 * caller must discard what was read if a notification since then concerned it
 * (svcrules_ruleset_concerned()). A dump of chains must be repeated until it is not interrupted,
 * as the kernel (6.18) counts the chains of all tables in it; interruptions of other dumps have no
 * effect.
 */
SVCRULES_API void svcrules_reader_watched(struct svcrules_reader *r);
/*
 * True if a notification of nf_tables (struct nlmsghdr) is about a table with the name and family
 * of one of `rs`, whether it exists or not.
 */
SVCRULES_API bool svcrules_ruleset_concerned(const struct svcrules_ruleset *rs, const void *msg);
/* Returns 1 with a request to send, 0 if everything is read, or a negative errno. */
SVCRULES_API int svcrules_reader_next(struct svcrules_reader *r, struct svcrules_request *ret);
/* Takes one message (struct nlmsghdr) of the answer. Returns 0, -ENOMEM or -EBADMSG. */
SVCRULES_API int svcrules_reader_take(struct svcrules_reader *r, const void *msg);
/*
 * Ends the answer; `err` is 0 or the kernel's negative errno. Returns 0 (continue) or a negative
 * errno (give up).
 */
SVCRULES_API int svcrules_reader_answered(struct svcrules_reader *r, int err);
/*
 * Stores the rule set, after svcrules_reader_next() returned 0. Returns 0, -EAGAIN (there is more
 * to read) or another negative errno.
 */
SVCRULES_API int svcrules_reader_end(struct svcrules_reader *r, struct svcrules_ruleset **ret);

/*
 * Describes the i-th obstacle: something in `have` that another program made at a place that `want`
 * needs. *ret is a malloc'ed sentence; the last one may say what can be done about the others.
 * Returns 1 with *ret set, 0 past the end, or -ENOMEM.
 */
SVCRULES_API int svcrules_obstacle(const struct svcrules_ruleset *have,
				   const struct svcrules_ruleset *want, size_t i, char **ret);

enum svcrules_settle {
	SVCRULES_SETTLE_APPLY,
	SVCRULES_SETTLE_COMPARE, /* endpoints that drain may stay, and are no difference */
	SVCRULES_SETTLE_RETIRE,  /* another target serves now */
};

/*
 * Carries over into `want` the endpoints of `have` that must stay until their connections end, as
 * the options of the target allow. `now`, with SVCRULES_SETTLE_RETIRE: the rule set of the other
 * target, or NULL: nothing serves. Returns 0 or -ENOMEM.
 */
SVCRULES_API int svcrules_settle(const struct svcrules_ruleset *have, struct svcrules_ruleset *want,
				 enum svcrules_settle how, const struct svcrules_ruleset *now);

/* ---- Changes ----------------------------------------------------------- */

struct svcrules_changes; /* the changes from one rule set to another */

struct svcrules_changes_stats {
	size_t services_added, services_removed, services_changed; /* addresses and ports served */
	size_t elements_added, elements_removed;
	size_t other; /* tables, chains, sets and rules added or removed */
	size_t files; /* added, changed or removed */
	/* virtual servers, real servers, addresses added, changed or removed */
	size_t servers, reals, addresses;
};

/*
 * Compares two rule sets of the same target, or single parts of the same kind. It may arrange
 * `to` (numbers of endpoints, sizes of maps) so that the least changes. Both must outlive *ret.
 * Returns 0 or -ENOMEM.
 */
SVCRULES_API int svcrules_diff(const struct svcrules_ruleset *from, struct svcrules_ruleset *to,
			       struct svcrules_changes **ret);
SVCRULES_API void svcrules_changes_free(struct svcrules_changes *c);
SVCRULES_API bool svcrules_changes_empty(const struct svcrules_changes *c);
/* Returns 0 or -ENOMEM. */
SVCRULES_API int svcrules_changes_stats(const struct svcrules_changes *c,
					struct svcrules_changes_stats *ret);
/* What changes take from clients: see svcrules_changes_loss(). */
#define SVCRULES_LOSS_NAMES 3
struct svcrules_loss {
	size_t served; /* addresses and ports that send packets to endpoints before the change */
	size_t lost;   /* those of them that are refused, dropped or gone after it */
	size_t nnames;
	/* "production/web:http", of the rule set before; a service occurs once */
	const char *names[SVCRULES_LOSS_NAMES];
};

/*
 * Counts the addresses and ports of services that lose something: for packets from inside or from
 * outside. Both numbers are 0 if nothing is lost. *ret refers to the changes.
 */
SVCRULES_API void svcrules_changes_loss(const struct svcrules_changes *c,
					struct svcrules_loss *ret);
/*
 * Prints changes in one of the target's `change_formats` (NULL: the default, "text": services, the
 * addresses and ports of each, what other programs did, then a summary). `colour` adds ANSI
 * colours to text. Returns 0, -EINVAL (no such format), -ENOMEM, or what `write` returned.
 */
SVCRULES_API int svcrules_changes_print(const struct svcrules_changes *c, const char *format,
					bool colour, svcrules_write_fn write, void *arg);

/*
 * The stages in which changes are made: first STOP of all parts in reverse order, then ADD in
 * order, then REMOVE in reverse order.
 */
enum svcrules_stage {
	/* Of "nft": removes the rules of tables that will be deleted, in its own transaction. */
	SVCRULES_STOP,
	SVCRULES_ADD, /* of "nft": the whole transaction */
	SVCRULES_REMOVE,
};

struct svcrules_messages {
	void *buf;  /* netlink messages with nlmsg_seq 1, 2, ...; malloc'ed for the caller */
	size_t len; /* in bytes */
	size_t count;
};

/*
 * Encodes one stage of a part as netlink messages, without the begin and the end of a transaction.
 * `number` is the number of the generic netlink family ("ipvs") or of the interface ("link").
 * Returns 0 or -ENOMEM.
 */
SVCRULES_API int svcrules_changes_encode(struct svcrules_changes *c, size_t part,
					 enum svcrules_stage stage, uint32_t number,
					 struct svcrules_messages *ret);

struct svcrules_refusal {
	uint32_t seq; /* nlmsg_seq of the message; 0: the whole stage */
	int err;      /* the kernel's negative errno */
};

enum svcrules_refused {
	SVCRULES_REFUSED,             /* the change was not made */
	SVCRULES_REFUSED_HARMLESS,    /* there was nothing left to do */
	SVCRULES_REFUSED_CONSEQUENCE, /* probably caused by an earlier refusal in the list */
};

/*
 * Returns what the i-th of `n` refusals of one stage means. Unless `ret` is NULL, *ret is set for
 * SVCRULES_REFUSED to a description with the service, malloc'ed; NULL: out of memory.
 */
SVCRULES_API enum svcrules_refused svcrules_changes_refused(const struct svcrules_changes *c,
							    size_t part, enum svcrules_stage stage,
							    const struct svcrules_refusal *v,
							    size_t n, size_t i, char **ret);

/*
 * Returns what a negative errno means that netlink returned, as a clause: "needs CAP_NET_ADMIN
 * (root)". For refusals, svcrules_changes_refused() says more.
 */
SVCRULES_API const char *svcrules_errno_text(int err);

/* ---- Flows and clients ------------------------------------------------- */

/* An entry of connection tracking. Addresses are in network order, ports in host order. */
struct svcrules_flow {
	uint8_t family;                      /* NFPROTO_ */
	uint8_t protocol;                    /* IPPROTO_ */
	const uint8_t *source, *destination; /* of the client's packets */
	uint16_t port;                       /* of the destination */
	const uint8_t *reply_source;         /* of the answers: the endpoint */
	uint16_t reply_port;
	bool opening; /* TCP: nobody answered the client yet */
};

/*
 * True if the rule set (NULL: none) serves that protocol (IPPROTO_) in that NFPROTO_ family, or
 * remembers that one did.
 */
SVCRULES_API bool svcrules_serves(const struct svcrules_ruleset *rs, uint8_t family,
				  uint8_t protocol);
/* True if `now` serves an address and port of that protocol that `before` (NULL: none) lacks. */
SVCRULES_API bool svcrules_adds(const struct svcrules_ruleset *now,
				const struct svcrules_ruleset *before, uint8_t family,
				uint8_t protocol);
/*
 * True if a flow is stale. `now` was built from objects, or is empty; `before` may be NULL, or of
 * another target. Of UDP and SCTP: its original destination is the address and port of a service
 * in `now`, and its replies come from no endpoint that is ready or serves still; or `before` had
 * that service, `now` has not, and its destination was translated. Of TCP: it is to a service in
 * `now`, but began before that and was never answered nor translated.
 */
SVCRULES_API bool svcrules_flow_stale(const struct svcrules_ruleset *now,
				      const struct svcrules_ruleset *before,
				      const struct svcrules_flow *f);
/*
 * Stores in `want` (set removed) the UDP and SCTP addresses that `before` serves and `want` does
 * not, so that the kernel remembers whose flows must still be deleted, and a later run can
 * complete a run that was killed; a table that is not wanted stays with that set alone. *ret_any:
 * there are such addresses. Returns 0 or -ENOMEM.
 */
SVCRULES_API int svcrules_keep_removed(struct svcrules_ruleset *want,
				       const struct svcrules_ruleset *before, bool *ret_any);
/* Empties that set, for use after the flows are deleted. */
SVCRULES_API void svcrules_forget_removed(struct svcrules_ruleset *want);

/*
 * Makes the request for a dump of the remembered clients of that NFPROTO_ family. `buf` has so
 * many bytes, aligned for a struct nlmsghdr. False if no client can be remembered.
 */
#define SVCRULES_CLIENTS_REQUEST 1024
SVCRULES_API bool svcrules_clients_request(const struct svcrules_ruleset *now, uint8_t family,
					   void *buf);
/*
 * Takes a message of that dump. Appends to `m` (zeroed at first; the caller frees its buffer) what
 * removes clients of endpoints that no longer serve, and changes timeouts. 0, -ENOMEM, -EBADMSG.
 */
SVCRULES_API int svcrules_clients_take(const struct svcrules_ruleset *now, const void *msg,
				       struct svcrules_messages *m);

SVCRULES_API const char *svcrules_version(void);
#ifdef __cplusplus
}
#endif

#include "svcrules_check.h"
#include "svcrules_review.h"
#include "svcrules_explain.h"
#include "svcrules_services.h"
#endif
