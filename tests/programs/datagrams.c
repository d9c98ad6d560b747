/* sendto, sendmsg and sendmmsg with and without an address; connections that take their time. */
#include "check.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

static struct sockaddr_in server_at(int server) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  CHECK(bind(server, (struct sockaddr *)&address, sizeof address) == 0);
  CHECK(getsockname(server, (struct sockaddr *)&address, &size) == 0);
  return address;
}

static struct sockaddr_in datagram_server(void) {
  int server = socket(AF_INET, SOCK_DGRAM, 0);
  CHECK(server >= 0);
  return server_at(server);
}

static void said(const char *kind, const struct sockaddr_in *address) {
  printf("%s inet:127.0.0.1:%d\n", kind, ntohs(address->sin_port));
  fflush(stdout);
}

static void internet(void) {
  int client = socket(AF_INET, SOCK_DGRAM, 0);
  struct sockaddr_in a = datagram_server(), b = datagram_server(), c = datagram_server(),
                     d = datagram_server();
  struct iovec text = {"x", 1};
  struct msghdr message = {
      .msg_name = &b, .msg_namelen = sizeof b, .msg_iov = &text, .msg_iovlen = 1};
  struct mmsghdr messages[2] = {{.msg_hdr = message}, {.msg_hdr = message}};
  messages[0].msg_hdr.msg_name = &c;
  messages[1].msg_hdr.msg_name = &d;
  for (int i = 0; i < 2; i++)
    CHECK(sendto(client, "x", 1, 0, (struct sockaddr *)&a, sizeof a) == 1);
  CHECK(sendmsg(client, &message, 0) == 1);
  CHECK(sendmmsg(client, messages, 2, 0) == 2);
  said("SENDTO", &a);
  said("SENDTO", &b);
  said("SENDTO", &c);
  said("SENDTO", &d);
}

/* Without an address nothing is recorded, and without MSG_NAME nothing is read. */
static void connected(void) {
  int pair[2];
  struct iovec text = {"x", 1};
  struct msghdr message = {.msg_iov = &text, .msg_iovlen = 1};
  CHECK(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair) == 0);
  CHECK(send(pair[0], "x", 1, 0) == 1);
  CHECK(sendto(pair[0], "x", 1, 0, NULL, 0) == 1);
  CHECK(sendmsg(pair[0], &message, 0) == 1);
}

static void unix_path(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "datagrams"};
  struct sockaddr_un nobody = {.sun_family = AF_UNIX, .sun_path = "nobody"};
  int server = socket(AF_UNIX, SOCK_DGRAM, 0), client = socket(AF_UNIX, SOCK_DGRAM, 0);
  CHECK(bind(server, (struct sockaddr *)&address, sizeof address) == 0);
  CHECK(sendto(client, "x", 1, 0, (struct sockaddr *)&address, sizeof address) == 1);
  CHECK(sendto(client, "x", 1, 0, (struct sockaddr *)&nobody, sizeof nobody) == -1);
  expect("WRITE|SOCKET:EXISTED", "datagrams");
  expect("ABSENT", "nobody");
  printf("BIND unix:datagrams\nSENDTO unix:datagrams\n");
  fflush(stdout);
}

static void six(void) {
  struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
  int server = socket(AF_INET6, SOCK_DGRAM, 0);
  if (server < 0 || bind(server, (struct sockaddr *)&address, sizeof address) != 0)
    return; /* a machine without IPv6 */
  printf("BIND inet6:::1:0\n");
  fflush(stdout);
}

/* A full queue of a listening socket: the connection is under way. */
static void slow(void) {
  int server = socket(AF_INET, SOCK_STREAM, 0);
  struct sockaddr_in address = server_at(server);
  CHECK(listen(server, 1) == 0);
  int client = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  CHECK(connect(client, (struct sockaddr *)&address, sizeof address) == -1 && errno == EINPROGRESS);
  said("CONNECT", &address);
}

int main(void) {
  internet();
  connected();
  unix_path();
  six();
  slow();
  return 0;
}
