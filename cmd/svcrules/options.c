/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "options.h"
#include "command.h"
#include "completion.h"
#include "say.h"
#include "target_texts.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

/* Choices and help that depend on the targets are added by option_spec_of(). */
/* clang-format off */
static const struct option_spec option_specs[OPT_COUNT] = {
	[OPT_FILE] = { .name = "f", .other = "filename", .argument = "FILE",
		.help = "read FILE (JSON or YAML), '-' (standard input) or a directory; also "
			"--filename" },
	[OPT_RECURSIVE] = { .name = "R", .other = "recursive",
		.help = "read the directories below a directory too; also --recursive" },
	[OPT_FROM] = { .name = "from", .argument = "FILE",
		.help = "compare with FILE instead of the kernel" },
	[OPT_OVERLAY] = { .name = "overlay", .argument = "FILE",
		.help = "lay the manifests in FILE, '-' or a directory over the input" },
	[OPT_LIMIT] = { .name = "limit", .argument = "N",
		.help = "services, and addresses of each, that are shown (default: 100; 0: all)" },
	[OPT_COLOUR] = { .name = "color", .argument = "WHEN",
		.choices = "always never auto",
		.help = "colours in text: always, never or auto (default: on a terminal)" },
	[OPT_SOURCE] = { .name = "from", .argument = "PLACE",
		.help = "where it comes from: ADDRESS, namespace/pod, node or outside" },
	[OPT_TO] = { .name = "to", .argument = "PLACE",
		.help = "where it goes: ADDRESS:PORT, namespace/service[:port] or a DNS name" },
	[OPT_PROTOCOL] = { .name = "protocol", .argument = "NAME", .choices = "tcp udp sctp",
		.help = "tcp (default), udp or sctp" },
	[OPT_QUESTIONS] = { .name = "questions", .argument = "FILE",
		.help = "ask each line of FILE: FROM TO [tcp|udp|sctp]" },
	[OPT_LIVE] = { .name = "live",
		.help = "follow the kernel's rules in place of those made from FILE" },
	[OPT_NDOTS] = { .name = "ndots", .argument = "N",
		.help = "names with fewer dots are looked for in the search list (default: 5)" },
	[OPT_CLUSTER_DOMAIN] = { .name = "cluster-domain", .argument = "NAME", .library = true,
		.help = "the domain of the cluster, for names (default: cluster.local)" },
	[OPT_OUTPUT] = { .name = "o", .argument = "FORMAT|DIR" },
	[OPT_OUTPUT_CHANGES] = { .name = "o", .argument = "FORMAT|DIR" },
	[OPT_OUTPUT_SUMMARY] = { .name = "o", .argument = "FORMAT", .choices = "text json",
		.help = "how to print it: text (default), json" },
	[OPT_OUTPUT_FINDINGS] = { .name = "o", .argument = "FORMAT",
		.choices = "text json sarif github",
		.help = "how to print it: text (default), json, sarif, github" },
	[OPT_WARN] = { .name = "W", .argument = "[no-]NAME",
		.help = "switch this check on, or off" },
	[OPT_ERROR] = { .name = "E", .argument = "NAME",
		.help = "switch this check on, and make what it finds an error" },
	[OPT_NODE_PORT_RANGE] = { .name = "node-port-range", .argument = "FIRST-LAST",
		.library = true, .help = "where node ports should be (default: 30000-32767)" },
	[OPT_LOCAL_PORT_RANGE] = { .name = "local-ports", .argument = "FIRST-LAST",
		.library = true,
		.help = "ports of a node's own connections (default: 32768-60999)" },
	[OPT_EXTERNAL_CIDR] = { .name = "allow-external-cidr", .argument = "CIDR,...",
		.library = true, .help = "where external and load-balancer IPs should be" },
	[OPT_OUTPUT_LIST] = { .name = "o", .argument = "FORMAT", .choices = "wide json",
		.help = "wide (more columns) or json" },
	[OPT_NAMESPACE] = { .name = "n", .other = "namespace", .argument = "NAMESPACE",
		.help = "the namespace (default: default); also --namespace" },
	[OPT_ALL_NAMESPACES] = { .name = "A", .other = "all-namespaces",
		.help = "all namespaces; also --all-namespaces" },
	[OPT_OUTPUT_EXPLANATION] = { .name = "o", .argument = "FORMAT", .choices = "text json",
		.help = "how to print the explanation: text (default), json" },
	[OPT_DRY_RUN] = { .name = "dry-run",
		.help = "print what would change; touch nothing" },
	[OPT_CHECK] = { .name = "check",
		.help = "let the kernel validate the change without making it" },
	[OPT_VERIFY] = { .name = "verify",
		.help = "read the kernel's rules even if none seems to have changed them" },
	[OPT_NODE_NAME] = { .name = "node-name", .argument = "NAME", .library = true,
		.help = "this node's name (default: the host's, for check none)" },
	[OPT_NODE_IP] = { .name = "node-ip", .argument = "ADDRESS,...", .library = true,
		.help = "this node's addresses (default: its Node object's)" },
	[OPT_CLUSTER_CIDR] = { .name = "cluster-cidr", .argument = "CIDR,...", .library = true,
		.help = "the pods' prefixes (default: of the Node objects)" },
	[OPT_SERVICE_CIDR] = { .name = "service-cidr", .argument = "CIDR,...", .library = true,
		.help = "the cluster IPs' prefixes" },
	[OPT_MASQUERADE_ALL] = { .name = "masquerade-all", .library = true,
		.help = "masquerade all connections to cluster IPs" },
	[OPT_MASQUERADE_MARK] = { .name = "masquerade-mark", .argument = "BIT", .library = true,
		.help = "the packet mark to use (default: 0x4000)" },
	[OPT_NODEPORT_ADDRESSES] = { .name = "nodeport-addresses", .library = true,
		.argument = "CIDR,...|primary",
		.help = "serve node ports on these addresses only" },
	[OPT_ZONE] = { .name = "zone", .argument = "NAME", .library = true,
		.help = "this node's zone (default: its Node object's)" },
	[OPT_MAX_SOURCE_RANGES] = { .name = "max-source-ranges", .argument = "N", .library = true,
		.help = "source ranges of one service (default: 50000); more admit nobody" },
	[OPT_MAX_ELEMENTS] = { .name = "max-elements", .argument = "N", .library = true,
		.help = "elements of one service (default: 100000); with more it is left out" },
	[OPT_NETWORK_POLICY] = { .name = "network-policy", .library = true,
		.help = "enforce NetworkPolicy objects for the pods of this node" },
	[OPT_TABLE] = { .name = "table", .argument = "NAME", .library = true,
		.help = "name of the nftables tables (default: svcrules)" },
	[OPT_FAMILY] = { .name = "family", .argument = "FAMILY", .library = true,
		.choices = "ipv4 ipv6 both", .help = "ipv4, ipv6 or both (default)" },
	[OPT_TARGET] = { .name = "target", .argument = "NAME" },
	[OPT_BACKEND] = { .name = "backend", .argument = "NAME",
		.help = "the same as --target" },
	[OPT_ALLOW_EMPTY] = { .name = "allow-empty",
		.help = "accept input without Services, cluster IPs, endpoints or pods" },
	[OPT_STRICT] = { .name = "strict",
		.help = "take warnings about objects for errors" },
	[OPT_MAX_LOST] = { .name = "max-lost", .argument = "N|N%|all",
		.help = "how many served addresses may be lost (default: 50% of 20 or more)" },
	[OPT_INSECURE_INPUT] = { .name = "insecure-input",
		.help = "accept files and directories that other users may write" },
	[OPT_VALIDATE] = { .name = "validate", .argument = "CMD",
		.help = "keep DIR as it is if this shell command fails; {} is the new folder" },
	[OPT_THEN] = { .name = "then", .argument = "CMD",
		.help = "run this shell command after DIR has changed" },
	[OPT_INSECURE_OUTPUT] = { .name = "insecure-output",
		.help = "accept a DIR that other users may replace" },
	[OPT_WAIT] = { .name = "wait", .argument = "SECONDS",
		.help = "how long to wait while another svcrules runs (default: 10)" },
	[OPT_QUIET] = { .name = "quiet",
		.help = "print nothing unless something is wrong" },
	[OPT_QUIET_UNCHANGED] = { .name = "quiet-unchanged",
		.help = "print nothing unless something changed or is wrong" },
	[OPT_ANNOTATIONS] = { .name = "annotations",
		.help = "list the annotations of objects that targets know" },
	[OPT_CHECKS] = { .name = "checks",
		.help = "list the checks of 'svcrules check'" },
	[OPT_COMPLETION] = { .name = "completion", .argument = "SHELL",
		.choices = COMPLETION_SHELLS,
		.help = "print the completion script for a shell" },
	[OPT_HELP] = { .name = "h", .other = "help",
		.help = "print this help; also --help" },
};
/* clang-format on */

/* clang-format off */
#define GROUP(...) .ids = (const enum option_id[]){ __VA_ARGS__ }, \
	.n = sizeof((const enum option_id[]){ __VA_ARGS__ }) / sizeof(enum option_id)
/* clang-format on */

const struct option_group input_options = { GROUP(OPT_FILE, OPT_RECURSIVE) };
const struct option_group from_options = { GROUP(OPT_FROM, OPT_OVERLAY) };
const struct option_group review_options = { GROUP(OPT_LIMIT, OPT_COLOUR) };
const struct option_group question_options = { GROUP(OPT_SOURCE, OPT_TO, OPT_PROTOCOL,
						     OPT_QUESTIONS, OPT_LIVE, OPT_NDOTS,
						     OPT_CLUSTER_DOMAIN, OPT_OUTPUT_EXPLANATION) };
const struct option_group output_options = { GROUP(OPT_OUTPUT) };
const struct option_group output_changes_options = { GROUP(OPT_OUTPUT_CHANGES) };
const struct option_group summary_options = { GROUP(OPT_OUTPUT_SUMMARY, OPT_QUIET_UNCHANGED) };
const struct option_group doctor_options = { GROUP(OPT_OUTPUT_SUMMARY, OPT_QUIET) };
const struct option_group delete_try_options = { GROUP(OPT_DRY_RUN) };
const struct option_group try_options = { GROUP(OPT_DRY_RUN, OPT_CHECK, OPT_VERIFY) };
const struct option_group node_options = { GROUP(
	OPT_NODE_NAME, OPT_NODE_IP, OPT_CLUSTER_CIDR, OPT_SERVICE_CIDR, OPT_MASQUERADE_ALL,
	OPT_MASQUERADE_MARK, OPT_NODEPORT_ADDRESSES, OPT_ZONE, OPT_MAX_SOURCE_RANGES,
	OPT_MAX_ELEMENTS, OPT_NETWORK_POLICY) };
const struct option_group table_options = { GROUP(OPT_TABLE) };
const struct option_group delete_table_options = { GROUP(OPT_TABLE), .removes = true };
const struct option_group family_options = { GROUP(OPT_FAMILY) };
const struct option_group apply_target_options = { GROUP(OPT_TARGET, OPT_BACKEND), .settings = true,
						   .apply_only = true };
const struct option_group compile_target_options = { GROUP(OPT_TARGET, OPT_BACKEND),
						     .settings = true, .compile_only = true };
const struct option_group target_options = { GROUP(OPT_TARGET, OPT_BACKEND), .settings = true };
const struct option_group explain_target_options = { GROUP(OPT_TARGET, OPT_BACKEND),
						     .settings = true, .explained = true };
const struct option_group delete_target_options = { GROUP(OPT_TARGET, OPT_BACKEND),
						    .removes = true };
const struct option_group empty_options = { GROUP(OPT_ALLOW_EMPTY, OPT_STRICT) };
const struct option_group check_options = { GROUP(
	OPT_OUTPUT_FINDINGS, OPT_WARN, OPT_ERROR, OPT_NODE_NAME, OPT_CLUSTER_CIDR, OPT_SERVICE_CIDR,
	OPT_NODE_PORT_RANGE, OPT_LOCAL_PORT_RANGE, OPT_EXTERNAL_CIDR, OPT_MAX_SOURCE_RANGES,
	OPT_MAX_ELEMENTS) };
const struct option_group loss_options = { GROUP(OPT_MAX_LOST) };
const struct option_group insecure_options = { GROUP(OPT_INSECURE_INPUT) };
const struct option_group writer_options = { GROUP(OPT_WAIT, OPT_QUIET) };
const struct option_group directory_options = { GROUP(OPT_VALIDATE, OPT_THEN, OPT_WAIT, OPT_QUIET,
						      OPT_INSECURE_OUTPUT) };
const struct option_group list_options = { GROUP(OPT_ANNOTATIONS, OPT_CHECKS, OPT_COMPLETION) };
const struct option_group get_options = { GROUP(OPT_NAMESPACE, OPT_ALL_NAMESPACES,
						OPT_OUTPUT_LIST) };
const struct option_group get_node_options = { GROUP(OPT_NODE_NAME, OPT_NODE_IP, OPT_SERVICE_CIDR,
						     OPT_NODEPORT_ADDRESSES, OPT_ZONE) };
const struct option_group status_options = { GROUP(OPT_OUTPUT_SUMMARY) };
const struct option_group help_options = { GROUP(OPT_HELP) };

/* ---- What the targets bring --------------------------------------------- */

static struct option_spec option_spec_of(enum option_id id, bool removes)
{
	struct option_spec s = option_specs[id];

	if (id == OPT_WARN || id == OPT_ERROR)
		s.offered = check_texts(id == OPT_WARN);
	if (id == OPT_TARGET || id == OPT_BACKEND)
		s.choices = target_texts()->targets;
	if (id == OPT_TARGET)
		s.help = removes ? target_texts()->targets_removed_help :
				   target_texts()->targets_help;
	if (id == OPT_TABLE && removes)
		s.help = "remove only the tables of this name (default: of any name)";
	if (id == OPT_OUTPUT) {
		s.choices = target_texts()->formats;
		s.help = target_texts()->formats_help;
	}
	if (id == OPT_OUTPUT_CHANGES) {
		s.choices = target_texts()->change_formats;
		s.help = target_texts()->change_formats_help;
	}
	return s;
}

/* The i-th setting of all targets that a group takes; counts *i down. */
static bool setting_at(const struct option_group *g, size_t *i, struct option *ret)
{
	const struct svcrules_target *t;

	for (size_t k = 0; g->settings && (t = svcrules_target(k)); k++)
		for (const struct svcrules_setting *s = t->settings; s->name; s++) {
			if (g->explained && !t->explained)
				continue;
			/* apply refuses targets that make files */
			if (s->apply_only != g->apply_only && (s->apply_only || !t->kernel))
				continue;
			if ((s->compile_only && !g->compile_only) || (*i)--)
				continue;
			*ret = (struct option){ .id = OPT_COUNT, .setting = s, .target = t };
			ret->spec.name = s->name;
			ret->spec.argument = s->argument;
			ret->spec.help = s->help;
			ret->spec.offered = s->annotation ? target_texts()->refused : NULL;
			return true;
		}
	return false;
}

bool option_at(const struct command *c, size_t i, struct option *ret)
{
	for (const struct option_group *const *g = c->options; *g; g++) {
		if (i < (*g)->n) {
			*ret = (struct option){ .id = (*g)->ids[i] };
			ret->spec = option_spec_of(ret->id, (*g)->removes);
			return true;
		}
		i -= (*g)->n;
		if (setting_at(*g, &i, ret))
			return true;
	}
	return false;
}

const char *option_choices(enum option_id id)
{
	return option_spec_of(id, false).choices;
}

const char *option_name(enum option_id id)
{
	return option_specs[id].name;
}

const char *option_library_name(enum option_id id)
{
	return option_specs[id].library ? option_specs[id].name : NULL;
}

const char *option_typed(const struct option_spec *s, char buf[static 40])
{
	snprintf(buf, 40, "%s%s", s->name[1] ? "--" : "-", s->name);
	return buf;
}
