/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * XDP: programs that see a frame before anything else does. The frame's own
 * buffer is the packet's; nothing is copied.
 */
#include <string.h>

#include "hook/internal.h"
#include "object/packet.h"

/* Linux keeps its struct xdp_frame at the start of the head room. */
#define XDP_FRAME_SIZE 40u
#define META_MAX       255u

#define FIELD(name, kind, host_field)                                                              \
	{                                                                                          \
#name, offsetof(struct xdp_md, name), sizeof(u32), sizeof(u32), CTX_READ, kind,    \
			offsetof(struct xdp_buff, host_field),                                     \
			sizeof(((struct xdp_buff *)0)->host_field), 0, 0, NULL,                    \
	}

static const struct ctx_field fields[] = {
	FIELD(data, CTX_PACKET, data),
	FIELD(data_end, CTX_PACKET_END, data_end),
	FIELD(data_meta, CTX_PACKET_META, data_meta),
	FIELD(ingress_ifindex, CTX_SCALAR, ingress_ifindex),
	FIELD(rx_queue_index, CTX_SCALAR, rx_queue_index),
	{"egress_ifindex", offsetof(struct xdp_md, egress_ifindex), sizeof(u32), sizeof(u32),
	 CTX_READ, CTX_SCALAR, offsetof(struct xdp_buff, egress_ifindex), sizeof(u32),
	 BIT_ULL(BPF_XDP_DEVMAP), 0, NULL},
};

static const struct prog_rules rules = {
	.type = BPF_PROG_TYPE_XDP,
	.name = "xdp",
	.ctx_name = "xdp_md",
	.ctx_size = sizeof(struct xdp_md),
	.fields = fields,
	.field_cnt = ARRAY_SIZE(fields),
	.packet_read = true,
	.packet_write = true,
	.caps = HOST_CAP_BPF | HOST_CAP_NET_ADMIN,
};

static const struct verdict_name verdicts[] = {
	{XDP_ABORTED, "XDP_ABORTED", false},  {XDP_DROP, "XDP_DROP", false},
	{XDP_PASS, "XDP_PASS", true},	      {XDP_TX, "XDP_TX", true},
	{XDP_REDIRECT, "XDP_REDIRECT", true},
};

static void run_frame(struct run *run, const struct prog *prog, struct hook_frame *frame)
{
	u8 *data = frame->buf + frame->off;
	struct xdp_buff xdp = {
		.data = data,
		.data_end = data + frame->len,
		.data_meta = data,
		.data_hard_start = frame->off > XDP_FRAME_SIZE ? frame->buf + XDP_FRAME_SIZE : data,
		.frame_end = frame->buf + frame->size,
		.ingress_ifindex = frame->ifindex,
		.rx_queue_index = frame->rx_queue,
	};

	frame->verdict = (u32)prog_run_in(run, prog, &xdp);
	frame->off = (u32)(xdp.data - frame->buf);
	frame->len = (u32)(xdp.data_end - xdp.data);
}

static void run_frames(struct run *run, const struct prog *prog, struct hook_frame *frames, u32 n)
{
	for (u32 i = 0; i < n; i++)
		run_frame(run, prog, &frames[i]);
}

/* ---- BPF_PROG_TEST_RUN ---- */

struct test {
	struct xdp_md ctx;
	bool has_ctx;
	u32 meta;     /* bytes of metadata before the packet */
	u32 headroom; /* before the metadata */
	u32 size;     /* of metadata and packet */
};

static int check_flags(const struct prog *prog, const union bpf_attr *attr)
{
	u32 flags = attr->test.flags;

	if (prog->expected_attach_type == BPF_XDP_DEVMAP ||
	    prog->expected_attach_type == BPF_XDP_CPUMAP || flags & ~BPF_F_TEST_XDP_LIVE_FRAMES)
		return -EINVAL;
	/* There is no network stack to hand live frames to. */
	if (flags & BPF_F_TEST_XDP_LIVE_FRAMES)
		return -EOPNOTSUPP;
	return attr->test.batch_size ? -EINVAL : 0;
}

/* Where the context says that metadata ends and the packet ends. */
static int check_borders(const union bpf_attr *attr, struct test *test)
{
	const struct xdp_md *ctx = &test->ctx;
	u32 size = attr->test.data_size_in;

	test->headroom = XDP_PACKET_HEADROOM;
	test->size = size;
	if (test->has_ctx) {
		if (ctx->data_meta || ctx->data_end > size || ctx->data > ctx->data_end)
			return -EINVAL;
		test->meta = ctx->data;
		if (test->meta % 4 || test->meta > META_MAX ||
		    test->meta > XDP_PACKET_HEADROOM - XDP_FRAME_SIZE)
			return -EINVAL;
		test->headroom -= test->meta;
		test->size = ctx->data_end;
	}
	if (size - test->meta < ETH_HLEN)
		return -EINVAL;
	/* Linux puts what does not fit into fragments; packets are linear here. */
	if (size > test->size || size > TEST_PAGE - test->headroom - TEST_TAILROOM)
		return -EOPNOTSUPP;
	return 0;
}

/* A host has one interface, the loopback one, with one queue. */
static int check_device(const struct xdp_md *ctx)
{
	if (ctx->egress_ifindex || (!ctx->ingress_ifindex && ctx->rx_queue_index))
		return -EINVAL;
	if (ctx->ingress_ifindex > TEST_LOOPBACK)
		return -ENODEV;
	return ctx->rx_queue_index ? -EINVAL : 0;
}

static int prepare(const struct prog *prog, const union bpf_attr *attr, struct test *test)
{
	int error = test_check_attr(attr);

	if (!error)
		error = check_flags(prog, attr);
	if (!error)
		error = test_copy_ctx(attr, &test->ctx, sizeof(test->ctx), &test->has_ctx);
	if (!error)
		error = check_borders(attr, test);
	return error;
}

static int test_run(struct host *host, struct prog *prog, union bpf_attr *attr)
{
	struct test test = {0};
	struct xdp_buff xdp = {.ingress_ifindex = TEST_LOOPBACK};
	u32 retval = 0, duration = 0;
	u8 *page;
	int error = prepare(prog, attr, &test);

	if (error)
		return error;
	page = mem_zalloc(host->mem, TEST_PAGE);
	if (!page)
		return -ENOMEM;
	xdp.data_hard_start = page + XDP_FRAME_SIZE;
	xdp.frame_end = page + TEST_PAGE - TEST_TAILROOM;
	xdp.data_meta = page + test.headroom;
	xdp.data = xdp.data_meta + test.meta;
	xdp.data_end = xdp.data_meta + test.size;
	error = test_copy_data(attr, xdp.data_meta, test.size);
	if (!error)
		error = check_device(&test.ctx);
	if (error)
		goto out;
	error = test_repeat(host, prog, &xdp, attr->test.repeat, NULL, &retval, &duration);
	if (error)
		goto out;
	test.ctx.data = (u32)(xdp.data - xdp.data_meta);
	test.ctx.data_end = (u32)(xdp.data_end - xdp.data_meta);
	error = test_finish(attr, xdp.data_meta, test.ctx.data_end, retval, duration);
	if (!error)
		error = test_finish_ctx(attr, test.has_ctx ? &test.ctx : NULL, sizeof(test.ctx));
out:
	mem_free(host->mem, page);
	return error;
}

const struct hook hook_xdp = {
	.type = BPF_PROG_TYPE_XDP,
	.name = "xdp",
	.rules = &rules,
	.verdicts = verdicts,
	.verdict_cnt = ARRAY_SIZE(verdicts),
	.stopped = XDP_ABORTED,
	.run_frames = run_frames,
	.test_run = test_run,
};
