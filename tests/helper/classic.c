/* SPDX-License-Identifier: BSD-2-Clause */
/* The functions behind classic BPF's loads: what packets they understand, and where those end. */
#include "helper/classic.h"

#include "base/bytes.h"
#include "helper/helper.h"
#include "object/packet.h"
#include "tap.h"

static struct sk_buff skb_of(u8 *bytes, u32 len, u16 protocol)
{
	return (struct sk_buff){
		.data = bytes,
		.head = bytes,
		.data_end = bytes + len,
		.end = bytes + len,
		.len = len,
		.network_header = ETH_HLEN,
		.protocol = host_to_be16(protocol),
	};
}

static u64 call(enum helper_index helper, struct sk_buff *skb, u64 a, u64 x)
{
	return helper_protos[helper].fn(ptr_to_u64(skb), a, x, 0, 0, NULL);
}

/* In exactly so much memory, so that a sanitizer sees what goes beyond. */
static u64 payload(const u8 *bytes, u32 len, u16 protocol)
{
	u8 *copy = malloc(len ? len : 1);
	struct sk_buff skb = skb_of(copy, len, protocol);
	u64 at;

	memcpy(copy, bytes, len);
	at = call(HELPER_classic_payload, &skb, 0, 0);
	free(copy);
	return at;
}

static const struct {
	const char *name;
	u16 protocol;
	u32 len;      /* of the packet */
	u32 want;     /* where the payload begins */
	u8 bytes[64]; /* behind the Ethernet header */
} packets[] = {
	{"UDP", ETH_P_IP, 60, 14 + 20 + 8, {0x45, [9] = 17}},
	{"TCP with options", ETH_P_IP, 80, 14 + 20 + 32, {0x45, [9] = 6, [20 + 12] = 0x80}},
	{"TCP that says too little", ETH_P_IP, 80, 14 + 20 + 20, {0x45, [9] = 6, [20 + 12] = 0x10}},
	{"TCP that ends too early", ETH_P_IP, 14 + 20 + 12, 14 + 20, {0x45, [9] = 6}},
	{"IPv4 with options", ETH_P_IP, 80, 14 + 24 + 12, {0x46, [9] = 132}},
	{"an IPv4 header too short", ETH_P_IP, 80, 0, {0x44, [9] = 17}},
	{"IPv4 that ends too early", ETH_P_IP, 14 + 19, 0, {0x45, [9] = 17}},
	{"a first fragment", ETH_P_IP, 60, 14 + 20 + 8, {0x45, [6] = 0x20, [9] = 17}},
	{"a later fragment", ETH_P_IP, 60, 14 + 20, {0x45, [6] = 0, [7] = 1, [9] = 17}},
	{"an unknown protocol", ETH_P_IP, 60, 14 + 20, {0x45, [9] = 99}},
	{"IPv6 with UDP", ETH_P_IPV6, 80, 14 + 40 + 8, {0x60, [6] = 17}},
	{"IPv6 with extensions",
	 ETH_P_IPV6,
	 120,
	 14 + 40 + 8 + 16 + 8,
	 {0x60, [6] = 0, [40] = 60, [41] = 0, [48] = 58, [49] = 1}},
	{"IPv6, a later fragment",
	 ETH_P_IPV6,
	 120,
	 14 + 40 + 8,
	 {0x60, [6] = 44, [40] = 17, [43] = 8}},
	{"IPv6 whose extension is cut off", ETH_P_IPV6, 14 + 40 + 7, 0, {0x60, [6] = 0, [40] = 17}},
	{"an extension longer than the packet",
	 ETH_P_IPV6,
	 14 + 40 + 8,
	 0,
	 {0x60, [6] = 0, [40] = 60, [41] = 255}},
	{"a VLAN tag", ETH_P_8021Q, 80, 14 + 4 + 20 + 8, {0, 1, 8, 0, 0x45, [4 + 9] = 17}},
	{"two VLAN tags",
	 ETH_P_8021AD,
	 80,
	 14 + 8 + 20 + 8,
	 {0, 1, 0x81, 0, 0, 2, 8, 0, 0x45, [8 + 9] = 1}},
	{"no network protocol", 0x0806, 80, 0, {0}},
	{"nothing behind the Ethernet header", ETH_P_IP, 14, 0, {0}},
	{"not even that", ETH_P_IP, 3, 0, {0}},
};

static void test_payload(void)
{
	u8 bytes[ETH_HLEN + 128];

	for (u32 i = 0; i < ARRAY_SIZE(packets); i++) {
		u64 got;

		memset(bytes, 0, sizeof(bytes));
		memcpy(bytes + ETH_HLEN, packets[i].bytes, sizeof(packets[i].bytes));
		got = payload(bytes, packets[i].len, packets[i].protocol);
		if (got != packets[i].want)
			tap_fail("%s: %u, not %u", packets[i].name, (u32)got, packets[i].want);
	}
}

/* An attribute of @len bytes and of some type, in the host's order. */
static void put_attribute(u8 *at, u16 len, u16 type)
{
	put_u16(at, len);
	put_u16(at + 2, type);
}

static void test_attributes(void)
{
	u8 bytes[32] = {0};
	struct sk_buff skb = skb_of(bytes, sizeof(bytes), ETH_P_IP);

	/* From 4 on: 7 of 5 bytes, padded; 9 with 3 and 4 in it, and a broken one at the end. */
	put_attribute(bytes + 4, 5, 7);
	put_attribute(bytes + 12, 12, 9 | 0x8000);
	put_attribute(bytes + 16, 4, 3);
	put_attribute(bytes + 20, 4, 4);
	put_attribute(bytes + 24, 99, 5);
	check_eq(call(HELPER_classic_nlattr, &skb, 4, 7), 4);
	check_eq(call(HELPER_classic_nlattr, &skb, 4, 9), 12);
	check_eq(call(HELPER_classic_nlattr, &skb, 4, 3), 0);
	check_eq(call(HELPER_classic_nlattr, &skb, 4, 5), 0);
	check_eq(call(HELPER_classic_nlattr_nest, &skb, 12, 3), 16);
	check_eq(call(HELPER_classic_nlattr_nest, &skb, 12, 4), 20);
	check_eq(call(HELPER_classic_nlattr_nest, &skb, 12, 5), 0);
	check_eq(call(HELPER_classic_nlattr_nest, &skb, 24, 5), 0);
	check_eq(call(HELPER_classic_nlattr, &skb, 28, 1), 0);
	check_eq(call(HELPER_classic_nlattr, &skb, 29, 0), 0);
	check_eq(call(HELPER_classic_nlattr, &skb, 0xffffffff, 0), 0);
	skb.len = 3;
	check_eq(call(HELPER_classic_nlattr, &skb, 0, 0), 0);
	check_eq(call(HELPER_classic_nlattr_nest, &skb, 0, 0), 0);
}

int main(void)
{
	run_test(test_payload);
	run_test(test_attributes);
	return tap_done();
}
