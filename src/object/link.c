/* SPDX-License-Identifier: BSD-2-Clause */
/* What all links share: references, their program, texts in what is told of them. */
#include "object/link.h"

#include <errno.h>
#include <string.h>

#include "object/prog.h"

static void link_free(struct object *obj)
{
	struct link *link = link_of(obj);
	struct prog *prog = link->prog;

	link->ops->free(link);
	if (prog)
		object_put(&prog->obj);
}

static const struct object_ops link_object_ops = {
	.kind = OBJECT_LINK,
	.free = link_free,
};

void link_init(struct link *link, enum bpf_link_type type, const struct link_ops *ops,
	       struct host *host, struct prog *prog)
{
	object_init(&link->obj, &link_object_ops, host);
	link->type = type;
	link->lock = (struct spinlock){0};
	link->ops = ops;
	link->prog = prog;
	if (prog)
		object_get(&prog->obj);
}

void link_set_prog(struct link *link, struct prog *prog)
{
	struct prog *old;

	if (prog)
		object_get(&prog->obj);
	spin_lock(&link->lock);
	old = link->prog;
	link->prog = prog;
	spin_unlock(&link->lock);
	if (old)
		object_put(&old->obj);
}

struct prog *link_get_prog(struct link *link)
{
	struct prog *prog;

	spin_lock(&link->lock);
	prog = link->prog;
	if (prog)
		object_get(&prog->obj);
	spin_unlock(&link->lock);
	return prog;
}

int link_info_text(u64 addr, u32 *len, const char *text)
{
	u32 room = *len, need = (u32)strlen(text) + 1;
	char *to = u64_to_ptr(addr);

	if (!room != !addr)
		return -EINVAL;
	*len = need;
	if (!addr)
		return 0;
	if (room >= need) {
		memcpy(to, text, need);
		return 0;
	}
	memcpy(to, text, room - 1);
	to[room - 1] = '\0';
	return -ENOSPC;
}
