/* The experiment of the unpackers' tests: one static program that does what its arguments say. */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int dump(int argc, char **argv) {
  char folder[4096];
  printf("%u %u %s", (unsigned)getuid(), (unsigned)getgid(), getcwd(folder, sizeof folder));
  putchar(0);
  printf("%d", argc);
  putchar(0);
  for (int i = 0; i < argc; i++)
    fwrite(argv[i], 1, strlen(argv[i]) + 1, stdout);
  for (char **entry = environ; *entry != NULL; entry++)
    fwrite(*entry, 1, strlen(*entry) + 1, stdout);
  return 0;
}

static int copy(FILE *in, FILE *out) {
  char block[65536];
  size_t size;
  if (in == NULL || out == NULL)
    return 1;
  while ((size = fread(block, 1, sizeof block, in)) > 0)
    if (fwrite(block, 1, size, out) != size)
      return 1;
  return fclose(out) != 0;
}

static int print_zeros(long count) {
  char block[65536] = {0};
  for (; count > 0; count -= (long)sizeof block)
    if (write(1, block, sizeof block) < 0)
      return 9;
  return 0;
}

__attribute__((noreturn)) static void sleep_until_killed(void) {
  puts("ready");
  fflush(stdout);
  for (;;)
    pause();
}

/* Says which streams are terminals and how wide, then reads a line. */
static int terminal(void) {
  char line[100] = "";
  struct winsize size = {0};
  ioctl(0, TIOCGWINSZ, &size);
  printf("%d%d%d %d columns\n", isatty(0), isatty(1), isatty(2), size.ws_col);
  fflush(stdout);
  if (fgets(line, sizeof line, stdin) == NULL)
    return 1;
  ioctl(0, TIOCGWINSZ, &size);
  printf("%d columns, read %s", size.ws_col, line);
  return 5;
}

static volatile sig_atomic_t signals;

static void count_signal(int signum) {
  (void)signum;
  signals++;
}

/* Counts SIGUSR1 up to a number, which is its status. */
static int count(int number) {
  sigset_t blocked;
  sigset_t before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGUSR1);
  sigprocmask(SIG_BLOCK, &blocked, &before);
  signal(SIGUSR1, count_signal);
  puts("ready");
  fflush(stdout);
  while (signals < number) {
    sigsuspend(&before);
    printf("%d signal%s\n", (int)signals, signals == 1 ? "" : "s");
    fflush(stdout);
  }
  return signals;
}

static int exists(int count, char **names) {
  for (int i = 0; i < count; i++)
    if (access(names[i], F_OK) != 0) {
      perror(names[i]);
      return 1;
    }
  return 0;
}

/* A server and its client, each a process, on the loopback interface. */
static int loopback(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  socklen_t size = sizeof address;
  int server = socket(AF_INET, SOCK_STREAM, 0);
  int status = 1;
  if (bind(server, (void *)&address, size) != 0 || listen(server, 1) != 0)
    return perror("listen"), 1;
  getsockname(server, (void *)&address, &size);
  if (fork() == 0) {
    int client = socket(AF_INET, SOCK_STREAM, 0);
    _exit(connect(client, (void *)&address, size) != 0 || write(client, "hello", 5) != 5);
  }
  char word[5];
  if (read(accept(server, NULL, NULL), word, 5) != 5)
    return perror("accept"), 1;
  wait(&status);
  return fwrite(word, 1, 5, stdout) != 5 || status != 0;
}

/* Leave a process behind that writes a file a little later, or never ends. */
static int leave(const char *file) {
  if (fork() > 0)
    return 0;
  if (file == NULL)
    sleep_until_killed();
  usleep(200 * 1000);
  return copy(fopen("data.csv", "rb"), fopen(file, "wb"));
}

/* Take the terminal, as a shell does that controls jobs. */
static int take_terminal(void) {
  signal(SIGTTOU, SIG_IGN);
  return setpgid(0, 0) != 0 || tcsetpgrp(0, getpid()) != 0;
}

int main(int argc, char **argv) {
  const char *what = argc > 1 ? argv[1] : "";
  const char *word = argc > 2 ? argv[2] : "";
  if (strcmp(what, "dump") == 0)
    return dump(argc, argv);
  if (strcmp(what, "status") == 0)
    return atoi(word);
  if (strcmp(what, "signal") == 0)
    return raise(atoi(word)), 1;
  if (strcmp(what, "cat") == 0)
    return copy(stdin, stdout);
  if (strcmp(what, "copy") == 0)
    return copy(fopen(word, "rb"), fopen(argv[3], "wb"));
  if (strcmp(what, "zeros") == 0)
    return print_zeros(atol(word));
  if (strcmp(what, "stderr") == 0)
    return fputs(word, stderr), 0;
  if (strcmp(what, "sleep") == 0)
    sleep_until_killed();
  if (strcmp(what, "terminal") == 0)
    return terminal();
  if (strcmp(what, "count") == 0)
    return count(atoi(word));
  if (strcmp(what, "exists") == 0)
    return exists(argc - 2, argv + 2);
  if (strcmp(what, "loopback") == 0)
    return loopback();
  if (strcmp(what, "take-terminal") == 0)
    return take_terminal();
  if (strcmp(what, "leave") == 0)
    return leave(argc > 2 ? word : NULL);
  if (strcmp(what, "chmod") == 0)
    return chmod(word, 0) != 0;
  return 99;
}
