"""Runs a program on a terminal of its own, in the foreground; passes bytes both ways; writes how it ended to a file.

The end of its own input closes the terminal, as if the window were closed.
"""

import os
import pty
import select
import signal
import sys

report, *program = sys.argv[1:]
pid, terminal = pty.fork()
if pid == 0:
    for changed_by_python in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(changed_by_python, signal.SIG_DFL)
    os.execvp(program[0], program)

watched = [0, terminal]
ended = False
while True:
    if not ended:
        reaped, status = os.waitpid(pid, os.WNOHANG)
        ended = reaped == pid
    ready = select.select(watched, [], [], 0 if ended else 0.02)[0]
    if ended and terminal not in ready:
        break
    if terminal in ready:
        try:
            os.write(1, os.read(terminal, 65536))
        except OSError:
            # Nobody has it open any more.
            watched.remove(terminal)
    elif 0 in ready:
        keys = os.read(0, 4096)
        if keys:
            os.write(terminal, keys)
        else:
            os.close(terminal)
            watched = []

code = os.waitstatus_to_exitcode(status)
with open(report + ".new", "w") as file:
    print("exited" if code >= 0 else "killed", abs(code), file=file)
os.rename(report + ".new", report)
