/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The transport protocols of service ports, numbered as in IP headers. */
#ifndef SVCR_PROTOCOL_H
#define SVCR_PROTOCOL_H

#include <stdint.h>

enum svcr_protocol { SVCR_TCP = 6, SVCR_UDP = 17, SVCR_SCTP = 132 };

/*
 * Returns "tcp", "udp" or "sctp", as nft(8) and ipvsadm(8) spell them; "tcp" for
 * any other number.
 */
const char *svcr_protocol_name(uint8_t protocol);

#endif
