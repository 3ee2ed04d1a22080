/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * anybpf: eBPF in user space. This is the whole public interface.
 *
 * A context (struct anybpf) is one host: what one running kernel is to Linux.
 * Objects are opened from .bpf.o files, loaded (verified and compiled), and
 * their programs run and their maps read and written.
 *
 * Functions that can fail return 0 or a negative errno, or -1 as documented.
 * When opening or loading fails, anybpf_error() gives one line of text.
 * Programs and maps belong to their object, objects to their context; close
 * objects before the context. A context may be used by several threads for
 * running programs and for map operations, which only give the errno; opening,
 * loading and closing are for one thread at a time. Option structures start
 * with their size, so that old callers work with new libraries: use
 * ANYBPF_OPTS().
 */
#ifndef ANYBPF_H
#define ANYBPF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ANYBPF_API __attribute__((visibility("default")))

/* Declares an option structure with its size set and all else zero but what is given. */
#define ANYBPF_OPTS(type, name, ...) struct type name = {.size = sizeof(struct type), __VA_ARGS__}

struct anybpf;
struct anybpf_object;
struct anybpf_program;
struct anybpf_map;

enum anybpf_engine {
	ANYBPF_ENGINE_USER,   /* this library's own engine: needs no privileges */
	ANYBPF_ENGINE_KERNEL, /* the running kernel's bpf() system call */
};

struct anybpf_options {
	size_t size;
	enum anybpf_engine engine;
	bool interpret; /* user engine: never compile to machine code */
	/* Resizes @p to @size bytes: NULL allocates, size 0 frees. NULL: the C library's. */
	void *(*realloc)(void *ctx, void *p, size_t size);
	void *realloc_ctx;
	/* Gets each message of bpf_printk(); called from any thread. NULL: dropped. */
	void (*printk)(void *ctx, const char *text, size_t len);
	void *printk_ctx;
	uint32_t nr_cpus; /* user engine: virtual CPUs; 0: as many as the machine has */
	/*
	 * User engine: for verdicts alone. Programs load when they verify, also where
	 * their type, a helper or a map type cannot run here yet; none can be run.
	 */
	bool verify_only;
	/*
	 * User engine: file with the BTF of the kernel that programs are for, as
	 * /sys/kernel/btf/vmlinux, or "host": the engine's own kernel, the only one
	 * whose objects programs can look into when they run. NULL: the machine's
	 * where programs are only verified and it has one, else "host".
	 * The file is trusted as the kernel is: what programs hand to kernel functions is
	 * checked against the prototypes in it.
	 */
	const char *vmlinux_btf;
	/*
	 * User engine: what one execution of a program may spend, in steps (about
	 * one instruction each) and in nanoseconds; 0: no limit. A program that goes
	 * over it is ended: its packet is dropped, what it held is released.
	 */
	uint64_t max_steps, max_ns;
	/*
	 * User engine, for finding faults of the compiler: passes to leave out or
	 * to do, "all,-fold" or "none,promote"; NULL: all. A program may run
	 * slower, and does the same.
	 */
	const char *jit_passes;
	/* Gets the compiler's intermediate form of each function after each @step, as text. */
	void (*jit_dump)(void *ctx, const char *step, const char *text);
	void *jit_dump_ctx;
	/*
	 * User engine: who is told of the machine code of programs, so that their
	 * functions have names and lines: "perf", "jitdump", "gdb", "unwind", with
	 * commas between them; see anybpf(1). NULL: whom the environment variable
	 * ANYBPF_JIT_REPORT names, "none": nobody.
	 */
	const char *jit_report;
	/*
	 * Gets what went wrong without failing anything, such as a profiler's file
	 * that cannot be written: one line, from any thread that loads. NULL:
	 * standard error.
	 */
	void (*warn)(void *ctx, const char *text);
	void *warn_ctx;
	/*
	 * User engine: files that anybpf_object_compile() has written, with ':'
	 * between; programs take their machine code from them instead of being
	 * compiled, so that no memory has to be made executable. They are verified
	 * all the same, and one for which no file has code that was made from the
	 * same program, facts and maps is refused. What the code does is not checked:
	 * the files are trusted as shared libraries are. NULL: those that the
	 * environment variable ANYBPF_AOT names. What is wrong with a file is told
	 * when an object is loaded.
	 */
	const char *aot;
	/*
	 * User engine: numbers of programs do not appear in machine code, so that who
	 * writes a program cannot place instructions there. Programs run slower.
	 */
	bool jit_blind;
	/*
	 * User engine: callbacks of bpf_timers and bpf_wqs run when
	 * anybpf_run_timers() is called. Else a thread runs them, which is made
	 * when a program has the first one.
	 */
	bool manual_timers;
};

/* Version of the library, "0.1.0". */
ANYBPF_API const char *anybpf_version(void);

/*
 * @opts may be NULL. -EINVAL for bad options, -E2BIG for options of a newer
 * library, -EPERM or -ENOSYS when the kernel refuses bpf(), -ENOMEM.
 */
ANYBPF_API int anybpf_new(const struct anybpf_options *opts, struct anybpf **ctx);
ANYBPF_API void anybpf_free(struct anybpf *ctx);
/* With .manual_timers: runs the callbacks that are due, until there are none; how many. */
ANYBPF_API uint32_t anybpf_run_timers(struct anybpf *ctx);
/* Text of the last opening or loading that failed on this context, "" when there was none. */
ANYBPF_API const char *anybpf_error(const struct anybpf *ctx);

/* ---- objects ---- */

/*
 * Opens and parses; nothing is loaded yet. -EINVAL when it is no valid object
 * file, -EOPNOTSUPP when it needs what is not supported yet, -ENOENT ...
 */
ANYBPF_API int anybpf_object_open(struct anybpf *ctx, const char *path,
				  struct anybpf_object **object);
/* From memory, which may go away afterwards; @name is used in messages and map names. */
ANYBPF_API int anybpf_object_open_mem(struct anybpf *ctx, const void *data, size_t size,
				      const char *name, struct anybpf_object **object);
/*
 * Creates the maps and loads all programs; fails on the first that is
 * rejected, whose log then says why.
 */
ANYBPF_API int anybpf_object_load(struct anybpf_object *object);
/*
 * User engine: anybpf_object_load() that compiles the programs into a file, an
 * ELF shared object, for use by the option .aot; here they are interpreted.
 * @cpu says for which processors: "native" or NULL, "baseline", or what they
 * have, with commas. The code counts steps if the context has a budget.
 * -EBUSY when a program is loaded already, and what loading and writing give.
 */
ANYBPF_API int anybpf_object_compile(struct anybpf_object *object, const char *path,
				     const char *cpu);
ANYBPF_API void anybpf_object_close(struct anybpf_object *object);

/* ---- programs ---- */

/* NULL when there is none of that name. */
ANYBPF_API struct anybpf_program *anybpf_object_find_program(const struct anybpf_object *object,
							     const char *name);
/* Iterates: @prev NULL gives the first, NULL after the last. */
ANYBPF_API struct anybpf_program *anybpf_object_next_program(const struct anybpf_object *object,
							     const struct anybpf_program *prev);
ANYBPF_API const char *anybpf_program_name(const struct anybpf_program *program);
ANYBPF_API const char *anybpf_program_section(const struct anybpf_program *program);
/* Linux's BPF_PROG_TYPE_* number. */
ANYBPF_API uint32_t anybpf_program_type(const struct anybpf_program *program);
/* Whether anybpf_object_load() loads it; SEC("?...") programs start with false. */
ANYBPF_API int anybpf_program_set_autoload(struct anybpf_program *program, bool autoload);
/*
 * Before it is loaded: that the program replaces (freplace) or traces (fentry, fexit) a
 * function of @target, which is loaded; NULL: the one that its section names. 0, -EBUSY,
 * -EINVAL or -ENOENT.
 */
ANYBPF_API int anybpf_program_set_attach_target(struct anybpf_program *program,
						const struct anybpf_program *target,
						const char *function);
/* The verifier's log of the last load, "" without. */
ANYBPF_API const char *anybpf_program_log(const struct anybpf_program *program);
/* The engine's file descriptor, -1 when not loaded. */
ANYBPF_API int anybpf_program_fd(const struct anybpf_program *program);

/* What a loaded program has become. */
struct anybpf_program_info {
	size_t size;
	uint32_t id;
	uint32_t insns;	     /* as loaded; of the kernel's: as it rewrote them */
	uint32_t code_bytes; /* of machine code; 0: it is interpreted */
	/* User engine: why there is no machine code, in words; "" where there is. */
	char interpreted[128];
};

/* -EBADF when the program is not loaded, -EINVAL without a size. */
ANYBPF_API int anybpf_program_get_info(const struct anybpf_program *program,
				       struct anybpf_program_info *info);

/*
 * One run on a packet. With headroom and tailroom in the buffer the program
 * may grow the packet; the result says where it is afterwards.
 */
struct anybpf_run {
	size_t size;
	void *buffer; /* the whole buffer; changed in place */
	uint32_t buffer_size;
	uint32_t data_offset; /* in and out: where the packet starts in the buffer */
	uint32_t data_size;   /* in and out: its length */
	uint32_t ifindex, rx_queue;
	uint32_t verdict;     /* out: the program's return value */
	uint64_t duration_ns; /* out: time of the run */
};

/*
 * -EBADF when the program is not loaded, -EINVAL when the packet is not inside
 * the buffer or too short for the kernel, or the program is not for packets.
 */
ANYBPF_API int anybpf_program_run(struct anybpf_program *program, struct anybpf_run *run);

/*
 * BPF_PROG_TEST_RUN, for programs of any type that can be run so: what Linux
 * takes and checks (Documentation/bpf/bpf_prog_run.rst). On the user engine
 * programs of more types take a context.
 */
struct anybpf_test_run {
	size_t size;
	const void *data_in; /* a packet */
	uint32_t data_size_in;
	void *data_out;		/* NULL: not asked for */
	uint32_t data_size_out; /* in: room; out: bytes of the packet, which may be more */
	const void *ctx_in;	/* of a syscall program it is written to */
	uint32_t ctx_size_in;
	void *ctx_out;
	uint32_t ctx_size_out;
	uint32_t repeat, flags, cpu;
	uint32_t retval;      /* out */
	uint32_t duration_ns; /* out: of one run on average */
};

/* 0, -EBADF when it is not loaded, -ENOSPC when there was too little room, or what bpf() says. */
ANYBPF_API int anybpf_program_test_run(struct anybpf_program *program, struct anybpf_test_run *run);

/* ---- maps ---- */

/* By declared name; global data by section name (".bss", ".data", ".rodata"). */
ANYBPF_API struct anybpf_map *anybpf_object_find_map(const struct anybpf_object *object,
						     const char *name);
ANYBPF_API struct anybpf_map *anybpf_object_next_map(const struct anybpf_object *object,
						     const struct anybpf_map *prev);
ANYBPF_API const char *anybpf_map_name(const struct anybpf_map *map);
/* Linux's BPF_MAP_TYPE_* number. */
ANYBPF_API uint32_t anybpf_map_type(const struct anybpf_map *map);
ANYBPF_API uint32_t anybpf_map_key_size(const struct anybpf_map *map);
/* Of one copy; a per-CPU map's user-side value is nr_cpus copies, each rounded up to 8 bytes. */
ANYBPF_API uint32_t anybpf_map_value_size(const struct anybpf_map *map);
ANYBPF_API uint32_t anybpf_map_max_entries(const struct anybpf_map *map);
/* -EBUSY once it is created. */
ANYBPF_API int anybpf_map_set_max_entries(struct anybpf_map *map, uint32_t max_entries);
ANYBPF_API int anybpf_map_fd(const struct anybpf_map *map);

/*
 * User engine: maps that several processes use at once, each with programs and
 * calls of its own. Any of them may be killed at any time; the map stays whole,
 * and the others go on. Arrays, hashes, LRU hashes, tries, queues, stacks and
 * ring buffers can be shared, if values hold no locks, timers or pointers; for
 * others, and on the kernel's engine, loading fails with -EOPNOTSUPP.
 *
 * anybpf_map_share(): when it is loaded the map is made in memory of its own,
 * behind a descriptor, which is then anybpf_map_region(). That stays the map's;
 * it can be sent to another process, or be duplicated and inherited.
 * anybpf_map_attach(): the map will be the one behind such a descriptor, which
 * may be closed afterwards. Loading fails with -EINVAL if that is another kind
 * of map, or made for another number of CPUs, and with -EUSERS if it has 255
 * users.
 * The first two are -EBUSY once the object is loaded. Processes that share a map
 * trust each other as those do that write to the same file.
 */
ANYBPF_API int anybpf_map_share(struct anybpf_map *map);
ANYBPF_API int anybpf_map_attach(struct anybpf_map *map, int region);
/* -EBADF before loading, -EINVAL when the map is not shared. */
ANYBPF_API int anybpf_map_region(const struct anybpf_map *map);
/*
 * The memory of a data map or an arena, shared with the running programs and valid until
 * the object is closed; read-only for ".rodata". @size, which may be NULL, gets
 * its bytes. NULL before loading and where it cannot be shared.
 */
ANYBPF_API void *anybpf_map_data(const struct anybpf_map *map, size_t *size);
/* Number of copies in a per-CPU map's value on this engine. */
ANYBPF_API uint32_t anybpf_nr_cpus(const struct anybpf *ctx);

/*
 * Sizes are checked: @key_size and @value_size must be exactly the map's user-side sizes. What
 * @value is where a lookup fails is not said.
 */
ANYBPF_API int anybpf_map_lookup(const struct anybpf_map *map, const void *key, size_t key_size,
				 void *value, size_t value_size, uint64_t flags);
ANYBPF_API int anybpf_map_update(const struct anybpf_map *map, const void *key, size_t key_size,
				 const void *value, size_t value_size, uint64_t flags);
ANYBPF_API int anybpf_map_delete(const struct anybpf_map *map, const void *key, size_t key_size);
/* @key NULL: the first. -ENOENT after the last. */
ANYBPF_API int anybpf_map_next_key(const struct anybpf_map *map, const void *key, void *next_key,
				   size_t key_size);

/* ---- user ring buffers: from here to programs ---- */

struct anybpf_user_ring;

/*
 * The producer's side of a user ring buffer, for one thread at a time; closed
 * before the map's object. -EINVAL when the map is of another type or not
 * loaded, -ENOMEM, or why it cannot be mapped.
 */
ANYBPF_API int anybpf_user_ring_new(const struct anybpf_map *map, struct anybpf_user_ring **ring);
ANYBPF_API void anybpf_user_ring_free(struct anybpf_user_ring *ring);
/*
 * Room for a sample of @size bytes, which a program sees when it and all before
 * it are submitted or discarded. -E2BIG when it never fits, -ENOSPC when there
 * is no room now.
 */
ANYBPF_API int anybpf_user_ring_reserve(struct anybpf_user_ring *ring, uint32_t size,
					void **sample);
/* Waits for room, @timeout_ms at most (-1: for ever): -ETIMEDOUT. */
ANYBPF_API int anybpf_user_ring_reserve_wait(struct anybpf_user_ring *ring, uint32_t size,
					     int timeout_ms, void **sample);
ANYBPF_API void anybpf_user_ring_submit(struct anybpf_user_ring *ring, void *sample);
ANYBPF_API void anybpf_user_ring_discard(struct anybpf_user_ring *ring, void *sample);

#ifdef __cplusplus
}
#endif

#endif
