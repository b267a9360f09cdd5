// SPDX-License-Identifier: Apache-2.0
// System OpenSSL 3: digests for OCI, connections and certificates for TLS. The functions wrap macros, casts and
// variadics, which Swift cannot see.
#pragma once
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

static inline int copenssl_set_version_min(SSL_CTX *context, int version) {
    return (int)SSL_CTX_set_min_proto_version(context, version);
}

static inline int copenssl_set_version_max(SSL_CTX *context, int version) {
    return (int)SSL_CTX_set_max_proto_version(context, version);
}

// No renegotiation, no compression, the server's order of ciphers unless the client prefers ChaCha20 for want of AES
// instructions, and no end of the input without close_notify that could not be told from one with it.
static inline void copenssl_set_server_options(SSL_CTX *context) {
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
}

// Buffers of idle connections are freed; a write that is repeated may come from another address.
static inline void copenssl_set_modes(SSL_CTX *context) {
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

// Sessions are kept by clients, in tickets; nothing is kept here.
static inline void copenssl_keep_no_sessions(SSL_CTX *context) {
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
}

static inline int copenssl_set_groups(SSL_CTX *context, const char *list) {
    return (int)SSL_CTX_set1_groups_list(context, list);
}

static inline int copenssl_add_chain(SSL_CTX *context, X509 *certificate) {
    return (int)SSL_CTX_add1_chain_cert(context, certificate);
}

typedef int (*copenssl_name_callback)(SSL *connection, int *alert, void *context);

static inline void copenssl_set_name_callback(SSL_CTX *context, copenssl_name_callback callback) {
    SSL_CTX_set_tlsext_servername_callback(context, callback);
}

static inline int copenssl_set_client_name(SSL *connection, const char *name) {
    return (int)SSL_set_tlsext_host_name(connection, name);
}

static inline EVP_PKEY *copenssl_make_p256(void) { return EVP_EC_gen("P-256"); }

// Both numbers of an ECDSA signature in DER, each in a fixed number of bytes.
static inline int copenssl_split_signature(const unsigned char *encoded, size_t size,
                                           unsigned char *halves, int part) {
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &encoded, (long)size);
    if (!signature)
        return 0;
    int done = BN_bn2binpad(ECDSA_SIG_get0_r(signature), halves, part) == part &&
               BN_bn2binpad(ECDSA_SIG_get0_s(signature), halves + part, part) == part;
    ECDSA_SIG_free(signature);
    return done;
}

// Subject alternative names of a signing request, as OpenSSL's text.
static inline int copenssl_add_request_names(X509_REQ *request, const char *names) {
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, names);
    STACK_OF(X509_EXTENSION) *extensions = sk_X509_EXTENSION_new_null();
    int done = extension && extensions && sk_X509_EXTENSION_push(extensions, extension) > 0 &&
               X509_REQ_add_extensions(request, extensions) == 1;
    sk_X509_EXTENSION_free(extensions);
    X509_EXTENSION_free(extension);
    return done;
}

static inline void copenssl_extension_context(X509V3_CTX *context, X509 *certificate) {
    X509V3_set_ctx_nodb(context);
    X509V3_set_ctx(context, certificate, certificate, NULL, NULL, 0);
}

// HMAC-SHA-256 with this key. Here, because the parameters point to names that must live as long as they do.
static inline int copenssl_set_hash_key(EVP_MAC_CTX *context, const unsigned char *key,
                                        size_t size) {
    char digest[] = "SHA256";
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)(uintptr_t)key, size),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    return EVP_MAC_CTX_set_params(context, parameters);
}
