// SPDX-License-Identifier: Apache-2.0
// System libcurl: HTTP for HTTPClient. Its setters are variadic, which Swift cannot call.
#pragma once
#include <curl/curl.h>

static inline CURLcode ccurl_set_text(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode ccurl_set_number(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode ccurl_set_size(CURL *handle, CURLoption option, curl_off_t value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode ccurl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode ccurl_set_fields(CURL *handle, struct curl_slist *value) {
    return curl_easy_setopt(handle, CURLOPT_HTTPHEADER, value);
}

// Callbacks for header lines and pieces of the body; both take one context.
static inline CURLcode ccurl_set_sinks(CURL *handle, curl_write_callback head,
                                       curl_write_callback body, void *context) {
    curl_easy_setopt(handle, CURLOPT_HEADERFUNCTION, head);
    curl_easy_setopt(handle, CURLOPT_HEADERDATA, context);
    curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, body);
    return curl_easy_setopt(handle, CURLOPT_WRITEDATA, context);
}

// The callback for a request's body, with its context.
static inline CURLcode ccurl_set_source(CURL *handle, curl_read_callback read, void *context) {
    curl_easy_setopt(handle, CURLOPT_READFUNCTION, read);
    return curl_easy_setopt(handle, CURLOPT_READDATA, context);
}

#if LIBCURL_VERSION_NUM >= 0x075000
#define CCURL_HAS_PREREQ 1
#endif

// What the second of the callbacks below answers.
static const int ccurl_judge_pass = 0;
static const int ccurl_judge_abort = 1;

typedef int (*ccurl_before_request)(void *context, char *peer, char *own, int peer_port,
                                    int own_port);

// Callbacks that judge addresses: before a connection is opened, and before a request goes over one that may have
// been kept; where libcurl has no such question, no connection is kept.
static inline CURLcode ccurl_set_judges(CURL *handle, curl_opensocket_callback open,
                                        ccurl_before_request before, void *context) {
    curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, open);
    curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, context);
#ifdef CCURL_HAS_PREREQ
    curl_easy_setopt(handle, CURLOPT_PREREQFUNCTION, before);
    return curl_easy_setopt(handle, CURLOPT_PREREQDATA, context);
#else
    (void)before;
    return curl_easy_setopt(handle, CURLOPT_FRESH_CONNECT, 1L);
#endif
}

// The address at the other end of an exchange's connection, in text; NULL when there was none.
static inline const char *ccurl_peer(CURL *handle) {
    char *text = NULL;
    if (curl_easy_getinfo(handle, CURLINFO_PRIMARY_IP, &text) != CURLE_OK)
        return NULL;
    return text != NULL && text[0] != '\0' ? text : NULL;
}

// Leaves http and https of all that libcurl speaks.
static inline CURLcode ccurl_set_web_only(CURL *handle) {
#if LIBCURL_VERSION_NUM >= 0x075500
    return curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    return curl_easy_setopt(handle, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
}

// The end of the one exchange of a multi handle; -1 when it has not ended.
static inline int ccurl_result(CURLM *multi) {
    int left = 0;
    CURLMsg *message = curl_multi_info_read(multi, &left);
    return message != NULL && message->msg == CURLMSG_DONE ? (int)message->data.result : -1;
}
