/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Sources and sinks of live or recorded frames. A source hands out batches in
 * buffers with head and tail room, so that programs run on them in place.
 */
#ifndef ANYBPF_ATTACH_SOURCE_H
#define ANYBPF_ATTACH_SOURCE_H

#include "base/err.h"
#include "hook/hook.h"

struct source;

struct source_ops {
	const char *name;
	/*
	 * Next batch: number of frames (at most @max), 0 at the end or on
	 * timeout (see source_ended()), negative errno. Valid until the next call.
	 */
	int (*next)(struct source *source, struct hook_frame *frames, u32 max, int timeout_ms,
		    struct err *err);
	bool (*ended)(struct source *source);
	/* Share of the input consumed, 0..1, or negative when it cannot be known. */
	double (*progress)(struct source *source);
	void (*free)(struct source *source);
};

struct source {
	const struct source_ops *ops;
};

/* A capture file (pcap or pcapng) of Ethernet frames; "-" is standard input. */
int source_pcap_open(const struct mem *mem, const char *path, struct source **source,
		     struct err *err);
/* An interface, by AF_PACKET TPACKET_V3. */
int source_iface_open(const struct mem *mem, const char *iface, struct source **source,
		      struct err *err);
void source_free(struct source *source);

struct sink;
int sink_pcap_open(const struct mem *mem, const char *path, struct sink **sink, struct err *err);
int sink_write(struct sink *sink, const struct hook_frame *frame, struct err *err);
int sink_close(struct sink *sink, struct err *err);

#endif
