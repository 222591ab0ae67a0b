// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026 The weir authors
#include "dial.h"

#include <stdio.h>

static struct feed_tls own;

void dial_set(const struct feed_tls *files)
{
	own = *files;
}

static int start(nng_dialer dialer, enum dial_mode mode, bool tls)
{
	if (!tls || mode == DIAL_LATER)
		return nng_dialer_start(dialer, mode != DIAL_ONCE ? NNG_FLAG_NONBLOCK : 0);
	// The first time at once: later ones fail without a word.
	const int err = nng_dialer_start(dialer, 0);
	const bool nobody = err == NNG_ECONNREFUSED || err == NNG_ETIMEDOUT;
	if (mode == DIAL_WAIT && nobody)
		return nng_dialer_start(dialer, NNG_FLAG_NONBLOCK);
	// Who does not like our certificate hangs up.
	return err == NNG_ECONNSHUT || err == NNG_ECONNRESET || err == NNG_ECLOSED ? NNG_EPEERAUTH
										   : err;
}

int dial(nng_socket socket, const char *url, enum dial_mode mode)
{
	nng_dialer dialer;
	nng_tls_config *tls;
	struct err_msg msg = {0};
	if (feed_tls_config(url, false, &own, &tls, &msg) != 0) {
		fprintf(stderr, "weirctl: %s\n", msg.text);
		return NNG_ECRYPTO;
	}
	int err = nng_dialer_create(&dialer, socket, url);
	if (err == 0 && tls != NULL)
		err = nng_dialer_set_ptr(dialer, NNG_OPT_TLS_CONFIG, tls);
	if (err == 0)
		err = start(dialer, mode, tls != NULL);
	if (tls != NULL)
		nng_tls_config_free(tls);
	return err;
}
