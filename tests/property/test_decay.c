// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
//
// Rates and their decay against the formula, over ticks and silences of any length.
#include "store_rig.h"

static void square_wave_follows_the_formula(void **state)
{
	const struct flow_def def = def_of(5, 2);
	const struct store_config config = config_of(64, 4, 1);
	struct store *s = store_new(&def, &config);
	const double rate = 1.25e6, dt = 0.1;
	double want = 0;
	for (int i = 0; i < 3000; i++) {
		const bool on = i / 300 % 2 == 0; // 30 s on, 30 s off
		begin(s, 100 * MS);
		if (on)
			put(s, 1, 1, rate * dt);
		end(s);
		want = want * exp(-dt / 2) + (on ? rate * (1 - exp(-dt / 2)) : 0);
		assert_close(value(s, 1, 1), want, 1e-9);
	}
	// The same in closed form: the end of the sixth half period.
	double v = 0;
	for (int half = 0; half < 10; half++)
		v = half % 2 == 0 ? rate + (v - rate) * exp(-30 / 2.0) : v * exp(-30 / 2.0);
	assert_close(value(s, 1, 1), v, 1e-9);
	store_delete(s);
}

// However long the ticks are, a constant rate is approached along the same curve.
static void irregular_ticks_make_no_difference(void **state)
{
	const struct flow_def def = def_of(5, 2);
	const struct store_config config = config_of(64, 4, 1);
	struct store *s = store_new(&def, &config);
	struct rng rng = rng_seeded(1);
	double passed = 0;
	for (int i = 0; i < 2000; i++) {
		const uint64_t ns = 1 + rng_below(&rng, 400 * MS);
		begin(s, ns);
		put(s, 1, 1, 8e6 * (double)ns * 1e-9);
		end(s);
		passed += (double)ns * 1e-9;
		assert_close(value(s, 1, 1), 8e6 * -expm1(-passed / 2), 1e-9);
	}
	store_delete(s);
}

static void decay_commutes_with_merge(void **state)
{
	const struct flow_def def = def_of(5, 3);
	const struct store_config config = config_of(256, 4, 1);
	struct store *a = store_new(&def, &config), *b = store_new(&def, &config);
	struct store *both = store_new(&def, &config);
	struct rng rng = rng_seeded(2);
	for (int i = 0; i < 500; i++) {
		begin(a, 70 * MS);
		begin(b, 70 * MS);
		begin(both, 70 * MS);
		for (int k = 0; k < 20; k++) {
			const uint32_t id = (uint32_t)rng_below(&rng, 50);
			const double x = (double)rng_below(&rng, 1u << 30);
			put(rng_below(&rng, 2) == 0 ? a : b, 1, id, x);
			put(both, 1, id, x);
		}
		end(a);
		end(b);
		end(both);
	}
	for (uint32_t id = 0; id < 50; id++)
		assert_close(value(a, 1, id) + value(b, 1, id), value(both, 1, id), 1e-12);
	store_delete(a);
	store_delete(b);
	store_delete(both);
}

// The scale passes through many generations; what is touched rarely is corrected when it is met.
static void millions_of_ticks(void **state)
{
	const struct flow_def def = def_of(5, 1);
	const struct store_config config = config_of(64, 4, 1);
	struct store *s = store_new(&def, &config);
	const double e = exp(-0.1), gain = -expm1(-0.1) / 0.1;
	double rare = 0, rare_q = 0;
	for (int i = 0; i < 2000000; i++) {
		const bool meet = i % 997 == 0; // more than two generations apart
		begin(s, 100 * MS);
		put(s, 1, 1, 1000);
		if (meet)
			put(s, 1, 2, 1e12);
		end(s);
		rare = rare * e + (meet ? 1e12 * gain : 0);
		rare_q = rare_q * e * e + (meet ? 1e24 * gain * gain : 0);
		if (i % 9973 == 500 || meet) {
			assert_close(value(s, 1, 2), rare, 1e-9);
			assert_close(store_rate(s, find(s, 1, 2)).q, rare_q, 1e-9);
		}
	}
	assert_true(s->decay.gen > 4000);
	assert_close(value(s, 1, 1), 10000, 1e-9);
	assert_close(s->total * s->decay.scale, 10000 + rare, 1e-9);
	store_delete(s);
}

// Values from both sides of a change of generation, of like size.
static void generations_meet(void **state)
{
	const struct flow_def def = def_of(5, 1);
	const struct store_config config = config_of(64, 4, 1);
	struct store *s = store_new(&def, &config);
	const double gain = -expm1(-0.1) / 0.1;
	begin(s, 100 * MS);
	put(s, 1, 1, 1e20);
	end(s);
	for (int i = 0; i < 499; i++) {
		begin(s, 100 * MS);
		end(s);
	}
	begin(s, 100 * MS);
	put(s, 1, 1, 1e-2);
	end(s);
	assert_int_equal(s->decay.gen, 1);
	const struct store_rate r = store_rate(s, find(s, 1, 1));
	assert_close(r.value, gain * (1e20 * exp(-50) + 1e-2), 1e-9);
	assert_close(r.q, gain * gain * (1e40 * exp(-100) + 1e-4), 1e-9);
	store_delete(s);
}

static void long_silence_is_survived(void **state)
{
	const struct flow_def def = def_of(5, 0.2);
	const struct store_config config = config_of(64, 4, 1);
	struct store *s = store_new(&def, &config);
	begin(s, 100 * MS);
	put(s, 1, 1, 1e9);
	end(s);
	begin(s, 3600 * SEC);
	end(s);
	assert_true(value(s, 1, 1) == 0);
	assert_true(s->decay.scale >= 0x1p-64 && s->decay.scale <= 1);
	begin(s, 100 * MS);
	put(s, 1, 1, 1e3);
	end(s);
	assert_close(value(s, 1, 1), 1e3 * -expm1(-0.5) / 0.1, 1e-12);
	begin(s, 0); // two ticks at the same time
	put(s, 1, 1, 1e3);
	end(s);
	assert_close(value(s, 1, 1), 1e3 * -expm1(-0.5) / 0.1 + 1e3 / 0.2, 1e-12);
	store_delete(s);
}

static void idle_entries_are_forgotten(void **state)
{
	const struct flow_def def = def_of(5, 2);
	const struct store_config config = config_of(1000, 4, 1);
	struct store *s = store_new(&def, &config);
	uint32_t out[1000];
	begin(s, 100 * MS);
	for (uint32_t id = 0; id < 500; id++)
		put(s, 1, id, 1000);
	end(s);
	for (int i = 0; i < 2999; i++) {
		begin(s, 100 * MS);
		put(s, 2, 1, 1000);
		end(s);
	}
	assert_int_equal(store_top(s, out, 1000), 501); // 299.9 s
	begin(s, 200 * MS);
	end(s);
	assert_int_equal(store_top(s, out, 1000), 1);
	for (int i = 0; i < 128; i++) {
		begin(s, 100 * MS);
		end(s);
	}
	assert_int_equal(s->used, 1);
	assert_int_equal(s->chain[1].count, 0);
	assert_sound(s);
	store_delete(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(square_wave_follows_the_formula),
		cmocka_unit_test(irregular_ticks_make_no_difference),
		cmocka_unit_test(decay_commutes_with_merge),
		cmocka_unit_test(millions_of_ticks),
		cmocka_unit_test(generations_meet),
		cmocka_unit_test(long_silence_is_survived),
		cmocka_unit_test(idle_entries_are_forgotten),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
