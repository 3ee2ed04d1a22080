// SPDX-License-Identifier: BSD-2-Clause
// One mistake per CASE.
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define MAP(name, ...)                                                                             \
	struct {                                                                                   \
		__VA_ARGS__                                                                        \
	} name SEC(".maps")
#define ARRAY_TYPE __uint(type, BPF_MAP_TYPE_ARRAY);
#define KEY	   __type(key, int);
#define VALUE	   __type(value, long);

// error 1 map "m": field "colour" is not known
// error 2 map "m": no type is given
// error 3 map "m": conflicting key sizes: 8 and 4 bytes
// error 4 map "m": field "max_entries" is no number as __uint(max_entries, N) gives it
// error 5 map "m": field "value" is no type as __type(value, T) gives it
// error 6 map "m": the size of the value's type
// error 7 map "m": only maps of maps and of programs have "values"
// error 8 "elsewhere" is declared here and defined elsewhere: link the objects first
// error 9 map "m": pinning 7 is neither LIBBPF_PIN_NONE nor LIBBPF_PIN_BY_NAME
// error 10 section "maps": legacy map definitions are not supported
// error 11 map "m": field "max_entries" comes after "values", which must be the last
// error 12 map "m.inner": an inner map cannot hold maps itself
// error 13 section ".maps": variable "m" is of no type that BTF has; a map is one struct
// error 14 section ".data": relocation 0 at offset 0x0: pointers in data, here to "target", are not supported
// error 15 map "m": "values" are not functions
// error 16 section ".struct_ops": struct_ops maps are not supported yet
// error 17 map "m": values are not defined as an inner map's struct
// error 18 map "m": element 0, "helper", is no program
// error 19 map "m.inner": an inner map cannot be pinned
#if CASE == 1
MAP(m, ARRAY_TYPE KEY VALUE __uint(colour, 3););
#elif CASE == 2
MAP(m, KEY VALUE __uint(max_entries, 3););
#elif CASE == 3
MAP(m, ARRAY_TYPE __uint(key_size, 8); KEY VALUE);
#elif CASE == 4
MAP(m, ARRAY_TYPE KEY VALUE int max_entries;);
#elif CASE == 5
MAP(m, ARRAY_TYPE KEY int value;);
#elif CASE == 6
struct unknown;
MAP(m, ARRAY_TYPE KEY struct unknown *value;);
#elif CASE == 7
MAP(m, ARRAY_TYPE KEY __array(values, int(void *)););
#elif CASE == 8
extern int elsewhere;
SEC("xdp")
int use(void *ctx)
{
	return elsewhere;
}
#elif CASE == 9
MAP(m, ARRAY_TYPE KEY VALUE __uint(pinning, 7););
#elif CASE == 10
struct bpf_map_def {
	unsigned int type, key_size, value_size, max_entries, map_flags;
} m SEC("maps") = {BPF_MAP_TYPE_ARRAY, 4, 8, 1, 0};
#elif CASE == 11
struct inner {
	ARRAY_TYPE KEY VALUE
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	KEY int (*values[0])[0];
	__uint(max_entries, 3);
} n;
MAP(m, __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); KEY struct inner *values[0];
    __uint(max_entries, 3););
#elif CASE == 12
struct inner {
	ARRAY_TYPE KEY VALUE
};
struct between {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	KEY struct inner *values[0];
};
MAP(m, __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); KEY struct between *values[0];);
#elif CASE == 13
struct {
	ARRAY_TYPE KEY VALUE
} m[2] SEC(".maps");
#elif CASE == 14
int target;
int *pointer = &target;
SEC("xdp")
int use(void *ctx)
{
	return *pointer;
}
#elif CASE == 15
MAP(m, __uint(type, BPF_MAP_TYPE_PROG_ARRAY); KEY int *values[0];);
#elif CASE == 16
struct ops {
	int x;
} ops SEC(".struct_ops") = {3};
#elif CASE == 17
MAP(m, __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); KEY int *values[0];);
#elif CASE == 18
int helper(void *ctx)
{
	return 0;
}
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	KEY __uint(max_entries, 1);
	__array(values, int(void *));
} m SEC(".maps") = {.values = {(void *)&helper}};
#elif CASE == 19
struct inner {
	ARRAY_TYPE KEY VALUE __uint(pinning, LIBBPF_PIN_BY_NAME);
};
MAP(m, __uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS); KEY struct inner *values[0];);
#endif

char _license[] SEC("license") = "GPL";
