#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "check.h"

int
main(void)
{
	char folder[] = "/tmp/matrix-XXXXXX", text[64] = "";
	struct iovec parts[] = {{"one ", 4}, {"two ", 4}, {"three\n", 6}};
	struct dirent *entry;
	struct stat status;
	int fd, entries = 0;
	FILE *file;
	DIR *dir;

	CHECK(mkdtemp(folder) != NULL && chdir(folder) == 0);
	CHECK((fd = open("a", O_RDWR | O_CREAT | O_EXCL, 0600)) >= 0);
	CHECK(writev(fd, parts, 3) == 14 && pread(fd, text, 5, 4) == 5);
	printf("%s\n", text);
	CHECK(lseek(fd, -6, SEEK_END) == 8 && read(fd, text, 6) == 6 && ftruncate(fd, 3) == 0);
	CHECK(fstat(fd, &status) == 0 && status.st_size == 3 && S_ISREG(status.st_mode));
	CHECK(close(fd) == 0 && close(fd) == -1 && errno == EBADF);
	CHECK(rename("a", "b") == 0 && access("a", F_OK) == -1 && errno == ENOENT);
	CHECK(symlink("b", "c") == 0 && readlink("c", text, sizeof(text)) == 1);
	CHECK(open((const char *) 1, O_RDONLY) == -1 && errno == EFAULT);
	CHECK((file = fopen("d", "w+")) != NULL);
	for (int i = 0; i < 10000; ++i)
		fprintf(file, "line %d\n", i);
	rewind(file);
	for (int i = 0; i < 10000; ++i)
		CHECK(fgets(text, sizeof(text), file) != NULL);
	printf("%s", text);
	CHECK(fclose(file) == 0);
	CHECK((dir = opendir(".")) != NULL);
	while ((entry = readdir(dir)) != NULL)
		++entries;
	CHECK(closedir(dir) == 0);
	printf("%d entries\n", entries);
	CHECK(unlink("b") == 0 && unlink("c") == 0 && unlink("d") == 0 && rmdir(folder) == 0);
	return 0;
}
