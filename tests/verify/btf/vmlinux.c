/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A kernel of a page: what the cases beside it look at. Only its BTF is used.
 * Names are Linux's where rules go by them.
 */
#define __tag(x) __attribute__((btf_type_tag(#x)))

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long long u64;

struct inode {
	u64 i_ino;
};

struct file {
	u32 f_flags;
	struct inode *f_inode;
	void *private_data;
};

struct mm_struct {
	u64 start;
	struct file __tag(rcu) * exe_file;
};

struct css_set {
	u32 refs;
};

struct flex {
	u32 len;
	struct {
		u32 a;
		u64 b;
	} items[];
};

struct numbers {
	u32 n;
	u8 bytes[];
};

struct task_struct {
	u32 pid;
	u32 flag : 1;
	u32 other : 15;
	u32 : 16;
	struct task_struct __tag(rcu) * real_parent;
	struct task_struct *group_leader;
	struct css_set __tag(rcu) * cgroups;
	struct mm_struct *mm;
	u64 __tag(user) * clear_tid;
	struct numbers __tag(user) * user_area;
	struct numbers __tag(percpu) * percpu_area;
	char comm[16];
	union {
		struct file *some_file;
		struct inode *some_inode;
		u64 word;
	};
	struct {
		u32 x, y;
		struct inode *in;
	} pair[2][2];
	struct flex *flex;
	struct numbers *numbers;
};

struct sock_common {
	u16 family;
};

struct sock {
	struct sock_common __sk_common;
	u64 sk_pacing_rate;
	u32 sk_pacing_status;
};

struct inet_connection_sock {
	struct sock sk;
	struct {
		u8 pending;
	} icsk_ack;
	u64 icsk_ca_priv[13];
};

struct tcp_sock {
	struct inet_connection_sock inet_conn;
	u32 snd_cwnd;
	u32 snd_nxt;
};

struct tcp_congestion_ops {
	u32 (*ssthresh)(struct sock *sk);
	void (*release)(struct sock *sk);
	u32 (*get_info)(struct sock *sk, u32 ext);
	u32 flags;
};

struct bpf_struct_ops_tcp_congestion_ops {
	struct tcp_congestion_ops data;
};

struct bpf_dummy_ops_state {
	int val;
};

struct bpf_dummy_ops {
	int (*test_1)(struct bpf_dummy_ops_state *cb);
	int (*test_2)(struct bpf_dummy_ops_state *cb, int a1, u16 a2, char a3, u64 a4);
	int (*test_sleepable)(struct bpf_dummy_ops_state *cb);
};

struct bpf_struct_ops_bpf_dummy_ops {
	struct bpf_dummy_ops data;
};

struct hid_bpf_ctx {
	u32 allocated_size;
	int retval;
	struct hid_device *hid;
};

struct hid_device {
	u32 bus;
	char name[128];
	char phys[64];
};

struct hid_bpf_ops {
	int (*hid_device_event)(struct hid_bpf_ctx *ctx, u32 type, u64 source);
};

struct bpf_struct_ops_hid_bpf_ops {
	struct hid_bpf_ops data;
};

struct not_ops {
	int (*f)(void);
};

struct small {
	u32 a, b;
};

struct large {
	u64 a, b, c;
};

struct seq_file {
	u64 count;
};

struct bpf_iter_meta {
	struct seq_file *seq;
	u64 session_id;
	u64 seq_num;
};

struct bpf_map {
	u32 max_entries;
	void *ops;
};

struct xdp_md {
	u32 data;
};

struct xdp_buff {
	void *data;
};

struct bpf_ctx_convert {
	struct xdp_md BPF_PROG_TYPE_XDP_prog;
	struct xdp_buff BPF_PROG_TYPE_XDP_kern;
};

typedef void (*btf_trace_sched_switch)(void *, int, struct task_struct *, struct task_struct *);
typedef void (*btf_trace_mm_page_alloc)(void *, struct inode *, u32, struct file *);
typedef void (*btf_trace_cachefiles_lookup)(void *, struct inode *, struct inode *, struct file *);
typedef int not_a_tracepoint;

struct everything {
	struct bpf_struct_ops_tcp_congestion_ops a;
	struct bpf_struct_ops_bpf_dummy_ops b;
	struct not_ops c;
	struct bpf_struct_ops_hid_bpf_ops p;
	struct hid_device q;
	struct tcp_sock d;
	struct bpf_ctx_convert e;
	btf_trace_sched_switch f;
	btf_trace_mm_page_alloc g;
	btf_trace_cachefiles_lookup h;
	not_a_tracepoint i;
	struct css_set l;
	struct inode m;
	struct seq_file n;
	struct numbers o;
};

/* Types that no function below names are known through this one. */
int everything(struct everything *all, struct flex *flex)
{
	return !all && !flex;
}

/* A kernel that may be told to fail. */
int within_error_injection_list(u64 addr)
{
	return !addr;
}

int __x64_sys_getpgid(void)
{
	return 0;
}

int should_failslab(void)
{
	return 0;
}

int bpf_fentry_test1(int a)
{
	return a;
}

int bpf_modify_return_test(int a, int *b)
{
	return a + *b;
}

int task_work(struct task_struct *task, struct file *file, u64 n, u8 small)
{
	return task->pid + (int)file->f_flags + (int)n + small;
}

int by_value(struct small s, int *out, struct task_struct *task__nullable)
{
	return (int)s.a + *out + (int)task__nullable->pid;
}

int too_large(struct large l)
{
	return (int)l.a;
}

int many_kinds(void *any, const char *text, int (*fn)(void), struct file *const *files)
{
	return any && text && fn && files;
}

void nothing(void)
{
}

int migrate_disable(void)
{
	return 0;
}

void do_exit(int code)
{
	(void)code;
}

int security_file_open(struct file *file)
{
	return !file;
}

int bpf_lsm_file_open(struct file *file)
{
	return !file;
}

int bpf_lsm_file_alloc_security(struct file *file)
{
	return !file;
}

void bpf_lsm_file_free_security(struct file *file)
{
	(void)file;
}

int bpf_lsm_task_alloc(struct task_struct *task, u64 clone_flags)
{
	return !task && clone_flags;
}

int bpf_lsm_inode_xattr_skipcap(const char *name)
{
	return !name;
}

int bpf_lsm_vm_enough_memory(struct mm_struct *mm, long pages)
{
	return !mm && pages;
}

int bpf_lsm_is_no_hook(void)
{
	return 0;
}

int bpf_iter_task(struct bpf_iter_meta *meta, struct task_struct *task)
{
	return !meta && !task;
}

int bpf_iter_bpf_map_elem(struct bpf_iter_meta *meta, struct bpf_map *map, void *key, void *value)
{
	return meta && map && key && value;
}

int bpf_iter_nothing(struct bpf_iter_meta *meta)
{
	return !meta;
}

/* ---- functions of programs ---- */

int xdp_prog(struct xdp_md *ctx)
{
	return !ctx;
}

int xdp_new(struct xdp_md *ctx)
{
	return !ctx;
}

int xdp_two(struct xdp_md *ctx, int n)
{
	return !ctx + n;
}

void xdp_void(struct xdp_md *ctx)
{
	(void)ctx;
}

int inode_prog(struct inode *inode)
{
	return !inode;
}

int long_prog(u64 n)
{
	return (int)n;
}

int int_prog(int n)
{
	return n;
}

int text_prog(const char *text)
{
	return !text;
}

__attribute__((noinline, used)) static int xdp_static(struct xdp_md *ctx)
{
	return !ctx;
}

/* ---- variables ---- */

__attribute__((section(".data..percpu"))) struct task_struct cpu_task = {.pid = 1};
__attribute__((section(".data..percpu"))) u32 cpu_number = 1;

/* ---- kernel functions ---- */

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

struct cpumask {
	u64 bits[2];
};

struct bpf_cpumask {
	struct cpumask cpumask;
	u32 usage;
};

struct task_struct *bpf_task_acquire(struct task_struct *p)
{
	return p;
}

void bpf_task_release(struct task_struct *p)
{
	(void)p;
}

struct task_struct *bpf_task_from_pid(int pid)
{
	(void)pid;
	return 0;
}

struct bpf_cpumask *bpf_cpumask_create(void)
{
	return 0;
}

void bpf_cpumask_release(struct bpf_cpumask *cpumask)
{
	(void)cpumask;
}

u32 bpf_cpumask_first(const struct cpumask *cpumask)
{
	return !cpumask;
}

void bpf_rcu_read_lock(void)
{
}

void bpf_rcu_read_unlock(void)
{
}

void bpf_preempt_disable(void)
{
}

void bpf_preempt_enable(void)
{
}

void bpf_throw(u64 cookie)
{
	(void)cookie;
}

void *bpf_cast_to_kern_ctx(void *obj)
{
	return obj;
}

void *bpf_rdonly_cast(const void *obj__ign, u32 btf_id__k)
{
	(void)obj__ign;
	(void)btf_id__k;
	return 0;
}

int bpf_copy_from_user_str(void *dst, u32 dst__sz, const void *unsafe_ptr__ign, u64 flags)
{
	return !dst && !dst__sz && !unsafe_ptr__ign && !flags;
}

void crash_kexec(struct seq_file *regs)
{
	(void)regs;
}

void *bpf_obj_new_impl(u64 local_type_id__k, void *meta__ign)
{
	(void)local_type_id__k;
	return meta__ign;
}

void *bpf_percpu_obj_new_impl(u64 local_type_id__k, void *meta__ign)
{
	(void)local_type_id__k;
	return meta__ign;
}

void bpf_obj_drop_impl(void *p__alloc, void *meta__ign)
{
	(void)p__alloc;
	(void)meta__ign;
}

void bpf_percpu_obj_drop_impl(void *p__alloc, void *meta__ign)
{
	(void)p__alloc;
	(void)meta__ign;
}

void *bpf_refcount_acquire_impl(void *p__refcounted_kptr, void *meta__ign)
{
	(void)meta__ign;
	return p__refcounted_kptr;
}

int bpf_list_push_front_impl(struct bpf_list_head *head, struct bpf_list_node *node,
			     void *meta__ign, u64 off)
{
	return head && node && meta__ign && off;
}

struct bpf_list_node *bpf_list_pop_front(struct bpf_list_head *head)
{
	(void)head;
	return 0;
}

int bpf_rbtree_add_impl(struct bpf_rb_root *root, struct bpf_rb_node *node,
			_Bool(less)(struct bpf_rb_node *a, const struct bpf_rb_node *b),
			void *meta__ign, u64 off)
{
	return root && node && less && meta__ign && off;
}

struct bpf_rb_node *bpf_rbtree_remove(struct bpf_rb_root *root, struct bpf_rb_node *node)
{
	(void)root;
	return node;
}

struct bpf_rb_node *bpf_rbtree_first(struct bpf_rb_root *root)
{
	(void)root;
	return 0;
}

struct bpf_iter_num {
	u64 opaque[1];
};

struct bpf_iter_task {
	u64 opaque[3];
};

int bpf_iter_num_new(struct bpf_iter_num *it, int start, int end)
{
	return it && start < end;
}

int *bpf_iter_num_next(struct bpf_iter_num *it)
{
	(void)it;
	return 0;
}

void bpf_iter_num_destroy(struct bpf_iter_num *it)
{
	(void)it;
}

int bpf_iter_task_new(struct bpf_iter_task *it, struct task_struct *task__nullable, u32 flags)
{
	return it && task__nullable && flags;
}

struct task_struct *bpf_iter_task_next(struct bpf_iter_task *it)
{
	(void)it;
	return 0;
}

void bpf_iter_task_destroy(struct bpf_iter_task *it)
{
	(void)it;
}

struct bpf_dynptr {
	u64 opaque[2];
};

int bpf_dynptr_from_xdp(struct xdp_md *x, u64 flags, struct bpf_dynptr *ptr__uninit)
{
	return x && flags && ptr__uninit;
}

void *bpf_dynptr_slice(const struct bpf_dynptr *p, u32 offset, void *buffer__opt, u32 buffer__szk)
{
	return p && offset && buffer__szk ? buffer__opt : 0;
}

void *bpf_dynptr_slice_rdwr(const struct bpf_dynptr *p, u32 offset, void *buffer__opt,
			    u32 buffer__szk)
{
	return p && offset && buffer__szk ? buffer__opt : 0;
}

int bpf_dynptr_clone(const struct bpf_dynptr *p, struct bpf_dynptr *clone__uninit)
{
	return p && clone__uninit;
}

u32 bpf_dynptr_size(const struct bpf_dynptr *p)
{
	return !p;
}

struct bpf_wq {
	u64 opaque[2];
};

int bpf_wq_init(struct bpf_wq *wq, void *p__map, u32 flags)
{
	return wq && p__map && flags;
}

int bpf_wq_set_callback_impl(struct bpf_wq *wq, int(callback_fn)(void *map, int *key, void *value),
			     u32 flags, void *aux__ign)
{
	return wq && callback_fn && flags && aux__ign;
}

int bpf_wq_start(struct bpf_wq *wq, u32 flags)
{
	return wq && flags;
}
