/* execve(2), execveat(2), and what the kernel reads to do them: `#!` interpreters, the loader. */
#include "../arch/abi.h"
#include "../memory.h"
#include "../record.h"
#include "arguments.h"

#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* BINPRM_BUF_SIZE: how much of a file the kernel looks at. */
enum { HEAD_SIZE = 256 };

static void add_image(struct exec *exec, struct name *name) {
  if (exec->image_count < sizeof exec->images / sizeof exec->images[0])
    exec->images[exec->image_count++] = name;
}

/* The interpreter of a `#!` line (execve(2)): the first word; its folder is the working folder. */
static bool script_interpreter(const char *head, char *interpreter) {
  const char *start = head + 2 + strspn(head + 2, " \t");
  size_t length = strcspn(start, " \t\n");
  memcpy(interpreter, start, length);
  interpreter[length] = '\0';
  return length > 0;
}

/* The text of the program header PT_INTERP, for both classes of ELF (elf(5)). */
#define ELF_INTERPRETER(BITS)                                                                      \
  static bool elf##BITS##_interpreter(int fd, const char *head, char *interpreter) {               \
    Elf##BITS##_Ehdr elf;                                                                          \
    Elf##BITS##_Phdr part;                                                                         \
    memcpy(&elf, head, sizeof elf);                                                                \
    for (unsigned i = 0; i < elf.e_phnum; i++) {                                                   \
      off_t offset = (off_t)(elf.e_phoff + (uint64_t)i * elf.e_phentsize);                         \
      if (pread(fd, &part, sizeof part, offset) != (ssize_t)sizeof part)                           \
        return false;                                                                              \
      if (part.p_type == PT_INTERP && part.p_filesz > 0 && part.p_filesz < PATH_MAX) {             \
        ssize_t length = pread(fd, interpreter, part.p_filesz, (off_t)part.p_offset);              \
        interpreter[length > 0 ? length : 0] = '\0';                                               \
        return length > 0;                                                                         \
      }                                                                                            \
    }                                                                                              \
    return false;                                                                                  \
  }
ELF_INTERPRETER(32)
ELF_INTERPRETER(64)

static bool elf_interpreter(int fd, const char *head, char *interpreter) {
  return head[EI_CLASS] == ELFCLASS64 ? elf64_interpreter(fd, head, interpreter)
                                      : elf32_interpreter(fd, head, interpreter);
}

/* What else the kernel loads to run the file NAME; false: nothing. Nobody may have us wait for the
 * other end of a FIFO. */
static bool interpreter_of(const struct name *name, char *interpreter) {
  char head[HEAD_SIZE + 1] = {0};
  CLEANUP_FD int fd = open(name->text, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0 || read(fd, head, HEAD_SIZE) <= 0)
    return false;
  if (head[0] == '#' && head[1] == '!')
    return script_interpreter(head, interpreter);
  return memcmp(head, ELFMAG, SELFMAG) == 0 && elf_interpreter(fd, head, interpreter);
}

static void add_images(struct task *task, struct name *name) {
  char interpreter[PATH_MAX];
  struct file file;
  enum { MAX_INTERPRETERS = 6 }; /* the kernel's 5 of `#!` and the loader of the last */
  add_image(&task->exec, name);
  for (int i = 0; i < MAX_INTERPRETERS && interpreter_of(name, interpreter); i++) {
    if (!resolve(task, AT_FDCWD, interpreter, FOLLOW, &file) || !found(task, &file) ||
        !S_ISREG(file.status.st_mode))
      return;
    name = file.name;
    add_image(&task->exec, name);
  }
}

/* The path as it was spelt, made absolute. */
static struct name *spelt_name(const struct task *task, int dirfd, const char *path,
                               const struct file *file) {
  if (path[0] == '/')
    return name_of(path, strlen(path));
  struct name *folder = path[0] == '\0' ? NULL : folder_of(task, dirfd);
  if (folder == NULL)
    return file->name;
  char text[2 * PATH_MAX];
  const char *slash = folder->length == 1 ? "" : "/";
  int length = snprintf(text, sizeof text, "%s%s%s", folder->text, slash, path);
  return name_of(text, (size_t)length);
}

static void enter_exec(struct task *task, const struct abi *abi, int dirfd, unsigned path,
                       uint64_t flags) {
  char text[PATH_MAX];
  struct file file;
  exec_clear(&task->exec);
  if (!text_argument(task, path, text, sizeof text))
    return;
  bool is_there =
      text[0] == '\0' && (flags & AT_EMPTY_PATH)
          ? resolve_fd(task, dirfd, &file)
          : resolve(task, dirfd, text, flags & AT_SYMLINK_NOFOLLOW ? NOFOLLOW : FOLLOW, &file) &&
                found(task, &file);
  struct exec *exec = &task->exec;
  if (!is_there || !S_ISREG(file.status.st_mode) ||
      !read_list(task->tid, task->args[path + 1], abi->word, &exec->argv) ||
      !read_list(task->tid, task->args[path + 2], abi->word, &exec->environment))
    return;
  exec->folder = folder_of(task, AT_FDCWD);
  exec->program = spelt_name(task, dirfd, text, &file);
  add_images(task, file.name);
}

void enter_execve(struct task *task, const struct abi *abi) {
  enter_exec(task, abi, AT_FDCWD, 0, 0);
}

void enter_execveat(struct task *task, const struct abi *abi) {
  enter_exec(task, abi, (int)task->args[0], 1, task->args[4]);
}
