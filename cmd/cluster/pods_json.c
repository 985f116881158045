/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The objects as `kubectl get pods,namespaces,networkpolicies -A -o json` prints them. */
#include "json.h"
#include "pods.h"

static void pod_metadata(const struct pod *p, FILE *f)
{
	char set[16], id[16], u[UID_SIZE];

	suffix_text(scramble(p->ns, 20 + p->app), 9, set);
	suffix_text(scramble(p->ip, 21), 5, id);
	fprintf(f,
		I3 "\"metadata\": {\n" I4 "\"annotations\": {\n" I5
		   "\"kubectl.kubernetes.io/restartedAt\": \"2026-09-30T11:20:05Z\",\n" I5
		   "\"prometheus.io/port\": \"9100\",\n" I5
		   "\"prometheus.io/scrape\": \"true\"\n" I4 "},\n" I4
		   "\"creationTimestamp\": \"2026-10-%02uT06:30:%02uZ\",\n" I4
		   "\"generateName\": \"%s-%s-\",\n" I4 "\"labels\": {\n" I5 "\"app\": \"%s\",\n" I5
		   "\"app.kubernetes.io/managed-by\": \"shop\",\n" I5
		   "\"pod-template-hash\": \"%s\",\n" I5 "\"tier\": \"tier-%u\"\n" I4 "},\n",
		1 + p->number % 28, p->number % 60, app_name(p->app), set, app_name(p->app), set,
		p->app % 3);
	fprintf(f,
		I4 "\"name\": \"%s-%s-%s%s\",\n" I4 "\"namespace\": \"team-%04u\",\n" I4
		   "\"ownerReferences\": [\n" I5 "{\n" I6 "\"apiVersion\": \"apps/v1\",\n" I6
		   "\"blockOwnerDeletion\": true,\n" I6 "\"controller\": true,\n" I6
		   "\"kind\": \"ReplicaSet\",\n" I6 "\"name\": \"%s-%s\",\n" I6
		   "\"uid\": \"%s\"\n" I5 "}\n" I4 "],\n",
		app_name(p->app), set, id, p->fresh ? "2" : "", p->ns, app_name(p->app), set,
		uid_text(p->ns, 30 + p->app, u));
	fprintf(f, I4 "\"resourceVersion\": \"%u\",\n" I4 "\"uid\": \"%s\"\n" I3 "},\n",
		700000 + p->number, uid_text(p->ip, 22, u));
}

static void pod_container(const struct pod *p, FILE *f)
{
	fprintf(f,
		I4 "\"containers\": [\n" I5 "{\n" I6 "\"env\": [\n" I7 "{\n" I8
		   "\"name\": \"POD_NAME\",\n" I8 "\"valueFrom\": {\n" I9 "\"fieldRef\": {\n" I10
		   "\"apiVersion\": \"v1\",\n" I10 "\"fieldPath\": \"metadata.name\"\n" I9 "}\n" I8
		   "}\n" I7 "},\n" I7 "{\n" I8 "\"name\": \"DATABASE_URL\",\n" I8
		   "\"value\": \"postgres://database.team-%04u.svc:5432/%s\"\n" I7 "}\n" I6 "],\n",
		p->ns, app_name(p->app));
	fprintf(f,
		I6 "\"image\": \"registry.example.com/shop/%s:2026.9.%u\",\n" I6
		   "\"imagePullPolicy\": \"IfNotPresent\",\n" I6 "\"livenessProbe\": {\n" I7
		   "\"failureThreshold\": 3,\n" I7 "\"httpGet\": {\n" I8
		   "\"path\": \"/healthz\",\n" I8 "\"port\": \"http\",\n" I8
		   "\"scheme\": \"HTTP\"\n" I7 "},\n" I7 "\"periodSeconds\": 10,\n" I7
		   "\"successThreshold\": 1,\n" I7 "\"timeoutSeconds\": 1\n" I6 "},\n" I6
		   "\"name\": \"%s\",\n",
		app_name(p->app), p->app + 1, app_name(p->app));
	fputs(I6 "\"ports\": [\n" I7 "{\n" I8 "\"containerPort\": 8080,\n" I8
		 "\"name\": \"http\",\n" I8 "\"protocol\": \"TCP\"\n" I7 "},\n" I7 "{\n" I8
		 "\"containerPort\": 9100,\n" I8 "\"name\": \"metrics\",\n" I8
		 "\"protocol\": \"TCP\"\n" I7 "}\n" I6 "],\n" I6 "\"resources\": {\n" I7
		 "\"limits\": {\n" I8 "\"memory\": \"512Mi\"\n" I7 "},\n" I7 "\"requests\": {\n" I8
		 "\"cpu\": \"100m\",\n" I8 "\"memory\": \"256Mi\"\n" I7 "}\n" I6 "},\n" I6
		 "\"terminationMessagePath\": \"/dev/termination-log\",\n" I6
		 "\"terminationMessagePolicy\": \"File\",\n" I6 "\"volumeMounts\": [\n" I7 "{\n" I8
		 "\"mountPath\": \"/var/run/secrets/kubernetes.io/serviceaccount\",\n" I8
		 "\"name\": \"kube-api-access-x8p2w\",\n" I8 "\"readOnly\": true\n" I7 "}\n" I6
		 "]\n" I5 "}\n" I4 "],\n",
	      f);
}

static void pod_spec(const struct pod *p, FILE *f)
{
	fputs(I3 "\"spec\": {\n", f);
	pod_container(p, f);
	fprintf(f,
		I4 "\"dnsPolicy\": \"ClusterFirst\",\n" I4 "\"enableServiceLinks\": true,\n" I4
		   "\"nodeName\": \"node-%03u\",\n" I4
		   "\"preemptionPolicy\": \"PreemptLowerPriority\",\n" I4 "\"priority\": 0,\n" I4
		   "\"restartPolicy\": \"Always\",\n" I4
		   "\"schedulerName\": \"default-scheduler\",\n" I4 "\"securityContext\": {},\n" I4
		   "\"serviceAccount\": \"default\",\n" I4
		   "\"serviceAccountName\": \"default\",\n" I4
		   "\"terminationGracePeriodSeconds\": 30,\n",
		p->node);
	fputs(I4 "\"tolerations\": [\n" I5 "{\n" I6 "\"effect\": \"NoExecute\",\n" I6
		 "\"key\": \"node.kubernetes.io/not-ready\",\n" I6 "\"operator\": \"Exists\",\n" I6
		 "\"tolerationSeconds\": 300\n" I5 "}\n" I4 "],\n" I4 "\"volumes\": [\n" I5 "{\n" I6
		 "\"name\": \"kube-api-access-x8p2w\",\n" I6 "\"projected\": {\n" I7
		 "\"defaultMode\": 420,\n" I7 "\"sources\": [\n" I8 "{\n" I9
		 "\"serviceAccountToken\": {\n" I10 "\"expirationSeconds\": 3607,\n" I10
		 "\"path\": \"token\"\n" I9 "}\n" I8 "}\n" I7 "]\n" I6 "}\n" I5 "}\n" I4 "]\n" I3
		 "},\n",
	      f);
}

static void pod_status(const struct pod *p, FILE *f)
{
	static const char *const conditions[] = { "Initialized", "Ready", "ContainersReady",
						  "PodScheduled" };
	char ip[16], u[UID_SIZE];

	fputs(I3 "\"status\": {\n" I4 "\"conditions\": [\n", f);
	for (int i = 0; i < 4; i++)
		fprintf(f,
			I5 "{\n" I6 "\"lastProbeTime\": null,\n" I6
			   "\"lastTransitionTime\": \"2026-10-01T06:30:00Z\",\n" I6
			   "\"status\": \"True\",\n" I6 "\"type\": \"%s\"\n" I5 "}%s\n",
			conditions[i], i < 3 ? "," : "");
	fprintf(f,
		I4 "],\n" I4 "\"containerStatuses\": [\n" I5 "{\n" I6
		   "\"containerID\": \"containerd://%s\",\n" I6 "\"lastState\": {},\n" I6
		   "\"name\": \"%s\",\n" I6 "\"ready\": true,\n" I6 "\"restartCount\": 0,\n" I6
		   "\"started\": true,\n" I6 "\"state\": {\n" I7 "\"running\": {\n" I8
		   "\"startedAt\": \"2026-10-01T06:30:00Z\"\n" I7 "}\n" I6 "}\n" I5 "}\n" I4 "],\n",
		uid_text(p->ip, 23, u), app_name(p->app));
	fprintf(f,
		I4 "\"hostIP\": \"192.0.%u.%u\",\n" I4 "\"phase\": \"Running\",\n" I4
		   "\"podIP\": \"%s\",\n" I4 "\"podIPs\": [\n" I5 "{\n" I6 "\"ip\": \"%s\"\n" I5
		   "}\n" I4 "],\n" I4 "\"qosClass\": \"Burstable\",\n" I4
		   "\"startTime\": \"2026-10-01T06:29:00Z\"\n" I3 "}\n",
		2 + p->node / 250, 1 + p->node % 250, ip_text(p->ip, ip), ip);
}

static void pod_write(const struct pod *p, FILE *f)
{
	fputs(I2 "{\n" I3 "\"apiVersion\": \"v1\",\n" I3 "\"kind\": \"Pod\",\n", f);
	pod_metadata(p, f);
	pod_spec(p, f);
	pod_status(p, f);
	fputs(I2 "},\n", f);
}

/* The pod that all policies allow: it is the sender of the measured connections. */
static void monitor_write(FILE *f)
{
	char ip[16];

	ip_text(MONITOR_IP, ip);
	fprintf(f,
		I2 "{\n" I3 "\"apiVersion\": \"v1\",\n" I3 "\"kind\": \"Pod\",\n" I3
		   "\"metadata\": {\n" I4 "\"labels\": {\n" I5 "\"app\": \"monitor\"\n" I4 "},\n" I4
		   "\"name\": \"monitor-0\",\n" I4 "\"namespace\": \"" MONITOR_NS "\"\n" I3
		   "},\n" I3 "\"spec\": {\n" I4 "\"nodeName\": \"node-001\"\n" I3 "},\n" I3
		   "\"status\": {\n" I4 "\"phase\": \"Running\",\n" I4 "\"podIP\": \"%s\",\n" I4
		   "\"podIPs\": [\n" I5 "{\n" I6 "\"ip\": \"%s\"\n" I5 "}\n" I4 "]\n" I3 "}\n" I2
		   "},\n",
		ip, ip);
}

static void namespace_write(const char *name, const char *team, FILE *f)
{
	fprintf(f,
		I2 "{\n" I3 "\"apiVersion\": \"v1\",\n" I3 "\"kind\": \"Namespace\",\n" I3
		   "\"metadata\": {\n" I4 "\"labels\": {\n" I5
		   "\"kubernetes.io/metadata.name\": \"%s\",\n" I5 "\"team\": \"%s\"\n" I4 "},\n" I4
		   "\"name\": \"%s\"\n" I3 "},\n" I3 "\"spec\": {\n" I4 "\"finalizers\": [\n" I5
		   "\"kubernetes\"\n" I4 "]\n" I3 "},\n" I3 "\"status\": {\n" I4
		   "\"phase\": \"Active\"\n" I3 "}\n" I2 "}",
		name, team, name);
}

static void namespaces_write(const struct pods *p, FILE *f)
{
	char name[32], team[32];

	for (uint32_t i = 0; i < pods_namespaces(p); i++) {
		snprintf(name, sizeof(name), "team-%04u", i);
		snprintf(team, sizeof(team), "team-%u", pods_team(p, i));
		namespace_write(name, team, f);
		fputs(",\n", f);
	}
	namespace_write(MONITOR_NS, MONITOR_NS, f);
}

static void rule_ports(const struct rule *r, FILE *f)
{
	fprintf(f,
		I6 "\"ports\": [\n" I7 "{\n" I8 "\"port\": %u,\n" I8 "\"protocol\": \"TCP\"\n" I7
		   "}",
		r->port);
	if (r->from)
		fprintf(f,
			",\n" I7 "{\n" I8 "\"endPort\": %u,\n" I8 "\"port\": %u,\n" I8
			"\"protocol\": \"TCP\"\n" I7 "}",
			r->to, r->from);
	if (r->udp)
		fprintf(f, ",\n" I7 "{\n" I8 "\"port\": %u,\n" I8 "\"protocol\": \"UDP\"\n" I7 "}",
			r->udp);
	fputs("\n" I6 "]", f);
}

static void rule_peer(const struct rule *r, FILE *f)
{
	char block[16], except[16];

	fprintf(f, I6 "\"%s\": [\n" I7 "{\n", r->kind == TO_BLOCK ? "to" : "from");
	if (r->kind == FROM_APP)
		fprintf(f,
			I8 "\"podSelector\": {\n" I9 "\"matchLabels\": {\n" I10
			   "\"app\": \"%s\"\n" I9 "}\n" I8 "}\n",
			app_name(r->app));
	else if (r->kind == FROM_TEAM)
		fprintf(f,
			I8 "\"namespaceSelector\": {\n" I9 "\"matchExpressions\": [\n" I10
			   "{\n" I10 I1 "\"key\": \"team\",\n" I10 I1
			   "\"operator\": \"In\",\n" I10 I1 "\"values\": [\n" I10 I2
			   "\"team-%u\",\n" I10 I2 "\"" MONITOR_NS "\"\n" I10 I1 "]\n" I10 "}\n" I9
			   "]\n" I8 "}\n",
			r->team);
	else
		fprintf(f,
			I8 "\"ipBlock\": {\n" I9 "\"cidr\": \"%s/16\",\n" I9 "\"except\": [\n" I10
			   "\"%s/24\"\n" I9 "]\n" I8 "}\n",
			ip_text(r->block, block), ip_text(r->except, except));
	fputs(I7 "}\n" I6 "]", f);
}

static void rules_write(const struct pods *p, const struct policy *y, bool egress, FILE *f)
{
	bool any = false;

	fprintf(f, I4 "\"%s\": [\n", egress ? "egress" : "ingress");
	for (uint32_t k = 0; k < p->rules; k++) {
		struct rule r = pods_rule(p, y, k);

		if ((r.kind == TO_BLOCK) != egress)
			continue;
		fprintf(f, "%s" I5 "{\n", any ? ",\n" : "");
		any = true;
		if (!egress) {
			rule_peer(&r, f);
			fputs(",\n", f);
		}
		rule_ports(&r, f);
		if (egress) {
			fputs(",\n", f);
			rule_peer(&r, f);
		}
		fputs("\n" I5 "}", f);
	}
	fputs("\n" I4 "],\n", f);
}

static void policy_write(const struct pods *p, const struct policy *y, FILE *f)
{
	char u[UID_SIZE];

	fprintf(f,
		",\n" I2 "{\n" I3 "\"apiVersion\": \"networking.k8s.io/v1\",\n" I3
		"\"kind\": \"NetworkPolicy\",\n" I3 "\"metadata\": {\n" I4
		"\"creationTimestamp\": \"2026-10-01T06:30:00Z\",\n" I4 "\"generation\": 1,\n" I4
		"\"name\": \"%s-%05u\",\n" I4 "\"namespace\": \"team-%04u\",\n" I4
		"\"resourceVersion\": \"%u\",\n" I4 "\"uid\": \"%s\"\n" I3 "},\n" I3
		"\"spec\": {\n",
		app_name(y->app), y->number, y->ns, 500000 + y->number, uid_text(y->number, 24, u));
	if (y->egress)
		rules_write(p, y, true, f);
	rules_write(p, y, false, f);
	fprintf(f,
		I4 "\"podSelector\": {\n" I5 "\"matchLabels\": {\n" I6 "\"app\": \"%s\"\n" I5
		   "}\n" I4 "},\n" I4 "\"policyTypes\": [\n" I5 "\"Ingress\"%s\n" I4 "]\n" I3
		   "}\n" I2 "}",
		app_name(y->app), y->egress ? ",\n" I5 "\"Egress\"" : "");
}

void write_pods(const struct cluster *c, FILE *f)
{
	const struct pods *p = &c->pods;

	fputs("{\n" I1 "\"apiVersion\": \"v1\",\n" I1 "\"items\": [\n", f);
	for (uint32_t i = 0; i < p->n; i++) {
		struct pod pod = pods_pod(p, i);

		pod_write(&pod, f);
	}
	monitor_write(f);
	namespaces_write(p, f);
	for (uint32_t i = 0; i < p->policies; i++) {
		struct policy y = pods_policy(p, i);

		policy_write(p, &y, f);
	}
	fputs("\n" I1 "],\n" I1 "\"kind\": \"List\",\n" I1 "\"metadata\": {\n" I2
	      "\"resourceVersion\": \"\"\n" I1 "}\n}\n",
	      f);
}
