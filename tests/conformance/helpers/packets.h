/* SPDX-License-Identifier: BSD-2-Clause */
/* The packets that helpers are called on. */
#ifndef ANYBPF_CONFORMANCE_HELPERS_PACKETS_H
#define ANYBPF_CONFORMANCE_HELPERS_PACKETS_H

#include "base/types.h"

#define MACS 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2
#define IPV4(n, proto, sum)                                                                        \
	0x45, 0, 0, n, 0, 1, 0x40, 0, 64, proto, (sum) >> 8, (sum)&0xff, 10, 0, 0, 1, 10, 0, 0, 2
#define PAYLOAD 'w', 'h', 'a', 't', ' ', 'a', ' ', 'p', 'a', 'c', 'k', 'e', 't', ' ', 'h', 'a', 's'

static const u8 tcp4[] = {MACS,	  8,	0,    IPV4(57, 6, 0x26bc),
			  0x30,	  0x39, 0,    80,
			  0,	  0,	0,    1,
			  0,	  0,	0,    2,
			  0x50,	  0x10, 0x20, 0,
			  0x12,	  0x34, 0,    0,
			  PAYLOAD};
static const u8 udp4[] = {MACS, 8,    0,      IPV4(45, 17, 0x26bd), 0x30, 0x39, 0, 53, 0, 25,
			  0x12, 0x34, PAYLOAD};
static const u8 udp6[] = {MACS, 0x86, 0xdd, 0x60, 0,	0,    0, 0,  25, 17, 64,   0x20, 1,
			  0xd,	0xb8, 0,    0,	  0,	0,    0, 0,  0,	 0,  0,	   0,	 0,
			  1,	0x20, 1,    0xd,  0xb8, 0,    0, 0,  0,	 0,  0,	   0,	 0,
			  0,	0,    0,    2,	  0x30, 0x39, 0, 53, 0,	 25, 0x12, 0x34, PAYLOAD};
static const u8 vlan[] = {MACS, 0x81, 0, 0,  5,	   8,	 0,	 IPV4(45, 17, 0x26bd), 0x30, 0x39,
			  0,	53,   0, 25, 0x12, 0x34, PAYLOAD};
static const u8 arp[] = {MACS, 8,  6, 0, 1, 8, 0, 6, 4, 0, 1, 2,  0, 0, 0, 0,
			 2,    10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 10, 0, 0, 2};
static const u8 least[] = {MACS, 8, 0};
static const u8 large[1500] = {MACS, 8,	   0,	 0x45, 0,  5, 0xce, 0,	  1,	0x40,	0,
			       64,   17,   0x21, 0x34, 10, 0, 0,    1,	  10,	0,	0,
			       2,    0x30, 0x39, 0,    53, 5, 0xba, 0x12, 0x34, PAYLOAD};

static const struct {
	const u8 *data;
	u32 size;
} packets[] = {
	{tcp4, sizeof(tcp4)}, {udp4, sizeof(udp4)},   {udp6, sizeof(udp6)},   {vlan, sizeof(vlan)},
	{arp, sizeof(arp)},   {least, sizeof(least)}, {large, sizeof(large)},
};

#endif
