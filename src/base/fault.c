/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The process's fault handler. Two kinds of code may fault on purpose: JIT
 * code, whose ranges are looked up in a table, and fault_read() and its like,
 * which leave a jump buffer for their thread. All else that touches a window
 * gets memory there.
 *
 * The table of ranges is replaced as a whole. The handler reads it without a
 * lock between reader_enter() and reader_leave(); whoever replaced it waits for
 * the readers of the old one before touching that again. Two counters, used in
 * turn, keep new readers from holding up that wait.
 *
 * Sanitizers: the address sanitizer's own handler is the previous handler
 * that unknown faults are passed to; the copying loop is not instrumented,
 * for it reads what must not be read.
 */
#define _GNU_SOURCE
#include "base/fault.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <ucontext.h>

#include "base/fault_context.h"
#include "base/mem.h"
#include "base/os.h"

struct fault_range {
	uintptr_t start, end;
	const struct fault_fixup *fixups;
	u32 n;
};

struct fault_table {
	u32 n, cap;
	struct fault_range at[]; /* by start */
};

/* A fault_read() under way. */
struct recovery {
	sigjmp_buf env;
	uintptr_t start;
	size_t size;
	struct recovery *outer; /* that a signal handler interrupted */
};

static const int fault_signals[] = {SIGSEGV, SIGBUS};

static struct {
	pthread_once_t once;
	_Atomic bool installed;
	struct sigaction before[ARRAY_SIZE(fault_signals)];
	uintptr_t page_mask;

	pthread_mutex_t lock;		     /* one writer of the table */
	_Atomic(struct fault_table *) table; /* NULL when there are no ranges */
	/*
	 * What the next change is written to. It has room for all ranges but
	 * one, so that removing one needs no memory.
	 */
	struct fault_table *spare;
	_Atomic(struct fault_window *) windows;
	_Atomic u32 turn;
	_Atomic u32 readers[2];
} fault = {.once = PTHREAD_ONCE_INIT, .lock = PTHREAD_MUTEX_INITIALIZER};

/* Initial-exec: a handler must not be the first to allocate a thread's storage. */
static _Thread_local __attribute__((tls_model("initial-exec"))) struct recovery *volatile recovery;

/* ---- the table ---- */

static u32 reader_enter(void)
{
	u32 turn = atomic_load(&fault.turn) & 1;

	atomic_fetch_add(&fault.readers[turn], 1);
	return turn;
}

static void reader_leave(u32 turn)
{
	atomic_fetch_sub(&fault.readers[turn], 1);
}

/* Returns when every reader that was inside has left. */
static void wait_for_readers(void)
{
	/* Twice: a reader may have chosen its counter before the last turn and entered after. */
	for (int i = 0; i < 2; i++) {
		u32 turn = atomic_fetch_add(&fault.turn, 1) & 1;

		while (atomic_load(&fault.readers[turn]))
			os_yield();
	}
}

/* Makes the spare table the one in use, and the other way round. */
static void table_publish(void)
{
	struct fault_table *old = atomic_exchange(&fault.table, fault.spare);

	wait_for_readers();
	fault.spare = old;
}

static void table_drop(void)
{
	struct fault_table *old = atomic_exchange(&fault.table, NULL);

	wait_for_readers();
	mem_free(&mem_libc, old);
	mem_free(&mem_libc, fault.spare);
	fault.spare = NULL;
}

/* The number of ranges that start at or before @at. */
static u32 table_upper(const struct fault_table *table, uintptr_t at)
{
	u32 low = 0, high = table ? table->n : 0;

	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (table->at[mid].start <= at)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static const struct fault_fixup *range_find(const struct fault_range *range, uintptr_t pc)
{
	uintptr_t at = pc - range->start;
	u32 low = 0, high = range->n;

	while (low < high) {
		u32 mid = low + (high - low) / 2;

		if (range->fixups[mid].at == at)
			return &range->fixups[mid];
		if (range->fixups[mid].at < at)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

/* Whether the context stood in an instruction that may fault; it then goes on at its fix-up. */
static bool resume_code(void *context)
{
	uintptr_t pc = fault_context_pc(context);
	const struct fault_fixup *fixup = NULL;
	const struct fault_table *table;
	u32 turn, i;

	turn = reader_enter();
	table = atomic_load(&fault.table);
	i = table_upper(table, pc);
	if (i && pc < table->at[i - 1].end) {
		fixup = range_find(&table->at[i - 1], pc);
		if (fixup)
			fault_context_resume(context, table->at[i - 1].start + fixup->resume,
					     fixup->zero_reg);
	}
	reader_leave(turn);
	return fixup;
}

/* Whether somebody has put memory where the fault was, so that the access can be done again. */
static bool fill_window(const siginfo_t *info)
{
	uintptr_t at = (uintptr_t)info->si_addr;
	struct fault_window *window;
	bool filled = false;
	u32 turn = reader_enter();

	for (window = atomic_load(&fault.windows); window && !filled; window = window->next)
		if (at - window->start < window->size)
			filled = window->touch(window, at);
	reader_leave(turn);
	return filled;
}

/* ---- the handler ---- */

/* Whether the fault is the reading of the memory that fault_read() was asked for. */
static bool recovery_covers(const struct recovery *r, const siginfo_t *info)
{
	/* arm64 leaves the top byte out of translation and of the reported address. */
	const u64 mask = ~0ull >> 8;
	uintptr_t from = r->start & fault.page_mask;

	/* x86-64, and emulation on it, report nothing for an address that cannot be. */
	if (!info->si_addr)
		return true;
	/* s390x reports the page only. */
	return (((uintptr_t)info->si_addr - from) & mask) < r->size + (r->start - from);
}

static void default_action(int sig, const siginfo_t *info)
{
	struct sigaction act = {.sa_handler = SIG_DFL};

	sigaction(sig, &act, NULL);
	/* A fault happens again on return; a signal that was sent does not. */
	if (info->si_code <= 0)
		raise(sig);
}

/* What would have happened without this handler. */
static void pass_on(int sig, siginfo_t *info, void *context)
{
	const struct sigaction *before = &fault.before[sig == fault_signals[0] ? 0 : 1];
	sigset_t saved;

	if (!(before->sa_flags & SA_SIGINFO)) {
		if (before->sa_handler == SIG_IGN && info->si_code <= 0)
			return;
		if (before->sa_handler == SIG_DFL || before->sa_handler == SIG_IGN) {
			default_action(sig, info);
			return;
		}
	}
	pthread_sigmask(SIG_BLOCK, &before->sa_mask, &saved);
	if (before->sa_flags & SA_SIGINFO)
		before->sa_sigaction(sig, info, context);
	else
		before->sa_handler(sig);
	pthread_sigmask(SIG_SETMASK, &saved, NULL);
}

/* Saving no mask in fault_read() spares every good read a system call. */
static _Noreturn void recover(const ucontext_t *context)
{
	pthread_sigmask(SIG_SETMASK, &context->uc_sigmask, NULL);
	siglongjmp(recovery->env, 1);
}

static void on_fault(int sig, siginfo_t *info, void *context)
{
	int saved_errno = errno;

	if (info->si_code > 0) { /* the kernel's own, not sent by someone */
		if (resume_code(context))
			return;
		if (recovery && recovery_covers(recovery, info))
			recover(context);
		if (fill_window(info)) {
			errno = saved_errno;
			return;
		}
	}
	pass_on(sig, info, context);
	errno = saved_errno;
}

static void install(void)
{
	struct sigaction act = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};

	fault.page_mask = ~((uintptr_t)os_page_size() - 1);
	sigemptyset(&act.sa_mask);
	for (u32 i = 0; i < ARRAY_SIZE(fault_signals); i++)
		sigaction(fault_signals[i], &act, &fault.before[i]);
	atomic_store_explicit(&fault.installed, true, memory_order_release);
}

static void ensure_installed(void)
{
	if (unlikely(!atomic_load_explicit(&fault.installed, memory_order_acquire)))
		pthread_once(&fault.once, install);
}

/* ---- reading ---- */

#define NOT_INSTRUMENTED                                                                           \
	__attribute__((noinline, no_sanitize("address"), no_sanitize("thread"),                    \
		       no_sanitize("undefined")))

#define COPY_AS(type)                                                                              \
	do {                                                                                       \
		while (size >= sizeof(type)) {                                                     \
			type v = *(const volatile type *)from;                                     \
			memcpy(to, &v, sizeof(v));                                                 \
			from += sizeof(v);                                                         \
			to += sizeof(v);                                                           \
			size -= sizeof(v);                                                         \
		}                                                                                  \
	} while (0)

/*
 * In the largest units that @from is aligned to, so that a value which another
 * thread writes as a whole is read as a whole.
 */
NOT_INSTRUMENTED static void copy(u8 *to, const u8 *from, size_t size)
{
	uintptr_t align = (uintptr_t)from;

	if (!(align & 7))
		COPY_AS(u64);
	if (!(align & 3))
		COPY_AS(u32);
	if (!(align & 1))
		COPY_AS(u16);
	COPY_AS(u8);
}

int fault_read(void *dst, const void *src, size_t size)
{
	struct recovery here;

	ensure_installed();
	here.start = (uintptr_t)src;
	here.size = size;
	here.outer = recovery;
	if (sigsetjmp(here.env, 0)) {
		recovery = here.outer;
		return -EFAULT;
	}
	recovery = &here;
	copy(dst, src, size);
	recovery = here.outer;
	return 0;
}

int fault_try(const void *at, size_t size, void (*fn)(void *arg), void *arg)
{
	struct recovery here;

	ensure_installed();
	here.start = (uintptr_t)at;
	here.size = size;
	here.outer = recovery;
	if (sigsetjmp(here.env, 0)) {
		recovery = here.outer;
		return -EFAULT;
	}
	recovery = &here;
	fn(arg);
	recovery = here.outer;
	return 0;
}

/* ---- writing ---- */

struct copy_args {
	u8 *to;
	const u8 *from;
	size_t size;
};

#define STORE_AS(type)                                                                             \
	do {                                                                                       \
		while (size >= sizeof(type)) {                                                     \
			type v;                                                                    \
			memcpy(&v, from, sizeof(v));                                               \
			*(volatile type *)to = v;                                                  \
			from += sizeof(v);                                                         \
			to += sizeof(v);                                                           \
			size -= sizeof(v);                                                         \
		}                                                                                  \
	} while (0)

/* As copy(), so that a value which another thread reads as a whole is written as a whole. */
NOT_INSTRUMENTED static void copy_to(void *arg)
{
	const struct copy_args *args = arg;
	const u8 *from = args->from;
	u8 *to = args->to;
	size_t size = args->size;
	uintptr_t align = (uintptr_t)to;

	if (!(align & 7))
		STORE_AS(u64);
	if (!(align & 3))
		STORE_AS(u32);
	if (!(align & 1))
		STORE_AS(u16);
	STORE_AS(u8);
}

int fault_write(void *dst, const void *src, size_t size)
{
	struct copy_args args = {dst, src, size};

	return fault_try(dst, size, copy_to, &args);
}

/* ---- windows ---- */

void fault_window_add(struct fault_window *window)
{
	ensure_installed();
	pthread_mutex_lock(&fault.lock);
	window->next = atomic_load(&fault.windows);
	atomic_store(&fault.windows, window);
	pthread_mutex_unlock(&fault.lock);
}

void fault_window_remove(struct fault_window *window)
{
	struct fault_window *first, *at;

	pthread_mutex_lock(&fault.lock);
	first = atomic_load(&fault.windows);
	if (first == window) {
		atomic_store(&fault.windows, window->next);
	} else {
		for (at = first; at->next != window;)
			at = at->next;
		__atomic_store_n(&at->next, window->next, __ATOMIC_RELEASE);
	}
	wait_for_readers();
	pthread_mutex_unlock(&fault.lock);
}

/* ---- registration ---- */

/* Makes room for @n ranges in the spare table. */
static bool spare_reserve(u32 n)
{
	struct fault_table *spare;
	u32 cap = n < 8 ? 8 : n * 2;

	if (fault.spare && fault.spare->cap >= n)
		return true;
	spare = mem_realloc(&mem_libc, fault.spare, sizeof(*spare) + cap * sizeof(spare->at[0]));
	if (!spare)
		return false;
	spare->cap = cap;
	fault.spare = spare;
	return true;
}

int fault_register(const void *code, size_t size, const struct fault_fixup *fixups, u32 n)
{
	struct fault_range range = {(uintptr_t)code, (uintptr_t)code + size, fixups, n};
	struct fault_table *old, *table;
	u32 i, cnt;
	int err = 0;

	ensure_installed();
	pthread_mutex_lock(&fault.lock);
	old = atomic_load(&fault.table);
	cnt = old ? old->n : 0;
	if (!spare_reserve(cnt + 1)) {
		err = -ENOMEM;
		goto out;
	}
	table = fault.spare;
	i = table_upper(old, range.start);
	if (i)
		memcpy(table->at, old->at, i * sizeof(range));
	table->at[i] = range;
	if (i < cnt)
		memcpy(table->at + i + 1, old->at + i, (cnt - i) * sizeof(range));
	table->n = cnt + 1;
	table_publish();
out:
	pthread_mutex_unlock(&fault.lock);
	return err;
}

void fault_unregister(const void *code)
{
	struct fault_table *old, *table;
	u32 i;

	pthread_mutex_lock(&fault.lock);
	old = atomic_load(&fault.table);
	table = fault.spare;
	i = table_upper(old, (uintptr_t)code);
	if (!i || old->at[i - 1].start != (uintptr_t)code)
		goto out;
	if (old->n == 1) {
		table_drop();
		goto out;
	}
	memcpy(table->at, old->at, (i - 1) * sizeof(old->at[0]));
	memcpy(table->at + i - 1, old->at + i, (old->n - i) * sizeof(old->at[0]));
	table->n = old->n - 1;
	table_publish();
out:
	pthread_mutex_unlock(&fault.lock);
}
