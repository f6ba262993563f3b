"""Runs `retry report` on a terminal of its own, its stdin a pipe that stays open. Once it shows how far it is, Ctrl-C is typed."""

import os
import pty
import select
import sys

log, *command = sys.argv[1:]
inlet, outlet = os.pipe()
child, terminal = pty.fork()
if child == 0:
    os.dup2(inlet, 0)
    os.closerange(3, 64)
    os.execv(command[0], command)
os.close(inlet)
with open(log, "rb") as file:
    os.write(outlet, file.read())
shown = b""
typed = False
while True:
    # Each line is a read that returns, after which the line on the terminal may be drawn.
    if not typed:
        os.write(outlet, b"\n")
    if select.select([terminal], [], [], 0.02)[0]:
        try:
            more = os.read(terminal, 65536)
        except OSError:
            more = b""
        if not more:
            break
        shown += more
    if not typed and b" MB" in shown:
        os.write(terminal, b"\x03")
        typed = True
_, status = os.waitpid(child, 0)
sys.stdout.buffer.write(shown)
print(f"died of {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else f"exit {os.WEXITSTATUS(status)}")
