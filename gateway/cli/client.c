/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/cli/client.h"

#include <assert.h>
#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLIENT_URL_SIZE = 2048 };

struct client {
    CURL *curl;
    struct curl_slist *headers;
    char *bytes; /* of the answer that is being read */
    size_t size;
    bool too_long;
    bool (*piece)(void *context, const char *bytes, size_t size);
    void *context;
};

const char *client_socket_path(const char *given) {
    if (given != NULL) {
        return given;
    }
    const char *variable = getenv(CLIENT_SOCKET_VARIABLE);
    return variable != NULL && variable[0] != '\0' ? variable : CLIENT_SOCKET_DEFAULT;
}

static void client_header(struct client *client, const char *name, const char *value) {
    char line[128];
    (void)snprintf(line, sizeof line, "%s: %s", name, value);
    struct curl_slist *longer = curl_slist_append(client->headers, line);
    assert(longer != NULL);
    client->headers = longer;
}

int client_new(const char *socket, const char *role, enum site_language language,
               struct client **ret_client) {
    if (socket[0] == '\0' || strlen(socket) > CLIENT_SOCKET_MAX) {
        return CLIENT_E_PATH;
    }
    struct client *client = calloc(1, sizeof *client);
    assert(client != NULL);
    client->curl = curl_easy_init();
    assert(client->curl != NULL);
    client_header(client, "Accept-Language", language == LANGUAGE_ZH ? "zh" : "en");
    client_header(client, "Content-Type", "application/json");
    client_header(client, "Expect", "");
    if (role != NULL) {
        client_header(client, "Tocsin-Role", role);
    }
    (void)curl_easy_setopt(client->curl, CURLOPT_UNIX_SOCKET_PATH, socket);
    (void)curl_easy_setopt(client->curl, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(client->curl, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(client->curl, CURLOPT_CONNECTTIMEOUT, (long)CLIENT_CONNECT_S);
    *ret_client = client;
    return 0;
}

struct client *client_free(struct client *client) {
    if (client != NULL) {
        curl_slist_free_all(client->headers);
        curl_easy_cleanup(client->curl);
        free(client->bytes);
        free(client);
    }
    return NULL;
}

static size_t client_collect(char *bytes, size_t one, size_t size, void *context) {
    struct client *client = context;
    (void)one;
    char *longer = NULL;
    if (client->size + size <= CLIENT_ANSWER_MAX) {
        longer = realloc(client->bytes, client->size + size);
    }
    if (longer == NULL) {
        client->too_long = true;
        return 0;
    }
    memcpy(longer + client->size, bytes, size);
    client->bytes = longer;
    client->size += size;
    return size;
}

static size_t client_hand_on(char *bytes, size_t one, size_t size, void *context) {
    struct client *client = context;
    (void)one;
    long status = 0;
    (void)curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200) {
        return size;
    }
    return client->piece(client->context, bytes, size) ? size : 0;
}

static void client_url(struct client *client, const char *path) {
    char url[CLIENT_URL_SIZE];
    (void)snprintf(url, sizeof url, "http://tocsin%s", path);
    (void)curl_easy_setopt(client->curl, CURLOPT_URL, url);
}

/* What stands behind a transfer that failed before any answer. */
static int client_failure(const struct client *client) {
    long os_errno = 0;
    (void)curl_easy_getinfo(client->curl, CURLINFO_OS_ERRNO, &os_errno);
    return os_errno == EACCES || os_errno == EPERM ? CLIENT_E_DENIED : CLIENT_E_AWAY;
}

int client_ask(struct client *client, const char *method, const char *path, const json_t *body,
               long *ret_status, json_t **ret_answer) {
    char *text = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);
    client->size = 0;
    client->too_long = false;
    client_url(client, path);
    (void)curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, client->headers);
    (void)curl_easy_setopt(client->curl, CURLOPT_TIMEOUT, (long)CLIENT_ANSWER_S);
    (void)curl_easy_setopt(client->curl, CURLOPT_LOW_SPEED_TIME, 0L);
    (void)curl_easy_setopt(client->curl, CURLOPT_WRITEFUNCTION, client_collect);
    (void)curl_easy_setopt(client->curl, CURLOPT_WRITEDATA, client);
    if (text == NULL) {
        (void)curl_easy_setopt(client->curl, CURLOPT_HTTPGET, 1L);
    } else {
        (void)curl_easy_setopt(client->curl, CURLOPT_POSTFIELDSIZE, (long)strlen(text));
        (void)curl_easy_setopt(client->curl, CURLOPT_COPYPOSTFIELDS, text);
    }
    (void)curl_easy_setopt(client->curl, CURLOPT_CUSTOMREQUEST, method);
    CURLcode code = curl_easy_perform(client->curl);
    free(text);
    if (client->too_long) {
        return CLIENT_E_ANSWER;
    }
    if (code != CURLE_OK) {
        return client_failure(client);
    }
    json_t *answer = json_loadb(client->bytes == NULL ? "" : client->bytes, client->size, 0, NULL);
    if (answer == NULL) {
        return CLIENT_E_ANSWER;
    }
    (void)curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, ret_status);
    *ret_answer = answer;
    return 0;
}

int client_follow(struct client *client, const char *path, uint64_t last_seq,
                  bool (*piece)(void *context, const char *bytes, size_t size), void *context,
                  long *ret_status) {
    struct curl_slist *own = NULL;
    for (const struct curl_slist *line = client->headers; line != NULL; line = line->next) {
        own = curl_slist_append(own, line->data);
    }
    if (last_seq > 0) {
        char line[48];
        (void)snprintf(line, sizeof line, "Last-Event-ID: %" PRIu64, last_seq);
        own = curl_slist_append(own, line);
    }
    client->piece = piece;
    client->context = context;
    client_url(client, path);
    (void)curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, own);
    (void)curl_easy_setopt(client->curl, CURLOPT_CUSTOMREQUEST, NULL);
    (void)curl_easy_setopt(client->curl, CURLOPT_HTTPGET, 1L);
    (void)curl_easy_setopt(client->curl, CURLOPT_TIMEOUT, 0L);
    (void)curl_easy_setopt(client->curl, CURLOPT_LOW_SPEED_LIMIT, 1L);
    (void)curl_easy_setopt(client->curl, CURLOPT_LOW_SPEED_TIME, (long)CLIENT_SILENCE_S);
    (void)curl_easy_setopt(client->curl, CURLOPT_WRITEFUNCTION, client_hand_on);
    (void)curl_easy_setopt(client->curl, CURLOPT_WRITEDATA, client);
    CURLcode code = curl_easy_perform(client->curl);
    long status = 0;
    (void)curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
    int r = code != CURLE_OK && status == 0 ? client_failure(client) : 0;
    (void)curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, client->headers);
    curl_slist_free_all(own);
    if (r == 0) {
        *ret_status = status;
    }
    return r;
}

void client_escape(const char *text, char *ret, size_t size) {
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/";
    size_t len = 0;
    assert(size > 0);
    for (; *text != '\0' && len + 4 <= size; text++) {
        if (strchr(plain, *text) != NULL) {
            ret[len++] = *text;
        } else {
            (void)snprintf(ret + len, 4, "%%%02X", (unsigned char)*text);
            len += 3;
        }
    }
    ret[len] = '\0';
}

const char *client_error_text(int error, enum site_language language) {
    bool zh = language == LANGUAGE_ZH;
    switch (error) {
    case CLIENT_E_PATH:
        return zh ? "套接字路径为空或超过 107 字节：请用 --socket 或 TOCSIN_SOCKET 指定较短的路径"
                  : "the socket's path is empty or longer than 107 bytes: give a shorter one with "
                    "--socket or TOCSIN_SOCKET";
    case CLIENT_E_DENIED:
        return zh ? "无权访问网关：请以 root 或网关用户运行，或加入 tocsin 用户组后重新登录"
                  : "no permission to talk to the gateway: run this as root or as the gateway's "
                    "user, or become a member of group tocsin and log in again";
    case CLIENT_E_ANSWER:
        return zh ? "网关的答复无法读取：客户端与网关可能不是同一版本"
                  : "the gateway's answer cannot be read: is this command of another version?";
    default:
        return zh ? "网关没有应答：tocsin run 是否在运行？也可用 --socket 指定套接字"
                  : "no gateway answers: is `tocsin run` running here? Another socket is named by "
                    "--socket or TOCSIN_SOCKET";
    }
}
