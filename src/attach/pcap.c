/* SPDX-License-Identifier: BSD-2-Clause */
/* Capture files as sources and sinks, by libpcap. Timestamps are kept to the nanosecond. */
#define PCAP_DONT_INCLUDE_PCAP_BPF_H /* its struct bpf_insn is the classic one */
#include <pcap/pcap.h>

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "attach/batch.h"
#include "base/mem.h"

#ifndef DLT_EN10MB
#define DLT_EN10MB 1
#endif

#define SNAPLEN	     262144
#define NSEC_PER_SEC 1000000000ull

struct pcap_source {
	struct source source;
	const struct mem *mem;
	pcap_t *pcap;
	struct batch batch;
	char *path;
	u64 frames;
	u64 size; /* of the file, 0 when it is a pipe */
	bool ended;
};

static struct pcap_source *pcap_source_of(struct source *source)
{
	return container_of(source, struct pcap_source, source);
}

/* One packet into the batch: 1, 0 at the end, negative errno. */
static int read_packet(struct pcap_source *s, struct hook_frame *frame, struct err *err)
{
	struct pcap_pkthdr *header;
	const u8 *data;
	int n = pcap_next_ex(s->pcap, &header, &data);
	u8 *to;

	if (n == PCAP_ERROR_BREAK)
		return 0;
	if (n != 1)
		return err_set(err, -EINVAL, "%s: packet %llu: %s", s->path,
			       (unsigned long long)s->frames + 1, pcap_geterr(s->pcap));
	to = batch_add(&s->batch, frame, header->caplen);
	if (!to)
		return err_set(err, -ENOMEM, "%s: out of memory", s->path);
	memcpy(to, data, header->caplen);
	frame->ifindex = 1;
	/* With nanosecond precision libpcap puts nanoseconds into tv_usec. */
	frame->tstamp = (u64)header->ts.tv_sec * NSEC_PER_SEC + (u64)header->ts.tv_usec;
	frame->wire_len = header->len > header->caplen ? header->len : 0;
	s->frames++;
	return 1;
}

static int pcap_source_next(struct source *source, struct hook_frame *frames, u32 max,
			    int timeout_ms __unused, struct err *err)
{
	struct pcap_source *s = pcap_source_of(source);
	u32 n = 0;
	int got = 1;

	batch_reset(&s->batch);
	while (n < max) {
		got = read_packet(s, &frames[n], err);
		if (got <= 0)
			break;
		n++;
	}
	if (got < 0)
		return got;
	s->ended = !got;
	batch_finish(&s->batch, frames, n);
	return (int)n;
}

static bool pcap_source_ended(struct source *source)
{
	return pcap_source_of(source)->ended;
}

static double pcap_source_progress(struct source *source)
{
	struct pcap_source *s = pcap_source_of(source);
	long at = s->size ? ftell(pcap_file(s->pcap)) : -1;

	return at < 0 ? -1 : (double)at / (double)s->size;
}

static void pcap_source_free(struct source *source)
{
	struct pcap_source *s = pcap_source_of(source);

	if (s->pcap)
		pcap_close(s->pcap);
	batch_free(&s->batch);
	mem_free(s->mem, s->path);
	mem_free(s->mem, s);
}

static const struct source_ops pcap_source_ops = {
	.name = "pcap",
	.next = pcap_source_next,
	.ended = pcap_source_ended,
	.progress = pcap_source_progress,
	.free = pcap_source_free,
};

static int check_link_type(const struct pcap_source *s, struct err *err)
{
	int type = pcap_datalink(s->pcap);
	const char *name = pcap_datalink_val_to_name(type);

	if (type == DLT_EN10MB)
		return 0;
	return err_set(err, -EINVAL, "%s: link type %s (%d) is not Ethernet", s->path,
		       name ? name : "unknown", type);
}

int source_pcap_open(const struct mem *mem, const char *path, struct source **source,
		     struct err *err)
{
	struct pcap_source *s = mem_zalloc(mem, sizeof(*s));
	char text[PCAP_ERRBUF_SIZE] = "";
	struct stat st;
	int ret;

	if (!s)
		return err_set(err, -ENOMEM, "%s: out of memory", path);
	s->source.ops = &pcap_source_ops;
	s->mem = mem;
	batch_init(&s->batch, mem);
	s->path = mem_strdup(mem, path);
	if (!s->path) {
		ret = err_set(err, -ENOMEM, "%s: out of memory", path);
		goto fail;
	}
	s->pcap = pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, text);
	if (!s->pcap) {
		/* libpcap's text names the file where opening failed, but not where parsing did. */
		ret = strncmp(text, path, strlen(path))
			      ? err_set(err, -EINVAL, "%s: %s", path, text)
			      : err_set(err, -EINVAL, "%s", text);
		goto fail;
	}
	ret = check_link_type(s, err);
	if (ret)
		goto fail;
	if (!fstat(fileno(pcap_file(s->pcap)), &st) && S_ISREG(st.st_mode))
		s->size = (u64)st.st_size;
	*source = &s->source;
	return 0;
fail:
	pcap_source_free(&s->source);
	return ret;
}

struct sink {
	const struct mem *mem;
	pcap_t *pcap;
	pcap_dumper_t *dumper;
	char *path;
};

static void sink_free(struct sink *sink)
{
	if (sink->dumper)
		pcap_dump_close(sink->dumper);
	if (sink->pcap)
		pcap_close(sink->pcap);
	mem_free(sink->mem, sink->path);
	mem_free(sink->mem, sink);
}

int sink_pcap_open(const struct mem *mem, const char *path, struct sink **out, struct err *err)
{
	struct sink *sink = mem_zalloc(mem, sizeof(*sink));
	int ret;

	if (!sink)
		return err_set(err, -ENOMEM, "%s: out of memory", path);
	sink->mem = mem;
	sink->path = mem_strdup(mem, path);
	sink->pcap = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, SNAPLEN,
							  PCAP_TSTAMP_PRECISION_NANO);
	if (!sink->path || !sink->pcap) {
		ret = err_set(err, -ENOMEM, "%s: out of memory", path);
		goto fail;
	}
	sink->dumper = pcap_dump_open(sink->pcap, path);
	if (!sink->dumper) {
		ret = err_set(err, -EIO, "%s", pcap_geterr(sink->pcap));
		goto fail;
	}
	*out = sink;
	return 0;
fail:
	sink_free(sink);
	return ret;
}

int sink_write(struct sink *sink, const struct hook_frame *frame, struct err *err)
{
	struct pcap_pkthdr header = {
		.ts = {.tv_sec = (time_t)(frame->tstamp / NSEC_PER_SEC),
		       .tv_usec = (suseconds_t)(frame->tstamp % NSEC_PER_SEC)},
		.caplen = frame->len,
		.len = frame->wire_len > frame->len ? frame->wire_len : frame->len,
	};

	pcap_dump((u_char *)sink->dumper, &header, frame->buf + frame->off);
	if (ferror(pcap_dump_file(sink->dumper)))
		return err_set(err, -EIO, "%s: cannot write: %s", sink->path, strerror(errno));
	return 0;
}

int sink_close(struct sink *sink, struct err *err)
{
	int ret = 0;

	if (pcap_dump_flush(sink->dumper))
		ret = err_set(err, -EIO, "%s: cannot write: %s", sink->path, strerror(errno));
	sink_free(sink);
	return ret;
}
