/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_PROG_TEST_RUN's attributes: what is refused and with which errno, what
 * comes back and how much of it. A row says what to ask and which error to
 * expect; errors, sizes, data and contexts must be the kernel's.
 */
#include "tap.h"

#include "base/bytes.h"
#include "hook/pair.h"

#define MAX_CTX 4200

struct row {
	const char *name;
	enum bpf_prog_type type;
	int error;
	u32 size;     /* of the packet */
	u32 room;     /* data_size_out */
	u32 ctx_in;   /* bytes of context given, 0: none */
	u32 ctx_room; /* bytes of context wanted back, 0: none */
	struct {
		u32 off, size;
		u64 value;
	} ctx[4]; /* fields of the context that are not zero */
	u32 repeat, flags, cpu, batch_size;
	bool no_data, no_out;
};

#define SKB(field, value)                                                                          \
	{                                                                                          \
		offsetof(struct __sk_buff, field), sizeof(((struct __sk_buff *)0)->field), value   \
	}
#define MD(field, value)                                                                           \
	{                                                                                          \
		offsetof(struct xdp_md, field), 4, value                                           \
	}
#define CLS	 BPF_PROG_TYPE_SCHED_CLS
#define XDP	 BPF_PROG_TYPE_XDP
#define FILTER	 BPF_PROG_TYPE_SOCKET_FILTER
#define LWT	 BPF_PROG_TYPE_LWT_XMIT
#define RAW	 BPF_PROG_TYPE_RAW_TRACEPOINT
#define NO_DATA	 .no_data = true, .no_out = true
#define SKB_SIZE sizeof(struct __sk_buff)
#define MD_SIZE	 sizeof(struct xdp_md)

static const struct row rows[] = {
	{"skb: plain", CLS, 0, 64, 64},
	{"skb: shortest", CLS, 0, 14, 64},
	{"skb: too short", CLS, -EINVAL, 13, 64},
	{"skb: empty", CLS, -EINVAL, 0, 64},
	{"skb: longest", CLS, 0, 3712, 4096},
	{"skb: no data", CLS, -EFAULT, 64, 64, .no_data = true},
	{"skb: room too small", CLS, -ENOSPC, 64, 10},
	{"skb: no room asked", CLS, 0, 64, 0},
	{"skb: no output", CLS, 0, 64, 0, .no_out = true},
	{"skb: no output but a size", CLS, -ENOSPC, 64, 10, .no_out = true},
	{"skb: repeated", CLS, 0, 64, 64, .repeat = 3000},
	{"skb: cpu", CLS, -EINVAL, 64, 64, .cpu = 1},
	{"skb: batch", CLS, -EINVAL, 64, 64, .batch_size = 1},
	{"skb: flag of tracing", CLS, -EINVAL, 64, 64, .flags = BPF_F_TEST_RUN_ON_CPU},
	{"skb: flag of xdp", CLS, -EINVAL, 64, 64, .flags = BPF_F_TEST_XDP_LIVE_FRAMES},
	{"skb: checksum complete", CLS, 0, 64, 64, .flags = BPF_F_TEST_SKB_CHECKSUM_COMPLETE},
	{"skb: context in and out",
	 CLS,
	 0,
	 64,
	 64,
	 SKB_SIZE,
	 SKB_SIZE,
	 {SKB(mark, 5), SKB(priority, 6)}},
	{"skb: context out only", CLS, 0, 64, 64, 0, SKB_SIZE},
	{"skb: context in only", CLS, 0, 64, 64, SKB_SIZE, 0, {SKB(mark, 5)}},
	{"skb: context shorter", CLS, 0, 64, 64, 12, SKB_SIZE, {SKB(mark, 5)}},
	{"skb: context longer", CLS, 0, 64, 64, SKB_SIZE + 100, SKB_SIZE, {SKB(mark, 5)}},
	{"skb: context longer, not zero",
	 CLS,
	 -E2BIG,
	 64,
	 64,
	 SKB_SIZE + 100,
	 SKB_SIZE,
	 {{SKB_SIZE + 99, 1, 1}}},
	{"skb: context longer than a page", CLS, -E2BIG, 64, 64, 4097, SKB_SIZE},
	{"skb: context room small", CLS, -ENOSPC, 64, 64, SKB_SIZE, 20, {SKB(mark, 5)}},
	{"skb: context room large", CLS, 0, 64, 64, SKB_SIZE, SKB_SIZE + 20, {SKB(mark, 5)}},
	{"skb: len given", CLS, -EINVAL, 64, 64, SKB_SIZE, SKB_SIZE, {SKB(len, 64)}},
	{"skb: pkt_type given", CLS, -EINVAL, 64, 64, SKB_SIZE, SKB_SIZE, {SKB(pkt_type, 1)}},
	{"skb: queue_mapping given",
	 CLS,
	 -EINVAL,
	 64,
	 64,
	 SKB_SIZE,
	 SKB_SIZE,
	 {SKB(queue_mapping, 1)}},
	{"skb: protocol given", CLS, -EINVAL, 64, 64, SKB_SIZE, SKB_SIZE, {SKB(protocol, 8)}},
	{"skb: vlan_proto given", CLS, -EINVAL, 64, 64, SKB_SIZE, SKB_SIZE, {SKB(vlan_proto, 8)}},
	{"skb: ingress_ifindex given",
	 CLS,
	 0,
	 64,
	 64,
	 SKB_SIZE,
	 SKB_SIZE,
	 {SKB(ingress_ifindex, 11)}},
	{"skb: ifindex of lo", CLS, 0, 64, 64, SKB_SIZE, SKB_SIZE, {SKB(ifindex, 1)}},
	{"skb: ifindex of nobody",
	 CLS,
	 -ENODEV,
	 64,
	 64,
	 SKB_SIZE,
	 SKB_SIZE,
	 {SKB(ifindex, 987654)}},
	{"skb: tc_index given", CLS, -EINVAL, 64, 64, SKB_SIZE, SKB_SIZE, {SKB(tc_index, 1)}},
	{"skb: cb given",
	 CLS,
	 0,
	 64,
	 64,
	 SKB_SIZE,
	 SKB_SIZE,
	 {{offsetof(struct __sk_buff, cb) + 16, 4, 9}}},
	{"skb: hash given", CLS, -EINVAL, 64, 64, SKB_SIZE, SKB_SIZE, {SKB(hash, 1)}},
	{"skb: tc_classid given", CLS, -EINVAL, 64, 64, SKB_SIZE, SKB_SIZE, {SKB(tc_classid, 1)}},
	{"skb: data_meta given", CLS, -EINVAL, 64, 64, SKB_SIZE, SKB_SIZE, {SKB(data_meta, 1)}},
	{"skb: local_port given", CLS, -EINVAL, 64, 64, SKB_SIZE, SKB_SIZE, {SKB(local_port, 1)}},
	{"skb: flow_keys given", CLS, -EINVAL, 64, 64, SKB_SIZE, SKB_SIZE, {SKB(flow_keys, 1)}},
	{"skb: tstamp given",
	 CLS,
	 0,
	 64,
	 64,
	 SKB_SIZE,
	 SKB_SIZE,
	 {SKB(tstamp, 0x1122334455667788)}},
	{"skb: wire_len given", CLS, 0, 64, 64, SKB_SIZE, SKB_SIZE, {SKB(wire_len, 100)}},
	{"skb: wire_len too small", CLS, -EINVAL, 64, 64, SKB_SIZE, SKB_SIZE, {SKB(wire_len, 63)}},
	{"skb: wire_len largest", CLS, 0, 64, 64, SKB_SIZE, SKB_SIZE, {SKB(wire_len, 65536)}},
	{"skb: wire_len too large",
	 CLS,
	 -EINVAL,
	 64,
	 64,
	 SKB_SIZE,
	 SKB_SIZE,
	 {SKB(wire_len, 65537)}},
	{"skb: gso_segs given",
	 CLS,
	 0,
	 64,
	 64,
	 SKB_SIZE,
	 SKB_SIZE,
	 {SKB(gso_segs, 65535), SKB(gso_size, 10)}},
	{"skb: gso_segs too many",
	 CLS,
	 -EINVAL,
	 64,
	 64,
	 SKB_SIZE,
	 SKB_SIZE,
	 {SKB(gso_segs, 65536)}},
	{"skb: sk given", CLS, -EINVAL, 64, 64, SKB_SIZE, SKB_SIZE, {SKB(sk, 1)}},
	{"skb: tstamp_type given",
	 CLS,
	 -EINVAL,
	 64,
	 64,
	 SKB_SIZE,
	 SKB_SIZE,
	 {{offsetof(struct __sk_buff, tstamp_type), 1, 1}}},
	{"skb: hwtstamp given", CLS, 0, 64, 64, SKB_SIZE, SKB_SIZE, {SKB(hwtstamp, 77)}},
	{"filter: plain", FILTER, 0, 64, 64},
	{"filter: wire_len counts without the Ethernet header",
	 FILTER,
	 0,
	 64,
	 64,
	 SKB_SIZE,
	 SKB_SIZE,
	 {SKB(wire_len, 50)}},
	{"filter: wire_len too small",
	 FILTER,
	 -EINVAL,
	 64,
	 64,
	 SKB_SIZE,
	 SKB_SIZE,
	 {SKB(wire_len, 49)}},
	{"filter: context out", FILTER, 0, 64, 64, 0, SKB_SIZE},
	{"xdp: plain", XDP, 0, 64, 64},
	{"xdp: shortest", XDP, 0, 14, 64},
	{"xdp: too short", XDP, -EINVAL, 13, 64},
	{"xdp: longest linear", XDP, 0, 3520, 4096},
	{"xdp: a fragment of one byte", XDP, 0, 3521, 4096},
	{"xdp: a whole fragment", XDP, 0, 3520 + 4096, 8192},
	{"xdp: two fragments", XDP, 0, 3520 + 4097, 8192},
	{"xdp: all fragments", XDP, 0, 3520 + 17 * 4096, 80000},
	{"xdp: more than all fragments", XDP, -ENOMEM, 3521 + 17 * 4096, 80000},
	{"xdp: fragments, no output", XDP, 0, 9000, 0, .no_out = true},
	{"xdp: fragments, no room asked", XDP, 0, 9000, 0},
	{"xdp: fragments, room of all but one", XDP, -ENOSPC, 9000, 8999},
	{"xdp: fragments, room of fragments alone", XDP, -ENOSPC, 9000, 9000 - 3520},
	{"xdp: fragments, less room than they have", XDP, -ENOSPC, 9000, 100},
	{"xdp: fragments, data that ends", XDP, -EFAULT, 9000, 9000, .no_data = true},
	{"xdp: data_end before the data's end",
	 XDP,
	 0,
	 4096,
	 4096,
	 MD_SIZE,
	 MD_SIZE,
	 {MD(data_end, 64)}},
	{"xdp: no linear data", XDP, 0, 64, 4096, MD_SIZE, MD_SIZE},
	{"xdp: metadata and fragments",
	 XDP,
	 0,
	 9000,
	 9000,
	 MD_SIZE,
	 MD_SIZE,
	 {MD(data, 8), MD(data_end, 1000)}},
	{"xdp: fragments from another context", XDP, 0, 64, 64, 0, MD_SIZE},
	{"xdp: live", XDP, 0, 64, 64, .flags = BPF_F_TEST_XDP_LIVE_FRAMES},
	{"xdp: live, repeated", XDP, 0, 64, .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .repeat = 1000},
	{"xdp: live, in batches", XDP, 0, 64, .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .repeat = 1000,
	 .batch_size = 256},
	{"xdp: live, too large batches", XDP, -E2BIG, 64, .flags = BPF_F_TEST_XDP_LIVE_FRAMES,
	 .batch_size = 257},
	{"xdp: live, longest", XDP, 0, 3408, .flags = BPF_F_TEST_XDP_LIVE_FRAMES},
	{"xdp: live, too long", XDP, -EINVAL, 3409, .flags = BPF_F_TEST_XDP_LIVE_FRAMES},
	{"xdp: live, context in", XDP, 0, 64, .ctx_in = MD_SIZE,
	 .ctx = {MD(data, 8), MD(data_end, 64)}, .flags = BPF_F_TEST_XDP_LIVE_FRAMES,
	 .no_out = true},
	{"xdp: live, context and data out", XDP, -EINVAL, 64, 64, .ctx_in = MD_SIZE,
	 .ctx = {MD(data_end, 64)}, .flags = BPF_F_TEST_XDP_LIVE_FRAMES},
	{"xdp: live, context out", XDP, -EINVAL, 64, .ctx_in = MD_SIZE, .ctx_room = MD_SIZE,
	 .ctx = {MD(data_end, 64)}, .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .no_out = true},
	{"xdp: live, fragments", XDP, -EINVAL, 64, .ctx_in = MD_SIZE, .ctx = {MD(data_end, 63)},
	 .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .no_out = true},
	{"xdp: no data", XDP, -EFAULT, 64, 64, .no_data = true},
	{"xdp: room too small", XDP, -ENOSPC, 64, 10},
	{"xdp: no room asked", XDP, 0, 64, 0},
	{"xdp: repeated", XDP, 0, 64, 64, .repeat = 3000},
	{"xdp: batch", XDP, -EINVAL, 64, 64, .batch_size = 1},
	{"xdp: flag of skb", XDP, -EINVAL, 64, 64, .flags = BPF_F_TEST_SKB_CHECKSUM_COMPLETE},
	{"xdp: unknown flag", XDP, -EINVAL, 64, 64, .flags = 0x100},
	{"xdp: context in and out", XDP, 0, 64, 64, MD_SIZE, MD_SIZE, {MD(data_end, 64)}},
	{"xdp: metadata", XDP, 0, 64, 64, MD_SIZE, MD_SIZE, {MD(data, 8), MD(data_end, 64)}},
	{"xdp: metadata alone",
	 XDP,
	 -EINVAL,
	 64,
	 64,
	 MD_SIZE,
	 MD_SIZE,
	 {MD(data, 64), MD(data_end, 64)}},
	{"xdp: metadata leaves no Ethernet header",
	 XDP,
	 -EINVAL,
	 64,
	 64,
	 MD_SIZE,
	 MD_SIZE,
	 {MD(data, 52), MD(data_end, 64)}},
	{"xdp: metadata in no words",
	 XDP,
	 -EINVAL,
	 64,
	 64,
	 MD_SIZE,
	 MD_SIZE,
	 {MD(data, 6), MD(data_end, 64)}},
	{"xdp: metadata largest",
	 XDP,
	 0,
	 300,
	 300,
	 MD_SIZE,
	 MD_SIZE,
	 {MD(data, 216), MD(data_end, 300)}},
	{"xdp: metadata too large",
	 XDP,
	 -EINVAL,
	 300,
	 300,
	 MD_SIZE,
	 MD_SIZE,
	 {MD(data, 220), MD(data_end, 300)}},
	{"xdp: data_meta given",
	 XDP,
	 -EINVAL,
	 64,
	 64,
	 MD_SIZE,
	 MD_SIZE,
	 {MD(data_meta, 1), MD(data_end, 64)}},
	{"xdp: data_end beyond the data",
	 XDP,
	 -EINVAL,
	 64,
	 64,
	 MD_SIZE,
	 MD_SIZE,
	 {MD(data_end, 65)}},
	{"xdp: data beyond data_end",
	 XDP,
	 -EINVAL,
	 64,
	 64,
	 MD_SIZE,
	 MD_SIZE,
	 {MD(data, 24), MD(data_end, 20)}},
	{"xdp: egress_ifindex given",
	 XDP,
	 -EINVAL,
	 64,
	 64,
	 MD_SIZE,
	 MD_SIZE,
	 {MD(egress_ifindex, 1), MD(data_end, 64)}},
	{"xdp: ingress_ifindex of lo",
	 XDP,
	 0,
	 64,
	 64,
	 MD_SIZE,
	 MD_SIZE,
	 {MD(ingress_ifindex, 1), MD(data_end, 64)}},
	{"xdp: ingress_ifindex of nobody",
	 XDP,
	 -ENODEV,
	 64,
	 64,
	 MD_SIZE,
	 MD_SIZE,
	 {MD(ingress_ifindex, 98765), MD(data_end, 64)}},
	{"xdp: queue without an interface",
	 XDP,
	 -EINVAL,
	 64,
	 64,
	 MD_SIZE,
	 MD_SIZE,
	 {MD(rx_queue_index, 1), MD(data_end, 64)}},
	{"xdp: queue that lo has not",
	 XDP,
	 -EINVAL,
	 64,
	 64,
	 MD_SIZE,
	 MD_SIZE,
	 {MD(ingress_ifindex, 1), MD(rx_queue_index, 1), MD(data_end, 64)}},
	{"xdp: context longer, not zero",
	 XDP,
	 -E2BIG,
	 64,
	 64,
	 MD_SIZE + 1,
	 MD_SIZE,
	 {{MD_SIZE, 1, 1}}},
	{"xdp: context room small", XDP, -ENOSPC, 64, 64, MD_SIZE, 8, {MD(data_end, 64)}},
	{"lwt: plain", LWT, 0, 64, 64},
	{"lwt: too short", LWT, -EINVAL, 13, 64},
	{"raw: all arguments", RAW, 0, .ctx_in = 96, NO_DATA, .ctx = {{16, 8, 1234}}},
	{"raw: those that it reads", RAW, 0, .ctx_in = 24, NO_DATA, .ctx = {{16, 8, 1234}}},
	{"raw: fewer than it reads", RAW, -EINVAL, .ctx_in = 23, NO_DATA},
	{"raw: none", RAW, -EINVAL, NO_DATA},
	{"raw: too many", RAW, -EINVAL, .ctx_in = 104, NO_DATA},
	{"raw: data", RAW, -EINVAL, 64, .ctx_in = 96, .no_out = true},
	{"raw: data out", RAW, -EINVAL, .room = 64, .ctx_in = 96, .no_data = true},
	{"raw: context out", RAW, -EINVAL, .ctx_in = 96, .ctx_room = 96, NO_DATA},
	{"raw: repeated", RAW, -EINVAL, .ctx_in = 96, .repeat = 2, NO_DATA},
	{"raw: batch", RAW, -EINVAL, .ctx_in = 96, .batch_size = 1, NO_DATA},
	{"raw: on a cpu", RAW, 0, .ctx_in = 96, .flags = BPF_F_TEST_RUN_ON_CPU, NO_DATA},
	{"raw: cpu without the flag", RAW, -EINVAL, .ctx_in = 96, .cpu = 1, NO_DATA},
	{"raw: no such cpu", RAW, -ENXIO, .ctx_in = 96, .cpu = 100000,
	 .flags = BPF_F_TEST_RUN_ON_CPU, NO_DATA},
};

struct outcome {
	int error;
	u32 retval, size, ctx_size;
	u8 data[80000], ctx[MAX_CTX];
	u64 results[PAIR_RESULTS];
};

static u8 packet[80000], context[MAX_CTX];
static char log_text[65536];

static void make_input(const struct row *row)
{
	static const u8 ethernet[14] = {2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 0x88, 0xb5};

	for (u32 i = 0; i < sizeof(packet); i++)
		packet[i] = (u8)(i * 7);
	memcpy(packet, ethernet, sizeof(ethernet));
	memset(context, 0, sizeof(context));
	for (u32 i = 0; i < ARRAY_SIZE(row->ctx) && row->ctx[i].size; i++) {
		/* Little-endian hosts alone have the kernel's test machine for a peer. */
		if (row->ctx[i].size == 8)
			put_u64(context + row->ctx[i].off, row->ctx[i].value);
		else if (row->ctx[i].size == 4)
			put_u32(context + row->ctx[i].off, (u32)row->ctx[i].value);
		else
			context[row->ctx[i].off] = (u8)row->ctx[i].value;
	}
}

static void make_attr(const struct row *row, union bpf_attr *attr, struct outcome *o)
{
	memset(attr, 0, sizeof(*attr));
	memset(o, 0, sizeof(*o));
	memset(o->data, 0xee, sizeof(o->data));
	memset(o->ctx, 0xee, sizeof(o->ctx));
	attr->test.data_in = row->no_data ? 0 : ptr_to_u64(packet);
	attr->test.data_size_in = row->size;
	attr->test.data_out = row->no_out ? 0 : ptr_to_u64(o->data);
	attr->test.data_size_out = row->room;
	attr->test.ctx_in = row->ctx_in ? ptr_to_u64(context) : 0;
	attr->test.ctx_size_in = row->ctx_in;
	attr->test.ctx_out = row->ctx_room ? ptr_to_u64(o->ctx) : 0;
	attr->test.ctx_size_out = row->ctx_room;
	attr->test.repeat = row->repeat;
	attr->test.flags = row->flags;
	attr->test.cpu = row->cpu;
	attr->test.batch_size = row->batch_size;
}

/* Counts its runs and returns 7; an skb program leaves its mark, too. */
static void make_program(const struct row *row, struct pair_prog *p)
{
	memset(p, 0, sizeof(*p));
	p->type = row->type;
	PAIR_ADD(p, MOV_REG(PAIR_CTX, 1));
	pair_add_results(p, 9);
	PAIR_ADD(p, LOAD(BPF_DW, 1, 9, 0), ALU_IMM(BPF_ADD, 1, 1), STORE(BPF_DW, 9, 0, 1));
	if (row->type == RAW)
		PAIR_ADD(p, LOAD(BPF_DW, 1, PAIR_CTX, 16), STORE(BPF_DW, 9, 8, 1));
	else if (row->type != XDP)
		PAIR_ADD(p, LOAD(BPF_W, 1, PAIR_CTX, offsetof(struct __sk_buff, cb)),
			 ALU_IMM(BPF_ADD, 1, 3),
			 STORE(BPF_W, PAIR_CTX, offsetof(struct __sk_buff, cb), 1),
			 LOAD(BPF_W, 1, PAIR_CTX, offsetof(struct __sk_buff, ifindex)),
			 STORE(BPF_DW, 9, 8, 1));
	if (row->type == CLS)
		PAIR_ADD(p, LOAD(BPF_W, 1, PAIR_CTX, offsetof(struct __sk_buff, mark)),
			 ALU_IMM(BPF_ADD, 1, 1),
			 STORE(BPF_W, PAIR_CTX, offsetof(struct __sk_buff, mark), 1),
			 LOAD(BPF_W, 1, PAIR_CTX, offsetof(struct __sk_buff, wire_len)),
			 STORE(BPF_DW, 9, 16, 1));
	PAIR_ADD(p, MOV_IMM(0, 7), EXIT());
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
	if (here->error != kernel->error)
		tap_fail("error %d, the kernel's %d", here->error, kernel->error);
	if (here->retval != kernel->retval)
		tap_fail("retval %u, the kernel's %u", here->retval, kernel->retval);
	if (here->size != kernel->size)
		tap_fail("size %u, the kernel's %u", here->size, kernel->size);
	if (here->ctx_size != kernel->ctx_size)
		tap_fail("context size %u, the kernel's %u", here->ctx_size, kernel->ctx_size);
	if (memcmp(here->data, kernel->data, sizeof(here->data)))
		tap_fail("data differ from the kernel's");
	for (u32 i = 0; i < sizeof(here->ctx); i++) {
		if (here->ctx[i] != kernel->ctx[i])
			tap_fail("context byte %u is %#x, the kernel's %#x", i, here->ctx[i],
				 kernel->ctx[i]);
	}
	/* The kernel's results are only read after success. */
	if (!kernel->error && memcmp(here->results, kernel->results, sizeof(here->results)))
		tap_fail("the program saw something else");
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
		tap_fail("error %d, not %d", here.error, row->error);
	if (!row->error) {
		check_eq(here.retval, row->flags & BPF_F_TEST_XDP_LIVE_FRAMES ? 0 : 7);
		check_eq(here.results[0], row->repeat ? row->repeat : 1);
		check_eq(here.size, row->size);
	}
	if (with_kernel) {
		make_attr(row, &attr, &kernel);
		take(&attr,
		     pair_run_kernel(&prog, kernel.results, &attr, log_text, sizeof(log_text)),
		     &kernel);
		compare(&here, &kernel);
	}
	tap_end();
}

/* The mean of the environment's clock, which ticks once a look here. */
static u64 ticks;

static u64 tick(void *ctx, int clock)
{
	(void)ctx;
	(void)clock;
	return ticks += 5000;
}

static void test_duration(void)
{
	static const struct row row = {"", CLS, 0, 64, 64, .repeat = 10};
	static struct outcome o;
	struct environment env;
	struct host_options opts;
	struct pair_prog prog;
	struct host *host;
	union bpf_attr attr;

	environment_init(&env);
	env.clock_ns = tick;
	host_options_init(&opts);
	opts.env = &env;
	if (host_new(&opts, &host))
		abort();
	make_input(&row);
	make_program(&row, &prog);
	make_attr(&row, &attr, &o);
	check_eq(pair_run_here(host, &prog, o.results, &attr, log_text, sizeof(log_text)), 0);
	check_eq(attr.test.duration, 500);
	host_free(host);
}

/* Addresses where nothing is. */
static void test_bad_addresses(void)
{
	static const struct row row = {"", CLS, 0, 64, 64};
	static struct outcome o;
	struct pair_prog prog;
	struct host *host;
	union bpf_attr attr;

	if (host_new(NULL, &host))
		abort();
	make_input(&row);
	make_program(&row, &prog);
	make_attr(&row, &attr, &o);
	attr.test.data_in = 8;
	check_eq(pair_run_here(host, &prog, o.results, &attr, log_text, sizeof(log_text)), -EFAULT);
	make_attr(&row, &attr, &o);
	attr.test.ctx_in = 8;
	attr.test.ctx_size_in = SKB_SIZE;
	check_eq(pair_run_here(host, &prog, o.results, &attr, log_text, sizeof(log_text)), -EFAULT);
	host_free(host);
}

int main(void)
{
	bool with_kernel = kernel_usable();
	struct host *host;

	if (host_new(NULL, &host))
		abort();
	tap_begin("the kernel agrees");
	if (!with_kernel)
		tap_skip("bpf() is refused");
	tap_end();
	for (u32 i = 0; i < ARRAY_SIZE(rows); i++)
		test_row(host, &rows[i], with_kernel);
	host_free(host);
	run_test(test_duration);
	run_test(test_bad_addresses);
	return tap_done();
}
