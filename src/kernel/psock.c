/* SPDX-License-Identifier: BSD-2-Clause */
/* Sockets' places in maps; see psock.h. */
#include "kernel/psock.h"

#include <errno.h>

#include "kernel/sockets.h"

void psock_lock(struct host *host)
{
	spin_lock(&host_sockets(host)->map_lock);
}

void psock_unlock(struct host *host)
{
	spin_unlock(&host_sockets(host)->map_lock);
}

/* ---- programs ---- */

static void hold_prog(struct prog **at, struct prog *prog)
{
	if (!prog)
		return;
	object_get(&prog->obj);
	*at = prog;
}

static void drop_prog(struct prog *prog)
{
	if (prog)
		object_put(&prog->obj);
}

/* Two programs for one thing, or two ways to a verdict. */
static bool conflict(const struct sk_psock_progs *have, const struct sk_psock_progs *more)
{
	bool verdict = have->skb_verdict || have->stream_verdict;

	return (more->msg_parser && have->msg_parser) ||
	       (more->stream_parser && have->stream_parser) ||
	       ((more->skb_verdict || more->stream_verdict) && verdict);
}

/* ---- life ---- */

static void psock_free(struct host *host, struct sk_psock *psock)
{
	drop_prog(psock->progs.msg_parser);
	drop_prog(psock->progs.stream_parser);
	drop_prog(psock->progs.stream_verdict);
	drop_prog(psock->progs.skb_verdict);
	sock_put(psock->redirect);
	mem_free(host->mem, psock->held);
	mem_free(host->mem, psock->stream);
	mem_free(host->mem, psock);
}

static void add_link(struct sock *sk, struct sock_link *link, bool weak)
{
	link->sk = sk;
	link->weak = weak;
	link->next = sk->host_links;
	sk->host_links = link;
}

int psock_link(struct sock *sk, const struct sk_psock_progs *progs, struct sock_link *link)
{
	struct sk_psock *psock = sk->host_psock;

	if (psock && conflict(&psock->progs, progs))
		return -EBUSY;
	if (!psock && sk->sk_user_data)
		return -EBUSY;
	if (progs->stream_parser && progs->stream_verdict && !sk_is_tcp(sk))
		return -EOPNOTSUPP;
	if (!psock) {
		psock = mem_zalloc(sock_host(sk)->mem, sizeof(*psock));
		if (!psock)
			return -ENOMEM;
		sk->host_psock = psock;
		sk->sk_user_data = psock;
	}
	hold_prog(&psock->progs.msg_parser, progs->msg_parser);
	hold_prog(&psock->progs.stream_parser, progs->stream_parser);
	hold_prog(&psock->progs.stream_verdict, progs->stream_verdict);
	hold_prog(&psock->progs.skb_verdict, progs->skb_verdict);
	psock->refs++;
	sock_hold(sk);
	add_link(sk, link, false);
	return 0;
}

int psock_link_weak(struct sock *sk, struct sock_link *link)
{
	if (sk->sk_user_data)
		return -EBUSY;
	sk->sk_user_data = link;
	add_link(sk, link, true);
	return 0;
}

/* With the lock held; the psock where that was the last reference. */
static struct sk_psock *psock_unref(struct sk_psock *psock)
{
	return --psock->refs ? NULL : psock;
}

static bool is_linked(const struct sock *sk)
{
	for (const struct sock_link *link = sk->host_links; link; link = link->next)
		if (!link->weak)
			return true;
	return false;
}

struct psock_gone psock_unlink(struct sock_link *link)
{
	struct sock *sk = link->sk;
	struct psock_gone gone = {.link = link};
	struct sock_link **at = &sk->host_links;

	while (*at && *at != link)
		at = &(*at)->next;
	if (*at)
		*at = link->next;
	if (link->weak) {
		sk->sk_user_data = NULL;
		return gone;
	}
	gone.sk = sk;
	gone.psock = psock_unref(sk->host_psock);
	if (!is_linked(sk)) {
		sk->host_psock = NULL;
		sk->sk_user_data = NULL;
	}
	return gone;
}

void psock_let_go(struct host *host, struct psock_gone gone)
{
	if (gone.psock)
		psock_free(host, gone.psock);
	mem_free(host->mem, gone.link);
	sock_put(gone.sk);
}

struct sk_psock *psock_get(struct sock *sk)
{
	struct host *host = sock_host(sk);
	struct sk_psock *psock;

	psock_lock(host);
	psock = sk->host_psock;
	if (psock)
		psock->refs++;
	psock_unlock(host);
	return psock;
}

void psock_put(struct host *host, struct sk_psock *psock)
{
	psock_lock(host);
	psock = psock_unref(psock);
	psock_unlock(host);
	if (psock)
		psock_free(host, psock);
}

/* ---- the end of a port, and of a socket ---- */

/* The next place that the socket must leave; false when there is none. */
static bool leave_one(struct sock *sk, bool weak_only, struct psock_gone *gone)
{
	struct sock_link *link = sk->host_links;

	while (link && weak_only && !link->weak)
		link = link->next;
	if (!link)
		return false;
	link->forget(link);
	*gone = psock_unlink(link);
	return true;
}

static void leave(struct sock *sk, bool weak_only)
{
	struct host *host = sock_host(sk);

	for (;;) {
		struct psock_gone gone;
		bool more;

		psock_lock(host);
		more = leave_one(sk, weak_only, &gone);
		psock_unlock(host);
		if (!more)
			return;
		psock_let_go(host, gone);
	}
}

void sock_leave_port(struct sock *sk)
{
	if (sk->host_links)
		leave(sk, true);
}

void sock_close(struct sock *sk)
{
	sock_hold(sk);
	sock_unhash(sk);
	leave(sk, false);
	sk->__sk_common.skc_state = BPF_TCP_CLOSE;
	sock_put(sk);
}
