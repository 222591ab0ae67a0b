# SPDX-License-Identifier: BSD-3-Clause
# Copyright (c) 2026 The weir authors
"""Certificates for a test, in the present directory.

    authority("ca")                                            # ca.pem, ca.key
    sign("localhost", "ca", "subjectAltName=DNS:localhost")    # localhost.pem, localhost.key
"""

import lib_sandbox as sandbox


def authority(name):
    sandbox.run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout",
                f"{name}.key", "-out", f"{name}.pem", "-days", "2", "-subj", f"/CN={name}")


def sign(name, by, *extensions):
    more = [word for extension in extensions for word in ("-addext", extension)]
    sandbox.run("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out",
                f"{name}.csr", "-subj", f"/CN={name}", *more)
    sandbox.run("openssl", "x509", "-req", "-in", f"{name}.csr", "-CA", f"{by}.pem", "-CAkey",
                f"{by}.key", "-out", f"{name}.pem", "-days", "2", "-copy_extensions", "copyall")
