/* SPDX-License-Identifier: BSD-2-Clause */
/* Messages and streams of sockets in maps, see sock_data.h. */
#include "hook/sock_data.h"

#include <string.h>

#include "base/bytes.h"
#include "helper/sk_msg.h"
#include "helper/skb.h"
#include "hook/internal.h"
#include "hook/sk_msg.h"
#include "kernel/psock.h"

/* ---- what is sent ---- */

/* What the last verdict was, while it holds for bytes to come. */
enum verdict {
	VERDICT_NONE,
	VERDICT_PASS,
	VERDICT_DROP,
	VERDICT_REDIRECT,
};

static struct sock_queue *queue_for(struct sock *sk, u64 flags)
{
	return flags & BPF_F_INGRESS ? &sk->host_received : &sk->host_sent;
}

/* Runs the program on the whole message and keeps what it says in @psock. */
static void ask(struct sk_psock *psock, struct sk_msg *msg)
{
	struct run run;
	u32 verdict;

	msg->data = msg->buf;
	msg->data_end = msg->buf + msg->size;
	msg->apply_bytes = 0;
	msg->cork_bytes = 0;
	msg->sk_redir = NULL;
	run_begin(&run, sock_host(msg->sk));
	verdict = (u32)prog_run_in(&run, psock->progs.msg_parser, msg);
	run_end(&run);
	psock->apply_bytes = msg->apply_bytes;
	if (verdict == SK_PASS && msg->sk_redir) {
		psock->verdict = VERDICT_REDIRECT;
		psock->redirect = msg->sk_redir;
		psock->redirect_flags = msg->redir_flags;
		return;
	}
	sock_put(msg->sk_redir);
	psock->verdict = verdict == SK_PASS ? VERDICT_PASS : VERDICT_DROP;
}

static void forget_verdict(struct sk_psock *psock)
{
	psock->verdict = VERDICT_NONE;
	sock_put(psock->redirect);
	psock->redirect = NULL;
}

static int carry_out(struct sk_psock *psock, struct sk_msg *msg, u32 n)
{
	struct host *host = sock_host(msg->sk);

	switch (psock->verdict) {
	case VERDICT_PASS:
		return sock_queue_add(host, &msg->sk->host_sent, msg->buf, n);
	case VERDICT_REDIRECT:
		return sock_queue_add(host, queue_for(psock->redirect, psock->redirect_flags),
				      msg->buf, n);
	default:
		return -EACCES;
	}
}

static void consume(struct sk_psock *psock, struct sk_msg *msg, u32 n)
{
	memmove(msg->buf, msg->buf + n, msg->size - n);
	msg->size -= n;
	psock->apply_bytes -= psock->apply_bytes < n ? psock->apply_bytes : n;
	if (!psock->apply_bytes)
		forget_verdict(psock);
}

/* Keeps the message until there is more. */
static void cork(struct sk_psock *psock, struct sk_msg *msg)
{
	forget_verdict(psock);
	psock->apply_bytes = 0;
	psock->cork_bytes = msg->cork_bytes;
	psock->held = msg->buf;
	psock->held_len = msg->size;
	msg->buf = NULL;
	msg->size = 0;
}

/*
 * Piece by piece, as far as each verdict is for; *@passed is what went on. What
 * is dropped ends it, and what is behind that is gone, too: -EACCES.
 */
static int send_all(struct sk_psock *psock, struct sk_msg *msg, u32 *passed)
{
	while (msg->size) {
		u32 n;
		int err;

		if (psock->verdict == VERDICT_NONE) {
			ask(psock, msg);
			if (msg->cork_bytes > msg->size) {
				cork(psock, msg);
				return 0;
			}
			/* The program has taken all of it out. */
			if (!msg->size) {
				forget_verdict(psock);
				return 0;
			}
		}
		n = psock->apply_bytes && psock->apply_bytes < msg->size ? psock->apply_bytes
									 : msg->size;
		err = carry_out(psock, msg, n);
		consume(psock, msg, n);
		if (err)
			return err;
		*passed += n;
	}
	return 0;
}

/* A message of what waited and what is new, or false without memory. */
static bool start_message(struct sk_psock *psock, struct sk_msg *msg, const void *data, u32 len)
{
	const struct mem *mem = sock_host(msg->sk)->mem;
	u64 size = (u64)psock->held_len + len;

	if (size > SK_MSG_MAX)
		return false;
	msg->buf = mem_realloc(mem, psock->held, size);
	if (!msg->buf)
		return false;
	memcpy(msg->buf + psock->held_len, data, len);
	msg->size = (u32)size;
	msg->room = (u32)size;
	psock->held = NULL;
	psock->held_len = 0;
	return true;
}

void sk_msg_init(struct sk_msg *msg, struct sock *sk)
{
	memset(msg, 0, sizeof(*msg));
	msg->sk = sk;
	SOCK_ADDRESSES(msg, sk);
}

static s64 send_through(struct sk_psock *psock, struct sock *sk, const void *data, u32 len)
{
	struct sk_msg msg;
	u32 passed = 0;
	int err;

	sk_msg_init(&msg, sk);
	if (!start_message(psock, &msg, data, len))
		return -ENOMEM;
	/* Corked bytes wait until so many are there. */
	if (msg.size < psock->cork_bytes) {
		psock->held = msg.buf;
		psock->held_len = msg.size;
		return len;
	}
	psock->cork_bytes = 0;
	err = send_all(psock, &msg, &passed);
	mem_free(sock_host(sk)->mem, msg.buf);
	return !err ? (s64)len : passed ? (s64)passed : err;
}

s64 sock_send(struct sock *sk, const void *data, u32 len)
{
	struct host *host = sock_host(sk);
	struct sk_psock *psock;
	s64 ret;

	if (!len)
		return 0;
	psock = psock_get(sk);
	if (psock && psock->progs.msg_parser) {
		spin_lock(&psock->lock);
		ret = send_through(psock, sk, data, len);
		spin_unlock(&psock->lock);
	} else {
		ret = sock_queue_add(host, &sk->host_sent, data, len);
		ret = ret ? ret : len;
	}
	if (psock)
		psock_put(host, psock);
	return ret;
}

/* ---- what arrives ---- */

/* Head room that programs may take for themselves. */
#define STREAM_ROOM 4096u

void sk_skb_init(struct sk_buff *skb, struct sock *sk, u8 *buf, u32 off, u32 len, u32 size)
{
	memset(skb, 0, sizeof(*skb));
	skb->head = buf;
	skb->end = buf + size;
	skb->data = buf + off;
	skb->data_meta = skb->data;
	skb->len = len;
	skb->data_end = skb->data + len;
	skb->mac_header = off;
	skb->network_header = off;
	skb->sk = sk;
	SOCK_ADDRESSES(skb, sk);
}

static u32 run_stream(const struct prog *prog, struct sk_buff *skb)
{
	struct run run;
	u32 ret;

	run_begin(&run, prog->obj.host);
	run.legacy_load = NULL;
	ret = (u32)prog_run_in(&run, prog, skb);
	run_end(&run);
	return ret;
}

/* One message: where it goes is the verdict's to say. */
static int deliver(const struct prog *verdict, struct sock *sk, const void *data, u32 len)
{
	struct host *host = sock_host(sk);
	u32 size = 2 * STREAM_ROOM + len;
	u8 *buf = mem_zalloc(host->mem, size);
	struct sk_buff skb;
	int err = 0;
	u32 ret;

	if (!buf)
		return -ENOMEM;
	memcpy(buf + STREAM_ROOM, data, len);
	sk_skb_init(&skb, sk, buf, STREAM_ROOM, len, size);
	ret = run_stream(verdict, &skb);
	if (ret == SK_PASS && skb.sk_redir)
		err = sock_queue_add(host, queue_for(skb.sk_redir, skb.redir_flags), skb.data,
				     skb.len);
	else if (ret == SK_PASS)
		err = sock_queue_add(host, &sk->host_received, skb.data, skb.len);
	sock_put(skb.sk_redir);
	mem_free(host->mem, buf);
	return err;
}

/* The length of the message that @data begins with, 0: more is needed, negative: an error. */
static s32 parse(const struct prog *parser, struct sock *sk, u8 *data, u32 len)
{
	struct sk_buff skb;
	s32 message;

	sk_skb_init(&skb, sk, data, 0, len, len);
	message = (s32)run_stream(parser, &skb);
	sock_put(skb.sk_redir); /* a parser's wish counts for nothing */
	return message;
}

/* Whole messages go on; the beginning of one waits. */
static int parse_all(struct sk_psock *psock, struct sock *sk)
{
	u32 at = 0;
	int err = 0;

	while (at < psock->stream_len && !err) {
		u32 left = psock->stream_len - at;
		s32 len = parse(psock->progs.stream_parser, sk, psock->stream + at, left);

		if (len < 0)
			err = len;
		if (len <= 0 || (u32)len > left)
			break;
		err = deliver(psock->progs.stream_verdict, sk, psock->stream + at, (u32)len);
		at += (u32)len;
	}
	memmove(psock->stream, psock->stream + at, psock->stream_len - at);
	psock->stream_len -= at;
	return err;
}

static int receive_through(struct sk_psock *psock, struct sock *sk, const void *data, u32 len)
{
	const struct prog *verdict = psock->progs.stream_verdict ? psock->progs.stream_verdict
								 : psock->progs.skb_verdict;
	u8 *held;

	if (!psock->progs.stream_parser || !psock->progs.stream_verdict)
		return deliver(verdict, sk, data, len);
	if ((u64)psock->stream_len + len > SK_MSG_MAX)
		return -ENOMEM;
	held = mem_realloc(sock_host(sk)->mem, psock->stream, psock->stream_len + len);
	if (!held)
		return -ENOMEM;
	memcpy(held + psock->stream_len, data, len);
	psock->stream = held;
	psock->stream_len += len;
	return parse_all(psock, sk);
}

int sock_receive(struct sock *sk, const void *data, u32 len)
{
	struct host *host = sock_host(sk);
	struct sk_psock *psock;
	int err;

	if (!len)
		return 0;
	if (len > SK_MSG_MAX)
		return -ENOMEM;
	psock = psock_get(sk);
	if (psock && (psock->progs.stream_verdict || psock->progs.skb_verdict)) {
		spin_lock(&psock->lock);
		err = receive_through(psock, sk, data, len);
		spin_unlock(&psock->lock);
	} else {
		err = sock_queue_add(host, &sk->host_received, data, len);
	}
	if (psock)
		psock_put(host, psock);
	return err;
}
