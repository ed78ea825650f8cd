// SPDX-License-Identifier: GPL-2.0
/*
 * Compares remote_untag() with what untagged_addr_remote() does, on addresses
 * of all kinds: both must give the same, or something that is no address of
 * user space. As TAP, a case for each architecture that removes tags.
 */
#include <stdbool.h>
#include <stdio.h>

#include "remote_untag.h"

#define BIT(n)		(1UL << (n))
#define NR_RANDOM	1000000

unsigned long test_mask;

static unsigned long sign_extend(unsigned long addr, int bits)
{
	return (long)(addr << bits) >> bits;
}

/* These are what the architectures' own headers do. */
static unsigned long untag_nothing(unsigned long addr)
{
	return addr;
}

static unsigned long untag_lam_u57(unsigned long addr)
{
	return addr & ~(BIT(63) - BIT(57));
}

static unsigned long untag_arm64(unsigned long addr)
{
	return addr & sign_extend(addr, 8);
}

static unsigned long untag_pmlen_7(unsigned long addr)
{
	return sign_extend(addr, 7);
}

static unsigned long untag_pmlen_16(unsigned long addr)
{
	return sign_extend(addr, 16);
}

static const struct arch {
	const char *name;
	unsigned long mask;
	unsigned long (*untag)(unsigned long addr);
	unsigned long end;	/* of user space */
} archs[] = {
	{ "no tags", -1UL, untag_nothing, BIT(47) },
	{ "no tags, all bits used", -1UL, untag_nothing, -4096UL },
	{ "x86, LAM_U57", ~(BIT(63) - BIT(57)), untag_lam_u57, BIT(56) },
	{ "arm64", -1UL >> 8, untag_arm64, BIT(52) },
	{ "riscv, Sv39, 7 bits", -1UL >> 7, untag_pmlen_7, BIT(38) },
	{ "riscv, Sv57, 7 bits", -1UL >> 7, untag_pmlen_7, BIT(56) },
	{ "riscv, Sv48, 16 bits", -1UL >> 16, untag_pmlen_16, BIT(47) },
	{ "riscv, Sv57, 16 bits", -1UL >> 16, untag_pmlen_16, BIT(56) },
};

static bool is_same(const struct arch *arch, unsigned long addr)
{
	unsigned long want = arch->untag(addr);
	unsigned long have = remote_untag(NULL, addr);

	if (have == want || (have >= arch->end && want >= arch->end))
		return true;
	printf("# %#lx: %#lx, wanted %#lx\n", addr, have, want);
	return false;
}

static unsigned long next_random(void)
{
	static unsigned long state = 88172645463325252UL;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static bool is_same_everywhere(const struct arch *arch)
{
	/* All with up to three bits set, and the like with up to three clear. */
	for (int i = 0; i < 64; i++)
		for (int j = i; j < 64; j++)
			for (int k = j; k < 64; k++) {
				unsigned long addr = BIT(i) | BIT(j) | BIT(k);

				if (!is_same(arch, addr) ||
				    !is_same(arch, ~addr))
					return false;
			}
	for (int i = 0; i < NR_RANDOM; i++)
		if (!is_same(arch, next_random()))
			return false;
	return is_same(arch, 0);
}

int main(void)
{
	int nr = sizeof(archs) / sizeof(archs[0]);

	printf("1..%d\n", nr);
	for (int i = 0; i < nr; i++) {
		test_mask = archs[i].mask;
		printf("%sok %d - %s\n",
		       is_same_everywhere(&archs[i]) ? "" : "not ", i + 1,
		       archs[i].name);
	}
	return 0;
}
