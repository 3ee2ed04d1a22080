/* SPDX-License-Identifier: BSD-2-Clause */
/* What user space reads bytes from by a handle: the output of iterators. */
#ifndef ANYBPF_OBJECT_STREAM_H
#define ANYBPF_OBJECT_STREAM_H

#include <sys/types.h>

#include "object/object.h"

/* First in what can be read. Its object is of kind OBJECT_STREAM. */
struct stream {
	struct object obj;
	/* As read(2): bytes, 0 at the end, or a negative errno. */
	ssize_t (*read)(struct stream *stream, void *buf, size_t size);
};

static inline struct stream *stream_of(struct object *obj)
{
	return container_of(obj, struct stream, obj);
}

#endif
