// Time of RC4 for each octet in nanoseconds, by turns: OpenSSL's one stream,
// and four independent streams side by side in one loop of plain C.
//
// Usage: streams LIBCRYPTO ROUNDS; prints "openssl NS four NS" for each round.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SIZE = 1400, STREAMS = 4, TURNS = 16, SLICES = 401 };

struct stream {
	uint32_t s[256], i, j;
};

static void key(struct stream *c, const unsigned char *k, int n) {
	for (int i = 0; i < 256; i++)
		c->s[i] = i;
	for (uint32_t i = 0, j = 0; i < 256; i++) {
		uint32_t x = c->s[i];
		j = (j + x + k[i % n]) & 255;
		c->s[i] = c->s[j];
		c->s[j] = x;
	}
	c->i = c->j = 0;
}

// One octet of one stream into the word w.
#define STEP(S, j, w, shift)                             \
	do {                                             \
		uint32_t x = (S)[i], y;                  \
		j = (uint8_t)(j + x);                    \
		y = (S)[j];                              \
		(S)[j] = x;                              \
		(S)[i] = y;                              \
		w |= (uint64_t)(S)[(uint8_t)(x + y)] << (shift); \
	} while (0)
#define FOUR(shift)                          \
	do {                                 \
		i = (uint8_t)(i + 1);        \
		STEP(sa, ja, wa, shift);     \
		STEP(sb, jb, wb, shift);     \
		STEP(sc, jc, wc, shift);     \
		STEP(sd, jd, wd, shift);     \
	} while (0)

static inline void put(unsigned char *dst, const unsigned char *src, uint64_t w) {
	uint64_t v;
	memcpy(&v, src, 8);
	v ^= w;
	memcpy(dst, &v, 8);
}

// The streams stand at the same i, as those of fresh keys do; n is a multiple
// of eight.
static void four(struct stream c[STREAMS], unsigned char (*restrict dst)[SIZE], unsigned char (*restrict src)[SIZE], int n) {
	uint32_t *restrict sa = c[0].s, *restrict sb = c[1].s, *restrict sc = c[2].s, *restrict sd = c[3].s;
	uint32_t ja = c[0].j, jb = c[1].j, jc = c[2].j, jd = c[3].j, i = c[0].i;
	for (int at = 0; at < n; at += 8) {
		uint64_t wa = 0, wb = 0, wc = 0, wd = 0;
		FOUR(0); FOUR(8); FOUR(16); FOUR(24); FOUR(32); FOUR(40); FOUR(48); FOUR(56);
		put(dst[0] + at, src[0] + at, wa);
		put(dst[1] + at, src[1] + at, wb);
		put(dst[2] + at, src[2] + at, wc);
		put(dst[3] + at, src[3] + at, wd);
	}
	c[0].j = ja, c[1].j = jb, c[2].j = jc, c[3].j = jd;
	for (int k = 0; k < STREAMS; k++)
		c[k].i = i;
}

static double now(void) {
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

typedef void (*set_key_function)(void *, int, const unsigned char *);
typedef void (*cipher_function)(void *, size_t, const unsigned char *, unsigned char *);

static int compare(const void *a, const void *b) {
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

// The median of the slices, for an octet.
static double median(double *slices) {
	qsort(slices, SLICES, sizeof *slices, compare);
	return slices[SLICES / 2] / TURNS / STREAMS / SIZE;
}

static double openssl_time[SLICES], four_time[SLICES];
static unsigned char from[STREAMS][SIZE], to[STREAMS][SIZE], theirs[SIZE];

int main(int argc, char **argv) {
	if (argc != 3)
		return 2;
	void *lib = dlopen(argv[1], RTLD_NOW);
	if (!lib) {
		fprintf(stderr, "%s\n", dlerror());
		return 1;
	}
	set_key_function set_key = (set_key_function)dlsym(lib, "RC4_set_key");
	cipher_function cipher = (cipher_function)dlsym(lib, "RC4");
	if (!set_key || !cipher) {
		fprintf(stderr, "%s has no RC4\n", argv[1]);
		return 1;
	}
	static uint64_t openssl_key[4096 / 8];
	struct stream c[STREAMS];
	for (int k = 0; k < STREAMS; k++) {
		unsigned char b[16] = {1, 2, 3, k};
		key(&c[k], b, sizeof b);
		if (k == 3)
			set_key(openssl_key, sizeof b, b);
	}
	four(c, to, from, SIZE);
	cipher(openssl_key, SIZE, from[3], theirs);
	if (memcmp(to[3], theirs, SIZE)) {
		fprintf(stderr, "the two do not agree\n");
		return 1;
	}
	for (int round = atoi(argv[2]); round > 0; round--) {
		for (int slice = 0; slice < SLICES; slice++) {
			double a = now();
			for (int n = 0; n < TURNS * STREAMS; n++)
				cipher(openssl_key, SIZE, from[n % STREAMS], to[n % STREAMS]);
			double b = now();
			for (int n = 0; n < TURNS; n++)
				four(c, to, from, SIZE);
			openssl_time[slice] = b - a;
			four_time[slice] = now() - b;
		}
		printf("openssl %.4f four %.4f\n", median(openssl_time), median(four_time));
	}
	return 0;
}
