/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * XDP: programs that see a frame before anything else does. The frame's own
 * buffer is the packet's; nothing is copied.
 */
#include "hook/deliver.h"
#include "hook/xdp.h"

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

	deliver_reset(run);
	frame->verdict = (u32)prog_run_in(run, prog, &xdp);
	if (unlikely(frame->verdict == XDP_REDIRECT)) {
		struct net_frame *copy = deliver_frame(run, &xdp);

		if (copy)
			deliver_redirect(run, copy);
	}
	frame->off = (u32)(xdp.data - frame->buf);
	frame->len = (u32)(xdp.data_end - xdp.data);
}

static void run_frames(struct run *run, const struct prog *prog, struct hook_frame *frames, u32 n)
{
	for (u32 i = 0; i < n; i++)
		run_frame(run, prog, &frames[i]);
}

const struct hook hook_xdp = {
	.type = BPF_PROG_TYPE_XDP,
	.name = "xdp",
	.rules = &rules,
	.verdicts = verdicts,
	.verdict_cnt = ARRAY_SIZE(verdicts),
	.stopped = XDP_ABORTED,
	.run_frames = run_frames,
	.test_run = xdp_test_run,
};
