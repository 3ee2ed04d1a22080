/* SPDX-License-Identifier: BSD-2-Clause */
/* Buffers, vectors, arenas, errors, logs, hashing, byte order. */
#include "tap.h"

#include <errno.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/sync.h"
#include "base/vec.h"

/* Fails every allocation after the first .left. */
struct failing {
	int left;
};

static void *failing_realloc(void *ctx, void *p, size_t size)
{
	struct failing *f = ctx;

	if (!size)
		return mem_libc.realloc(NULL, p, 0);
	return f->left-- > 0 ? mem_libc.realloc(NULL, p, size) : NULL;
}

static void test_buf(void)
{
	struct buf buf;
	char *text;

	buf_init(&buf, &mem_libc);
	check_str(buf_str(&buf), "");
	for (int i = 0; i < 100; i++)
		buf_printf(&buf, "%d,", i);
	check_eq(buf.len, 290);
	check(!strncmp(buf_str(&buf), "0,1,2,", 6));
	check(!strcmp(buf_str(&buf) + 284, "98,99,"));
	buf_reset(&buf);
	buf_add_zero(&buf, 3);
	buf_putc(&buf, 'x');
	check_eq(buf.len, 4);
	check(!memcmp(buf.data, "\0\0\0x", 5));
	text = buf_take(&buf);
	check(text && text[3] == 'x');
	mem_free(&mem_libc, text);
	buf_free(&buf);
}

static void test_buf_out_of_memory(void)
{
	for (int n = 0; n < 4; n++) {
		struct failing f = {.left = n};
		const struct mem mem = {.realloc = failing_realloc, .ctx = &f};
		struct buf buf;

		buf_init(&buf, &mem);
		for (int i = 0; i < 1000; i++)
			buf_puts(&buf, "some words");
		check_eq(buf_error(&buf), -ENOMEM);
		check(!buf_take(&buf));
		buf_free(&buf);
	}
}

static void test_vec(void)
{
	VEC(u32) v = {0};
	u64 sum = 0;

	for (u32 i = 0; i < 1000; i++)
		check(vec_push(&v, &mem_libc, i));
	vec_each (&v, p)
		sum += *p;
	check_eq(sum, 499500);
	check(!vec_reserve(&v, &mem_libc, SIZE_MAX - 10));
	check_eq(v.len, 1000);
	vec_free(&v, &mem_libc);
	check_eq(v.cap, 0);
}

static void test_arena(void)
{
	struct arena arena;
	u8 *last = NULL;

	arena_init(&arena, &mem_libc);
	for (u32 i = 1; i < 500; i++) {
		u8 *p = arena_zalloc(&arena, i * 7);

		check(p && (uintptr_t)p % 16 == 0 && p != last);
		memset(p, 0xff, i * 7);
		last = p;
	}
	check(arena_alloc(&arena, 1 << 20));
	check(!arena_alloc(&arena, SIZE_MAX - 3));
	check(!arena_zalloc_array(&arena, SIZE_MAX / 2, 8));
	check_str(arena_strdup(&arena, "word"), "word");
	arena_free(&arena);
	check_eq(arena.total, 0);
}

static void test_mem_overflow(void)
{
	check(!mem_zalloc_array(&mem_libc, SIZE_MAX / 4, 8));
}

static void test_mem_meter(void)
{
	struct mem_meter meter;
	u8 *a, *b;

	mem_meter_init(&meter, &mem_libc);
	a = mem_zalloc(&meter.mem, 1000);
	b = mem_dup(&meter.mem, "text", 5);
	check_eq((uintptr_t)a % 16, 0);
	check_eq(meter.now, 1005);
	a[999] = 7;
	a = mem_realloc(&meter.mem, a, 3000);
	check_eq(a[999], 7);
	check_eq(meter.now, 3005);
	check(!mem_alloc(&meter.mem, SIZE_MAX));
	check(!mem_realloc(&meter.mem, a, SIZE_MAX - 16));
	check_eq(meter.now, 3005);
	a = mem_realloc(&meter.mem, a, 10);
	mem_free(&meter.mem, b);
	check_eq(meter.now, 10);
	mem_free(&meter.mem, a);
	check_eq(meter.now, 0);
	check_eq(meter.peak, 3005);
}

static void test_err(void)
{
	struct err err = {0};

	check_eq(err_set(&err, -EINVAL, "bad offset %d", 7), -EINVAL);
	check_eq(err_prefix(&err, "%s", "prog.o"), -EINVAL);
	check_str(err.text, "prog.o: bad offset 7");
	check_eq(err_set(NULL, -ENOENT, "ignored"), -ENOENT);
	for (int i = 0; i < 500; i++)
		err_prefix(&err, "long prefix");
	check_eq(strlen(err.text), ERR_TEXT - 1);
}

/* Whatever is written and taken back, the reader sees what fits of it, and memory has an end. */
static void check_limited_log(u32 level, size_t limit)
{
	struct log all, log;
	u64 state = limit;

	log_init(&all, &mem_libc, level);
	log_init(&log, &mem_libc, level);
	log.limit = limit;
	for (u32 i = 0; i < 20000; i++) {
		size_t back;

		log_printf(&all, "%u: a line of the log, or part of it\n", i);
		log_printf(&log, "%u: a line of the log, or part of it\n", i);
		state = state * 6364136223846793005u + 1442695040888963407u;
		back = (size_t)(state >> 33) % 50;
		log_rewind(&all, log_written(&all) - back);
		log_rewind(&log, log_written(&log) - back);
		check_eq(log_written(&log), all.text.len);
	}
	check(log.text.len >= limit);
	check(log.text.cap <= limit + (limit < 65536 ? limit : 65536) + 4096);
	if (level & LOG_FIXED)
		check(!memcmp(log.text.data, all.text.data, limit));
	else
		check_str(buf_str(&log.text) + log.text.len - limit,
			  buf_str(&all.text) + all.text.len - limit);
	log_rewind(&log, 7);
	check_eq(log_written(&log), 7);
	log_rewind(&log, 0);
	check_eq(log_written(&log), 0);
	log_free(&log);
	log_free(&all);
}

static void test_log_limit(void)
{
	check_limited_log(LOG_LEVEL1, 100);
	check_limited_log(LOG_LEVEL1, 30000);
	check_limited_log(LOG_LEVEL1, 200000);
	check_limited_log(LOG_LEVEL1 | LOG_FIXED, 100);
	check_limited_log(LOG_LEVEL1 | LOG_FIXED, 30000);
	check_limited_log(LOG_LEVEL1 | LOG_FIXED, 0);
}

static void test_log(void)
{
	struct log log;

	log_init(&log, &mem_libc, 0);
	log_printf(&log, "nothing");
	check_str(buf_str(&log.text), "");
	log.level = LOG_LEVEL1;
	log_printf(&log, "R%d", 3);
	check_str(buf_str(&log.text), "R3");
	log_free(&log);
}

static void test_hash(void)
{
	u8 key[64] = {0};
	u32 seen[64];

	/* Length counts, seeds count, every byte counts. */
	for (u32 i = 0; i < 64; i++) {
		seen[i] = hash_bytes(key, i, 1);
		for (u32 j = 0; j < i; j++)
			check(seen[i] != seen[j]);
	}
	check(hash_bytes(key, 8, 1) != hash_bytes(key, 8, 2));
	for (u32 i = 0; i < 64; i++) {
		u32 before = hash_bytes(key, 64, 5);

		key[i] ^= 0x80;
		check(hash_bytes(key, 64, 5) != before);
	}
}

static void test_bytes(void)
{
	u8 b[8] = {1, 2, 3, 4, 5, 6, 7, 8};

	check_eq(get_be16(b), 0x0102);
	check_eq(get_le32(b + 1), 0x05040302);
	check_eq(get_be64(b), 0x0102030405060708);
	put_be32(b, 0xa0b0c0d0);
	check_eq(b[0], 0xa0);
	put_le16(b, 0x1122);
	check_eq(b[0], 0x22);
}

static void test_shared_copies(void)
{
	u8 from[64], shared[64], back[64];

	for (u32 i = 0; i < sizeof(from); i++)
		from[i] = (u8)(i * 3 + 1);
	for (u32 off = 0; off < 8; off++) {
		for (u32 size = 0; size < 40; size++) {
			memset(shared, 0, sizeof(shared));
			memset(back, 0, sizeof(back));
			sync_copy_to_shared(shared + off, from, size);
			check(!memcmp(shared + off, from, size));
			check_eq(shared[off + size], 0);
			sync_copy_from_shared(back, shared + off, size);
			check(!memcmp(back, from, size));
			check_eq(back[size], 0);
		}
	}
}

int main(void)
{
	run_test(test_buf);
	run_test(test_buf_out_of_memory);
	run_test(test_vec);
	run_test(test_arena);
	run_test(test_mem_overflow);
	run_test(test_mem_meter);
	run_test(test_err);
	run_test(test_log);
	run_test(test_log_limit);
	run_test(test_hash);
	run_test(test_bytes);
	run_test(test_shared_copies);
	return tap_done();
}
