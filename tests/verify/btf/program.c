/* SPDX-License-Identifier: BSD-2-Clause */
/* The types of a program and its maps, for the cases beside it. Only the BTF is used. */
#define __tag(x)	       __attribute__((btf_type_tag(#x)))
#define __contains(name, node) __attribute__((btf_decl_tag("contains:" #name ":" #node)))

typedef unsigned int u32;
typedef unsigned long long u64;

struct bpf_spin_lock {
	u32 val;
};

struct bpf_refcount {
	u32 opaque;
};

struct bpf_list_head {
	u64 opaque[2];
};

struct bpf_list_node {
	u64 opaque[3];
};

struct bpf_rb_root {
	u64 opaque[2];
};

struct bpf_rb_node {
	u64 opaque[4];
};

struct task_struct {
	int pid;
};

struct node {
	u64 key;
	struct bpf_list_node link;
};

struct leaf {
	u64 key;
	struct bpf_rb_node rb;
	struct bpf_rb_node other;
};

struct shared {
	u64 key;
	struct bpf_rb_node rb;
	struct bpf_refcount ref;
};

struct plain {
	u64 a, b;
};

struct page {
	u64 words[65];
};

struct linked {
	struct plain *next;
};

struct list {
	u64 n;
	struct bpf_spin_lock lock;
	struct bpf_list_head head __contains(node, link);
};

struct tree {
	struct bpf_spin_lock lock;
	struct bpf_rb_root root __contains(leaf, rb);
};

struct shared_tree {
	struct bpf_spin_lock lock;
	struct bpf_rb_root root __contains(shared, rb);
};

struct locked {
	u32 n;
	struct bpf_spin_lock lock;
};

struct kptrs {
	struct task_struct __tag(kptr_untrusted) * seen;
	struct task_struct __tag(kptr) * task;
	struct plain __tag(kptr) * plain;
	struct plain __tag(percpu_kptr) * counters;
	u64 n;
};

struct bpf_timer {
	u64 opaque[2];
};

struct bpf_wq {
	u64 opaque[2];
};

struct timed {
	u64 n;
	struct bpf_timer timer;
};

struct queued {
	u64 n;
	struct bpf_wq wq;
};

struct no_fields {
	u64 n;
};

struct everything {
	struct list a;
	struct tree b;
	struct shared_tree c;
	struct locked d;
	struct kptrs e;
	struct no_fields f;
	struct page g;
	struct linked h;
	struct plain i;
	struct task_struct j;
	struct timed k;
	struct queued l;
};

/* What the main function and the callback of a case are called in its types. */
static __attribute__((noinline)) int callback(struct bpf_rb_node *a, struct bpf_rb_node *b)
{
	return a < b;
}

int main_function(struct bpf_rb_node *a, struct bpf_rb_node *b)
{
	return callback(a, b);
}

/* Of cases that throw: the main function and what it names to handle that. */
int handler(u64 cookie)
{
	return (int)cookie;
}

__attribute__((btf_decl_tag("exception_callback:handler"))) int thrower(u64 *ctx)
{
	return handler(*ctx);
}

int use(struct everything *all, struct leaf *leaf, struct node *node, struct shared *shared)
{
	return all && leaf && node && shared;
}
