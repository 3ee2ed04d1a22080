/* SPDX-License-Identifier: BSD-2-Clause */
/* Contexts for programs, made from inputs as the hooks make them from frames. */
#include "sound/exec.h"

#include <errno.h>
#include <string.h>

#include "helper/skb.h"
#include "hook/skb.h"

#define HEADROOM 256
#define POISON	 0xdeadbeef00000001

int exec_open(struct exec *e)
{
	struct engine *engine;
	int err = host_new(NULL, &e->host);

	if (!err)
		err = engine_user_new(e->host, &engine);
	if (!err)
		err = world_open(&e->world, engine);
	if (!err)
		err = handle_get_kind(e->host, e->world.btf, OBJECT_BTF, &e->btf);
	return err;
}

void exec_close(struct exec *e)
{
	object_put(e->btf);
	world_close(&e->world);
	engine_free(e->world.engine);
}

int exec_load(struct exec *e, const struct gen *g, struct log *log, struct exec_prog *p)
{
	world_fill(&e->world, g, g->seed, world_uses(g, GEN_RING));
	p->g = g;
	p->prog = NULL;
	return world_load_in(&e->world, e->host, e->btf, g, log, &p->result, &p->prog);
}

void exec_unload(struct exec_prog *p)
{
	if (p->prog)
		object_put(&p->prog->obj);
	verify_result_free(&p->result);
}

union context {
	struct xdp_buff xdp;
	struct sk_buff skb;
};

static void make_xdp(struct exec *e, const struct input *in, struct xdp_buff *xdp)
{
	memset(xdp, 0, sizeof(*xdp));
	xdp->ingress_ifindex = in->mark;
	xdp->rx_queue_index = in->priority;
	xdp->data = xdp->data_meta = e->packet + EXEC_ROOM;
	xdp->data_hard_start = xdp->data - HEADROOM + 40;
	xdp->data_end = xdp->data + in->len;
	xdp->frame_end = e->packet + EXEC_BUFFER - HOOK_TAILROOM;
}

/* As test runs do: socket filters see a packet from its network header on. */
static void make_skb(struct exec *e, const struct input *in, bool at_mac, struct sk_buff *skb)
{
	struct hook_frame frame = {
		.buf = e->packet, .size = EXEC_BUFFER, .off = EXEC_ROOM, .len = in->len};

	skb_from_frame(skb, &frame);
	skb->mark = in->mark;
	skb->priority = in->priority;
	memcpy(skb->cb, in->cb, sizeof(skb->cb));
	if (!at_mac)
		skb_pull(skb, ETH_HLEN);
}

static void execute(struct exec *e, const struct exec_prog *p, const struct input *in, u64 seed,
		    bool checked, struct outcome *out)
{
	bool is_xdp = p->g->type == BPF_PROG_TYPE_XDP;
	union context ctx;
	const u8 *data;
	struct run run;

	memset(e->packet, 0, sizeof(e->packet));
	memcpy(e->packet + EXEC_ROOM, in->packet, in->len);
	world_fill(&e->world, p->g, seed, false);
	if (is_xdp)
		make_xdp(e, in, &ctx.xdp);
	else
		make_skb(e, in, p->g->type != BPF_PROG_TYPE_SOCKET_FILTER, &ctx.skb);
	memset(out, 0, sizeof(*out));
	run_begin(&run, e->host);
	run.legacy_load = is_xdp ? NULL : skb_legacy_load;
	if (checked)
		out->r0 = check_run(&e->check, &run, p->prog, p->prog->hook->rules, p->result.facts,
				    &ctx, is_xdp ? sizeof(ctx.xdp) : sizeof(ctx.skb));
	else
		out->r0 = prog_run_in(&run, p->prog, &ctx);
	run_end(&run);
	data = is_xdp ? ctx.xdp.data : ctx.skb.data;
	out->len = (u32)((is_xdp ? ctx.xdp.data_end : ctx.skb.data_end) - data);
	memcpy(out->data, data, u64_min(out->len, WORLD_OUT));
	world_values(&e->world, out->values);
}

void exec_checked(struct exec *e, const struct exec_prog *p, const struct input *in, u64 seed,
		  struct outcome *out)
{
	e->check.poison = POISON;
	execute(e, p, in, seed, true, out);
}

void exec_run(struct exec *e, const struct exec_prog *p, const struct input *in, u64 seed,
	      struct outcome *out)
{
	execute(e, p, in, seed, false, out);
}

/* In a deeper frame, where the stack is not where it was. */
static __attribute__((noinline)) void run_elsewhere(struct exec *e, const struct exec_prog *p,
						    const struct input *in, u64 seed,
						    struct outcome *out)
{
	volatile u8 deeper[3000];

	deeper[0] = deeper[2999] = 0;
	e->check.poison = ~POISON * 3;
	execute(e, p, in, seed, true, out);
	deeper[1] = deeper[0];
}

bool exec_by_chance(struct exec *a, struct exec *b, const struct gen *g, const struct input *in,
		    u64 seed)
{
	static struct outcome one, other;
	struct exec_prog pa, pb;
	char text[OUTCOME_TEXT];
	bool chance = gen_by_chance(g);
	int err = exec_load(a, g, NULL, &pa), err2 = exec_load(b, g, NULL, &pb);

	if (!err && !err2) {
		exec_checked(a, &pa, in, seed, &one);
		chance |= a->check.unready || a->check.stopped;
		run_elsewhere(b, &pb, in, seed, &other);
		chance |= outcome_differs(&one, &other, text);
	}
	exec_unload(&pa);
	exec_unload(&pb);
	return chance;
}
