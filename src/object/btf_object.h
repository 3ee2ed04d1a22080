/* SPDX-License-Identifier: BSD-2-Clause */
/* Loaded BTF: a parsed struct btf with an id and references. */
#ifndef ANYBPF_OBJECT_BTF_OBJECT_H
#define ANYBPF_OBJECT_BTF_OBJECT_H

#include "btf/btf.h"
#include "object/object.h"

struct btf_object {
	struct object obj;
	struct btf *btf;
	char name[BPF_OBJ_NAME_LEN];
	bool kernel_btf;
};

/* Takes over @btf, also on failure. */
int btf_object_new(struct host *host, struct btf *btf, struct btf_object **out);

static inline struct btf_object *btf_object_of(struct object *obj)
{
	return container_of(obj, struct btf_object, obj);
}

#endif
