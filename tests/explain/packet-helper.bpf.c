/* SPDX-License-Identifier: BSD-2-Clause */
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

SEC("tc")
int bad(struct __sk_buff *skb)
{
	char *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;

	if (data + 16 > end)
		return 0;
	return bpf_strncmp(data, 16, "GET / HTTP/1.1\r") ? 0 : 1;
}

SEC("tc")
int fixed(struct __sk_buff *skb)
{
	char *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	char copy[16];

	if (data + 16 > end)
		return 0;
	__builtin_memcpy(copy, data, sizeof(copy));
	return bpf_strncmp(copy, 16, "GET / HTTP/1.1\r") ? 0 : 1;
}

char LICENSE[] SEC("license") = "GPL";
