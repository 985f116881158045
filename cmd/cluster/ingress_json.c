/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ingresses for the services, as `kubectl get ingresses -A -o json` prints them: one with a host of
 * its own and four paths for each service, and annotations as people use them.
 */
#include "json.h"

#define PREFIX "nginx.ingress.kubernetes.io/"

static void ingress_annotations(uint32_t number, FILE *f)
{
	fputs(I4 "\"annotations\": {\n" I5 "\"kubernetes.io/description\": \"of the shop\"", f);
	if (number % 3 == 0)
		fputs(",\n" I5 "\"" PREFIX "proxy-body-size\": \"8m\",\n" I5 "\"" PREFIX
		      "proxy-read-timeout\": \"120\"",
		      f);
	if (number % 5 == 0)
		fputs(",\n" I5 "\"" PREFIX "enable-cors\": \"true\",\n" I5 "\"" PREFIX
		      "cors-allow-origin\": \"https://*.example.com\"",
		      f);
	if (number % 7 == 0)
		fputs(",\n" I5 "\"" PREFIX "whitelist-source-range\": \"10.0.0.0/8,127.0.0.0/8\"",
		      f);
	if (number % 10 == 0)
		fputs(",\n" I5 "\"" PREFIX "rewrite-target\": \"/$1\"", f);
	if (number % 11 == 0)
		fputs(",\n" I5 "\"" PREFIX "limit-rps\": \"1000\"", f);
	fputs("\n" I4 "},\n", f);
}

static void ingress_path(const struct service *s, const char *path, const char *type, bool last,
			 FILE *f)
{
	fprintf(f,
		I7 "{\n" I8 "\"backend\": {\n" I9 "\"service\": {\n" I10 "\"name\": \"%s\",\n" I10
		   "\"port\": {\n" I10 I1 "\"number\": %u\n" I10 "}\n" I9 "}\n" I8 "},\n" I8
		   "\"path\": \"%s\",\n" I8 "\"pathType\": \"%s\"\n" I7 "}%s\n",
		s->name, s->port, path, type, last ? "" : ",");
}

/* The Ingress of that number leads to the service s. */
static void ingress_write(const struct service *s, uint32_t number, FILE *f)
{
	bool rewritten = number % 10 == 0;
	char u[UID_SIZE];

	fputs(I2 "{\n" I3 "\"apiVersion\": \"networking.k8s.io/v1\",\n" I3
		 "\"kind\": \"Ingress\",\n" I3 "\"metadata\": {\n",
	      f);
	ingress_annotations(number, f);
	fprintf(f,
		I4 "\"creationTimestamp\": \"2026-01-01T00:00:00Z\",\n" I4 "\"generation\": 1,\n" I4
		   "\"name\": \"shop-%05u\",\n" I4 "\"namespace\": \"%s\",\n" I4
		   "\"resourceVersion\": \"%u\",\n" I4 "\"uid\": \"%s\"\n" I3 "},\n",
		number, s->namespace, 700000 + number, uid_text(number, 9, u));
	fprintf(f,
		I3 "\"spec\": {\n" I4 "\"ingressClassName\": \"nginx\",\n" I4 "\"rules\": [\n" I5
		   "{\n" I6 "\"host\": \"shop-%05u.%s.example.com\",\n" I6 "\"http\": {\n" I7
		   "\"paths\": [\n",
		number, s->namespace);
	ingress_path(s, rewritten ? "/v1/(.*)" : "/",
		     rewritten ? "ImplementationSpecific" : "Prefix", false, f);
	ingress_path(s, "/login", "Exact", false, f);
	ingress_path(s, "/static", "Prefix", false, f);
	ingress_path(s, "/api/v2", "Prefix", true, f);
	fputs(I7 "]\n" I6 "}\n" I5 "}\n" I4 "]\n" I3 "},\n" I3 "\"status\": {\n" I4
		 "\"loadBalancer\": {\n" I5 "\"ingress\": [\n" I6 "{\n" I7
		 "\"ip\": \"192.0.2.1\"\n" I6 "}\n" I5 "]\n" I4 "}\n" I3 "}\n" I2 "}",
	      f);
}

/* One for each service that has TCP, and a second one for the service before each that has not. */
void write_ingresses(const struct cluster *c, FILE *f)
{
	fputs("{\n" I1 "\"apiVersion\": \"v1\",\n" I1 "\"items\": [\n", f);
	for (uint32_t i = 0; i < c->services; i++) {
		struct service s = service_get(c, i);

		if (s.udp)
			s = service_get(c, i - 1);
		fputs(i ? ",\n" : "", f);
		ingress_write(&s, i, f);
	}
	fputs("\n" I1 "],\n" I1 "\"kind\": \"List\",\n" I1 "\"metadata\": {\n" I2
	      "\"resourceVersion\": \"\"\n" I1 "}\n}\n",
	      f);
}
