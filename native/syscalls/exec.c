/* execve(2), execveat(2), and what the kernel reads to do them: `#!` interpreters, the loader. */
#include "../arch/abi.h"
#include "../deep.h"
#include "../fuse.h"
#include "../images.h"
#include "../memory.h"
#include "../record.h"
#include "arguments.h"

#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* BINPRM_BUF_SIZE: how much of a file the kernel looks at first; and what we read with it, because
 * most programs' headers, and the name of their loader, are there. */
enum { HEAD_SIZE = 256, MORE_SIZE = 1024 };

struct head {
  int fd;
  size_t size;
  char text[MORE_SIZE + 1];
};

/* Read SIZE bytes at OFFSET; false: the file hasn't that many. */
static bool read_part(const struct head *head, void *data, size_t size, uint64_t offset) {
  if (offset > head->size || size > head->size - offset)
    return pread(head->fd, data, size, (off_t)offset) == (ssize_t)size;
  memcpy(data, head->text + offset, size);
  return true;
}

static void add_image(struct exec *exec, struct name *name) {
  if (exec->image_count < sizeof exec->images / sizeof exec->images[0])
    exec->images[exec->image_count++] = name;
}

static bool has_image(const struct exec *exec, const struct name *name) {
  for (size_t i = 0; i < exec->image_count; i++)
    if (exec->images[i] == name)
      return true;
  return false;
}

static void add_image_once(struct exec *exec, struct name *name) {
  if (!has_image(exec, name))
    add_image(exec, name);
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
  static bool elf##BITS##_interpreter(const struct head *head, char *interpreter) {                \
    Elf##BITS##_Ehdr elf;                                                                          \
    Elf##BITS##_Phdr part;                                                                         \
    memcpy(&elf, head->text, sizeof elf);                                                          \
    for (unsigned i = 0; i < elf.e_phnum; i++) {                                                   \
      if (!read_part(head, &part, sizeof part, elf.e_phoff + (uint64_t)i * elf.e_phentsize))       \
        return false;                                                                              \
      if (part.p_type == PT_INTERP && part.p_filesz > 0 && part.p_filesz < PATH_MAX) {             \
        interpreter[part.p_filesz] = '\0';                                                         \
        return read_part(head, interpreter, part.p_filesz, part.p_offset);                         \
      }                                                                                            \
    }                                                                                              \
    return false;                                                                                  \
  }
ELF_INTERPRETER(32)
ELF_INTERPRETER(64)

static bool elf_interpreter(const struct head *head, char *interpreter) {
  return head->text[EI_CLASS] == ELFCLASS64 ? elf64_interpreter(head, interpreter)
                                            : elf32_interpreter(head, interpreter);
}

static bool names_interpreter(struct head *head, char *interpreter, bool *is_script) {
  *is_script = head->text[0] == '#' && head->text[1] == '!';
  if (*is_script) {
    head->text[HEAD_SIZE] = '\0';
    return script_interpreter(head->text, interpreter);
  }
  return memcmp(head->text, ELFMAG, SELFMAG) == 0 && elf_interpreter(head, interpreter);
}

/* Nobody may have us wait for the other end of a FIFO. */
static bool read_interpreter(const struct file *file, char *interpreter) {
  bool is_script;
  CLEANUP_FD int fd = deep_open(file->name->text, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  struct head head = {.fd = fd};
  ssize_t got = fd < 0 ? -1 : read(fd, head.text, MORE_SIZE);
  if (got <= 0)
    return false;
  head.size = (size_t)got;
  bool has_one = names_interpreter(&head, interpreter, &is_script);
  image_add(file->name, &file->status, has_one ? interpreter : NULL, is_script);
  return has_one;
}

/* What else the kernel loads to run FILE; false: nothing. */
static bool interpreter_of(const struct file *file, char *interpreter) {
  const struct image *image = image_find(file->name, &file->status);
  if (image == NULL)
    return read_interpreter(file, interpreter);
  if (image->interpreter != NULL)
    memcpy(interpreter, image->interpreter, strlen(image->interpreter) + 1);
  return image->interpreter != NULL;
}

static void add_images(struct task *task, const struct file *program) {
  char interpreter[PATH_MAX];
  struct file file = *program;
  enum { MAX_INTERPRETERS = 6 }; /* the kernel's 5 of `#!` and the loader of the last */
  add_image(&task->exec, file.name);
  for (int i = 0; i < MAX_INTERPRETERS && interpreter_of(&file, interpreter); i++) {
    if (!resolve(task, AT_FDCWD, interpreter, FOLLOW, &file) || !found(task, &file) ||
        !S_ISREG(file.status.st_mode))
      return;
    add_image(&task->exec, file.name);
  }
}

/* How binfmt_misc knows what it runs: by what is in the file, or by how its name ends. A script's
 * interpreter may be changed, too. */
static struct image *image_alone(const struct exec *exec) {
  struct image *image = image_find(exec->images[0], &exec->status);
  return image != NULL && !image->is_script ? image : NULL;
}

/* If what runs is the program itself, it will be again, as long as it is the same. */
static void remember_program(const struct exec *exec, const struct name *running) {
  bool is_itself = exec->image_count > 0 && exec->images[0] == running;
  struct image *image = is_itself ? image_alone(exec) : NULL;
  if (image != NULL)
    image->alone = exec->program;
}

static bool is_known_program(const struct exec *exec) {
  const struct image *image = image_alone(exec);
  return image != NULL && image->alone == exec->program;
}

/* Where neither `#!` nor an ELF header names what runs, binfmt_misc does. */
static void add_program(struct task *task) {
  char link[64], path[PATH_MAX];
  if (task->exec.known)
    return;
  snprintf(link, sizeof link, "/proc/%d/exe", task->tid);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0)
    return;
  path[length] = '\0';
  struct file file = {.name = name_of(path, (size_t)length)};
  remember_program(&task->exec, file.name);
  if (!has_image(&task->exec, file.name) &&
      deep_stat(path, &file.status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(file.status.st_mode))
    add_images(task, &file);
}

/* The interpreter of a script, as that spells it: links on its path are noted. */
static void note_spelt_interpreter(const struct task *task) {
  char file[64], text[PATH_MAX];
  struct file found_file;
  snprintf(file, sizeof file, "/proc/%d/cmdline", task->tid);
  CLEANUP_FD int fd = open(file, O_RDONLY | O_CLOEXEC);
  ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text);
  if (got > 0 && memchr(text, '\0', (size_t)got) != NULL && text[0] == '/')
    resolve(task, AT_FDCWD, text, FOLLOW, &found_file);
}

/* What a program that can't be read was started with shows in its memory: the loader. */
static void add_mapped_images(struct task *task) {
  char path[64];
  char *line = NULL;
  size_t size = 0;
  snprintf(path, sizeof path, "/proc/%d/maps", task->tid);
  FILE *maps = fopen(path, "re");
  while (maps != NULL && getline(&line, &size, maps) > 0) {
    const char *text = strchr(line, '/');
    if (text != NULL)
      add_image_once(&task->exec, name_of(text, strcspn(text, "\n")));
  }
  free(line);
  if (maps != NULL)
    fclose(maps);
}

void add_running_image(struct task *task) {
  const struct exec *exec = &task->exec;
  bool is_readable = exec->image_count == 0 || !fuse_serves(exec->images[0]->text);
  add_program(task);
  if (is_readable)
    return;
  note_spelt_interpreter(task);
  add_mapped_images(task);
}

/* The path as it was spelt, made absolute. */
static struct name *spelt_name(const struct task *task, int dirfd, const char *path,
                               const struct file *file) {
  if (path[0] == '/')
    return name_of(path, strlen(path));
  struct name *folder = path[0] == '\0' ? NULL : folder_of(task, dirfd);
  if (folder == NULL)
    return file->name;
  struct buffer text = {0};
  buffer_append(&text, folder->text, folder->length);
  if (folder->length > 1)
    buffer_append(&text, "/", 1);
  buffer_append(&text, path, strlen(path));
  struct name *name = name_of(text.data, text.size);
  buffer_free(&text);
  return name;
}

static void enter_exec(struct task *task, const struct abi *abi, int dirfd, unsigned path,
                       uint64_t flags) {
  char text[PATH_MAX];
  struct file file;
  exec_clear(&task->exec);
  keep_memory(task->tid, task->args + path, 3); /* the path and both lists */
  if (!read_kept_string(task->tid, task->args[path], text, sizeof text))
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
  exec->privileged = (file.status.st_mode & (S_ISUID | S_ISGID)) != 0;
  exec->folder = folder_of(task, AT_FDCWD);
  exec->program = spelt_name(task, dirfd, text, &file);
  exec->status = file.status;
  add_images(task, &file);
  exec->known = is_known_program(exec);
}

void enter_execve(struct task *task, const struct abi *abi) {
  enter_exec(task, abi, AT_FDCWD, 0, 0);
}

void enter_execveat(struct task *task, const struct abi *abi) {
  enter_exec(task, abi, (int)task->args[0], 1, task->args[4]);
}
