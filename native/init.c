/*
 * rpz-init: the first process of a container that rpz made (docs/docker-image.md).
 *
 *     /.rpz/init [N ...]
 *
 * runs the experiment's runs N, or those that /.rpz/request lists, or all of them, one after the
 * other, and ends with the status of the first that failed; "hold" in the place of N waits until
 * standard input ends, for programs that the engine starts in the container meanwhile. Each run is
 * described by a file
 * /.rpz/runs/N of fields that each end with a NUL byte:
 *
 *     "rpz-run 1", uid, gid, binary, folder, argc, argv[0] ..., envc, env[0] ...
 *
 * As process 1 it also does what a kernel expects of one: it reaps orphans, and passes on the
 * signals that are sent to it, because the kernel drops those that process 1 doesn't handle.
 *
 * It is linked statically and uses only the C library, so that it starts in an image that
 * contains nothing but the experiment.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OWN_FAILURE = 125, NOT_EXECUTABLE = 126, NOT_FOUND = 127, BY_SIGNAL = 128 };

static const char magic[] = "rpz-run 1";
static const char runs_folder[] = "/.rpz/runs";
static const char request_file[] = "/.rpz/request";

/* What a person or an engine sends to the container and means for the experiment. */
static const int forwarded[] = {SIGTERM, SIGINT,  SIGHUP,  SIGQUIT, SIGUSR1,
                                SIGUSR2, SIGPIPE, SIGALRM, SIGCONT, SIGWINCH};

struct run {
  uid_t uid;
  gid_t gid;
  char *binary;
  char *folder;
  char **argv;
  char **env;
};

/* The fields of a run file that were not read yet. */
struct fields {
  const char *name;
  char *next;
  char *end;
};

__attribute__((format(printf, 1, 2), noreturn)) static void die(const char *format, ...) {
  va_list arguments;
  fputs("rpz: ", stderr);
  va_start(arguments, format);
  vfprintf(stderr, format, arguments);
  va_end(arguments);
  fputs(".\n", stderr);
  exit(OWN_FAILURE);
}

static void *allocated(size_t count, size_t size) {
  void *memory = calloc(count, size);
  if (memory == NULL)
    die("No memory for %zu bytes", count * size);
  return memory;
}

/* Returns the file's content with a NUL byte after it, or NULL if there is no such file. */
static char *content_of(const char *name, size_t *size) {
  int fd = open(name, O_RDONLY | O_CLOEXEC);
  struct stat status;
  size_t done = 0;
  if (fd < 0 && errno == ENOENT)
    return NULL;
  if (fd < 0 || fstat(fd, &status) < 0)
    die("%s: %s", name, strerror(errno));
  *size = (size_t)status.st_size;
  char *content = allocated(*size + 1, 1);
  while (done < *size) {
    ssize_t n = read(fd, content + done, *size - done);
    if (n <= 0)
      die("%s: %s", name, n < 0 ? strerror(errno) : "it is cut short");
    done += (size_t)n;
  }
  close(fd);
  return content;
}

static char *next_field(struct fields *fields) {
  char *field = fields->next;
  if (field >= fields->end)
    die("%s is cut short", fields->name);
  fields->next += strlen(field) + 1;
  return field;
}

static unsigned long number(const char *text, unsigned long greatest, const char *where) {
  char *end;
  errno = 0;
  unsigned long value = strtoul(text, &end, 10);
  if (*text < '0' || *text > '9' || *end != '\0' || errno != 0 || value > greatest)
    die("%s: '%s' is not a number from 0 to %lu", where, text, greatest);
  return value;
}

static unsigned long next_number(struct fields *fields, unsigned long greatest) {
  return number(next_field(fields), greatest, fields->name);
}

/* Returns a vector that ends with NULL, as execve wants it. */
static char **next_vector(struct fields *fields) {
  size_t count = next_number(fields, (unsigned long)(fields->end - fields->next));
  char **vector = allocated(count + 1, sizeof *vector);
  for (size_t i = 0; i < count; i++)
    vector[i] = next_field(fields);
  return vector;
}

static struct run read_run(unsigned long index) {
  char name[sizeof runs_folder + 24];
  size_t size = 0;
  snprintf(name, sizeof name, "%s/%lu", runs_folder, index);
  char *content = content_of(name, &size);
  if (content == NULL)
    die("There is no run %lu", index);
  struct fields fields = {.name = name, .next = content, .end = content + size};
  if (strcmp(next_field(&fields), magic) != 0)
    die("%s is not a run of a version that this program knows", name);
  struct run run = {.uid = (uid_t)next_number(&fields, UINT_MAX - 1),
                    .gid = (gid_t)next_number(&fields, UINT_MAX - 1)};
  run.binary = next_field(&fields);
  run.folder = next_field(&fields);
  run.argv = next_vector(&fields);
  run.env = next_vector(&fields);
  return run;
}

static bool run_exists(unsigned long index) {
  char name[sizeof runs_folder + 24];
  snprintf(name, sizeof name, "%s/%lu", runs_folder, index);
  return access(name, F_OK) == 0;
}

/* Only root may choose; another user was chosen by whoever started the container. */
static void become(const struct run *run) {
  if (geteuid() != 0)
    return;
  if (setgroups(1, &run->gid) < 0 || setgid(run->gid) < 0 || setuid(run->uid) < 0)
    die("Can't become user %u of group %u: %s", (unsigned)run->uid, (unsigned)run->gid,
        strerror(errno));
}

__attribute__((noreturn)) static void execute(const struct run *run, const sigset_t *mask) {
  become(run);
  if (chdir(run->folder) < 0)
    die("%s: %s", run->folder, strerror(errno));
  sigprocmask(SIG_SETMASK, mask, NULL);
  execve(run->binary, run->argv, run->env);
  int error = errno;
  if (error == ENOENT)
    fprintf(stderr, "rpz: %s, or the interpreter that it names, was not found.\n", run->binary);
  else
    fprintf(stderr, "rpz: %s: %s.\n", run->binary, strerror(error));
  _exit(error == ENOENT || error == ENOTDIR ? NOT_FOUND : NOT_EXECUTABLE);
}

/* Reaps every child that ended; returns true, and its status, when that child is among them. */
static bool reaped(pid_t child, int *status) {
  bool found = false;
  int ended;
  pid_t pid;
  while ((pid = waitpid(-1, &ended, WNOHANG)) > 0)
    if (pid == child) {
      *status = WIFSIGNALED(ended) ? BY_SIGNAL + WTERMSIG(ended) : WEXITSTATUS(ended);
      found = true;
    }
  return found;
}

static sigset_t awaited_signals(void) {
  sigset_t awaited;
  sigemptyset(&awaited);
  sigaddset(&awaited, SIGCHLD);
  for (size_t i = 0; i < sizeof forwarded / sizeof *forwarded; i++)
    sigaddset(&awaited, forwarded[i]);
  return awaited;
}

static int wait_for(pid_t child, const sigset_t *awaited) {
  siginfo_t info;
  int status = OWN_FAILURE;
  for (;;) {
    int signum = sigwaitinfo(awaited, &info);
    if (signum == SIGCHLD && reaped(child, &status))
      return status;
    /* What a terminal sends, it has sent to the whole process group already, and who holds the
     * container sends to all. */
    if (signum > 0 && signum != SIGCHLD && info.si_code != SI_KERNEL && info.si_pid != 1)
      kill(child, signum);
  }
}

static int perform(unsigned long index) {
  struct run run = read_run(index);
  sigset_t awaited = awaited_signals();
  sigset_t before;
  sigprocmask(SIG_BLOCK, &awaited, &before);
  pid_t child = fork();
  if (child < 0)
    die("Can't start a process: %s", strerror(errno));
  if (child == 0)
    execute(&run, &before);
  int status = wait_for(child, &awaited);
  sigprocmask(SIG_SETMASK, &before, NULL);
  return status;
}

/* Reaps what has ended, and gives any other signal to all processes but this. */
static void pass_to_all(int signals) {
  struct signalfd_siginfo info;
  if (read(signals, &info, sizeof info) != sizeof info)
    return;
  if (info.ssi_signo == SIGCHLD)
    while (waitpid(-1, NULL, WNOHANG) > 0)
      continue;
  else
    kill(-1, (int)info.ssi_signo);
}

/* Keeps the container for the programs that an engine starts in it, until standard input ends:
 * then who had it started has ended, too. */
static int hold(void) {
  char rest[512];
  sigset_t awaited = awaited_signals();
  sigprocmask(SIG_BLOCK, &awaited, NULL);
  struct pollfd watched[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                             {.fd = signalfd(-1, &awaited, SFD_CLOEXEC), .events = POLLIN}};
  for (;;) {
    if (poll(watched, 2, -1) < 0 && errno != EINTR)
      die("poll: %s", strerror(errno));
    if (watched[1].revents != 0)
      pass_to_all(watched[1].fd);
    if (watched[0].revents != 0 && read(STDIN_FILENO, rest, sizeof rest) <= 0)
      return 0;
  }
}

static int perform_all(void) {
  int status = 0;
  for (unsigned long index = 0; status == 0 && run_exists(index); index++)
    status = perform(index);
  return status;
}

static int perform_named(char **names, const char *where) {
  int status = 0;
  for (; status == 0 && *names != NULL; names++)
    status = strcmp(*names, "hold") == 0 ? hold() : perform(number(*names, UINT_MAX, where));
  return status;
}

static int perform_requested(char *request, size_t size) {
  struct fields fields = {.name = request_file, .next = request, .end = request + size};
  return perform_named(next_vector(&fields), request_file);
}

int main(int argc, char **argv) {
  size_t size = 0;
  if (argc > 1)
    return perform_named(argv + 1, "rpz-init");
  char *request = content_of(request_file, &size);
  return request != NULL ? perform_requested(request, size) : perform_all();
}
