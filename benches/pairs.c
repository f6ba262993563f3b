/*
 * Starts programs and measures their wall time, with as little of its own around them as can be.
 *
 *     pairs compare ROUNDS LABEL COMMAND [LABEL COMMAND]...   each COMMAND one word, split at spaces
 *     pairs loop N COMMAND [ARG]...                           mean wall time of N runs, one after another
 *     pairs once COMMAND [ARG]...                             wall time and largest resident set of one run
 *     pairs note FILE COMMAND [ARG]...                        the same into FILE, with processor time and wait status
 *
 * compare runs every command once a round, in turned order every other round, so that a drift of the machine
 * meets all alike; loop prints microseconds; once prints microseconds and KiB. A command of compare that
 * does not exit 0 ends the measurement, and so do five minutes.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WORDS = 32, COMMANDS = 16, WARM_UP = 10, MOST_SECONDS = 300 };

static volatile sig_atomic_t running;

static void too_long(int signal) {
    static const char message[] = "pairs: stopped after five minutes\n";
    (void)signal;
    if (running > 0) kill(running, SIGKILL);
    if (write(STDERR_FILENO, message, sizeof message - 1) < 0) _exit(1);
    _exit(1);
}

static double microseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* Wall time in microseconds from before the start to after the end. */
static double run(char *const *words, int *status, struct rusage *usage) {
    double started = microseconds();
    pid_t pid = vfork();
    if (pid == 0) {
        execv(words[0], words);
        _exit(127);
    }
    running = pid;
    if (pid < 0 || wait4(pid, status, 0, usage) != pid) {
        perror("pairs");
        exit(1);
    }
    running = 0;
    double ended = microseconds();
    if (WIFEXITED(*status) && WEXITSTATUS(*status) == 127) {
        fprintf(stderr, "pairs: cannot run %s\n", words[0]);
        exit(1);
    }
    return ended - started;
}

static int ascending(const void *a, const void *b) {
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

static double median(const double *values, size_t count) {
    double *sorted = malloc(count * sizeof *sorted);
    if (!sorted) exit(1);
    memcpy(sorted, values, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, ascending);
    double middle = count % 2 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
    free(sorted);
    return middle;
}

static int compare(size_t rounds, int commands, char **labels_and_commands) {
    char *words[COMMANDS][WORDS];
    double *walls[COMMANDS], *ratios = malloc(rounds * sizeof *ratios);
    for (int c = 0; c < commands; c++) {
        int count = 0;
        char *rest = strdup(labels_and_commands[2 * c + 1]);
        for (char *word = strtok(rest, " "); word && count < WORDS - 1; word = strtok(NULL, " "))
            words[c][count++] = word;
        words[c][count] = NULL;
        walls[c] = malloc(rounds * sizeof *walls[c]);
        if (!count || !walls[c] || !ratios) return 2;
    }
    for (size_t round = 0; round < WARM_UP + rounds; round++) {
        for (int turn = 0; turn < commands; turn++) {
            int c = round % 2 ? commands - 1 - turn : turn, status;
            struct rusage usage;
            double wall = run(words[c], &status, &usage);
            if (status != 0) {
                fprintf(stderr, "pairs: %s did not exit 0 (wait status %d)\n", labels_and_commands[2 * c], status);
                return 1;
            }
            if (round >= WARM_UP) walls[c][round - WARM_UP] = wall;
        }
    }
    for (int c = 0; c < commands; c++)
        printf("%-32s median %8.1f us\n", labels_and_commands[2 * c], median(walls[c], rounds));
    for (int over = 1; over < commands; over++) {
        for (int under = 0; under < over; under++) {
            for (size_t round = 0; round < rounds; round++) ratios[round] = walls[over][round] / walls[under][round];
            printf("%s / %s: ratio of medians %.3f, median of pairwise ratios %.3f\n", labels_and_commands[2 * over],
                   labels_and_commands[2 * under], median(walls[over], rounds) / median(walls[under], rounds),
                   median(ratios, rounds));
        }
    }
    return 0;
}

int main(int argc, char **argv) {
    const char *mode = argc > 2 ? argv[1] : "";
    long count = argc > 2 ? atol(argv[2]) : 0;
    struct rusage usage;
    int status;
    signal(SIGALRM, too_long);
    alarm(MOST_SECONDS);
    if (!strcmp(mode, "compare") && count > 0 && argc > 4 && argc % 2 == 1 && (argc - 3) / 2 <= COMMANDS)
        return compare((size_t)count, (argc - 3) / 2, argv + 3);
    if (!strcmp(mode, "loop") && count > 0 && argc > 3) {
        double started = microseconds();
        for (long n = 0; n < count; n++) run(argv + 3, &status, &usage);
        printf("%.1f\n", (microseconds() - started) / (double)count);
        return 0;
    }
    if ((!strcmp(mode, "once") && argc > 2) || (!strcmp(mode, "note") && argc > 3)) {
        int is_note = mode[0] == 'n';
        double wall = run(argv + 2 + is_note, &status, &usage);
#ifdef __APPLE__
        usage.ru_maxrss /= 1024;
#endif
        FILE *out = is_note ? fopen(argv[2], "w") : stdout;
        if (!out) return 2;
        fprintf(out, "%.1f %ld", wall, usage.ru_maxrss);
        if (is_note) {
            double user = (double)usage.ru_utime.tv_sec * 1e6 + (double)usage.ru_utime.tv_usec;
            double system = (double)usage.ru_stime.tv_sec * 1e6 + (double)usage.ru_stime.tv_usec;
            fprintf(out, " %.1f %d", user + system, status);
        }
        fputc('\n', out);
        return 0;
    }
    fputs("usage: pairs compare ROUNDS LABEL COMMAND... | loop N COMMAND... | once COMMAND... | note FILE COMMAND...\n", stderr);
    return 2;
}
