/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_PROG_TEST_RUN of XDP programs: once or many times on one packet, whose
 * part that a page has no room for is in fragments, or on live frames, each a
 * new copy of the packet that goes where the program's verdict says.
 */
#include <string.h>

#include "base/fault.h"
#include "hook/deliver.h"
#include "hook/xdp.h"

#define META_MAX 255u
/* What Linux keeps before each live frame: it counts against the page. */
#define LIVE_PAGE_HEAD	 112u
#define LIVE_BATCH	 64u
#define LIVE_BATCH_MOST	 256u
#define FRAGS_PER_PACKET XDP_MAX_FRAGS

struct test {
	struct host *host;
	struct xdp_md ctx;
	bool has_ctx, live;
	u32 batch;
	u32 meta;     /* bytes of metadata before the packet */
	u32 headroom; /* before the metadata */
	u32 linear;   /* of metadata and packet in the page */
	u32 most;     /* that the page has room for */
	u8 *page;
	struct net_device *dev; /* that the packet comes in by: a reference */
	struct xdp_buff xdp;
	struct xdp_frags frags;
	u8 *frag_page[FRAGS_PER_PACKET];
};

/* ---- the attribute ---- */

static int check_flags(const struct prog *prog, const union bpf_attr *attr, struct test *test)
{
	u32 flags = attr->test.flags;

	if (prog->expected_attach_type == BPF_XDP_DEVMAP ||
	    prog->expected_attach_type == BPF_XDP_CPUMAP || flags & ~BPF_F_TEST_XDP_LIVE_FRAMES)
		return -EINVAL;
	test->live = flags & BPF_F_TEST_XDP_LIVE_FRAMES;
	test->batch = attr->test.batch_size;
	if (!test->live)
		return test->batch ? -EINVAL : 0;
	if (!test->batch)
		test->batch = LIVE_BATCH;
	return test->batch > LIVE_BATCH_MOST ? -E2BIG : 0;
}

/* Where the context says that metadata ends and the page's part of the packet ends. */
static int check_borders(const union bpf_attr *attr, struct test *test)
{
	const struct xdp_md *ctx = &test->ctx;
	u32 size = attr->test.data_size_in;

	test->headroom = XDP_PACKET_HEADROOM;
	test->linear = size;
	if (test->has_ctx) {
		if (ctx->data_meta || ctx->data_end > size || ctx->data > ctx->data_end ||
		    (test->live && (attr->test.data_out || attr->test.ctx_out)))
			return -EINVAL;
		test->meta = ctx->data;
		if (test->meta % 4 || test->meta > META_MAX ||
		    test->meta > XDP_PACKET_HEADROOM - XDP_FRAME_SIZE)
			return -EINVAL;
		test->headroom -= test->meta;
		test->linear = ctx->data_end;
	}
	test->most = TEST_PAGE - test->headroom - TEST_TAILROOM;
	if (test->live)
		test->most -= LIVE_PAGE_HEAD;
	if (test->linear > test->most)
		test->linear = test->most;
	if ((test->live && size > test->linear) || size - test->meta < ETH_HLEN)
		return -EINVAL;
	return 0;
}

static int find_device(struct test *test)
{
	const struct xdp_md *ctx = &test->ctx;
	struct network *net = network_of(test->host);
	u32 ifindex = ctx->ingress_ifindex;

	if (!net)
		return -ENOMEM;
	if (ctx->egress_ifindex || (!ifindex && ctx->rx_queue_index))
		return -EINVAL;
	if (ifindex)
		test->dev = net_device_get(net, ifindex);
	else
		net_device_hold(test->dev = net->loopback);
	if (!test->dev)
		return -ENODEV;
	return ctx->rx_queue_index < test->dev->real_num_rx_queues ? 0 : -EINVAL;
}

/* ---- the packet ---- */

static int make_page(const union bpf_attr *attr, struct test *test)
{
	u8 *page = mem_zalloc(test->host->mem, TEST_PAGE);

	test->page = page;
	if (!page)
		return -ENOMEM;
	test->xdp = (struct xdp_buff){
		.data_hard_start = page + XDP_FRAME_SIZE,
		.frame_end = page + TEST_PAGE - TEST_TAILROOM,
		.data_meta = page + test->headroom,
		.data = page + test->headroom + test->meta,
		.data_end = page + test->headroom + test->linear,
	};
	return test_copy_data(attr, test->xdp.data_meta, test->linear);
}

static int add_frag(const union bpf_attr *attr, struct test *test, u32 from)
{
	u32 len = (u32)u64_min(attr->test.data_size_in - from, TEST_PAGE);
	u32 nr = test->frags.nr;
	u8 *page;

	if (nr == FRAGS_PER_PACKET)
		return -ENOMEM;
	page = mem_zalloc(test->host->mem, TEST_PAGE);
	if (!page)
		return -ENOMEM;
	test->frag_page[nr] = page;
	test->frags.frag[nr] = (struct xdp_frag){page, len};
	test->frags.nr++;
	test->xdp.frags_size += len;
	return fault_read(page, u64_to_ptr(attr->test.data_in + from), len);
}

/* Linux's loopback device alone says how large its fragments may grow. */
static int make_frags(const union bpf_attr *attr, struct test *test)
{
	test->frags.room = test->dev->ifindex == TEST_LOOPBACK ? TEST_PAGE : 0;
	test->xdp.frags = &test->frags;
	for (u32 from = test->linear; from < attr->test.data_size_in; from += TEST_PAGE) {
		int err = add_frag(attr, test, from);

		if (err)
			return err;
	}
	return 0;
}

static int prepare(const struct prog *prog, const union bpf_attr *attr, struct test *test)
{
	int err = test_check_attr(attr);

	if (!err)
		err = check_flags(prog, attr, test);
	if (!err)
		err = test_copy_ctx(attr, &test->ctx, sizeof(test->ctx), &test->has_ctx);
	if (!err)
		err = check_borders(attr, test);
	if (!err)
		err = make_page(attr, test);
	if (!err)
		err = find_device(test);
	if (err)
		return err;
	test->xdp.ingress_ifindex = (u32)test->dev->ifindex;
	test->xdp.rx_queue_index = test->ctx.rx_queue_index;
	return make_frags(attr, test);
}

static void clean_up(struct test *test)
{
	const struct mem *mem = test->host->mem;

	for (u32 i = 0; i < FRAGS_PER_PACKET; i++)
		mem_free(mem, test->frag_page[i]);
	mem_free(mem, test->page);
	net_device_put(test->dev);
}

/* ---- live frames ---- */

/* Where there is no driver to send it back by, XDP_TX is a redirect to the same device. */
static void act(struct run *run, struct test *test, const struct xdp_buff *xdp, u32 verdict)
{
	struct net_frame *frame;

	if (verdict != XDP_TX && verdict != XDP_REDIRECT && verdict != XDP_PASS)
		return;
	frame = deliver_frame(run, xdp);
	if (!frame)
		return;
	if (verdict == XDP_PASS) {
		deliver_to_stack(test->dev, frame);
		return;
	}
	if (verdict == XDP_TX)
		deliver_note_device(run, (u32)test->dev->ifindex);
	deliver_redirect(run, frame);
}

/* One frame from the packet as it was given. 0, -ENOMEM, -ETIME over the budget. */
static int run_live_frame(struct run *run, const struct prog *prog, struct test *test)
{
	size_t size = (size_t)(test->xdp.data_end - test->page);
	u8 *page = mem_zalloc(run->host->mem, TEST_PAGE);
	struct xdp_buff xdp = test->xdp;

	if (!page)
		return -ENOMEM;
	memcpy(page, test->page, size);
	xdp.data_hard_start = page + XDP_FRAME_SIZE;
	xdp.frame_end = page + test->headroom + test->most;
	xdp.data_meta = page + (test->xdp.data_meta - test->page);
	xdp.data = page + (test->xdp.data - test->page);
	xdp.data_end = page + size;
	deliver_reset(run);
	act(run, test, &xdp, (u32)prog_run_in(run, prog, &xdp));
	mem_free(run->host->mem, page);
	return run->budget.stopped ? -ETIME : 0;
}

static int run_live(const struct prog *prog, const union bpf_attr *attr, struct test *test,
		    u32 *duration)
{
	const struct environment *env = &test->host->env;
	u32 repeat = attr->test.repeat ? attr->test.repeat : 1;
	u64 start = env->clock_ns(env->ctx, CLOCK_MONOTONIC), spent;
	int err = 0;

	for (u32 done = 0; done < repeat && !err;) {
		u32 n = (u32)u64_min(repeat - done, test->batch);
		struct run run;

		run_begin(&run, test->host);
		for (u32 i = 0; i < n && !err; i++)
			err = run_live_frame(&run, prog, test);
		run_end(&run);
		deliver_all(test->host);
		done += n;
	}
	spent = env->clock_ns(env->ctx, CLOCK_MONOTONIC) - start;
	*duration = (u32)u64_min(spent / repeat, UINT32_MAX);
	return err;
}

/* ---- results ---- */

/* Bytes that there is room for; -ENOSPC where that is not all. */
static int choose_size(const union bpf_attr *attr, u32 size, u32 *n)
{
	u32 room = attr->test.data_size_out;

	*n = room && size > room ? room : size;
	return *n < size ? -ENOSPC : 0;
}

/* As Linux has it: what there is no room for is missing from the linear part. */
static int copy_out(const union bpf_attr *attr, const struct test *test, u32 n)
{
	const struct xdp_frags *frags = &test->frags;
	u8 *out = u64_to_ptr(attr->test.data_out);
	u32 at = n - test->xdp.frags_size;

	memcpy(out, test->xdp.data_meta, at);
	for (u32 i = 0; i < frags->nr; i++) {
		u32 len = (u32)u64_min(n - at, frags->frag[i].len);

		if (at >= n)
			return -ENOSPC;
		memcpy(out + at, frags->frag[i].data, len);
		at += len;
	}
	return 0;
}

static int finish(union bpf_attr *attr, struct test *test, u32 retval, u32 duration)
{
	const struct xdp_buff *xdp = &test->xdp;
	u32 size = (u32)(xdp->data_end - xdp->data_meta) + xdp->frags_size;
	u32 n;
	int err = choose_size(attr, size, &n);

	/* Without room for the fragments alone the caller learns nothing. */
	if (attr->test.data_out && n < xdp->frags_size)
		return -ENOSPC;
	if (attr->test.data_out && copy_out(attr, test, n))
		err = -ENOSPC;
	test->ctx.data = (u32)(xdp->data - xdp->data_meta);
	test->ctx.data_end = (u32)(xdp->data_end - xdp->data_meta);
	attr->test.data_size_out = size;
	attr->test.retval = retval;
	attr->test.duration = duration;
	if (err)
		return err;
	return test_finish_ctx(attr, test->has_ctx ? &test->ctx : NULL, sizeof(test->ctx));
}

int xdp_test_run(struct host *host, struct prog *prog, union bpf_attr *attr)
{
	struct test test = {.host = host};
	u32 retval = 0, duration = 0;
	int err = prepare(prog, attr, &test);

	if (!err && test.live)
		err = run_live(prog, attr, &test, &duration);
	else if (!err)
		err = test_repeat(host, prog, &test.xdp, attr->test.repeat, NULL, &retval,
				  &duration);
	if (!err)
		err = finish(attr, &test, retval, duration);
	clean_up(&test);
	return err;
}
