/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/nftables/layout.h"
#include "model.h"

static const struct svcr_nft_set_layout services_sets[SET__COUNT] = { SVCR_SERVICES_SETS };
static const struct svcr_nft_chain_layout services_chains[CHAIN__COUNT] = { SVCR_SERVICES_CHAINS };

const struct svcr_nft_layout svcr_services_layout = {
	.serves = SVCR_SERVICES_WORD,
	.sets = services_sets,
	.nsets = SET__COUNT,
	.chains = services_chains,
	.nchains = CHAIN__COUNT,
	.names = SET_SERVICES,
	.noun = "Service",
};

struct svcr_nft_table *svcr_services_table(const struct svcr_nft *n, uint8_t family)
{
	return n ? svcr_nft_serving(n, SVCR_SERVICES_WORD, family) : NULL;
}

size_t svcr_vip_key(uint8_t *key, const struct svcr_addr *addr, uint8_t protocol, uint16_t port)
{
	size_t len = svcr_addr_len(addr->family);

	memset(key, 0, SVCR_VIP_MAX);
	memcpy(key, addr->bytes, len);
	key[len] = protocol;
	key[len + 4] = (uint8_t)(port >> 8);
	key[len + 5] = (uint8_t)port;
	return len + 8;
}

const char *svcr_vip_text(uint8_t family, const uint8_t *key, char *buf)
{
	size_t len = svcr_addr_len(family);
	struct svcr_addr a = { .family = family };
	char text[SVCR_ADDR_TEXT];

	memcpy(a.bytes, key, len);
	snprintf(buf, SVCR_VIP_TEXT, family == SVCR_IPV6 ? "[%s]:%u/%s" : "%s:%u/%s",
		 svcr_addr_text(&a, text), key[len + 4] << 8 | key[len + 5],
		 svcr_protocol_name(key[len]));
	return buf;
}

const char *svcr_vip_name(const struct svcr_nft *n, uint8_t family, const uint8_t *key)
{
	const struct svcr_nft_table *t = svcr_services_table(n, family);
	const uint8_t *e = t ? svcr_nft_find(&t->sets[SET_SERVICES], key) : NULL;

	return e ? svcr_nft_comment(&t->sets[SET_SERVICES], e) : NULL;
}

size_t svcr_endpoint_data(uint8_t *data, const struct svcr_addr *addr, uint16_t port)
{
	size_t len = svcr_addr_len(addr->family);

	memcpy(data, addr->bytes, len);
	data[len] = (uint8_t)(port >> 8);
	data[len + 1] = (uint8_t)port;
	data[len + 2] = data[len + 3] = 0;
	return len + 4;
}

size_t svcr_draining_key(uint8_t *key, const struct svcr_addr *vip, uint8_t protocol, uint16_t port,
			 const struct svcr_addr *endpoint, uint16_t endpoint_port)
{
	size_t len = svcr_vip_key(key, vip, protocol, port);

	return len + svcr_endpoint_data(key + len, endpoint, endpoint_port);
}
