/* bind, connect and accept of UNIX and Internet sockets. */
#include "check.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

static void unix_socket(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"};
  int server = socket(AF_UNIX, SOCK_STREAM, 0);
  int client = socket(AF_UNIX, SOCK_STREAM, 0);
  CHECK(connect(client, (struct sockaddr *)&address, sizeof address) == -1);
  CHECK(bind(server, (struct sockaddr *)&address, sizeof address) == 0);
  CHECK(listen(server, 1) == 0);
  expect("WRITE|SOCKET:", "socket");
  CHECK(connect(client, (struct sockaddr *)&address, sizeof address) == 0);
  CHECK(accept(server, NULL, NULL) >= 0);
  expect("WRITE|SOCKET:EXISTED", "socket");
  printf("BIND unix:socket\nCONNECT unix:socket\n");
}

static void abstract_socket(void) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  int server = socket(AF_UNIX, SOCK_DGRAM, 0);
  socklen_t size = offsetof(struct sockaddr_un, sun_path);
  size += (socklen_t)snprintf(address.sun_path + 1, 64, "rpz-%d", getpid()) + 1;
  CHECK(bind(server, (struct sockaddr *)&address, size) == 0);
}

static void internet_socket(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct sockaddr_in peer;
  socklen_t size = sizeof address, peer_size = sizeof peer;
  int server = socket(AF_INET, SOCK_STREAM, 0);
  int client = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(bind(server, (struct sockaddr *)&address, sizeof address) == 0);
  CHECK(listen(server, 1) == 0);
  CHECK(getsockname(server, (struct sockaddr *)&address, &size) == 0);
  CHECK(connect(client, (struct sockaddr *)&address, sizeof address) == 0);
  CHECK(accept4(server, (struct sockaddr *)&peer, &peer_size, SOCK_CLOEXEC) >= 0);
  printf("BIND inet:127.0.0.1:0\nCONNECT inet:127.0.0.1:%d\nACCEPT inet:127.0.0.1:%d\n",
         ntohs(address.sin_port), ntohs(peer.sin_port));
}

int main(void) {
  unix_socket();
  abstract_socket();
  internet_socket();
  fflush(stdout);
  return 0;
}
