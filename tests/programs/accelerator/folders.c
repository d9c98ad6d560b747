/* The same relative names from folders that change: working folders, of threads and of processes
 * that share them; descriptors that are closed, opened anew and replaced, by others, too; folders
 * that are renamed, links that lead elsewhere later. */
#include "looks.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>

static struct stat status;

static void make_folder(const char *folder, const char *name) {
  char path[PATH_MAX];
  CHECK(mkdir(folder, 0755) == 0 || errno == EEXIST);
  snprintf(path, sizeof path, "%s/%s", folder, name);
  make_file(path);
}

static void look(int folder, const char *name, const char *where) {
  char path[PATH_MAX];
  CHECK(fstatat(folder, name, &status, 0) == 0);
  CHECK(fstatat(folder, "absent", &status, 0) == -1 && errno == ENOENT);
  snprintf(path, sizeof path, "%s/%s", where, name);
  expect("STAT:EXISTED", path);
  snprintf(path, sizeof path, "%s/absent", where);
  expect("ABSENT", path);
}

static void to_working_folders(void) {
  make_folder("work1", "name");
  make_folder("work2", "name");
  make_folder("work3", "name");
  int start = open(".", O_RDONLY), third = open("work3", O_RDONLY | O_DIRECTORY);
  CHECK(chdir("work1") == 0);
  look(AT_FDCWD, "name", "work1");
  CHECK(chdir("../work2") == 0);
  look(AT_FDCWD, "name", "work2");
  CHECK(fchdir(third) == 0);
  look(AT_FDCWD, "name", "work3");
  CHECK(fchdir(start) == 0);
  make_file("name");
  CHECK(stat("name", &status) == 0);
  expect("STAT:EXISTED", "name");
  CHECK(close(start) == 0 && close(third) == 0);
}

static void by_descriptors(void) {
  make_folder("fd1", "name");
  make_folder("fd2", "name");
  make_folder("fd3", "name");
  int folder = open("fd1", O_RDONLY | O_DIRECTORY), other = open("fd2", O_PATH);
  CHECK(folder >= 0 && other >= 0);
  look(folder, "name", "fd1");
  CHECK(dup2(other, folder) == folder);
  look(folder, "name", "fd2");
  CHECK(close(folder) == 0 && open("fd3", O_RDONLY) == folder);
  look(folder, "name", "fd3");
  CHECK(close(folder) == 0 && close(other) == 0);
  CHECK(fstatat(folder, "name", &status, 0) == -1 && errno == EBADF);
}

static void of_renamed_folders(void) {
  make_folder("old", "name");
  int folder = open("old", O_RDONLY | O_DIRECTORY);
  look(folder, "name", "old");
  CHECK(rename("old", "new") == 0);
  look(folder, "name", "new");
  CHECK(close(folder) == 0);
}

static void *change_folder(void *nothing) {
  CHECK(chdir("thread1") == 0);
  return nothing;
}

static void *go_apart(void *nothing) {
  CHECK(unshare(CLONE_FS) == 0 && chdir("../thread2") == 0);
  look(AT_FDCWD, "name", "thread2");
  return nothing;
}

static void run_thread(void *(*work)(void *)) {
  pthread_t thread;
  CHECK(pthread_create(&thread, NULL, work, NULL) == 0 && pthread_join(thread, NULL) == 0);
}

static void with_threads(void) {
  make_folder("thread1", "name");
  make_folder("thread2", "name");
  run_thread(change_folder);
  look(AT_FDCWD, "name", "thread1");
  run_thread(go_apart);
  CHECK(stat("name", &status) == 0 && chdir(here) == 0);
}

/* What another process does to this one's folders and descriptors, which it shares. */
static int other;

static int change_shared_folder(void *nothing) { return nothing == NULL ? chdir("share1") : 1; }
static int replace_descriptor(void *nothing) {
  int folder = open("share3", O_RDONLY | O_DIRECTORY);
  return nothing == NULL && dup2(folder, other) == other ? 0 : 1;
}
static int rename_folder(void *nothing) {
  return nothing == NULL ? rename("../share4", "../share5") : 1;
}
static int replace_link(void *nothing) {
  return nothing == NULL && unlink("leads") == 0 ? symlink("leads2", "leads") : 1;
}

static void run_process(int (*work)(void *), int flags) {
  static char stack[1 << 16] __attribute__((aligned(16)));
  check_child(clone(work, stack + sizeof stack, flags | SIGCHLD, NULL), 0);
}

static void with_processes(void) {
  make_folder("share1", "name");
  make_folder("share2", "name");
  make_folder("share3", "name");
  make_folder("share4", "name");
  run_process(change_shared_folder, CLONE_FS);
  look(AT_FDCWD, "name", "share1");
  CHECK(chdir(here) == 0);
  other = open("share2", O_RDONLY | O_DIRECTORY);
  look(other, "name", "share2");
  run_process(replace_descriptor, CLONE_FILES);
  look(other, "name", "share3");
  CHECK(close(other) == 0 && chdir("share4") == 0);
  look(AT_FDCWD, "name", "share4");
  run_process(rename_folder, 0);
  look(AT_FDCWD, "name", "share5");
  CHECK(chdir(here) == 0);
}

static void through_links(void) {
  make_folder("leads1", "name");
  make_folder("leads2", "name");
  make_folder("leads3", "name");
  CHECK(symlink("leads1", "leads") == 0);
  CHECK(stat("leads/name", &status) == 0 && stat("leads/absent", &status) == -1);
  expect("STAT:EXISTED", "leads1/name");
  run_process(replace_link, 0);
  CHECK(stat("leads/name", &status) == 0 && stat("leads/absent", &status) == -1);
  expect("STAT:EXISTED", "leads2/name");
  CHECK(unlink("leads") == 0 && symlink("leads3", "leads") == 0);
  CHECK(stat("leads/name", &status) == 0 && stat("leads/absent", &status) == -1);
  expect("STAT:EXISTED", "leads3/name");
  for (int i = 1; i <= 3; i++) {
    char path[32];
    snprintf(path, sizeof path, "leads%d/absent", i);
    expect("ABSENT", path);
    printf("SYMLINK %s/leads leads%d\n", here, i);
  }
}

int main(void) {
  look_in("looks");
  to_working_folders();
  by_descriptors();
  of_renamed_folders();
  with_threads();
  with_processes();
  through_links();
  expect_looks("looks");
  return 0;
}
