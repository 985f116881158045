/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fails every allocation in turn while zones are built, printed and compared; see alloc_test.h. */
#include "rules/files_alloc_test.h"

/* clang-format off */
#define SERVICE(name, spec) \
	"{\"kind\":\"Service\",\"metadata\":{\"name\":\"" name "\",\"namespace\":\"x\"}," \
	"\"spec\":{" spec "}}"
#define SLICE(name, of, endpoints) \
	"{\"kind\":\"EndpointSlice\",\"metadata\":{\"name\":\"" name "\",\"namespace\":\"x\"," \
	"\"labels\":{\"kubernetes.io/service-name\":\"" of "\"}}," \
	"\"ports\":[{\"name\":\"p\",\"port\":1},{\"name\":\"q\",\"port\":2}],\"endpoints\":[" \
	endpoints "]}"
#define PORTS "\"ports\":[{\"name\":\"p\",\"port\":80},{\"name\":\"" \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",\"port\":81}]"
#define COMMON \
	SERVICE("web", "\"clusterIPs\":[\"10.96.0.1\",\"fd00::1\",\"127.0.0.1\"]," PORTS) \
	SERVICE("ext", "\"type\":\"ExternalName\",\"externalName\":\"a.example.com.\"") \
	"{\"kind\":\"Namespace\",\"metadata\":{\"name\":\"y\"}}"

static const char *const inputs[] = {
	COMMON SERVICE("db", "\"clusterIP\":\"None\",\"publishNotReadyAddresses\":true")
	SLICE("db-2", "db", "{\"addresses\":[\"10.0.0.3\",\"10.0.0.4\"],\"hostname\":\"b\"},"
	      "{\"addresses\":[\"fd00::5\"]}")
	SLICE("db-1", "db", "{\"addresses\":[\"10.0.0.3\"],\"hostname\":\"a\"}"),
	COMMON SERVICE("db", "\"clusterIP\":\"None\"")
	"{\"kind\":\"Endpoints\",\"metadata\":{\"name\":\"db\",\"namespace\":\"x\"},\"subsets\":[{"
	"\"addresses\":[{\"ip\":\"10.0.0.9\",\"hostname\":\"c\"}],\"ports\":[{\"name\":\"p\","
	"\"port\":1}]}]}",
	COMMON SERVICE("Bad", "\"clusterIP\":\"10.96.0.9\""), /* an error of the reader */
};
/* clang-format on */

static const struct alloc_setting settings[] = {
	{ "cluster-domain", "k8s.example.com." },
	{ "name-server", "ns1.k8s.example.com=10.0.0.1,fd00::2" },
	{ "name-server", "ns0.k8s.example.com=10.0.0.2" },
	{ "reverse-zone", "10.0.0.0/8" },
	{ "reverse-zone", "10.0.0.0/16" },
};

int main(void)
{
	return files_alloc_main("dns", inputs, settings, sizeof(settings) / sizeof(*settings));
}
