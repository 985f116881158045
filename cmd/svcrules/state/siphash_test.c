/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compiles the source again with the numbers of rounds for which the authors published results. */
#define SIPHASH_ROUNDS 2
#define SIPHASH_FINAL_ROUNDS 4
#define siphash_start reference_start
#define siphash_add reference_add
#define siphash_end reference_end
#include "siphash.c"
#undef siphash_start
#undef siphash_add
#undef siphash_end

#include <check.h>
#include <stdlib.h>

void siphash_start(struct siphash *h, const uint8_t key[SIPHASH_SIZE]);
void siphash_add(struct siphash *h, const void *data, size_t len);
void siphash_end(struct siphash *h, uint8_t sum[SIPHASH_SIZE]);

static const uint8_t key[SIPHASH_SIZE] = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 };

/*
 * SipHash-2-4-128 of no bytes, of 0, of 0 1, with the key 0 1 2 ... 15: from the
 * reference's vectors_sip128.
 */
static const uint8_t published[][SIPHASH_SIZE] = {
	{ 0xa3, 0x81, 0x7f, 0x04, 0xba, 0x25, 0xa8, 0xe6, 0x6d, 0xf6, 0x72, 0x14, 0xc7, 0x55, 0x02,
	  0x93 },
	{ 0xda, 0x87, 0xc1, 0xd8, 0x6b, 0x99, 0xaf, 0x44, 0x34, 0x76, 0x59, 0x11, 0x9b, 0x22, 0xfc,
	  0x45 },
	{ 0x81, 0x77, 0x22, 0x8d, 0xa4, 0xa4, 0x5d, 0xc7, 0xfc, 0xa3, 0x8b, 0xde, 0xf6, 0x0a, 0xff,
	  0xe4 },
};

START_TEST(test_published)
{
	uint8_t data[8], sum[SIPHASH_SIZE];
	struct siphash h;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)i;
	reference_start(&h, key);
	reference_add(&h, data, (size_t)_i);
	reference_end(&h, sum);
	ck_assert_mem_eq(sum, published[_i], SIPHASH_SIZE);
}
END_TEST

/* The sum does not depend on how the bytes are cut into pieces, and every byte matters. */
START_TEST(test_pieces)
{
	uint8_t data[67], whole[SIPHASH_SIZE], sum[SIPHASH_SIZE];
	struct siphash h;

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 37);
	siphash_start(&h, key);
	siphash_add(&h, data, sizeof(data));
	siphash_end(&h, whole);
	for (size_t step = 1; step < sizeof(data); step++) {
		siphash_start(&h, key);
		for (size_t i = 0; i < sizeof(data); i += step)
			siphash_add(&h, data + i,
				    step < sizeof(data) - i ? step : sizeof(data) - i);
		siphash_end(&h, sum);
		ck_assert_mem_eq(sum, whole, SIPHASH_SIZE);
	}
	for (size_t i = 0; i < sizeof(data); i++) {
		data[i] ^= 1;
		siphash_start(&h, key);
		siphash_add(&h, data, sizeof(data));
		siphash_end(&h, sum);
		ck_assert_mem_ne(sum, whole, SIPHASH_SIZE);
		data[i] ^= 1;
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("siphash");
	TCase *tc = tcase_create("siphash");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_add_loop_test(tc, test_published, 0, 3);
	tcase_add_test(tc, test_pieces);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
