// SPDX-License-Identifier: Apache-2.0
// System OpenSSL 3: digests for OCI.
#pragma once
#include <openssl/err.h>
#include <openssl/evp.h>
