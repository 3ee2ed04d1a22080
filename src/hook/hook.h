/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hooks: one file and one row of hook.def per program type: the context that
 * programs see and the structure behind it, which helpers they may call, what
 * their verdicts mean, and how BPF_PROG_TEST_RUN builds a context.
 */
#ifndef ANYBPF_HOOK_HOOK_H
#define ANYBPF_HOOK_HOOK_H

#include "object/link.h"
#include "prog/prog.h"

/*
 * A frame as an event source hands it in and takes it back. @buf has head
 * room before @off and tail room after @off + @len, which helpers may use;
 * both change when the program moves the borders.
 */
struct hook_frame {
	u8 *buf;
	u32 size; /* of the whole buffer */
	u32 off, len;
	u32 ifindex, rx_queue;
	u64 tstamp;    /* ns, CLOCK_REALTIME, for skb hooks */
	u32 verdict;   /* the program's return value */
	u32 wire_len;  /* length on the wire when the capture cut it, else 0 */
	u64 sk_cookie; /* of the socket that the program assigned to it, or 0 */
	s32 error;     /* negative errno of an engine that would not take this frame, else 0 */
};

#define HOOK_HEADROOM XDP_PACKET_HEADROOM
#define HOOK_TAILROOM 320

struct verdict_name {
	u32 value;
	const char *name; /* "XDP_PASS" */
	bool passes;	  /* the packet goes on, here or elsewhere */
};

/* BPF_LINK_CREATE or BPF_RAW_TRACEPOINT_OPEN. */
struct link_request {
	const union bpf_attr *create; /* .link_create is valid; NULL: of BPF_RAW_TRACEPOINT_OPEN */
	const char *tracepoint;	      /* that it names, or NULL */
	u64 cookie;
};

struct hook {
	enum bpf_prog_type type;
	const char *name; /* as libbpf names the type: "xdp", "socket_filter", "sched_cls" */
	const struct prog_rules *rules;
	const struct verdict_name *verdicts; /* NULL: the value is a number (a length, say) */
	u32 verdict_cnt;
	u32 stopped; /* the verdict where a program goes over its budget: the packet is dropped */
	/*
	 * Runs @n frames one after the other, in @run's slot; each frame's
	 * verdict, borders and contents are updated. NULL: not a packet hook.
	 */
	void (*run_frames)(struct run *run, const struct prog *prog, struct hook_frame *frames,
			   u32 n);
	/* BPF_PROG_TEST_RUN with Linux's checks and results; attr->test is updated. NULL: -ENOTSUPP
	 * (524). */
	int (*test_run)(struct host *host, struct prog *prog, union bpf_attr *attr);
	/*
	 * Attaches the program to what it or the request names: 0, and a link with one
	 * reference that ends it. NULL: -EOPNOTSUPP.
	 */
	int (*link)(struct host *host, struct prog *prog, const struct link_request *request,
		    struct link **link);
};

/* NULL for what is no program type. */
const struct hook *hook_find(enum bpf_prog_type type);
/* "xdp" for every type of Linux 6.12, NULL beyond. */
const char *prog_type_name(u32 type);
const char *attach_type_name(u32 type);
/* The verdict's name, or NULL. */
const char *hook_verdict_name(const struct hook *hook, u32 verdict);
/* Whether the verdict lets a frame go on; of a socket filter, whether any byte is kept. */
bool hook_passes(const struct hook *hook, u32 verdict);

#endif
