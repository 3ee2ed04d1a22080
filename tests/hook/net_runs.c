/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_PROG_TEST_RUN of programs inside the network stack, which Linux gives
 * contexts of their own: what is refused, what programs see, what comes back.
 * Everything must be the kernel's.
 */
#include "tap.h"

#include "base/bytes.h"
#include "hook/pair.h"
#include "kernel/netfilter.h"
#include "kernel/sock.h"

#define FLOW   BPF_PROG_TYPE_FLOW_DISSECTOR
#define LOOKUP BPF_PROG_TYPE_SK_LOOKUP
#define NF     BPF_PROG_TYPE_NETFILTER

struct field {
	u32 off, size;
	u64 value;
};

struct row {
	const char *name;
	enum bpf_prog_type type;
	int error;
	u32 size; /* of data_in, 0: none is given */
	u32 room; /* of data_out */
	u32 ctx_in, ctx_room;
	struct field ctx[8];
	u16 proto; /* of the Ethernet header */
	u32 repeat, flags;
	u32 nhoff, thoff; /* what a flow dissector leaves there, if not 0 */
};

#define FIELD(type, field, value)                                                                  \
	{                                                                                          \
		offsetof(struct type, field), sizeof(((struct type *)0)->field), value             \
	}
#define KEYS		sizeof(struct bpf_flow_keys)
#define SKL		sizeof(struct bpf_sk_lookup)
#define NFS		sizeof(struct nf_hook_state)
#define K(field, value) FIELD(bpf_flow_keys, field, value)
#define L(field, value) FIELD(bpf_sk_lookup, field, value)
#define N(field, value) FIELD(nf_hook_state, field, value)
#define V4		L(family, AF_INET)
#define V6		L(family, AF_INET6)

static const struct row rows[] = {
	{"flow: plain", FLOW, 0, 64, 64, .proto = 0x0800},
	{"flow: shortest", FLOW, 0, 14, 64, .proto = 0x86dd},
	{"flow: too short", FLOW, -EINVAL, 13, 64},
	{"flow: a page", FLOW, 0, 4096, 64},
	{"flow: more than a page", FLOW, -EINVAL, 4097, 64},
	{"flow: room too small", FLOW, -ENOSPC, 64, 20},
	{"flow: repeated", FLOW, 0, 64, 64, .repeat = 3},
	{"flow: unknown flag", FLOW, -EINVAL, 64, 64, .flags = 1},
	{"flow: behind the end", FLOW, 0, 64, 64, .nhoff = 100, .thoff = 65535},
	{"flow: before the beginning", FLOW, 0, 64, 64, .nhoff = 3, .thoff = 4},
	{"flow: transport before network", FLOW, 0, 64, 64, .nhoff = 30, .thoff = 20},
	{"flow: flags", FLOW, 0, 64, 64, KEYS, KEYS, {K(flags, 5)}},
	{"flow: other field", FLOW, -EINVAL, 64, 64, KEYS, KEYS, {K(flags, 5), K(nhoff, 5)}},
	{"flow: flow label", FLOW, -EINVAL, 64, 64, KEYS, KEYS, {K(flow_label, 5)}},
	{"flow: context shorter", FLOW, 0, 64, 64, 8, KEYS},
	{"flow: context room small", FLOW, -ENOSPC, 64, 64, KEYS, 8, {K(flags, 1)}},

	{"lookup: v4", LOOKUP, 0, .ctx_in = SKL, .ctx_room = SKL,
	 .ctx = {V4, L(protocol, 6), L(local_ip4, 0x01020304), L(remote_ip4, 0x05060708),
		 L(local_port, 80), L(remote_port, 0x1234)}},
	{"lookup: v4 has no v6 addresses", LOOKUP, 0, .ctx_in = SKL, .ctx_room = SKL,
	 .ctx = {V4,
		 {offsetof(struct bpf_sk_lookup, local_ip6), 8, 77},
		 {offsetof(struct bpf_sk_lookup, remote_ip6) + 8, 8, 78}}},
	{"lookup: v6", LOOKUP, 0, .ctx_in = SKL, .ctx_room = SKL,
	 .ctx = {V6,
		 L(protocol, 17),
		 L(local_ip4, 1),
		 {offsetof(struct bpf_sk_lookup, local_ip6), 8, 0x1122334455667788},
		 {offsetof(struct bpf_sk_lookup, remote_ip6) + 8, 8, 0x99aabbccddeeff},
		 L(local_port, 65535)}},
	{"lookup: only the low half of family and protocol", LOOKUP, 0, .ctx_in = SKL,
	 .ctx_room = SKL, .ctx = {L(family, 0x10002), L(protocol, 0x70011)}},
	{"lookup: port too large", LOOKUP, -ERANGE, .ctx_in = SKL, .ctx_room = SKL,
	 .ctx = {V4, L(local_port, 65536)}},
	{"lookup: other family", LOOKUP, -EAFNOSUPPORT, .ctx_in = SKL, .ctx_room = SKL,
	 .ctx = {L(family, 1)}},
	{"lookup: socket given", LOOKUP, -EINVAL, .ctx_in = SKL, .ctx = {V4, L(sk, 1)}},
	{"lookup: interface given", LOOKUP, -EINVAL, .ctx_in = SKL,
	 .ctx = {V4, L(ingress_ifindex, 1)}},
	{"lookup: no context", LOOKUP, -EINVAL},
	{"lookup: context out only", LOOKUP, -EAFNOSUPPORT, .ctx_room = SKL},
	{"lookup: context in only", LOOKUP, 0, .ctx_in = SKL, .ctx = {V4}},
	{"lookup: context shorter", LOOKUP, 0, .ctx_in = 12, .ctx_room = SKL, .ctx = {V4}},
	{"lookup: context longer", LOOKUP, 0, .ctx_in = SKL + 8, .ctx_room = SKL, .ctx = {V4}},
	{"lookup: context longer, not zero", LOOKUP, -E2BIG, .ctx_in = SKL + 8, .ctx_room = SKL,
	 .ctx = {V4, {SKL, 4, 1}}},
	{"lookup: context room small", LOOKUP, -ENOSPC, .ctx_in = SKL, .ctx_room = 8, .ctx = {V4}},
	{"lookup: data", LOOKUP, -EINVAL, 64, .ctx_in = SKL, .ctx = {V4}},
	{"lookup: data out", LOOKUP, -EINVAL, .room = 64, .ctx_in = SKL, .ctx = {V4}},
	{"lookup: repeated", LOOKUP, 0, .ctx_in = SKL, .ctx = {V4}, .repeat = 5},
	{"lookup: flags", LOOKUP, -EINVAL, .ctx_in = SKL, .ctx = {V4}, .flags = 1},

	{"netfilter: plain", NF, 0, 64, .proto = 0x0800},
	{"netfilter: shortest", NF, 0, 20},
	{"netfilter: too short", NF, -EINVAL, 19},
	{"netfilter: longest", NF, 0, 3712},
	{"netfilter: too long", NF, -EINVAL, 3713},
	{"netfilter: flags", NF, -EINVAL, 64, .flags = 1},
	{"netfilter: repeated", NF, 0, 64, .repeat = 5},
	{"netfilter: goes out, v6", NF, 0, 64, .ctx_in = NFS,
	 .ctx = {N(hook, NF_INET_LOCAL_OUT), N(pf, NFPROTO_IPV6)}},
	{"netfilter: comes in, v4", NF, 0, 64, .proto = 0x0800, .ctx_in = NFS,
	 .ctx = {N(hook, NF_INET_LOCAL_IN), N(pf, NFPROTO_IPV4)}},
	{"netfilter: comes in, short", NF, -EINVAL, 33, .proto = 0x0800, .ctx_in = NFS,
	 .ctx = {N(hook, NF_INET_LOCAL_IN), N(pf, NFPROTO_IPV4)}},
	{"netfilter: comes in, v6", NF, 0, 54, .proto = 0x86dd, .ctx_in = NFS,
	 .ctx = {N(hook, NF_INET_PRE_ROUTING), N(pf, NFPROTO_IPV6)}},
	{"netfilter: comes in, v6 short", NF, -EINVAL, 53, .proto = 0x86dd, .ctx_in = NFS,
	 .ctx = {N(hook, NF_INET_PRE_ROUTING), N(pf, NFPROTO_IPV6)}},
	{"netfilter: other family", NF, -EINVAL, 64, .proto = 0x86dd, .ctx_in = NFS,
	 .ctx = {N(hook, NF_INET_FORWARD), N(pf, NFPROTO_IPV4)}},
	{"netfilter: no IP", NF, -EPROTO, 64, .proto = 0x88b5, .ctx_in = NFS,
	 .ctx = {N(hook, NF_INET_FORWARD), N(pf, NFPROTO_IPV4)}},
	{"netfilter: no family", NF, -EINVAL, 64, .ctx_in = NFS, .ctx = {N(pf, 0)}},
	{"netfilter: device given", NF, -EINVAL, 64, .ctx_in = NFS,
	 .ctx = {N(pf, NFPROTO_IPV4), N(in, 1)}},
	{"netfilter: socket given", NF, -EINVAL, 64, .ctx_in = NFS,
	 .ctx = {N(pf, NFPROTO_IPV4), N(sk, 1)}},
};

struct outcome {
	int error;
	u32 retval, size, ctx_size;
	u8 data[128], ctx[256];
	u64 results[PAIR_RESULTS];
};

static u8 packet[8192], context[256];
static char log_text[65536];

static void make_input(const struct row *row)
{
	for (u32 i = 0; i < sizeof(packet); i++)
		packet[i] = (u8)(i * 7);
	memset(packet, 0, 12);
	packet[12] = (u8)(row->proto >> 8);
	packet[13] = (u8)row->proto;
	memset(context, 0, sizeof(context));
	for (u32 i = 0; i < ARRAY_SIZE(row->ctx) && row->ctx[i].size; i++)
		memcpy(context + row->ctx[i].off, &row->ctx[i].value, row->ctx[i].size);
}

static void make_attr(const struct row *row, union bpf_attr *attr, struct outcome *o)
{
	memset(attr, 0, sizeof(*attr));
	memset(o, 0, sizeof(*o));
	memset(o->data, 0xee, sizeof(o->data));
	memset(o->ctx, 0xee, sizeof(o->ctx));
	attr->test.data_in = row->size ? ptr_to_u64(packet) : 0;
	attr->test.data_size_in = row->size;
	attr->test.data_out = row->room ? ptr_to_u64(o->data) : 0;
	attr->test.data_size_out = row->room;
	attr->test.ctx_in = row->ctx_in ? ptr_to_u64(context) : 0;
	attr->test.ctx_size_in = row->ctx_in;
	attr->test.ctx_out = row->ctx_room ? ptr_to_u64(o->ctx) : 0;
	attr->test.ctx_size_out = row->ctx_room;
	attr->test.repeat = row->repeat;
	attr->test.flags = row->flags;
}

static void note(struct pair_prog *p, u32 size, u8 base, u32 off, u32 at)
{
	PAIR_ADD(p, LOAD(pair_size_code(size), 1, base, off), STORE(BPF_DW, 9, 8 * at, 1));
}

/* Everything of the keys, the length of the packet and a byte of it. */
static void add_flow(struct pair_prog *p, const struct row *row)
{
	u32 at = 2;

	PAIR_ADD(p, LOAD(BPF_DW, 8, PAIR_CTX, offsetof(struct __sk_buff, flow_keys)));
	for (u32 off = 0; off < KEYS; off += 4)
		note(p, 4, 8, off, at++);
	PAIR_ADD(p, LOAD(BPF_W, 2, PAIR_CTX, offsetof(struct __sk_buff, data)),
		 LOAD(BPF_W, 3, PAIR_CTX, offsetof(struct __sk_buff, data_end)), MOV_REG(4, 2),
		 ALU_IMM(BPF_ADD, 4, 14), JUMP_REG(BPF_JGT, 4, 3, 2), LOAD(BPF_B, 1, 2, 13),
		 STORE(BPF_DW, 9, 8, 1));
	if (row->nhoff)
		PAIR_ADD(p, STORE_IMM(BPF_H, 8, offsetof(struct bpf_flow_keys, nhoff), row->nhoff),
			 STORE_IMM(BPF_H, 8, offsetof(struct bpf_flow_keys, thoff), row->thoff),
			 STORE_IMM(BPF_W, 8, offsetof(struct bpf_flow_keys, ipv6_dst), 99));
}

/* All fields, whole and in part; no socket is selected. */
static void add_lookup(struct pair_prog *p)
{
	static const u32 parts[] = {offsetof(struct bpf_sk_lookup, family),
				    offsetof(struct bpf_sk_lookup, protocol),
				    offsetof(struct bpf_sk_lookup, remote_ip4),
				    offsetof(struct bpf_sk_lookup, local_ip6) + 4,
				    offsetof(struct bpf_sk_lookup, local_port)};
	u32 at = 2;

	for (u32 off = parts[0]; off <= offsetof(struct bpf_sk_lookup, ingress_ifindex); off += 4)
		note(p, 4, PAIR_CTX, off, at++);
	for (u32 i = 0; i < ARRAY_SIZE(parts); i++) {
		note(p, 2, PAIR_CTX, parts[i], at++);
		note(p, 1, PAIR_CTX, parts[i] + 1, at++);
		note(p, 2, PAIR_CTX, parts[i] + 2, at++);
	}
	PAIR_ADD(p, LOAD(BPF_DW, 1, PAIR_CTX, offsetof(struct bpf_sk_lookup, sk)), MOV_IMM(2, 1),
		 JUMP_IMM(BPF_JEQ, 1, 0, 1), MOV_IMM(2, 2), STORE(BPF_DW, 9, 8, 2));
}

/* Counts its runs, notes what it sees, and returns 1. */
static void make_program(const struct row *row, struct pair_prog *p)
{
	memset(p, 0, sizeof(*p));
	p->type = row->type;
	p->attach = row->type == LOOKUP ? BPF_SK_LOOKUP : row->type == NF ? BPF_NETFILTER : 0;
	PAIR_ADD(p, MOV_REG(PAIR_CTX, 1));
	pair_add_results(p, 9);
	PAIR_ADD(p, LOAD(BPF_DW, 1, 9, 0), ALU_IMM(BPF_ADD, 1, 1), STORE(BPF_DW, 9, 0, 1));
	if (row->type == FLOW)
		add_flow(p, row);
	else if (row->type == LOOKUP)
		add_lookup(p);
	PAIR_ADD(p, MOV_IMM(0, row->type == FLOW ? 129 : 1), EXIT());
}

static void take(const union bpf_attr *attr, int error, struct outcome *o)
{
	o->error = error;
	o->retval = attr->test.retval;
	o->size = attr->test.data_size_out;
	o->ctx_size = attr->test.ctx_size_out;
}

static void compare(const struct outcome *here, const struct outcome *kernel)
{
	check_eq(here->error, kernel->error);
	check_eq(here->retval, kernel->retval);
	check_eq(here->size, kernel->size);
	check_eq(here->ctx_size, kernel->ctx_size);
	for (u32 i = 0; i < sizeof(here->data); i++)
		if (here->data[i] != kernel->data[i])
			tap_fail("data byte %u is %#x, the kernel's %#x", i, here->data[i],
				 kernel->data[i]);
	for (u32 i = 0; i < sizeof(here->ctx); i++)
		if (here->ctx[i] != kernel->ctx[i])
			tap_fail("context byte %u is %#x, the kernel's %#x", i, here->ctx[i],
				 kernel->ctx[i]);
	for (u32 i = 0; i < PAIR_RESULTS && !kernel->error; i++)
		if (here->results[i] != kernel->results[i])
			tap_fail("result %u is %#" PRIx64 ", the kernel's %#" PRIx64, i,
				 here->results[i], kernel->results[i]);
}

static void test_row(struct host *host, const struct row *row, bool with_kernel)
{
	static struct outcome here, kernel;
	struct pair_prog prog;
	union bpf_attr attr;

	tap_begin(row->name);
	make_input(row);
	make_program(row, &prog);
	make_attr(row, &attr, &here);
	take(&attr, pair_run_here(host, &prog, here.results, &attr, log_text, sizeof(log_text)),
	     &here);
	if (here.error != row->error)
		tap_fail("error %d, not %d: %s", here.error, row->error, log_text);
	if (!row->error)
		check_eq(here.results[0], row->repeat ? row->repeat : 1);
	if (with_kernel) {
		make_attr(row, &attr, &kernel);
		take(&attr,
		     pair_run_kernel(&prog, kernel.results, &attr, log_text, sizeof(log_text)),
		     &kernel);
		compare(&here, &kernel);
	}
	tap_end();
}

int main(void)
{
	bool with_kernel = kernel_usable();
	struct host *host;

	if (!with_kernel)
		printf("# no kernel to compare with\n");
	if (host_new(NULL, &host))
		abort();
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++)
		test_row(host, &rows[i], with_kernel);
	host_free(host);
	return tap_done();
}
