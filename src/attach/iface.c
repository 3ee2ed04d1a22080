/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Live frames from an interface: an AF_PACKET socket with a TPACKET_V3 ring.
 * The kernel hands over blocks of frames; each is copied into a buffer with
 * head and tail room. Only what arrives is seen, as at an XDP hook, and a
 * VLAN tag that the kernel took out is put back.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "attach/batch.h"
#include "base/bytes.h"
#include "base/mem.h"

#define BLOCK_SIZE (1u << 20)
#define BLOCK_CNT  8u
/* A block that is not full is handed over after this many milliseconds. */
#define BLOCK_TIMEOUT_MS 20
#define VLAN_HLEN	 4

struct iface_source {
	struct source source;
	const struct mem *mem;
	struct batch batch;
	int fd;
	u8 *ring;
	u32 ifindex;
	char name[IFNAMSIZ];
	u32 block;		     /* next to read */
	struct tpacket3_hdr *packet; /* next in it, NULL between blocks */
	u32 packets_left;
};

static struct iface_source *iface_source_of(struct source *source)
{
	return container_of(source, struct iface_source, source);
}

static struct tpacket_block_desc *current_block(const struct iface_source *s)
{
	return (struct tpacket_block_desc *)(void *)(s->ring + (size_t)s->block * BLOCK_SIZE);
}

static void release_block(struct iface_source *s)
{
	__atomic_store_n(&current_block(s)->hdr.bh1.block_status, TP_STATUS_KERNEL,
			 __ATOMIC_RELEASE);
	s->block = (s->block + 1) % BLOCK_CNT;
	s->packet = NULL;
}

/* Takes the next block if the kernel has handed it over. */
static bool take_block(struct iface_source *s)
{
	struct tpacket_block_desc *block = current_block(s);

	if (!(__atomic_load_n(&block->hdr.bh1.block_status, __ATOMIC_ACQUIRE) & TP_STATUS_USER))
		return false;
	s->packets_left = block->hdr.bh1.num_pkts;
	s->packet =
		(struct tpacket3_hdr *)(void *)((u8 *)block + block->hdr.bh1.offset_to_first_pkt);
	return true;
}

static int copy_packet(struct iface_source *s, struct hook_frame *frame)
{
	const struct tpacket3_hdr *p = s->packet;
	const u8 *data = (const u8 *)p + p->tp_mac;
	bool tagged = p->tp_status & TP_STATUS_VLAN_VALID && p->tp_snaplen >= ETH_HLEN;
	u32 len = p->tp_snaplen + (tagged ? VLAN_HLEN : 0);
	u8 *to = batch_add(&s->batch, frame, len);

	if (!to)
		return -ENOMEM;
	if (tagged) {
		u16 tpid = p->tp_status & TP_STATUS_VLAN_TPID_VALID ? p->hv1.tp_vlan_tpid
								    : ETH_P_8021Q;

		memcpy(to, data, 2 * ETH_ALEN);
		put_be16(to + 2 * ETH_ALEN, tpid);
		put_be16(to + 2 * ETH_ALEN + 2, (u16)p->hv1.tp_vlan_tci);
		memcpy(to + 2 * ETH_ALEN + VLAN_HLEN, data + 2 * ETH_ALEN,
		       p->tp_snaplen - 2 * ETH_ALEN);
	} else {
		memcpy(to, data, p->tp_snaplen);
	}
	frame->ifindex = s->ifindex;
	frame->tstamp = (u64)p->tp_sec * 1000000000u + p->tp_nsec;
	frame->wire_len = p->tp_len > p->tp_snaplen ? p->tp_len + (len - p->tp_snaplen) : 0;
	return 0;
}

static void next_packet(struct iface_source *s)
{
	if (--s->packets_left == 0)
		release_block(s);
	else
		s->packet = (struct tpacket3_hdr *)(void *)((u8 *)s->packet +
							    s->packet->tp_next_offset);
}

/* Waits for a block: 1, 0 on timeout or signal, negative errno. */
static int wait_block(struct iface_source *s, int timeout_ms, struct err *err)
{
	struct pollfd pfd = {.fd = s->fd, .events = POLLIN | POLLERR};

	if (take_block(s))
		return 1;
	if (poll(&pfd, 1, timeout_ms) < 0)
		return errno == EINTR ? 0
				      : err_set(err, -errno, "%s: %s", s->name, strerror(errno));
	if (pfd.revents & (POLLERR | POLLHUP)) {
		int failure = 0;
		socklen_t len = sizeof(failure);

		getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &failure, &len);
		if (failure)
			return err_set(err, -failure, "%s: %s", s->name, strerror(failure));
	}
	return take_block(s);
}

static int iface_source_next(struct source *source, struct hook_frame *frames, u32 max,
			     int timeout_ms, struct err *err)
{
	struct iface_source *s = iface_source_of(source);
	u32 n = 0;

	batch_reset(&s->batch);
	while (n < max) {
		if (!s->packet) {
			int got = n ? take_block(s) : wait_block(s, timeout_ms, err);

			if (got < 0)
				return got;
			if (!got)
				break;
		}
		/* A block that timed out may be empty. */
		if (!s->packets_left) {
			release_block(s);
			continue;
		}
		if (copy_packet(s, &frames[n]))
			return err_set(err, -ENOMEM, "%s: out of memory", s->name);
		next_packet(s);
		n++;
	}
	batch_finish(&s->batch, frames, n);
	return (int)n;
}

static bool iface_source_ended(struct source *source __unused)
{
	return false;
}

static double iface_source_progress(struct source *source __unused)
{
	return -1;
}

static void iface_source_free(struct source *source)
{
	struct iface_source *s = iface_source_of(source);

	if (s->ring)
		munmap(s->ring, (size_t)BLOCK_SIZE * BLOCK_CNT);
	if (s->fd >= 0)
		close(s->fd);
	batch_free(&s->batch);
	mem_free(s->mem, s);
}

static const struct source_ops iface_source_ops = {
	.name = "iface",
	.next = iface_source_next,
	.ended = iface_source_ended,
	.progress = iface_source_progress,
	.free = iface_source_free,
};

static int setup_ring(struct iface_source *s)
{
	int version = TPACKET_V3, on = 1;
	struct tpacket_req3 req = {
		.tp_block_size = BLOCK_SIZE,
		.tp_block_nr = BLOCK_CNT,
		.tp_frame_size = 2048,
		.tp_frame_nr = BLOCK_SIZE / 2048 * BLOCK_CNT,
		.tp_retire_blk_tov = BLOCK_TIMEOUT_MS,
	};
	void *ring;

	if (setsockopt(s->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) ||
	    setsockopt(s->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) ||
	    setsockopt(s->fd, SOL_PACKET, PACKET_RX_RING, &req, sizeof(req)))
		return -errno;
	ring = mmap(NULL, (size_t)BLOCK_SIZE * BLOCK_CNT, PROT_READ | PROT_WRITE, MAP_SHARED, s->fd,
		    0);
	if (ring == MAP_FAILED)
		return -errno;
	s->ring = ring;
	return 0;
}

static int bind_iface(struct iface_source *s)
{
	struct sockaddr_ll addr = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)s->ifindex,
	};

	return bind(s->fd, (struct sockaddr *)&addr, sizeof(addr)) ? -errno : 0;
}

int source_iface_open(const struct mem *mem, const char *iface, struct source **source,
		      struct err *err)
{
	struct iface_source *s = mem_zalloc(mem, sizeof(*s));
	int ret;

	if (!s)
		return err_set(err, -ENOMEM, "%s: out of memory", iface);
	s->source.ops = &iface_source_ops;
	s->mem = mem;
	batch_init(&s->batch, mem);
	s->fd = -1;
	strncpy(s->name, iface, sizeof(s->name) - 1);
	s->ifindex = if_nametoindex(iface);
	if (!s->ifindex) {
		ret = err_set(err, -ENODEV, "%s: no such interface", iface);
		goto fail;
	}
	/* Protocol 0: nothing is received before the ring is there and the socket bound. */
	s->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (s->fd < 0) {
		ret = err_set(err, -errno, "%s: cannot open a packet socket: %s%s", iface,
			      strerror(errno), errno == EPERM ? " (CAP_NET_RAW is needed)" : "");
		goto fail;
	}
	ret = setup_ring(s);
	if (!ret)
		ret = bind_iface(s);
	if (ret) {
		err_set(err, ret, "%s: %s", iface, strerror(-ret));
		goto fail;
	}
	*source = &s->source;
	return 0;
fail:
	iface_source_free(&s->source);
	return ret;
}
