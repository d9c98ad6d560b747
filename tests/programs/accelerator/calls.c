/* Each call that only looks, with each kind of name: its result, errno and what it says. */
#include "looks.h"

#include <dirent.h>

static struct stat status;
static int folder;

static int tell_status(int result) {
  if (result == 0)
    fprintf(stderr, "%o %ld %ld ", status.st_mode, (long)status.st_size, (long)status.st_nlink);
  return result;
}
static int tell_file(int fd) {
  if (fd < 0)
    return fd;
  fprintf(stderr, "flags %x %x ", fcntl(fd, F_GETFL), fcntl(fd, F_GETFD));
  errno = 0;
  return close(fd);
}
static int tell_text(int size, const char *text) {
  if (size >= 0)
    fprintf(stderr, "%.*s ", size, text);
  return size;
}

static char text[PATH_MAX];
static int c_stat(const char *name) { return tell_status(stat(name, &status)); }
static int c_lstat(const char *name) { return tell_status(lstat(name, &status)); }
static int c_fstatat(const char *name) { return tell_status(fstatat(folder, name, &status, 0)); }
static int c_fstatat_flags(const char *name) {
  return tell_status(fstatat(AT_FDCWD, name, &status, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT));
}
static int c_fstatat_empty(const char *name) {
  return tell_status(fstatat(folder, name, &status, AT_EMPTY_PATH));
}
#ifdef STATX_SIZE
static int c_statx(const char *name) {
  struct statx extended = {0};
  int result = statx(AT_FDCWD, name, 0, STATX_SIZE, &extended);
  fprintf(stderr, "%lld ", (long long)extended.stx_size);
  return result;
}
#endif
static int c_access(const char *name) { return access(name, R_OK); }
static int c_access_x(const char *name) { return access(name, X_OK); }
static int c_faccessat(const char *name) { return faccessat(folder, name, R_OK, AT_EACCESS); }
static int c_eaccess(const char *name) { return eaccess(name, R_OK); }
static int c_readlink(const char *name) {
  return tell_text((int)readlink(name, text, sizeof text), text);
}
static int c_readlink_short(const char *name) {
  return tell_text((int)readlink(name, text, 2), text);
}
static int c_readlinkat(const char *name) {
  return tell_text((int)readlinkat(folder, name, text, sizeof text), text);
}
static int c_open(const char *name) { return tell_file(open(name, O_RDONLY)); }
static int c_open_cloexec(const char *name) {
  return tell_file(open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
}
static int c_open_nofollow(const char *name) {
  return tell_file(open(name, O_RDONLY | O_NOFOLLOW | O_NOATIME));
}
static int c_open_folder(const char *name) { return tell_file(open(name, O_DIRECTORY)); }
static int c_open_path(const char *name) { return tell_file(open(name, O_PATH | O_NOFOLLOW)); }
static int c_openat(const char *name) { return tell_file(openat(folder, name, O_RDONLY)); }
static int c_fopen(const char *name) {
  FILE *file = fopen(name, "re");
  return file == NULL ? -1 : fclose(file);
}
static int c_opendir(const char *name) {
  DIR *listed = opendir(name);
  return listed == NULL ? -1 : closedir(listed);
}
static int c_realpath(const char *name) {
  char *found = realpath(name, text);
  return found == NULL ? -1 : tell_text((int)strlen(found), found);
}

static const struct {
  const char *name;
  int (*look)(const char *name);
} CALLS[] = {
    {"stat", c_stat},
    {"lstat", c_lstat},
    {"fstatat", c_fstatat},
    {"fstatat with flags", c_fstatat_flags},
    {"fstatat of an empty path", c_fstatat_empty},
#ifdef STATX_SIZE
    {"statx", c_statx},
#endif
    {"access", c_access},
    {"access to execute", c_access_x},
    {"faccessat", c_faccessat},
    {"eaccess", c_eaccess},
    {"readlink", c_readlink},
    {"readlink, cut", c_readlink_short},
    {"readlinkat", c_readlinkat},
    {"open", c_open},
    {"open to close", c_open_cloexec},
    {"open without links", c_open_nofollow},
    {"open a folder", c_open_folder},
    {"open a path", c_open_path},
    {"openat", c_openat},
    {"fopen", c_fopen},
    {"opendir", c_opendir},
    {"realpath", c_realpath},
};
#define COUNT(list) ((int)(sizeof list / sizeof *list))

static char too_long[300];
static const char *const NAMES[] = {
    "file",   "sub",      "sub/",          "link",      "dangling", "missing", "file/x",
    "loop",   "sublink/", "./sub/../file", "missing/x", "",         "/",       "/proc/self/fd/0/.",
    too_long,
};

int main(void) {
  memset(too_long, 'n', sizeof too_long - 1);
  make_file("file");
  CHECK(mkdir("sub", 0755) == 0);
  make_file("sub/file");
  CHECK(symlink("file", "link") == 0 && symlink("sub", "sublink") == 0);
  CHECK(symlink("nowhere", "dangling") == 0 && symlink("loop", "loop") == 0);
  folder = open("sub", O_RDONLY | O_DIRECTORY);
  CHECK(folder >= 0);
  look_in("looks");
  for (int i = 0; i < COUNT(CALLS); i++)
    for (int j = 0; j < COUNT(NAMES); j++) {
      fprintf(stderr, "%s %.20s: ", CALLS[i].name, NAMES[j]);
      errno = 0;
      int result = CALLS[i].look(NAMES[j]);
      fprintf(stderr, "%d, %d\n", result, errno);
    }
  expect_looks("looks");
  expect("STAT:EXISTED", "sub/file");
  expect("READ:EXISTED", "sub/file");
  expect("READ:EXISTED", "file");
  expect("STAT|LINK:EXISTED", "dangling");
  expect("ABSENT", "missing");
  return 0;
}
