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

/* ---- Options ----------------------------------------------------------- */

struct svcrules_options;

SVCRULES_API struct svcrules_options *svcrules_options_new(void);
SVCRULES_API void svcrules_options_free(struct svcrules_options *o);
/*
 * Sets one option by its name on the command line without the dashes:
 * node-name, node-ip, cluster-cidr, service-cidr, masquerade-all (value NULL),
 * masquerade-mark, nodeport-addresses, zone, table, family, ipvs-scheduler,
 * host-ip. Strings are copied.
 * Returns 0, -ENOENT (no such option), -EINVAL (value; said in `d`), -ENOMEM.
 */
SVCRULES_API int svcrules_options_set(struct svcrules_options *o, const char *name, const char *value,
				      struct svcrules_diags *d);
/* True once node-ip was set. */
SVCRULES_API bool svcrules_options_has_node_ip(const struct svcrules_options *o);
/* The table's name; "svcrules" unless set. Valid until the next set. */
SVCRULES_API const char *svcrules_options_table(const struct svcrules_options *o);

/*
 * The same of the table that goes with IPVS: "svcrules-ipvs". Options of IPVS:
 * ipvs-scheduler; host-ip: the addresses of this host's own interfaces, which
 * are not put on the dummy interface.
 */
SVCRULES_API const char *svcrules_options_ipvs_table(const struct svcrules_options *o);
/* Is it the name of such a table? Others may not have it. */
SVCRULES_API bool svcrules_ipvs_is_table(const char *name);

/* ---- Reading ----------------------------------------------------------- */

struct svcrules_model; /* the objects read; owns all it holds */

/* Reads up to `size` bytes into `buf`: the number read, 0 at the end, or a negative errno. */
typedef long (*svcrules_fill_fn)(void *arg, char *buf, size_t size);

SVCRULES_API struct svcrules_model *svcrules_model_new(void);
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

/* ---- nftables rule sets ------------------------------------------------ */

struct svcrules_nft; /* the wanted or the kernel's tables, as a value */

struct svcrules_nft_stats {
	size_t services;  /* service ports served */
	size_t endpoints; /* distinct endpoints (address and port) of them */
	size_t elements;  /* of maps and sets */
	bool pod_cidrs_known;
};

/*
 * Builds the rule set for this node. Warnings and notices go to `d`. Nothing
 * of `m` or `o` is referred to afterwards. Returns 0 or -ENOMEM.
 */
SVCRULES_API int svcrules_nft_build(const struct svcrules_model *m, const struct svcrules_options *o,
				    struct svcrules_diags *d, struct svcrules_nft **ret);
/* An empty rule set of that table name, to be filled by decode. */
SVCRULES_API struct svcrules_nft *svcrules_nft_new(const char *table);
SVCRULES_API void svcrules_nft_free(struct svcrules_nft *n);
SVCRULES_API void svcrules_nft_stats(const struct svcrules_nft *n, struct svcrules_nft_stats *ret);
/* Does it send anything anywhere: has one of its maps a service? Also of one that was decoded. */
SVCRULES_API bool svcrules_nft_serves(const struct svcrules_nft *n);

/* Takes `len` bytes of output; 0 or a negative errno, which ends the printing. */
typedef int (*svcrules_write_fn)(void *arg, const char *buf, size_t len);

/* The whole rule set as text that `nft -f` loads, replacing tables of the same name. */
SVCRULES_API int svcrules_nft_print(const struct svcrules_nft *n, svcrules_write_fn write, void *arg);
/* The same as JSON; the form is described in svcrules(5). */
SVCRULES_API int svcrules_nft_print_json(const struct svcrules_nft *n, svcrules_write_fn write, void *arg);

/*
 * Takes one message of the kernel's answers to dumps of tables, chains, rules,
 * sets and set elements (NFT_MSG_NEW...); others are ignored, and so is every
 * table of another name. `msg` is a struct nlmsghdr, complete. Tables first,
 * then sets, chains and rules, then elements. Returns 0, -ENOMEM, or -EBADMSG.
 */
SVCRULES_API int svcrules_nft_decode(struct svcrules_nft *n, const void *msg);
/* Must follow the last decode: sorts. 0 or -ENOMEM. */
SVCRULES_API int svcrules_nft_decode_end(struct svcrules_nft *n);
/* The i-th set whose elements are to be dumped: name and NFPROTO_ family; NULL past the end. */
SVCRULES_API const char *svcrules_nft_set(const struct svcrules_nft *n, size_t i, uint8_t *ret_family);
/* True if there is a table of that NFPROTO_ family, which is so when something is served in it. */
SVCRULES_API bool svcrules_nft_has_table(const struct svcrules_nft *n, uint8_t family);
/* NFPROTO_ of a table of this name that svcrules did not make; 0 if there is none. */
SVCRULES_API uint8_t svcrules_nft_foreign(const struct svcrules_nft *n);
/* True if a table message (NFT_MSG_NEWTABLE) is of a table that svcrules made; its name and family. */
SVCRULES_API bool svcrules_nft_owned(const void *msg, const char **ret_name, uint8_t *ret_family);

/*
 * The whole value as bytes, for svcrules_nft_unpack() of the same build on the
 * same machine: what was left in the kernel, kept for the next run. Remembered
 * clients are not in it. Returns 0, -ENOMEM or what `write` returned.
 */
SVCRULES_API int svcrules_nft_pack(const struct svcrules_nft *n, svcrules_write_fn write, void *arg);
/* Back; the same as if decoded from the kernel. Returns 0, -ENOMEM, or -EBADMSG: these are not such bytes. */
SVCRULES_API int svcrules_nft_unpack(const void *buf, size_t len, struct svcrules_nft **ret);

/* ---- Changes ----------------------------------------------------------- */

struct svcrules_changes; /* what leads from one rule set to another */

struct svcrules_changes_stats {
	size_t services_added, services_removed, services_changed; /* addresses and ports served */
	size_t elements_added, elements_removed;
	size_t other; /* tables, chains, sets and rules added or removed */
};

/*
 * Compares. `to` is arranged (numbers of endpoints) so that the fewest
 * elements change; both must outlive the result. Returns 0 or -ENOMEM.
 */
SVCRULES_API int svcrules_nft_diff(const struct svcrules_nft *from, struct svcrules_nft *to,
				   struct svcrules_changes **ret);
SVCRULES_API void svcrules_changes_free(struct svcrules_changes *c);
SVCRULES_API bool svcrules_changes_empty(const struct svcrules_changes *c);
SVCRULES_API void svcrules_changes_stats(const struct svcrules_changes *c, struct svcrules_changes_stats *ret);

/* Services first: one line an address and port, then what else differs, then a summary line. `colour`: with ANSI colours. */
SVCRULES_API int svcrules_changes_print(const struct svcrules_changes *c, bool colour, svcrules_write_fn write,
					void *arg);
/* As nft(8) commands, and as the JSON that svcrules(5) describes. */
SVCRULES_API int svcrules_changes_print_nft(const struct svcrules_changes *c, svcrules_write_fn write, void *arg);
SVCRULES_API int svcrules_changes_print_json(const struct svcrules_changes *c, svcrules_write_fn write, void *arg);
/*
 * The netlink messages, without the batch's begin and end; nlmsg_seq counts
 * from 1. The buffer is malloc'ed for the caller. Returns 0 or -ENOMEM.
 */
SVCRULES_API int svcrules_changes_encode(struct svcrules_changes *c, void **ret_buf, size_t *ret_len,
					 size_t *ret_messages);
/* Says what message `seq` was about, with the services in it; malloc'ed, or NULL. */
SVCRULES_API char *svcrules_changes_describe(const struct svcrules_changes *c, uint32_t seq);

/* ---- IPVS rule sets ---------------------------------------------------- */

/*
 * Virtual servers with their real servers, the addresses of the interface
 * svcrules0 that they are reached at, and the nftables table beside them:
 * masquerading, source ranges, what is refused or dropped, and the traffic
 * that IPVS cannot send where it must go. See svcrules(5).
 */
struct svcrules_ipvs;

#define SVCRULES_IPVS_INTERFACE "svcrules0"           /* of kind dummy */
#define SVCRULES_IPVS_OWNER "managed by svcrules: "   /* its alias; the name of the table beside follows */

/* Like svcrules_nft_build(); the table beside it is built, too, and owned by the result. */
SVCRULES_API int svcrules_ipvs_build(const struct svcrules_model *m, const struct svcrules_options *o,
				     struct svcrules_diags *d, struct svcrules_ipvs **ret);
/* An empty one, to be filled by decode; `beside` is borrowed and must outlive it. NULL: out of memory. */
SVCRULES_API struct svcrules_ipvs *svcrules_ipvs_new(struct svcrules_nft *beside);
SVCRULES_API void svcrules_ipvs_free(struct svcrules_ipvs *v);
/* The table beside it; as long as `v` is there. */
SVCRULES_API struct svcrules_nft *svcrules_ipvs_nft(const struct svcrules_ipvs *v);
/* How many virtual servers, and how many addresses of svcrules0. */
SVCRULES_API size_t svcrules_ipvs_servers(const struct svcrules_ipvs *v);
SVCRULES_API size_t svcrules_ipvs_addresses(const struct svcrules_ipvs *v);

/* What to print: for ip(8) -batch, for ipvsadm(8) -R, for nft(8) -f, or all with a comment line before each. */
enum svcrules_ipvs_part { SVCRULES_IPVS_ALL, SVCRULES_IPVS_IP, SVCRULES_IPVS_IPVSADM, SVCRULES_IPVS_NFT };

SVCRULES_API int svcrules_ipvs_print(const struct svcrules_ipvs *v, enum svcrules_ipvs_part part,
				     svcrules_write_fn write, void *arg);
/* As JSON; the form is described in svcrules(5). */
SVCRULES_API int svcrules_ipvs_print_json(const struct svcrules_ipvs *v, svcrules_write_fn write, void *arg);

/*
 * From the kernel, in this order: the addresses of svcrules0; the messages of
 * a dump of virtual servers; own, which sorts out those that others made; what
 * answers the questions for missing ones, and own again; for each virtual
 * server left the messages of a dump of its real servers; end.
 * The kernel (6.1, 6.18) dumps from one list of all network namespaces, piece
 * by piece, and tells nobody when the list moved in between: own and end return
 * -EINTR if something is there twice (read all again), and what was skipped is
 * missing, though the table beside it says that it is there.
 * A virtual server is ours by its address on svcrules0, its place in the table
 * beside it, or the mark in its flags. Messages are struct nlmsghdr of the
 * generic netlink family IPVS (linux/ip_vs.h). Return 0, -ENOMEM or -EBADMSG.
 */
SVCRULES_API int svcrules_ipvs_decode_address(struct svcrules_ipvs *v, uint8_t family, const uint8_t *addr);
SVCRULES_API int svcrules_ipvs_decode(struct svcrules_ipvs *v, const void *msg);
SVCRULES_API int svcrules_ipvs_own(struct svcrules_ipvs *v);
SVCRULES_API int svcrules_ipvs_decode_real(struct svcrules_ipvs *v, size_t i, const void *msg);
SVCRULES_API int svcrules_ipvs_decode_end(struct svcrules_ipvs *v);
/*
 * The questions for these dumps, into SVCRULES_IPVS_REQUEST_SIZE bytes aligned
 * for a struct nlmsghdr; `genl` is the family's number. False: there is no i-th
 * virtual server. Of missing: there is no further one; it is asked for by itself,
 * not a dump, and may answer -ESRCH (it is gone indeed). *at is 0 at first and
 * counts up.
 */
#define SVCRULES_IPVS_REQUEST_SIZE 256
SVCRULES_API void svcrules_ipvs_ask(uint16_t genl, void *buf);
SVCRULES_API bool svcrules_ipvs_ask_missing(const struct svcrules_ipvs *v, size_t *at, uint16_t genl, void *buf);
SVCRULES_API bool svcrules_ipvs_ask_real(const struct svcrules_ipvs *v, size_t i, uint16_t genl, void *buf);

/*
 * The i-th virtual server that another program made in `have` and that is in
 * the way of `wanted`: at a service's address and port, with endpoints or not,
 * or at an address that svcrules0 is to get. As "Service a/b:c
 * 10.96.0.10:80/tcp", malloc'ed; NULL past the end.
 */
SVCRULES_API char *svcrules_ipvs_conflict(const struct svcrules_ipvs *have, const struct svcrules_ipvs *wanted,
					  size_t i);

enum svcrules_ipvs_settle {
	SVCRULES_IPVS_APPLY,
	SVCRULES_IPVS_COMPARE, /* whatever drains may stay: it is no difference */
	SVCRULES_IPVS_RETIRE,  /* another back end serves now */
};

/*
 * Carries over into `wanted` what of `have` must stay for its connections:
 * real servers that are no longer wanted, with weight 0, and their virtual
 * servers and addresses; not those of UDP, and none longer than `seconds`
 * after it was first carried over. Returns 0 or -ENOMEM.
 */
SVCRULES_API int svcrules_ipvs_settle(const struct svcrules_ipvs *have, struct svcrules_ipvs *wanted,
				      uint32_t seconds, enum svcrules_ipvs_settle how);

struct svcrules_ipvs_changes; /* what leads from one to another; not that of the table beside */

struct svcrules_ipvs_changes_stats {
	size_t servers, reals, addresses; /* added, changed or removed */
};

/* Compares; both must outlive the result. Returns 0 or -ENOMEM. */
SVCRULES_API int svcrules_ipvs_diff(const struct svcrules_ipvs *from, const struct svcrules_ipvs *to,
				    struct svcrules_ipvs_changes **ret);
SVCRULES_API void svcrules_ipvs_changes_free(struct svcrules_ipvs_changes *c);
SVCRULES_API bool svcrules_ipvs_changes_empty(const struct svcrules_ipvs_changes *c);
SVCRULES_API void svcrules_ipvs_changes_stats(const struct svcrules_ipvs_changes *c,
					      struct svcrules_ipvs_changes_stats *ret);
/* The i-th address to add or, with `removals`, to remove, and its NFPROTO_ family; NULL past the end. */
SVCRULES_API const uint8_t *svcrules_ipvs_changes_address(const struct svcrules_ipvs_changes *c, bool removals,
							  size_t i, uint8_t *ret_family);
/*
 * The netlink messages of all additions and alterations or, with `removals`, of all
 * removals, which come after them. Otherwise like svcrules_changes_encode().
 */
SVCRULES_API int svcrules_ipvs_changes_encode(const struct svcrules_ipvs_changes *c, bool removals, uint16_t genl,
					      void **ret_buf, size_t *ret_len, size_t *ret_messages);
/* True if what the kernel (negative errno) said to message `seq` means that there is nothing left to do. */
SVCRULES_API bool svcrules_ipvs_changes_harmless(const struct svcrules_ipvs_changes *c, bool removals, uint32_t seq,
						 int err);
/* True if two messages are about the same virtual server: refusing one may be why the other was refused. */
SVCRULES_API bool svcrules_ipvs_changes_same_server(const struct svcrules_ipvs_changes *c, bool removals, uint32_t seq,
						    uint32_t other);
/* Says what was refused and why, in the service's name; malloc'ed, or NULL. */
SVCRULES_API char *svcrules_ipvs_changes_describe(const struct svcrules_ipvs_changes *c, bool removals, uint32_t seq,
						  int err);
/* With the changes of the table beside: like svcrules_changes_print(). */
SVCRULES_API int svcrules_ipvs_changes_print(const struct svcrules_ipvs_changes *c, const struct svcrules_changes *nft,
					     bool colour, svcrules_write_fn write, void *arg);
SVCRULES_API int svcrules_ipvs_changes_print_json(const struct svcrules_ipvs_changes *c,
						  const struct svcrules_changes *nft, svcrules_write_fn write,
						  void *arg);
/* As commands of the part named: IP or IPVSADM. */
SVCRULES_API int svcrules_ipvs_changes_print_commands(const struct svcrules_ipvs_changes *c,
						      enum svcrules_ipvs_part part, svcrules_write_fn write,
						      void *arg);
/* Like svcrules_nft_flow_stale(), for what IPVS and the table beside it serve; `before`: that table. */
SVCRULES_API bool svcrules_ipvs_flow_stale(const struct svcrules_ipvs *now, const struct svcrules_nft *before,
					   uint8_t family, const uint8_t *source, const uint8_t *destination,
					   uint16_t port, const uint8_t *reply_source, uint16_t reply_port);

/* ---- Flows and clients ------------------------------------------------- */

/* True if the rule set serves UDP in that NFPROTO_ family. */
SVCRULES_API bool svcrules_nft_has_udp(const struct svcrules_nft *n, uint8_t family);
/*
 * True if a UDP flow is stale: its original destination is a service address
 * and port in `now` or in `before` (may be NULL), and its reply does not come
 * from an endpoint that serves it in `now`. Addresses in network order, ports in host order.
 */
SVCRULES_API bool svcrules_nft_flow_stale(const struct svcrules_nft *now, const struct svcrules_nft *before,
					  uint8_t family, const uint8_t *source, const uint8_t *destination,
					  uint16_t port, const uint8_t *reply_source, uint16_t reply_port);
/*
 * Writes into `wanted` (the set removed-udp) which UDP addresses `before` serves
 * and `wanted` does not, so that the kernel itself remembers whose flows are
 * still to be deleted; a run that is killed in between is then completed by
 * the next. `ret_any`: whether there are any. Returns 0 or -ENOMEM.
 */
SVCRULES_API int svcrules_nft_keep_removed(struct svcrules_nft *wanted, const struct svcrules_nft *before,
					   bool *ret_any);
/* Takes that back, once the flows are deleted. */
SVCRULES_API void svcrules_nft_forget_removed(struct svcrules_nft *wanted);

/*
 * Takes one message of a dump of the affinity map (remembered clients) and
 * appends what `now` demands: forget clients of endpoints that serve no
 * longer, change timeouts. `buf` (malloc'ed, grown) collects messages like
 * svcrules_changes_encode. Returns 0, -ENOMEM or -EBADMSG.
 */
SVCRULES_API int svcrules_nft_affinity(const struct svcrules_nft *now, const void *msg, void **buf, size_t *len,
				       size_t *messages);
/* True if clients are remembered in that NFPROTO_ family. */
SVCRULES_API bool svcrules_nft_has_affinity(const struct svcrules_nft *n, uint8_t family);
#define SVCRULES_NFT_AFFINITY "affinity" /* the map's name */

SVCRULES_API const char *svcrules_version(void);

#ifdef __cplusplus
}
#endif
#endif
