/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * BPF_PROG_TEST_RUN of programs that Linux runs only where they are attached:
 * on data of sockets, on events of theirs, to choose one. The socket is one of
 * an established TCP connection between 127.0.0.1:1 and 127.0.0.1:2.
 */
#ifndef ANYBPF_HOOK_SOCK_TEST_H
#define ANYBPF_HOOK_SOCK_TEST_H

#include "hook/internal.h"

/* data_in is the message, data_out what the program makes of it. No context. */
int sk_msg_test_run(struct host *host, struct prog *prog, union bpf_attr *attr);
int sk_skb_test_run(struct host *host, struct prog *prog, union bpf_attr *attr);
/* data_in begins with the header of TCP or UDP; of the context, protocols and hash are taken. */
int sk_reuseport_test_run(struct host *host, struct prog *prog, union bpf_attr *attr);
/* Of the context, the event and its arguments are taken; all of it is given back. */
int sock_ops_test_run(struct host *host, struct prog *prog, union bpf_attr *attr);

#endif
