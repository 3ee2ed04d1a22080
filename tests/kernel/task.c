/* SPDX-License-Identifier: BSD-2-Clause */
/* Tasks of an environment that a test makes up, and of the real machine. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "kernel/fs.h"
#include "kernel/task.h"
#include "tap.h"

#define MAX_TASKS 1024

/* What the environment tells. */
static struct world {
	struct env_task tasks[MAX_TASKS];
	u32 cnt;
	u32 current; /* index */
} world;

static struct env_task *by_pid(u32 pid)
{
	for (u32 i = 0; i < world.cnt; i++)
		if (world.tasks[i].pid == pid)
			return &world.tasks[i];
	return NULL;
}

static void give_current(void *ctx __unused, struct env_task *task)
{
	*task = world.tasks[world.current];
}

static int give_task(void *ctx __unused, u32 pid, struct env_task *task)
{
	const struct env_task *t = by_pid(pid);

	if (!t)
		return -ESRCH;
	*task = *t;
	return 0;
}

static u32 give_next(void *ctx __unused, u32 tgid, u32 after)
{
	u32 best = 0;

	for (u32 i = 0; i < world.cnt; i++) {
		const struct env_task *t = &world.tasks[i];

		if (t->pid > after && (!best || t->pid < best) &&
		    (tgid ? t->tgid == tgid : t->pid == t->tgid))
			best = t->pid;
	}
	return best;
}

static int give_file(void *ctx __unused, u32 pid, s32 fd, struct env_file *file)
{
	*file = (struct env_file){.ino = 7, .dev = 8 << 20 | 1, .mode = 0100755, .size = 100};
	if (fd != ENV_FD_EXE || pid < 10)
		return -ENOENT;
	snprintf(file->path, sizeof(file->path), "/usr/bin/a-program-with-a-name-longer-than-%s",
		 "forty-bytes");
	return 0;
}

static int give_vma(void *ctx __unused, u32 pid __unused, u64 addr, struct env_vma *vma)
{
	if (addr >= 0x3000)
		return -ENOENT;
	*vma = addr < 0x2000 ? (struct env_vma){.start = 0x1000,
						.end = 0x2000,
						.path = "/lib/x",
						.ino = 7,
						.dev = 8 << 20 | 1}
			     : (struct env_vma){.start = 0x2000, .end = 0x3000};
	return 0;
}

static u32 add(u32 pid, u32 tgid, u32 ppid, const char *comm)
{
	struct env_task *t = &world.tasks[world.cnt];

	*t = (struct env_task){.pid = pid,
			       .tgid = tgid,
			       .ppid = ppid,
			       .start_time = pid * 1000,
			       .uid = 5,
			       .euid = 6,
			       .ns = {[ENV_NS_PID] = 111}};
	if (pid >= 10)
		t->mm = (struct env_mm){.arg_start = 0x1000, .arg_end = 0x1010};
	snprintf(t->comm, sizeof(t->comm), "%s", comm);
	return world.cnt++;
}

static struct host *new_host(bool tell_all)
{
	struct host_options opts;
	struct environment env;
	struct host *host = NULL;

	environment_init(&env);
	env.current_task = give_current;
	env.task = tell_all ? give_task : NULL;
	env.next_task = tell_all ? give_next : NULL;
	env.task_file = tell_all ? give_file : NULL;
	env.task_vma = tell_all ? give_vma : NULL;
	host_options_init(&opts);
	opts.env = &env;
	check_eq(host_new(&opts, &host), 0);
	return host;
}

static void fill_world(void)
{
	world.cnt = 0;
	add(1, 1, 0, "init");
	add(10, 10, 1, "shell");
	world.current = add(20, 20, 10, "leader");
	by_pid(20)->ns_pid = by_pid(20)->ns_tgid = 2;
	by_pid(20)->ns[ENV_NS_PID] = 222;
	add(21, 20, 10, "thread");
	by_pid(21)->ns_pid = 3;
}

static void test_tree(void)
{
	struct task_struct *task, *thread;
	struct host *host;
	struct run run;

	fill_world();
	host = new_host(true);
	run_begin(&run, host);
	task = task_current(&run);
	check(task);
	if (task) {
		check_eq(task->pid, 20);
		check_str(task->comm, "leader");
		check_eq(task->real_parent->pid, 10);
		check_eq(task->real_parent->real_parent->pid, 1);
		check_eq(task->real_parent->real_parent->real_parent->pid, 0);
		check(task->real_parent->real_parent->real_parent->real_parent->pid == 0);
		check_eq(task->cred->uid.val, 5);
		check_eq(task->cred->euid.val, 6);
		check_eq(task->mm->arg_end, 0x1010);
		check(!task->real_parent->real_parent->mm);
		check_eq(task_ns_pid(task), 2);
		check_eq(task_ns_pid(task->real_parent), 10);
		check_eq(task->thread_pid->numbers[0].nr, 20);
		check_eq(task->thread_pid->numbers[0].ns->ns.inum, 111);
		check_eq(task->thread_pid->numbers[1].ns->ns.inum, 222);
	}
	thread = task_find(host, 21);
	check(thread);
	if (thread) {
		check(thread->group_leader == task);
		check(thread->mm == task->mm && thread->signal == task->signal);
		check(thread->cred != task->cred);
		check(thread->real_parent == task->real_parent);
		check_eq(task_ns_pid(thread), 3);
	}
	check(!task_find(host, 5));
	task_put(thread);
	run_end(&run);
	host_free(host);
}

/* The number is another task's now; who holds the old one keeps it and all above it. */
static void test_reuse(void)
{
	struct task_struct *old, *now;
	struct host *host;

	fill_world();
	host = new_host(true);
	old = task_find(host, 20);
	by_pid(20)->start_time++;
	snprintf(by_pid(20)->comm, TASK_COMM_LEN, "other");
	now = task_find(host, 20);
	check(old && now && now != old);
	if (old && now) {
		check_str(now->comm, "other");
		check_str(old->comm, "leader");
		check_eq(old->real_parent->pid, 10);
	}
	task_put(now);
	world.cnt = 0;
	check(!task_find(host, 20));
	check_eq(old->real_parent->real_parent->pid, 1);
	task_put(old);
	host_free(host);
}

static void test_iterate(void)
{
	static const u32 processes[] = {1, 10, 20}, threads[] = {20, 21};
	struct task_struct *task;
	struct host *host;
	u32 n = 0;

	fill_world();
	host = new_host(true);
	for (u32 at = 0; (task = task_next(host, 0, at)); at = (u32)task->pid, task_put(task))
		check(n < 3 && (u32)task->pid == processes[n++]);
	check_eq(n, 3);
	n = 0;
	for (u32 at = 0; (task = task_next(host, 20, at)); at = (u32)task->pid, task_put(task))
		check(n < 2 && (u32)task->pid == threads[n++]);
	check_eq(n, 2);
	host_free(host);
}

/* Tasks that have ended do not stay, however many there were. */
static void test_sweep(void)
{
	struct host *host;

	fill_world();
	host = new_host(true);
	for (u32 i = 0; i < 5000; i++) {
		struct task_struct *task;

		world.cnt = 4;
		add(100 + i, 100 + i, 10, "short");
		task = task_find(host, 100 + i);
		check(task && task->pid == (s32)(100 + i));
		task_put(task);
	}
	/* What is known without asking: those of the table. */
	host->env.next_task = NULL;
	world.cnt = 0;
	{
		struct task_struct *task;
		u32 n = 0;

		for (u32 at = 0; (task = task_next(host, 0, at)); n++) {
			at = (u32)task->pid;
			task_put(task);
		}
		check(n < 1000);
	}
	host_free(host);
}

/* An environment that knows nothing but who is current. */
static void test_current_alone(void)
{
	struct task_struct *task;
	struct host *host;
	struct run run;

	fill_world();
	world.current = 3;
	host = new_host(false);
	run_begin(&run, host);
	task = task_current(&run);
	check(task);
	if (task) {
		check_eq(task->pid, 21);
		check_eq(task->group_leader->pid, 20);
		check(task->group_leader != task);
		snprintf(world.tasks[3].comm, TASK_COMM_LEN, "renamed");
		check(task_current(&run) == task);
		check_str(task->comm, "renamed");
	}
	run_end(&run);
	host_free(host);
}

static void check_path(struct host *host, const struct file *file, const char *want)
{
	char text[128];

	check_eq(path_print(host, &file->f_path, text, sizeof(text)), strlen(want) + 1);
	check_str(text, want);
	check_eq(path_print(host, &file->f_path, text, strlen(want) + 1), strlen(want) + 1);
	check_eq(path_print(host, &file->f_path, text, strlen(want)), -ENAMETOOLONG);
}

static void test_files(void)
{
	static const char long_name[] = "/usr/bin/a-program-with-a-name-longer-than-forty-bytes";
	struct env_file spec = {.path = "pipe:[12]", .ino = 12};
	struct path bad = {.dentry = (struct dentry *)8};
	struct vm_area_struct vma;
	struct task_struct *task;
	struct host *host;
	struct file *file;
	char text[16];

	fill_world();
	host = new_host(true);
	task = task_find(host, 20);
	file = task ? (struct file *)task->mm->exe_file : NULL;
	check(file);
	if (file) {
		check_path(host, file, long_name);
		check_eq(file->f_inode->i_ino, 7);
		check_eq(file->f_inode->i_sb->s_dev, 8 << 20 | 1);
		check_str((const char *)file->f_path.dentry->d_parent->d_name.name, "bin");
	}
	/* An area of the same file has the same inode, and leaves what is known of it. */
	check_eq(task_vma(task, 0, &vma), 0);
	check(vma.vm_file && vma.vm_file->f_inode == file->f_inode);
	check_eq(file->f_inode->i_size, 100);
	check_path(host, vma.vm_file, "/lib/x");
	file_put(vma.vm_file);
	check_eq(task_vma(task, 0x2000, &vma), 0);
	check(!vma.vm_file && vma.vm_start == 0x2000);
	check_eq(task_vma(task, 0x3000, &vma), -ENOENT);
	task_put(task);

	file = file_create(host, &spec);
	check_path(host, file, "pipe:[12]");
	file_put(file);
	memcpy(spec.path, "/", 2);
	file = file_create(host, &spec);
	check_path(host, file, "/");
	file_put(file);
	check_eq(path_print(host, &bad, text, sizeof(text)), -EFAULT);
	host_free(host);
}

static void test_machine(void)
{
	struct task_struct *task;
	struct host *host;
	struct run run;

	check_eq(host_new(NULL, &host), 0);
	if (!host->env.task || access("/proc/self/stat", R_OK)) {
		host_free(host);
		tap_skip("there is no /proc");
		return;
	}
	run_begin(&run, host);
	task = task_current(&run);
	check(task);
	if (task) {
		struct task_struct *self = task_find(host, (u32)task->pid);
		struct file *file = NULL;

		check(self == task);
		task_put(self);
		check_eq(task->tgid, getpid());
		check_eq(task->cred->euid.val, geteuid());
		check_eq(task->real_parent->tgid, getppid());
		check(task->mm && task->mm->exe_file);
		check(!task_file(task, 0, &file) || access("/proc/self/fd/0", F_OK));
		file_put(file);
	}
	run_end(&run);
	host_free(host);
}

int main(void)
{
	run_test(test_tree);
	run_test(test_reuse);
	run_test(test_iterate);
	run_test(test_sweep);
	run_test(test_current_alone);
	run_test(test_files);
	run_test(test_machine);
	return tap_done();
}
