/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "protocol.h"

const char *svcr_protocol_name(uint8_t protocol)
{
	return protocol == SVCR_UDP ? "udp" : protocol == SVCR_SCTP ? "sctp" : "tcp";
}
