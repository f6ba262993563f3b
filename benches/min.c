#include <sys/wait.h>
#include <unistd.h>
int main(int argc, char **argv) {
    int status = 0, pid = argc < 2 ? -1 : vfork();
    if (pid == 0) { execvp(argv[1], argv + 1); _exit(127); }
    return waitpid(pid, &status, 0) != pid ? 125 : WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
