/* SPDX-License-Identifier: BSD-2-Clause */
/* Local storage of the current task: plain values, a lock, an object that the program owns. */
#include "runs.h"

struct task_struct;

struct object {
	__u64 number;
};

struct value {
	struct bpf_spin_lock lock;
	__u32 a;
	__u64 b;
};

struct owner {
	__u64 number;
	struct object __attribute__((btf_type_tag("kptr"))) * object;
};

#define TASK_STORAGE(name, type_of_value)                                                          \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_TASK_STORAGE);                                           \
		__uint(map_flags, BPF_F_NO_PREALLOC);                                              \
		__type(key, int);                                                                  \
		__type(value, type_of_value);                                                      \
	} name SEC(".maps")

TASK_STORAGE(values, struct value);
TASK_STORAGE(owners, struct owner);

extern void *bpf_obj_new_impl(__u64 local_type_id, void *meta) __ksym;
extern void bpf_obj_drop_impl(void *p, void *meta) __ksym;

#define obj_new(type)	 ((type *)bpf_obj_new_impl(__builtin_btf_type_id(*(type *)0, 0), 0))
#define obj_drop(object) bpf_obj_drop_impl(object, 0)

SEC("syscall") int keeps_values(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct value init = {.a = 5, .b = 6}, *value, *same;
	__u64 sum;

	MUST(!bpf_task_storage_get(&values, task, 0, 0));
	MUST(bpf_task_storage_delete(&values, task) == -2 /* ENOENT */);
	MUST(!bpf_task_storage_get(&values, task, &init, 3));
	value = bpf_task_storage_get(&values, task, &init, BPF_LOCAL_STORAGE_GET_F_CREATE);
	MUST(value);
	bpf_spin_lock(&value->lock);
	sum = value->a + value->b;
	value->a = 100;
	bpf_spin_unlock(&value->lock);
	MUST(sum == 11);
	same = bpf_task_storage_get(&values, task, 0, 0);
	MUST(same == value && same->a == 100);
	MUST(!bpf_task_storage_delete(&values, task));
	/* Still there for who has it. */
	MUST(value->a == 100);
	MUST(!bpf_task_storage_get(&values, task, 0, 0));
	value = bpf_task_storage_get(&values, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	MUST(value && !value->a && !value->b);
	MUST(!bpf_task_storage_delete(&values, task));
	return 0;
}

/* What a value owns goes with it. */
SEC("syscall") int owns_objects(void *ctx)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct object *object, *old;
	struct owner *owner;
	__u64 number = 0;

	for (int i = 0; i < 3; i++) {
		owner = bpf_task_storage_get(&owners, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
		MUST(owner);
		object = obj_new(struct object);
		MUST(object);
		object->number = i + 1;
		old = bpf_kptr_xchg(&owner->object, object);
		if (old) {
			number = old->number;
			obj_drop(old);
		}
		MUST(number == i);
	}
	MUST(!bpf_task_storage_delete(&owners, task));
	owner = bpf_task_storage_get(&owners, task, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	MUST(owner);
	old = bpf_kptr_xchg(&owner->object, 0);
	if (old) {
		obj_drop(old);
		return __LINE__;
	}
	object = obj_new(struct object);
	MUST(object);
	old = bpf_kptr_xchg(&owner->object, object);
	if (old) {
		obj_drop(old);
		return __LINE__;
	}
	/* This one stays: the map drops it in the end. */
	owner->number = 1;
	return 0;
}
