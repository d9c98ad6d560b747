/* Connections that a signal interrupts while they are made: they go on being made. */
#include "check.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>

static void interrupt(int signal) { (void)signal; }

static void interrupt_soon(int flags) {
  struct sigaction action = {.sa_handler = interrupt, .sa_flags = flags};
  struct itimerval timer = {.it_value.tv_usec = 50000};
  CHECK(sigaction(SIGALRM, &action, NULL) == 0);
  CHECK(setitimer(ITIMER_REAL, &timer, NULL) == 0);
}

static int connect_to(int client, const char *host, in_port_t port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = port};
  CHECK(inet_pton(AF_INET, host, &address.sin_addr) == 1);
  return connect(client, (struct sockaddr *)&address, sizeof address);
}

static void said(const char *host, in_port_t port) {
  printf("CONNECT inet:%s:%d\n", host, ntohs(port));
  fflush(stdout);
}

/* A server whose queue is full: who connects next waits. */
static int busy_server(in_port_t *port) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  socklen_t size = sizeof address;
  int server = socket(AF_INET, SOCK_STREAM, 0);
  CHECK(bind(server, (struct sockaddr *)&address, sizeof address) == 0);
  CHECK(listen(server, 0) == 0);
  CHECK(getsockname(server, (struct sockaddr *)&address, &size) == 0);
  *port = address.sin_port;
  CHECK(connect_to(socket(AF_INET, SOCK_STREAM, 0), "127.0.0.2", *port) == 0);
  said("127.0.0.2", *port);
  return server;
}

/* The program is told, and asks again. */
static void told(void) {
  in_port_t port;
  int client = socket(AF_INET, SOCK_STREAM, 0);
  busy_server(&port);
  interrupt_soon(0);
  CHECK(connect_to(client, "127.0.0.1", port) == -1 && errno == EINTR);
  CHECK(fcntl(client, F_SETFL, O_NONBLOCK) == 0);
  CHECK(connect_to(client, "127.0.0.1", port) == -1 && errno == EALREADY);
  said("127.0.0.1", port);
}

/* The kernel goes on by itself. */
static void not_told(void) {
  in_port_t port;
  int server = busy_server(&port);
  interrupt_soon(SA_RESTART);
  pid_t child = fork();
  if (child == 0) {
    usleep(200000);
    CHECK(accept(server, NULL, NULL) >= 0);
    _exit(0);
  }
  CHECK(connect_to(socket(AF_INET, SOCK_STREAM, 0), "127.0.0.1", port) == 0);
  said("127.0.0.1", port);
  check_child(child, 0);
}

int main(void) {
  told();
  not_told();
  return 0;
}
