/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Other programs that translate addresses of services. */
#include "doctor/doctor.h"
#include "kernel/host.h"

#include <errno.h>
#include <net/if.h>

/* Interfaces that other proxies make. */
static const struct {
	const char *interface, *program;
	enum verdict verdict;
	const char *mend;
} proxies[] = {
	{ host_virtual_interface, "kube-proxy", VERDICT_TROUBLE, "kube-proxy --cleanup" },
	{ "kube-dummy-if", "kube-router's proxy", VERDICT_TROUBLE, "kube-router --cleanup-config" },
	/* these have a proxy that can be switched off */
	{ "cilium_host", "Cilium", VERDICT_NOTE,
	  "cilium config set kube-proxy-replacement false, if its proxy is on" },
	{ "antrea-gw0", "Antrea", VERDICT_NOTE,
	  "set antreaProxy.enable to false in antrea-agent.conf, if it is on" },
	{ "ovn-k8s-mp0", "OVN-Kubernetes", VERDICT_NOTE,
	  "serve services by one of the two: OVN-Kubernetes always does" },
};

static const char both[] = "both translate the same addresses, and who comes first wins";

/* True if something was found. */
static bool look_at_interfaces(struct doctor *d)
{
	bool found = false;

	for (size_t i = 0; i < sizeof(proxies) / sizeof(*proxies); i++) {
		if (!if_nametoindex(proxies[i].interface))
			continue;
		found = true;
		doctor_find(d, proxies[i].verdict,
			    proxies[i].verdict == VERDICT_NOTE ?
				    "if its proxy is on, both translate the same addresses" :
				    both,
			    doctor_text("%s", proxies[i].mend), "interface %s of %s is here",
			    proxies[i].interface, proxies[i].program);
	}
	return found;
}

/* Virtual servers of others, as of keepalived. */
static bool look_at_virtual_servers(struct doctor *d)
{
	if ((d->have && host_drives_virtual_servers(d->have)) || !host_has_virtual_servers())
		return false;
	doctor_find(d, VERDICT_NOTE, "services of the same addresses are served by one of both",
		    doctor_text("%s", host_virtual_command),
		    "there are virtual servers of another program");
	return true;
}

void doctor_proxies(struct doctor *d)
{
	int has = d->session ? host_has_kube_proxy(d->session->netfilter) : -EPERM;
	bool found = look_at_interfaces(d);

	found = look_at_virtual_servers(d) || found;
	if (has < 0)
		doctor_unknown(d, "cannot look for rules of kube-proxy: %s",
			       svcrules_errno_text(has));
	else if (has)
		doctor_find(d, VERDICT_TROUBLE, both, doctor_text("kube-proxy --cleanup"),
			    "rules of kube-proxy are here");
	else if (!found)
		doctor_fine(d, "no other proxy of services is here");
}
