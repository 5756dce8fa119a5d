/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/tls_server.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

enum { BACKLOG = 16, GOOD_FOR_S = 3600 };

static void must(bool good) {
    if (!good) {
        (void)fprintf(stderr, "tls_server: OpenSSL or a socket does not work\n");
        abort();
    }
}

static X509 *server_certify(EVP_PKEY *key) {
    X509 *certificate = X509_new();
    must(certificate != NULL);
    X509_NAME *name = X509_get_subject_name(certificate);
    X509_EXTENSION *host = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, "IP:127.0.0.1");
    must(X509_set_version(certificate, X509_VERSION_3) == 1 &&
         ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1) == 1 &&
         X509_gmtime_adj(X509_getm_notBefore(certificate), -GOOD_FOR_S) != NULL &&
         X509_gmtime_adj(X509_getm_notAfter(certificate), GOOD_FOR_S) != NULL &&
         X509_set_pubkey(certificate, key) == 1 &&
         X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"server", -1,
                                    -1, 0) == 1 &&
         X509_set_issuer_name(certificate, name) == 1 && host != NULL &&
         X509_add_ext(certificate, host, -1) == 1 && X509_sign(certificate, key, EVP_sha256()) > 0);
    X509_EXTENSION_free(host);
    return certificate;
}

static SSL_CTX *server_prepare(const char *certificate_path) {
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    EVP_PKEY *key = EVP_EC_gen("P-256");
    must(context != NULL && key != NULL);
    X509 *certificate = server_certify(key);
    FILE *file = fopen(certificate_path, "we");
    must(file != NULL && PEM_write_X509(file, certificate) == 1 && fclose(file) == 0);
    must(SSL_CTX_use_certificate(context, certificate) == 1 &&
         SSL_CTX_use_PrivateKey(context, key) == 1);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return context;
}

/* Whoever comes and goes again in the middle is nothing to it. */
static void server_serve(SSL_CTX *context, int listener) {
    (void)signal(SIGPIPE, SIG_IGN);
    for (;;) {
        int fd = accept(listener, NULL, NULL);
        SSL *tls = SSL_new(context);
        must(fd >= 0 && tls != NULL && SSL_set_fd(tls, fd) == 1);
        if (SSL_accept(tls) == 1) {
            (void)SSL_shutdown(tls);
        }
        SSL_free(tls);
        (void)close(fd);
    }
}

void tls_server_start(struct tls_server *server, const char *certificate_path) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof at;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    must(listener >= 0 && bind(listener, (struct sockaddr *)&at, sizeof at) == 0 &&
         listen(listener, BACKLOG) == 0 &&
         getsockname(listener, (struct sockaddr *)&at, &len) == 0);
    SSL_CTX *context = server_prepare(certificate_path);
    server->pid = fork();
    must(server->pid >= 0);
    if (server->pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        server_serve(context, listener);
    }
    SSL_CTX_free(context);
    (void)close(listener);
    (void)snprintf(server->address, sizeof server->address, "ssl://127.0.0.1:%u",
                   (unsigned)ntohs(at.sin_port));
}

void tls_server_stop(struct tls_server *server) {
    must(kill(server->pid, SIGKILL) == 0 && waitpid(server->pid, NULL, 0) == server->pid);
}
