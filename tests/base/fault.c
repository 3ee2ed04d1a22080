/* SPDX-License-Identifier: BSD-2-Clause */
/* Fault tables: bad reads, handlers that were there before, threads. */
#define _GNU_SOURCE
#include "base/fault.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdatomic.h>

#include "base/os.h"
#include "tap.h"

static sigjmp_buf escape;
static volatile sig_atomic_t foreign_faults;

/* Installed before the library's handler: what it must pass on to. */
static void foreign_handler(int sig __unused, siginfo_t *info __unused, void *context __unused)
{
	foreign_faults++;
	siglongjmp(escape, 1);
}

static void install_foreign_handler(void)
{
	struct sigaction act = {.sa_sigaction = foreign_handler, .sa_flags = SA_SIGINFO};

	sigaction(SIGSEGV, &act, NULL);
}

static void test_good_reads(void)
{
	u8 from[40], to[40];

	for (u32 i = 0; i < sizeof(from); i++)
		from[i] = (u8)(i + 1);
	for (u32 off = 0; off < 9; off++) {
		for (u32 size = 0; size < 31; size++) {
			memset(to, 0xee, sizeof(to));
			check_eq(fault_read(to, from + off, size), 0);
			check(!memcmp(to, from + off, size));
			check_eq(to[size], 0xee);
		}
	}
}

static void test_bad_addresses(void)
{
	static const u64 bad[] = {
		0,
		1,
		8,
		0xfff,
		0xdeadbeef00,
		0x7fffffffffff,
		0x800000000000,
		0x1234567800000000,
		0xffff800000000000,
		0xffffffffff600001,
		0xfffffffffffffff8,
		~0ull,
	};
	u64 v;

	for (u32 i = 0; i < ARRAY_SIZE(bad); i++) {
		for (u32 size = 1; size <= 8; size *= 2) {
			int err = fault_read(&v, u64_to_ptr(bad[i]), size);

			if (err != -EFAULT)
				tap_fail("read of %u at %#" PRIx64 ": %d", size, bad[i], err);
		}
	}
}

static void test_end_of_mapping(void)
{
	size_t page = os_page_size();
	u8 *p = os_pages_alloc(2 * page);
	u8 to[16];

	os_pages_free(p + page, page);
	memset(p + page - 16, 0x5a, 16);
	for (u32 n = 0; n <= 16; n++)
		check_eq(fault_read(to, p + page - n, n), 0);
	for (u32 n = 0; n < 16; n++)
		check_eq(fault_read(to, p + page - n, n + 1), -EFAULT);
	os_pages_free(p, page);
}

/* A fault of someone else's reaches the handler that was there, on top of nothing of ours. */
static void test_chaining(void)
{
	volatile u64 *volatile bad = u64_to_ptr(16);
	u64 v;

	foreign_faults = 0;
	check_eq(fault_read(&v, u64_to_ptr(16), 8), -EFAULT);
	check_eq(foreign_faults, 0);
	for (int i = 0; i < 3; i++) {
		if (!sigsetjmp(escape, 1))
			*bad = 1;
		check_eq(fault_read(&v, u64_to_ptr(16), 8), -EFAULT);
	}
	check_eq(foreign_faults, 3);
	/* A signal that was sent is no fault. */
	if (!sigsetjmp(escape, 1))
		raise(SIGSEGV);
	check_eq(foreign_faults, 4);
}

/* A bad destination is the caller's mistake and is not hidden. */
static void test_bad_destination(void)
{
	u64 v = 1;
	volatile bool passed_on = false;

	foreign_faults = 0;
	if (!sigsetjmp(escape, 1))
		fault_read(u64_to_ptr(0x10000 - 8), &v, 8);
	else
		passed_on = true;
	check(passed_on);
	check_eq(foreign_faults, 1);
	check_eq(fault_read(&v, u64_to_ptr(8), 8), -EFAULT);
}

#define ROUNDS 2000

static _Atomic u32 thread_errors;

static void *reader(void *arg)
{
	u64 good = ptr_to_u64(arg), v;

	for (u32 i = 0; i < ROUNDS; i++) {
		if (fault_read(&v, u64_to_ptr(i * 8), 8) != -EFAULT)
			thread_errors++;
		if (fault_read(&v, &good, 8) || v != good)
			thread_errors++;
	}
	return NULL;
}

/* The table changes all the time while others fault. */
static void *registrar(void *arg)
{
	static const struct fault_fixup fixups[] = {{.at = 4, .resume = 8, .zero_reg = 0xff}};
	u8 *code = arg;

	for (u32 i = 0; i < ROUNDS / 4; i++) {
		for (u32 k = 0; k < 5; k++) {
			if (fault_register(code + k * 16, 16, fixups, 1))
				thread_errors++;
		}
		for (u32 k = 0; k < 5; k++)
			fault_unregister(code + ((k + 2) % 5) * 16);
	}
	return NULL;
}

static void test_threads(void)
{
	static u8 code[2][128];
	pthread_t threads[6];

	for (u32 i = 0; i < 6; i++)
		pthread_create(&threads[i], NULL, i < 4 ? reader : registrar,
			       i < 4 ? (void *)&threads[i] : code[i - 4]);
	for (u32 i = 0; i < 6; i++)
		pthread_join(threads[i], NULL);
	check_eq(thread_errors, 0);
}

int main(void)
{
	install_foreign_handler();
	run_test(test_good_reads);
	run_test(test_bad_addresses);
	run_test(test_end_of_mapping);
	run_test(test_chaining);
	run_test(test_bad_destination);
	run_test(test_threads);
	return tap_done();
}
