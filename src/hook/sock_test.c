/* SPDX-License-Identifier: BSD-2-Clause */
/* Test runs of programs on sockets, see sock_test.h; and events for those programs. */
#include "hook/sock_test.h"

#include <string.h>

#include "base/bytes.h"
#include "helper/reuseport.h"
#include "helper/skb.h"
#include "helper/sock_ops.h"
#include "hook/sk_msg.h"
#include "hook/sock_data.h"
#include "kernel/sock_table.h"

#define ROOM TEST_PAGE /* before and behind a message, for helpers */

struct test {
	struct host *host;
	const struct prog *prog;
	struct sock *sk;
	u8 given[TEST_PAGE]; /* the message, as each run gets it */
	u32 size;
	u8 *out; /* what the last run left, of .out_size bytes */
	u32 out_size;
	bool failed; /* for want of memory */
};

static int make_socket(struct test *test)
{
	struct sock_spec spec = {
		.family = AF_INET,
		.type = SOCK_STREAM,
		.state = BPF_TCP_ESTABLISHED,
		.local = {127, 0, 0, 1},
		.remote = {127, 0, 0, 1},
		.local_port = 1,
		.remote_port = 2,
	};

	return sock_create(test->host, &spec, &test->sk);
}

static int take(struct test *test, const union bpf_attr *attr)
{
	u32 size = attr->test.data_size_in;
	int error = test_check_attr(attr);

	if (error)
		return error;
	if (attr->test.flags || attr->test.cpu || attr->test.batch_size ||
	    size > sizeof(test->given))
		return -EINVAL;
	test->size = size;
	error = test_copy_data(attr, test->given, size);
	return error ? error : make_socket(test);
}

static void keep(struct test *test, const u8 *data, u32 size)
{
	mem_free(test->host->mem, test->out);
	test->out = mem_dup(test->host->mem, data, size ? size : 1);
	test->out_size = size;
	test->failed |= !test->out;
}

static int finish(struct test *test, union bpf_attr *attr, int error,
		  u32 (*once)(struct run *run, void *arg))
{
	u32 retval = 0, duration = 0;

	if (!error)
		error = test_repeat_by(test->host, attr->test.repeat, once, test, &retval,
				       &duration);
	if (!error && test->failed)
		error = -ENOMEM;
	if (!error)
		error = test_finish(attr, test->out, test->out_size, retval, duration);
	mem_free(test->host->mem, test->out);
	sock_put(test->sk);
	return error;
}

/* ---- data ---- */

static u32 run_msg(struct run *run, void *arg)
{
	struct test *test = arg;
	struct sk_msg msg;
	u32 verdict;

	sk_msg_init(&msg, test->sk);
	msg.buf = mem_dup(test->host->mem, test->given, sizeof(test->given));
	if (!msg.buf) {
		test->failed = true;
		return 0;
	}
	msg.size = test->size;
	msg.room = sizeof(test->given);
	msg.data = msg.buf;
	msg.data_end = msg.buf + msg.size;
	verdict = (u32)prog_run_in(run, test->prog, &msg);
	sock_put(msg.sk_redir);
	keep(test, msg.buf, msg.size);
	mem_free(test->host->mem, msg.buf);
	return verdict;
}

static u32 run_skb(struct run *run, void *arg)
{
	struct test *test = arg;
	u32 size = 2 * ROOM + test->size;
	u8 *buf = mem_zalloc(test->host->mem, size);
	struct sk_buff skb;
	u32 verdict;

	if (!buf) {
		test->failed = true;
		return 0;
	}
	memcpy(buf + ROOM, test->given, test->size);
	sk_skb_init(&skb, test->sk, buf, ROOM, test->size, size);
	verdict = (u32)prog_run_in(run, test->prog, &skb);
	sock_put(skb.sk_redir);
	keep(test, skb.data, skb.len);
	mem_free(test->host->mem, buf);
	return verdict;
}

static int data_test_run(struct host *host, struct prog *prog, union bpf_attr *attr,
			 u32 (*once)(struct run *run, void *arg))
{
	struct test test = {.host = host, .prog = prog};
	int error = attr->test.ctx_in || attr->test.ctx_out ? -EINVAL : take(&test, attr);

	return finish(&test, attr, error, once);
}

int sk_msg_test_run(struct host *host, struct prog *prog, union bpf_attr *attr)
{
	return data_test_run(host, prog, attr, run_msg);
}

int sk_skb_test_run(struct host *host, struct prog *prog, union bpf_attr *attr)
{
	return data_test_run(host, prog, attr, run_skb);
}

/* ---- choosing ---- */

/* The packet is what is there, without headers before it. In a run: the group may be ending. */
static void reuseport_init(struct sk_reuseport *ctx, struct sk_buff *skb, struct sock *sk, u8 *data,
			   u32 len, u32 hash)
{
	const struct sock_reuseport *group =
		__atomic_load_n(&sk->sk_reuseport_cb, __ATOMIC_ACQUIRE);

	sk_skb_init(skb, sk, data, 0, len, len);
	*ctx = (struct sk_reuseport){
		.data = data,
		.data_end = data + len,
		.len = len,
		.eth_protocol =
			host_to_be16(sk->__sk_common.skc_family == AF_INET ? ETH_P_IP : ETH_P_IPV6),
		.ip_protocol = sk->sk_protocol,
		.bind_inany = group && group->bind_inany,
		.hash = hash,
		.sk = sk,
		.skb = skb,
	};
}

struct choice {
	struct test test; /* first */
	struct sk_reuseport_md given;
};

static u32 run_choice(struct run *run, void *arg)
{
	struct choice *choice = arg;
	struct test *test = &choice->test;
	struct sk_reuseport ctx;
	struct sk_buff skb;
	u32 verdict;

	reuseport_init(&ctx, &skb, test->sk, test->given, test->size, choice->given.hash);
	if (choice->given.eth_protocol)
		ctx.eth_protocol = choice->given.eth_protocol;
	if (choice->given.ip_protocol)
		ctx.ip_protocol = choice->given.ip_protocol;
	ctx.bind_inany = choice->given.bind_inany;
	verdict = (u32)prog_run_in(run, test->prog, &ctx);
	sock_put(ctx.selected_sk);
	keep(test, test->given, test->size);
	return verdict;
}

int sk_reuseport_test_run(struct host *host, struct prog *prog, union bpf_attr *attr)
{
	struct choice choice = {.test = {.host = host, .prog = prog}};
	const struct sk_reuseport_md *given = &choice.given;
	bool has_ctx;
	int error = take(&choice.test, attr);

	if (!error)
		error = test_copy_ctx(attr, &choice.given, sizeof(choice.given), &has_ctx);
	if (!error && (given->data || given->data_end || given->len || given->sk ||
		       given->migrating_sk || attr->test.ctx_out))
		error = -EINVAL;
	return finish(&choice.test, attr, error, run_choice);
}

struct sock *sock_reuseport_choose(const struct prog *prog, struct sock *sk, const void *data,
				   u32 len, u32 hash, bool *chosen)
{
	struct host *host = sock_host(sk);
	u8 *copy = mem_dup(host->mem, data, len ? len : 1);
	struct sk_reuseport ctx;
	struct sk_buff skb;
	struct run run;
	u32 verdict;

	*chosen = false;
	if (!copy)
		return NULL;
	run_begin(&run, host);
	reuseport_init(&ctx, &skb, sk, copy, len, hash);
	verdict = (u32)prog_run_in(&run, prog, &ctx);
	run_end(&run);
	mem_free(host->mem, copy);
	if (verdict == SK_PASS && ctx.selected_sk) {
		*chosen = true;
		return ctx.selected_sk;
	}
	sock_put(ctx.selected_sk);
	return verdict == SK_PASS ? sock_reuseport_pick(sk, hash) : NULL;
}

/* ---- events ---- */

static void fill_addresses(struct bpf_sock_ops *view, const struct sock *sk)
{
	SOCK_ADDRESSES(view, sk);
}

static void fill_tcp(struct bpf_sock_ops *view, const struct tcp_sock *tp)
{
	view->snd_cwnd = tp->snd_cwnd;
	view->srtt_us = tp->srtt_us;
	view->bpf_sock_ops_cb_flags = tp->bpf_sock_ops_cb_flags;
	view->rtt_min = tp->rtt_min.s[0].v;
	view->snd_ssthresh = tp->snd_ssthresh;
	view->rcv_nxt = tp->rcv_nxt;
	view->snd_nxt = tp->snd_nxt;
	view->snd_una = tp->snd_una;
	view->mss_cache = tp->mss_cache;
	view->ecn_flags = tp->ecn_flags;
	view->rate_delivered = tp->rate_delivered;
	view->rate_interval_us = tp->rate_interval_us;
	view->packets_out = tp->packets_out;
	view->retrans_out = tp->retrans_out;
	view->total_retrans = tp->total_retrans;
	view->segs_in = tp->segs_in;
	view->data_segs_in = tp->data_segs_in;
	view->segs_out = tp->segs_out;
	view->data_segs_out = tp->data_segs_out;
	view->lost_out = tp->lost_out;
	view->sacked_out = tp->sacked_out;
	view->sk_txhash = tp->inet_conn.icsk_inet.sk.sk_txhash;
	view->bytes_received = tp->bytes_received;
	view->bytes_acked = tp->bytes_acked;
}

static u32 run_event(struct run *run, const struct prog *prog, struct sock *sk,
		     struct bpf_sock_ops *view)
{
	struct sock_ops ops = {.view = {.op = view->op}};
	u32 ret;

	memcpy(ops.view.args, view->args, sizeof(view->args));
	ops.view.sk = (struct bpf_sock *)(void *)sk;
	ops.view.state = sk->__sk_common.skc_state;
	ops.view.is_fullsock = sk_fullsock(sk);
	fill_addresses(&ops.view, sk);
	if (sk_is_tcp(sk))
		fill_tcp(&ops.view, tcp_sk(sk));
	ret = (u32)prog_run_in(run, prog, &ops);
	sk->sk_txhash = ops.view.sk_txhash;
	*view = ops.view;
	view->sk = NULL;
	return ret;
}

u32 sock_ops_event(const struct prog *prog, struct sock *sk, u32 op, const u32 args[4], s32 *reply)
{
	struct bpf_sock_ops view = {.op = op};
	struct run run;
	u32 ret;

	memcpy(view.args, args, sizeof(view.args));
	run_begin(&run, sock_host(sk));
	ret = run_event(&run, prog, sk, &view);
	run_end(&run);
	/* Linux takes the reply of those that agree alone. */
	*reply = ret ? (s32)view.reply : -1;
	return ret;
}

struct event {
	struct test test; /* first */
	struct bpf_sock_ops given, left;
};

static u32 run_given(struct run *run, void *arg)
{
	struct event *event = arg;

	event->left = event->given;
	return run_event(run, event->test.prog, event->test.sk, &event->left);
}

/* Everything else is the socket's. */
static bool only_event(const struct bpf_sock_ops *given)
{
	static const struct bpf_sock_ops none;
	struct bpf_sock_ops rest = *given;

	rest.op = 0;
	memset(rest.args, 0, sizeof(rest.args));
	return !memcmp(&rest, &none, sizeof(rest));
}

int sock_ops_test_run(struct host *host, struct prog *prog, union bpf_attr *attr)
{
	struct event event = {.test = {.host = host, .prog = prog}};
	bool has_ctx = false;
	int error = attr->test.data_in || attr->test.data_out ? -EINVAL : take(&event.test, attr);

	if (!error)
		error = test_copy_ctx(attr, &event.given, sizeof(event.given), &has_ctx);
	if (!error && !only_event(&event.given))
		error = -EINVAL;
	error = finish(&event.test, attr, error, run_given);
	return error ? error
		     : test_finish_ctx(attr, has_ctx ? &event.left : NULL, sizeof(event.left));
}
