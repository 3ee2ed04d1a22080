/* SPDX-License-Identifier: BSD-2-Clause */
/* The operating system's network as it tells it: rtnetlink, which is read and never written. */
#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/os.h"

#define REPLY_SIZE 65536

struct request {
	struct nlmsghdr head;
	struct ifinfomsg all; /* zeros: everything, whatever the request's own body is */
};

static int ask(int fd, u16 type)
{
	struct request request = {
		.head = {.nlmsg_len = sizeof(request),
			 .nlmsg_type = type,
			 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP},
	};

	return send(fd, &request, sizeof(request), 0) < 0 ? -errno : 0;
}

/* The messages of one reply: 1 go on, 0 that was all, else an error or @fn's answer. */
static int each_message(u8 *reply, size_t len, int (*fn)(void *, u16, const u8 *, size_t),
			void *arg)
{
	while (len >= sizeof(struct nlmsghdr)) {
		struct nlmsghdr head;
		size_t step;
		int err;

		memcpy(&head, reply, sizeof(head));
		if (head.nlmsg_len < sizeof(head) || head.nlmsg_len > len)
			return -EINVAL;
		if (head.nlmsg_type == NLMSG_DONE)
			return 0;
		if (head.nlmsg_type == NLMSG_ERROR) {
			if (head.nlmsg_len < sizeof(head) + sizeof(err))
				return -EINVAL;
			memcpy(&err, reply + sizeof(head), sizeof(err));
			return err;
		}
		err = fn(arg, head.nlmsg_type, reply + sizeof(head), head.nlmsg_len - sizeof(head));
		if (err)
			return err;
		step = NLMSG_ALIGN(head.nlmsg_len);
		if (step >= len)
			break;
		reply += step;
		len -= step;
	}
	return 1;
}

static int converse(int fd, u8 *reply, u16 request,
		    int (*fn)(void *arg, u16 type, const u8 *msg, size_t len), void *arg)
{
	int err = ask(fd, request);

	while (!err) {
		ssize_t got = recv(fd, reply, REPLY_SIZE, 0);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got ? -errno : -EIO;
		err = each_message(reply, (size_t)got, fn, arg);
		if (err != 1)
			return err;
		err = 0;
	}
	return err;
}

int os_rtnetlink(u16 request, int (*fn)(void *arg, u16 type, const u8 *msg, size_t len), void *arg)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), err = -ENOMEM;
	u8 *reply;

	if (fd < 0)
		return -errno;
	reply = mem_alloc(&mem_libc, REPLY_SIZE);
	if (reply)
		err = converse(fd, reply, request, fn, arg);
	mem_free(&mem_libc, reply);
	close(fd);
	return err;
}
