// A thread that is cancelled while it waits in an open: destructors are run, as the stack is
// unwound.
#include <pthread.h>

#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace {

int destroyed = 0;

struct Counted {
  int by;
  ~Counted() { destroyed += by; }
};

void check(bool condition, const char *what) {
  if (condition)
    return;
  std::perror(what);
  std::exit(1);
}

void look(const std::string &folder) {
  struct stat status;
  check(mkdir(folder.c_str(), 0755) == 0, "mkdir");
  for (int i = 0; i < 100; i++)
    check(stat((folder + "/absent" + std::to_string(i)).c_str(), &status) == -1, "stat");
}

int wait_in_open() {
  const Counted inner = {10};
  return open("fifo", O_RDONLY) + inner.by;
}

void *work(void *nothing) {
  const Counted outer = {1};
  look("thread");
  check(wait_in_open() == 0, "the open came back");
  return nothing;
}

} // namespace

int main() {
  pthread_t thread;
  void *result;
  check(mkfifo("fifo", 0644) == 0, "mkfifo");
  look("looks");
  check(pthread_create(&thread, nullptr, work, nullptr) == 0, "pthread_create");
  usleep(20000);
  check(pthread_cancel(thread) == 0, "pthread_cancel");
  check(pthread_join(thread, &result) == 0 && result == PTHREAD_CANCELED, "pthread_join");
  look("after");
  std::fprintf(stderr, "destroyed: %d\n", destroyed);
  return 0;
}
